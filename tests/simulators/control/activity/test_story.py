"""The story of a customer, in words."""

from sendproof_simulators.control.activity.story import story_of

WEBHOOK = {
    "n": 7,
    "at": "2026-03-02T09:00:43.000Z",
    "kind": "webhook",
    "service": "xtremepush",
    "event": "message_send",
    "attempt": 1,
    "status": 200,
    "error": None,
    "about": {"status": "message_send"},
}


def test_status_of_a_webhook_that_repeats_the_event_is_left_out() -> None:
    repeating, telling = story_of([WEBHOOK, WEBHOOK | {"about": {"status": "D"}}], "C0000042")

    assert repeating["text"] == "xtremepush called the bridge with message_send: status 200"
    assert telling["text"] == "xtremepush called the bridge with message_send (D): status 200"


def test_events_and_opt_outs_are_named() -> None:
    common = {"n": 8, "at": "2026-03-02T09:00:43.000Z"}
    reported = common | {"kind": "interactions", "event_id": 0, "campaign": 7001, "date": "2026-03-02"}
    refused = common | {"kind": "opt_out", "service": "smtp", "source": "one_click"}

    story = story_of([reported, refused, refused | {"message_type": "email"}], "C0000042")

    assert [entry["text"] for entry in story] == [
        "sent (event 0) of campaign 7001 was reported to Optimove for 2026-03-02",
        "opted out at smtp: one_click",
        "opted out from e-mails at smtp: one_click",
    ]
