"""A run of web push notifications beside push notifications: each type has its own consent and its own channel."""

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import HOUR, MINUTE, SECOND, iso, parse_instant
from sendproof_harness.judge.checks import delivery, opt_out_sync, text
from sendproof_harness.judge.facts.deliveries.ledger import ledger

DUE = FIRST_SEND + HOUR
CHANNELS = [
    {"id": 505, "provider": "xtremepush", "kind": "scheduled", "message": "web_push"},
    {"id": 506, "provider": "xtremepush", "kind": "scheduled", "message": "push"},
]
ATTRIBUTES = {
    "phone": "PHONENUMBER",
    "consent": "SMS_OPT_IN",
    "push_consent": "PUSH_OPT_IN",
    "web_push_consent": "WEB_PUSH_OPT_IN",
}


@pytest.fixture
def web_push_run(correct_run):
    """Return a correct run whose channel 505 is for web push notifications; channel 506 is for push notifications."""
    customers = {line["number"]: line["customer"] for line in correct_run.lines_of("obligation")}
    shown = {"service": "xtremepush", "message_type": "web_push", "devices": [{"platform": "web", "token": "ab"}]}
    run = correct_run.change("history", lambda line: line | {"channels": CHANNELS, "attributes": ATTRIBUTES})
    run = run.change("obligation", lambda line: line | {"number": line["number"] and line["customer"]})
    run = run.change("delivery", lambda line: line | shown | {"number": customers[line["number"]]})
    return run.change("delivery_status", lambda line: line | {"service": "xtremepush"})


def line(kind: str, at: int, **fields: object) -> Line:
    return {"n": 6_000, "at": iso(at), "real": 0.0, "kind": kind} | fields


def causes(run: HistoryBuilder) -> list[str]:
    """Return the cause of each finding about deliveries."""
    return [finding.cause for finding in run.findings((*delivery.CHECKS, *text.CHECKS))]


def with_consent_withdrawn(run: HistoryBuilder, attribute: str) -> HistoryBuilder:
    """Change a consent of customer 4, half an hour before the message is due."""
    changes = [{"customer": "C0000004", "field": attribute, "value": "0"}]
    return run.plus(line("attributes", DUE - 30 * MINUTE, source="api", changes=changes, request=None))


def without_message(run: HistoryBuilder) -> HistoryBuilder:
    """Remove the web push notification to customer 4."""
    return run.without("delivery", lambda line: line["number"] == "C0000004")


def test_correct_run_of_web_push_notifications_passes(web_push_run):
    assert causes(web_push_run) == []


def test_message_sent_to_the_app_is_named(web_push_run):
    run = web_push_run.change_delivery_to(4, message_type="push")
    assert causes(run) == ["wrong address: the message went out as push, and the channel is for web_push"]


def of_both_types(run: HistoryBuilder, sent_as: str) -> HistoryBuilder:
    """Make customer 4 due the same message in the app, too; it was sent earlier than that in the browser."""
    (due,) = (found for found in run.lines_of("obligation") if found["customer"] == "C0000004")
    sent, at = run.delivery_to(4), iso(parse_instant(run.delivery_to(4)["at"]) - SECOND)
    second = sent | {"n": 5_999, "message": "app-1", "at": at, "send_at": at, "message_type": sent_as}
    return run.plus(second, due | {"channel": 506})


@pytest.mark.parametrize(("sent_as", "expected"), [("push", []), ("web_push", ["lost", "duplicated"])])
def test_two_messages_to_one_user_are_told_apart_by_their_type(web_push_run, sent_as, expected):
    run = of_both_types(web_push_run, sent_as)
    found = [cause for cause in causes(run) if cause.startswith(("wrong address", "duplicated", "lost"))]
    assert [cause.split(":")[0] for cause in found] == expected


@pytest.mark.parametrize("attribute", ["SMS_OPT_IN", "PUSH_OPT_IN"])
def test_consent_to_another_type_leaves_web_push(web_push_run, attribute):
    run = with_consent_withdrawn(web_push_run, attribute)
    assert causes(run) == []
    assert causes(without_message(run)) == ["lost: the message was never sent to a provider"]


def test_opt_out_of_web_push_ends_web_push(web_push_run):
    run = with_consent_withdrawn(web_push_run, "WEB_PUSH_OPT_IN")
    assert causes(run) == ["sent to opted-out: after opting out by the attribute WEB_PUSH_OPT_IN"]
    assert causes(without_message(run)) == []


@pytest.mark.parametrize(("channel", "expected"), [(505, []), (506, ["for another channel"])])
def test_opt_out_in_the_browser_is_reported_for_its_channel(web_push_run, channel, expected):
    """The customer still wants the notifications of the app."""
    at, message = FIRST_SEND + 2 * HOUR, web_push_run.delivery_to(4)["message"]
    webhook = {"event": "message_unsubscribe", "key": f"message_unsubscribe:{message}", "url": "http://127.0.0.1/"}
    report = {"app": None, "mode": 2, "opted_out": True, "customers": ["C0000004"]}
    run = web_push_run.plus(
        line("opt_out", at, service="xtremepush", number="C0000004", source="browser", message_type="web_push"),
        line("webhook", at, service="xtremepush", attempt=1, error=None, status=200, **webhook),
        line("preference", at + HOUR, source="api", channel=channel, **report),
    )
    found = [finding.cause for finding in run.findings(opt_out_sync.CHECKS)]
    assert found == [f"a provider opt-out was reported to Optimove {words}" for words in expected]


def test_user_without_browser_is_refused_by_any_bridge(web_push_run):
    refused = {"owed": False, "reason": "no_device", "number": None, "text": None}
    run = without_message(web_push_run).change(
        "obligation", lambda line: line | refused if line["customer"] == "C0000004" else line
    )
    assert (causes(run), ledger(run.history()).recipients[4].kind) == ([], "refused")
