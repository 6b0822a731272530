"""Exactly once: what happens when a send ends in each of its ways."""

import json

import pytest

from sendproof_bridge.clock import HOUR, SECOND
from small_bridge import NOON, opened, row, settings
from stand_in import Says

A, B = "447100000001", "447100000002"


@pytest.fixture
def planned(small, outside):
    """Two messages that are due now."""
    page = Says([row("C1", f"+{A}"), row("C2", f"+{B}")])
    outside.say("GetCustomerSendDetailsByChannel", page, Says([]))
    small.announce()
    return small


def reply(*numbers, not_sent=()):
    """What Textlocal says of a batch."""
    parts = [{"messages": [{"id": f"id-{number}", "recipient": int(number)}]} for number in numbers]
    refused = [{"number": number, "error": {"code": code, "message": "no"}} for number, code in not_sent]
    return Says({"messages": parts, "messages_not_sent": refused, "status": "success"})


def record(*numbers, text="Hello Ann", **other):
    """What Textlocal's record holds."""
    rows = [{"id": f"id-{number}", "number": number, "message": text, **other} for number in numbers]
    return Says({"messages": rows, "status": "success"})


NOTHING = Says({"messages": [], "status": "success"})


def sent(outside):
    """The numbers of each call."""
    calls = [json.loads(call.body["data"])["messages"] for call in outside.calls("bulk_json")]
    return [[one["number"] for one in call] for call in calls]


def states(small):
    """How each message stands."""
    return small.rows("SELECT number, state, provider_id FROM message ORDER BY number")


def test_accepted_messages_know_the_providers_id(planned, outside):
    """The batch is settled, the campaign goes on to reporting."""
    outside.say("bulk_json", reply(A, B))
    planned.work()

    assert states(planned) == [(A, "accepted", f"id-{A}"), (B, "accepted", f"id-{B}")]
    assert planned.rows("SELECT state FROM campaign") == ["reporting"]


def test_receipts_are_asked_to_the_batch(planned, outside):
    """The address is all that tells one send from another."""
    planned.work()

    data = json.loads(outside.calls("bulk_json")[0].body["data"])
    assert data["receiptUrl"] == "http://bridge.test/webhooks/textlocal/acme/a-token-for-tests/505-7001-0-0"


def test_a_rejected_message_is_not_tried_again(planned, outside):
    """The provider's reason is kept."""
    outside.say("bulk_json", reply(A, not_sent=[(B, 32)]))
    planned.work(until=NOON + HOUR)

    assert sent(outside) == [[A, B]]
    assert planned.rows("SELECT state, reason FROM message WHERE number = :n", n=B) == [("rejected", "32 no")]


def test_what_will_pass_is_tried_again(planned, outside):
    """Only the message for which there were no credits."""
    outside.say("bulk_json", reply(A, not_sent=[(B, 7)]), reply(B))
    planned.work(until=NOON + HOUR)

    assert sent(outside) == [[A, B], [B]]


@pytest.mark.parametrize("lost", [Says(status=500), Says(b"<html>"), Says({"status": "success"})])
def test_a_lost_reply_is_looked_up_and_not_repeated(planned, outside, lost):
    """Both messages are in the provider's record, so both were sent."""
    outside.say("bulk_json", lost)
    outside.say("get_history_api", record(A, B), NOTHING)
    planned.work(until=NOON + HOUR)

    assert sent(outside) == [[A, B]]
    assert states(planned) == [(A, "accepted", f"id-{A}"), (B, "accepted", f"id-{B}")]


def test_only_what_is_surely_absent_is_sent_again(planned, outside):
    """The provider took the first message and failed before the second."""
    outside.say("bulk_json", Says(status=502), reply(B))
    outside.say("get_history_api", record(A), NOTHING)
    planned.work(until=NOON + HOUR)

    assert sent(outside) == [[A, B], [B]]


def test_a_message_of_which_nothing_was_said_is_looked_up(planned, outside):
    """A reply that leaves one out says nothing about it."""
    outside.say("bulk_json", reply(A))
    outside.say("get_history_api", record(A, B), NOTHING)
    planned.work(until=NOON + HOUR)

    assert sent(outside) == [[A, B]]
    assert [state for _, state, _ in states(planned)] == ["accepted", "accepted"]


def test_a_message_of_which_nobody_knows_is_not_sent_again_and_again(planned, outside):
    """The reply leaves it out, and so does the record: whatever the provider calls it there, it may have been sent."""
    outside.say("bulk_json", reply(A), reply())
    outside.say("get_history_api", NOTHING)
    planned.work(until=NOON + HOUR)

    assert sent(outside) == [[A, B]]
    assert planned.rows("SELECT state, reason FROM message WHERE number = :n", n=B) == [("rejected", "not_mentioned")]
    assert planned.rows("SELECT state FROM campaign") == ["reporting"]


def test_what_was_put_off_is_sent_again_beside_what_was_left_out(planned, outside):
    """A message that must wait for credits is surely not sent, whatever the reply leaves out."""
    outside.say("bulk_json", reply(not_sent=[(A, 7)]), reply(A))
    outside.say("get_history_api", NOTHING)
    planned.work(until=NOON + HOUR)

    assert sent(outside) == [[A, B], [A]]
    assert [state for _, state, _ in states(planned)] == ["accepted", "rejected"]


def test_a_record_of_another_text_does_not_count(planned, outside):
    """The customer got something else, from another campaign."""
    outside.say("bulk_json", Says(status=500), reply(A, B))
    outside.say("get_history_api", record(A, B, text="Bye Ann"), NOTHING)
    planned.work(until=NOON + HOUR)

    assert sent(outside) == [[A, B], [A, B]]


def test_a_record_that_belongs_to_another_message_does_not_count(planned, outside):
    """Number and text were the same in an earlier campaign; its message is known by its id."""
    planned.work()
    outside.say("GetCustomerSendDetailsByChannel", Says([row("C1", f"+{A}")]), Says([]))
    outside.say("bulk_json", Says(status=500), reply(A))
    outside.say(
        "get_history_api",
        Says({"messages": [{"id": "001", "number": A, "message": "Hello Ann"}], "status": "success"}),
        NOTHING,
    )
    planned.announce(7002)
    planned.work(until=NOON + HOUR)

    assert sent(outside) == [[A, B], [A], [A]]


def test_a_failing_look_up_is_tried_again_and_nothing_is_repeated(planned, outside):
    """As long as it is not known, it is not sent."""
    outside.say("bulk_json", Says(status=500))
    outside.say("get_history_api", Says(status=503))
    planned.work(until=NOON + 6 * HOUR)

    assert sent(outside) == [[A, B]]
    assert [state for _, state, _ in states(planned)] == ["pending", "pending"]
    assert len(outside.calls("get_history_api")) > 10


def test_the_record_is_not_asked_at_once(planned, outside):
    """The provider may still be at work on the call that was given up."""
    outside.say("bulk_json", Says(status=500))
    planned.work(until=NOON + 29 * SECOND)

    assert outside.calls("get_history_api") == []


@pytest.mark.parametrize(
    "turned_away", [Says(status=429), Says(status=404), Says({"errors": [{"code": 7}], "status": "failure"})]
)
def test_what_was_turned_away_is_sent_again_without_a_look_up(planned, outside, turned_away):
    """It surely was not sent."""
    outside.say("bulk_json", turned_away, reply(A, B))
    planned.work(until=NOON + HOUR)

    assert sent(outside) == [[A, B], [A, B]]
    assert outside.calls("get_history_api") == []


def test_a_batch_that_is_refused_for_good_ends_as_rejected(planned, outside):
    """After some tries: the sender's name may be registered meanwhile."""
    outside.say("bulk_json", Says({"errors": [{"code": 43, "message": "Invalid sender name"}], "status": "failure"}))
    planned.work(until=NOON + HOUR)

    assert len(sent(outside)) == 6
    assert planned.rows("SELECT DISTINCT state, reason FROM message") == [
        ("rejected", "Textlocal bulk_json: 43 Invalid sender name")
    ]


def test_refused_credentials_keep_the_messages(planned, outside):
    """They go out when somebody has given the bridge a valid key."""
    refused = Says({"errors": [{"code": 3, "message": "Invalid login details"}], "status": "failure"})
    outside.say("bulk_json", refused, refused, reply(A, B))
    planned.work(until=NOON + HOUR)

    assert [state for _, state, _ in states(planned)] == ["accepted", "accepted"]


def test_what_is_a_day_late_does_not_go_out_any_more(planned, outside):
    """An outage that ends at night must not wake people for an offer that is over; they count as dropped."""
    outside.say("bulk_json", Says(status=401))
    planned.work(until=NOON + 24 * HOUR)
    outside.say("bulk_json", reply(A, B))
    calls = len(sent(outside))
    planned.work(until=NOON + 48 * HOUR)

    assert len(sent(outside)) == calls
    assert planned.rows("SELECT DISTINCT state, reason FROM message") == [("dropped", "too_late")]
    totals = {item["MetricID"]: item["MetricValue"] for item in outside.calls("UpdateCampaignMetrics")[-1].body}
    assert (totals[0], totals[5]) == (0, 2)


def test_how_late_is_too_late_is_a_setting(tmp_path, outside):
    """A reminder of a triggered campaign may be worth nothing after an hour."""
    outside.say("GetCustomerSendDetailsByChannel", Says([row("C1", f"+{A}", at="2026-03-02 10:30:00")]), Says([]))
    with opened(tmp_path, settings(tmp_path, outside.url, channel={"too_late_after_hours": 1})) as small:
        small.announce()
        small.work()
        assert (sent(outside), small.rows("SELECT reason FROM message")) == ([], ["too_late"])


def test_a_bridge_that_died_while_sending_looks_before_it_repeats(planned, outside):
    """`sending` is all that the next start finds."""
    planned.work(until=NOON)
    planned.change("UPDATE message SET state = 'pending', provider_id = NULL")
    planned.change("UPDATE batch SET state = 'sending'")
    planned.change("UPDATE job SET state = 'running', owner = 'run-0' WHERE kind = 'send_batch'")
    outside.say("get_history_api", record(A, B), NOTHING)
    planned.work(until=NOON + HOUR)

    assert sent(outside) == [[A, B]]
    assert [state for _, state, _ in states(planned)] == ["accepted", "accepted"]


def test_a_receipt_may_overtake_the_reply(planned, outside):
    """The message stays delivered, and learns its id."""

    def deliver_first(_seen):
        planned.change(
            "INSERT INTO receipt (client, batch, recipient, status_code, provider_time, message)"
            " VALUES ('acme', '505-7001-0-0', :n, 'D', '', '')",
            n=A,
        )
        planned.change(
            "INSERT INTO job (id, kind, lane, payload, due_at, state, attempts)"
            " VALUES ('process_receipts:1', 'process_receipts', '', '{}', 0, 'due', 0)"
        )
        return reply(A, B)

    outside.say("bulk_json", deliver_first)
    planned.work()

    assert states(planned) == [(A, "delivered", f"id-{A}"), (B, "accepted", f"id-{B}")]
