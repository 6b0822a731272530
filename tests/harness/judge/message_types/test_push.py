"""A run of push notifications: they go to users, and have opt-outs of their own."""

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import HOUR, MINUTE, iso
from sendproof_harness.judge.checks import delivery, opt_out_sync, text
from sendproof_harness.judge.checks.reports import totals
from sendproof_harness.judge.facts.deliveries.ledger import ledger

DUE = FIRST_SEND + HOUR
CHANNELS = [
    {"id": 505, "provider": "xtremepush", "kind": "scheduled", "message": "push"},
    {"id": 506, "provider": "xtremepush", "kind": "scheduled"},
]
ATTRIBUTES = {"phone": "PHONENUMBER", "consent": "SMS_OPT_IN", "push_consent": "PUSH_OPT_IN"}


@pytest.fixture
def push_run(correct_run):
    """Return a correct run whose channel 505 is for push notifications; channel 506 is for SMS."""
    customers = {line["number"]: line["customer"] for line in correct_run.lines_of("obligation")}
    pushed = {"service": "xtremepush", "message_type": "push", "devices": [{"platform": "ios", "token": "ab"}]}
    run = correct_run.change("history", lambda line: line | {"channels": CHANNELS, "attributes": ATTRIBUTES})
    run = run.change("obligation", lambda line: line | {"number": line["number"] and line["customer"]})
    run = run.change("delivery", lambda line: line | pushed | {"number": customers[line["number"]]})
    return run.change("delivery_status", lambda line: line | {"service": "xtremepush"})


def line(kind: str, at: int, **fields: object) -> Line:
    return {"n": 6_000, "at": iso(at), "real": 0.0, "kind": kind} | fields


def causes(run: HistoryBuilder, *levels: str) -> list[str]:
    """Return the cause of each finding about deliveries."""
    return [finding.cause for finding in run.findings((*delivery.CHECKS, *text.CHECKS), *levels)]


def consent_line(field: str) -> Line:
    """Return a change of customer 4's consent by the bridge, half an hour before the message is due."""
    changes = [{"customer": "C0000004", "field": field, "value": "0"}]
    return line("attributes", DUE - 30 * MINUTE, source="api", changes=changes, request=None)


def without_message(run: HistoryBuilder) -> HistoryBuilder:
    """Remove the push notification to customer 4."""
    return run.without("delivery", lambda line: line["number"] == "C0000004")


def test_correct_run_of_push_notifications_passes(push_run):
    assert causes(push_run) == []


def test_message_sent_as_sms_is_named(push_run):
    """Its text shows for whom it was meant."""
    run = push_run.change_delivery_to(4, number="447100000004", message_type="sms")
    assert causes(run) == ["wrong address: the message went out as sms, and the channel is for push"]


REFUSAL = {"service": "xtremepush", "customer": "C0000004", "text": "An SMS", "code": None, "reason": "Too long"}


def test_refusal_of_an_sms_explains_no_lost_push(push_run):
    """Both are for one customer of one campaign."""
    run = without_message(push_run).plus(line("rejection", DUE, number="447100000004", **REFUSAL))
    assert causes(run) == ["lost: the message was never sent to a provider"]


def test_refusal_of_a_push_explains_that_it_is_lost(push_run):
    refusal = REFUSAL | {"text": push_run.delivery_to(4)["text"], "message_type": "push"}
    run = without_message(push_run).plus(line("rejection", DUE, number="C0000004", **refusal))
    assert causes(run) == ["lost: xtremepush refused the message (Too long)"]


@pytest.mark.parametrize(("type_", "expected"), [("push", []), ("web_push", ["lost"])])
def test_refusal_only_excuses_a_message_of_its_type(push_run, type_, expected):
    """The customer has no browser, so the same text in the browser is refused; the push is still due."""
    refusal = REFUSAL | {"text": push_run.delivery_to(4)["text"], "reason": "No device", "message_type": type_}
    run = without_message(push_run).plus(line("rejection", DUE, number="C0000004", **refusal))
    assert [cause.split(":")[0] for cause in causes(run)] == expected


def test_wrong_title_is_wrong_text(push_run):
    run = push_run.change_delivery_to(4, text="Another title")
    assert [cause.split(":")[0] for cause in causes(run)] == ["wrong text"]


def with_title(line: Line, name: str = "text") -> Line:
    """Return a line of the history whose text, if it has one, is below a title."""
    return line | {name: f"News\n{line[name]}"} if line.get(name) else line


def test_wrong_title_above_the_right_text_is_named(push_run):
    run = push_run.change("obligation", with_title).change("delivery", with_title)
    run = run.change("provider_template", lambda line: with_title(line, "body"))
    run = run.change("campaign", lambda line: line | {"splits": [with_title(part, "body") for part in line["splits"]]})
    text = run.delivery_to(4)["text"].removeprefix("News\n")
    assert causes(run) == []
    assert causes(run.change_delivery_to(4, text=f"Old\n{text}")) == ["wrong text: a title other than the due one"]


def test_opt_out_of_sms_leaves_push(push_run):
    run = push_run.plus(consent_line("SMS_OPT_IN"))
    assert causes(run) == []
    assert causes(without_message(run)) == ["lost: the message was never sent to a provider"]


def test_opt_out_of_push_ends_push(push_run):
    run = push_run.plus(consent_line("PUSH_OPT_IN"))
    assert causes(run) == ["sent to opted-out: after opting out by the attribute PUSH_OPT_IN"]
    assert causes(without_message(run)) == []


@pytest.mark.parametrize(("channel", "expected"), [(505, []), (506, ["for another channel"])])
def test_opt_out_of_push_is_reported_for_its_channel(push_run, channel, expected):
    """Optimove would otherwise leave the customer out of campaigns by SMS."""
    at, message = FIRST_SEND + 2 * HOUR, push_run.delivery_to(4)["message"]
    webhook = {"event": "message_unsubscribe", "key": f"message_unsubscribe:{message}", "url": "http://127.0.0.1/"}
    report = {"app": None, "mode": 2, "opted_out": True, "customers": ["C0000004"]}
    run = push_run.plus(
        line("opt_out", at, service="xtremepush", number="C0000004", source="app", message_type="push"),
        line("webhook", at, service="xtremepush", attempt=1, error=None, status=200, **webhook),
        line("preference", at + HOUR, source="api", channel=channel, **report),
    )
    found = [finding.cause for finding in run.findings(opt_out_sync.CHECKS)]
    assert found == [f"a provider opt-out was reported to Optimove {words}" for words in expected]


def test_report_of_an_sms_opt_out_is_no_wrong_report_of_a_push_opt_out(push_run):
    """The customer opted out of both; the bridge only reported the opt-out from SMS."""
    at, message = FIRST_SEND + 2 * HOUR, push_run.delivery_to(4)["message"]
    webhook = {"event": "message_unsubscribe", "key": f"message_unsubscribe:{message}", "url": "http://127.0.0.1/"}
    sms = {"number": "447100000004", "message_type": "sms"}
    report = {"channel": 506, "app": None, "mode": 2, "opted_out": True, "customers": ["C0000004"]}
    run = push_run.plus(
        push_run.obligation_of(4) | {"channel": 506, "number": "447100000004"},
        push_run.delivery_to(4) | sms | {"message": "sms"},
        line("opt_out", at, service="xtremepush", source="reply", **sms),
        line("opt_out", at, service="xtremepush", source="app", number="C0000004", message_type="push"),
        line("webhook", at, service="xtremepush", attempt=1, error=None, status=200, **webhook),
        line("preference", at + HOUR, source="api", **report),
    )
    found = [finding.cause for finding in run.findings(opt_out_sync.CHECKS)]
    assert found == ["a provider opt-out was never reported to Optimove"]


def test_user_without_device_is_refused_by_any_bridge(push_run):
    refused = {"owed": False, "reason": "no_device", "number": None, "text": None}
    run = without_message(push_run).change(
        "obligation", lambda line: line | refused if line["customer"] == "C0000004" else line
    )
    assert (causes(run), ledger(run.history()).recipients[4].kind) == ([], "refused")


def causes_of_opened(run: HistoryBuilder) -> list[str]:
    return [finding.cause for finding in run.findings(totals.CHECKS) if "interactions" in finding.cause]


def test_opening_may_be_reported_once_it_happened(push_run):
    """Before that, a bridge that counts it takes a delivery for an opening."""
    opened = line(
        "open", DUE + HOUR, service="xtremepush", message=push_run.delivery_to(4)["message"], number="C0000004"
    )
    report = {"campaign": 7001, "channel": 505, "template": 12, "event_id": 2, "customers": ["C0000004"]}
    reported = push_run.plus(line("interactions", DUE + 2 * HOUR, date="2026-03-02", **report))

    assert causes_of_opened(reported.plus(opened)) == []
    assert causes_of_opened(reported) == ["interactions: a customer was reported as opened but was not"]
