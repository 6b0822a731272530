"""A run of inbox messages: they go to users, whom the provider must know, and no one unsubscribes from them."""

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import HOUR, MINUTE, iso
from sendproof_harness.judge.checks import delivery, text
from sendproof_harness.judge.checks.reports import totals

DUE = FIRST_SEND + HOUR
CHANNELS = [{"id": 505, "provider": "xtremepush", "kind": "scheduled", "message": "inbox"}]
ATTRIBUTES = {"phone": "PHONENUMBER", "consent": "SMS_OPT_IN", "push_consent": "PUSH_OPT_IN"}


@pytest.fixture
def inbox_run(correct_run):
    """Return a correct run whose channel is for inbox messages."""
    customers = {line["number"]: line["customer"] for line in correct_run.lines_of("obligation")}
    posted = {"service": "xtremepush", "message_type": "inbox"}
    run = correct_run.change("history", lambda line: line | {"channels": CHANNELS, "attributes": ATTRIBUTES})
    run = run.change("obligation", lambda line: line | {"number": line["number"] and line["customer"]})
    run = run.change("delivery", lambda line: line | posted | {"number": customers[line["number"]]})
    return run.change("delivery_status", lambda line: line | {"service": "xtremepush"})


def line(kind: str, at: int, **fields: object) -> Line:
    return {"n": 6_000, "at": iso(at), "real": 0.0, "kind": kind} | fields


def causes(run: HistoryBuilder) -> list[str]:
    """Return the cause of each finding about deliveries."""
    return [finding.cause for finding in run.findings((*delivery.CHECKS, *text.CHECKS))]


def without_message(run: HistoryBuilder) -> HistoryBuilder:
    """Remove the inbox message to customer 4."""
    return run.without("delivery", lambda line: line["number"] == "C0000004")


def test_correct_run_of_inbox_messages_passes(inbox_run):
    assert causes(inbox_run) == []


@pytest.mark.parametrize("attribute", ["SMS_OPT_IN", "PUSH_OPT_IN"])
def test_no_consent_ends_inbox_messages(inbox_run, attribute):
    changes = [{"customer": "C0000004", "field": attribute, "value": "0"}]
    run = inbox_run.plus(line("attributes", DUE - 30 * MINUTE, source="api", changes=changes, request=None))
    assert causes(run) == []
    assert causes(without_message(run)) == ["lost: the message was never sent to a provider"]


def test_user_whom_the_provider_does_not_know_is_lost(inbox_run):
    """A profile is all that an inbox message needs, and an import makes one."""
    refused = {"number": "C0000004", "text": "", "code": "", "reason": "no profile is known by this id", "request": 5}
    run = without_message(inbox_run).plus(line("rejection", DUE, service="xtremepush", **refused))
    (cause,) = causes(run)
    assert cause.startswith("lost: ")


def test_message_to_another_user_is_named(inbox_run):
    (cause,) = causes(inbox_run.change_delivery_to(4, number="C0000099"))
    assert cause.startswith("wrong address: ")


def test_message_as_push_notification_is_named(inbox_run):
    run = inbox_run.change_delivery_to(4, message_type="push")
    assert causes(run) == ["wrong address: the message went out as push, and the channel is for inbox"]


def test_opening_that_never_happened_is_named(inbox_run):
    report = {"campaign": 7001, "channel": 505, "template": 12, "event_id": 2, "customers": ["C0000004"]}
    run = inbox_run.plus(line("interactions", DUE + 2 * HOUR, date="2026-03-02", **report))
    found = [finding.cause for finding in run.findings(totals.CHECKS) if "interactions" in finding.cause]
    assert found == ["interactions: a customer was reported as opened but was not"]
