"""Check that a bridge respects the state of campaigns and channels: cancelled, or in testing mode."""

from collections.abc import Iterator

from sendproof_harness.history.records import Delivery, History
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.facts.deliveries.cancellations import RACE, Cancellation, cancellations
from sendproof_harness.judge.facts.deliveries.ledger import (
    RecipientResult,
    count_recipients,
    ledger,
    testing_channels,
)
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.metrics import must_report
from sendproof_harness.judge.facts.observation import times_are_meaningful, unobserved_times
from sendproof_harness.judge.facts.reports.event_contexts import is_about_channels
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Level, Location, recipient_location
from sendproof_harness.judge.requirements import CANCELLATION_RESPECTED, TESTING_RESPECTED

_CANCELLED = "campaigns.cancelled"
_TESTING = "channels.testing"

# -- cancellation -----------------------------------------------------------------------------------


def check_cancellation(history: History) -> CheckResult:
    """Find messages that went out after their campaign was cancelled, without those already on their way."""
    cancelled = cancellations(history)
    recipients = [
        recipient for recipient in ledger(history).recipients if campaign_key(recipient.obligation) in cancelled
    ]
    findings = [
        finding
        for recipient in recipients
        for delivery in recipient.deliveries
        if (finding := _after_cancellation(recipient, delivery, cancelled[campaign_key(recipient.obligation)]))
    ]
    early = sum(recipient.obligation.reason == "cancelled" and bool(recipient.deliveries) for recipient in recipients)
    if early > len(findings) and not times_are_meaningful(history):
        # Its clock is ahead of the cancellation, so that it had no chance to respect it.
        findings.append(unobserved_times(history, _CANCELLED, counted(early, "messages from before the cancellation")))
    return CheckResult(looked_at=len(recipients), unit="recipients", findings=tuple(findings))


def _after_cancellation(recipient: RecipientResult, delivery: Delivery, cancellation: Cancellation) -> Finding | None:
    is_cancelled = recipient.obligation.reason == "cancelled"
    if delivery.send_at <= cancellation.at:
        return None
    if cancellation.ends_at is None:
        cause = "sent after the campaign was cancelled, but event 4 never reached the bridge"
        return _sent_after_cancellation(recipient, delivery, cancellation, cause, "unknown") if is_cancelled else None
    if not cancellation.allows(delivery):
        return _sent_after_cancellation(recipient, delivery, cancellation, _cause(delivery, cancellation), "fail")
    if is_cancelled and delivery.at > (cancellation.known_at or 0):
        cause = f"sent within {span(RACE)} of the cancellation, so it may have been on its way"
        return _sent_after_cancellation(recipient, delivery, cancellation, cause, "note")
    return None


def _cause(delivery: Delivery, cancellation: Cancellation) -> str:
    if not cancellation.has_listener:
        return "sent after the campaign was cancelled: no listener is registered for event 4"
    if delivery.at <= (cancellation.known_at or 0):
        return "sent after the campaign was cancelled: it was scheduled at the provider, and not cancelled there"
    return "sent after the campaign was cancelled"


def _sent_after_cancellation(
    recipient: RecipientResult, delivery: Delivery, cancellation: Cancellation, cause: str, level: Level
) -> Finding:
    return Finding(
        check=_CANCELLED,
        level=level,
        blame="bridge" if level == "fail" else "network",
        cause=cause,
        expected=_expected(cancellation, delivery),
        got=f"sent {spoken(delivery.send_at)}",
        where=recipient_location(recipient.obligation),
        at=delivery.send_at,
    )


def _expected(cancellation: Cancellation, delivery: Delivery) -> str:
    latest = cancellation.latest(delivery)
    if latest is None:
        return f"no message after the cancellation at {spoken(cancellation.at)}"
    since = "after the bridge knew" if cancellation.has_listener else "after the cancellation"
    if latest != cancellation.ends_at:
        since = "after the last fault that delayed its withdrawal"
    return f"no message later than {spoken(latest)}: {span(RACE)} {since}"


# -- testing mode -----------------------------------------------------------------------------------


def check_testing_mode(history: History) -> CheckResult:
    """Find real messages and reports on channels in testing mode."""
    testing = testing_channels(history)
    recipients = [recipient for recipient in ledger(history).recipients if recipient.obligation.channel in testing]
    sent = [_sent_in_testing(recipient, delivery) for recipient in recipients for delivery in recipient.deliveries]
    findings = (*sent, *_reports_in_testing(history, testing))
    return CheckResult(looked_at=count_recipients(history, recipients), unit="recipients", findings=findings)


def _sent_in_testing(recipient: RecipientResult, delivery: Delivery) -> Finding:
    return Finding(
        check=_TESTING,
        level="fail",
        blame="bridge",
        cause="a real message on a channel in testing mode",
        expected="no message, or one that the provider treats as a test",
        got=f"{delivery.text!r}, sent {spoken(delivery.send_at)}",
        where=recipient_location(recipient.obligation),
        at=delivery.send_at,
    )


def _reports_in_testing(history: History, testing: frozenset[int]) -> Iterator[Finding]:
    for push in history.metrics:
        for key in sorted({campaign_key(item) for item in push.items if item.channel in testing}):
            yield _reported_in_testing("UpdateCampaignMetrics", key, push.at)
    for report in history.interactions:
        if report.channel in testing:
            yield _reported_in_testing("UpdateCampaignInteractions", campaign_key(report), report.at)
    is_whole, is_about = not must_report(history), is_about_channels(history)
    for event in history.engagements:
        if is_whole or is_about(event, testing):
            yield _reported_in_testing("saveEvent", None, event.at)


def _reported_in_testing(operation: str, key: CampaignKey | None, at: int) -> Finding:
    return Finding(
        check=_TESTING,
        level="fail",
        blame="bridge",
        cause=f"{operation} for a channel in testing mode",
        expected="no reports, because no message went out",
        got=f"a report at {spoken(at)}",
        where=Location() if key is None else Location(campaign=key[0], channel=key[1]),
        at=at,
    )


CHECKS = (
    Check(
        id=_CANCELLED,
        title="No message goes out after a cancellation",
        requirement=CANCELLATION_RESPECTED,
        run=check_cancellation,
        applies=lambda history: bool(cancellations(history)),
        scope="runs with cancelled campaigns",
    ),
    Check(
        id=_TESTING,
        title="Testing mode sends no real message",
        requirement=TESTING_RESPECTED,
        run=check_testing_mode,
        applies=lambda history: bool(testing_channels(history)),
        scope="runs with a channel in testing mode",
    ),
)
