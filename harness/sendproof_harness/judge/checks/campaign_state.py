"""What a bridge must leave alone: cancelled campaigns, campaigns that wait for clearance, channels in testing mode."""

from collections.abc import Iterator

from sendproof_harness.history.records import Clearance, Delivery, History
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.judge.checks.delivery import of_obligation
from sendproof_harness.judge.facts.consent import GRACE
from sendproof_harness.judge.facts.deadlines import CampaignKey
from sendproof_harness.judge.facts.delivery_ledger import RecipientResult, ledger
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import CANCELLATION_RESPECTED, CLEARANCE_GIVEN, TESTING_RESPECTED

_CLEARANCE = "campaigns.clearance"
_CANCELLED = "campaigns.cancelled"
_TESTING = "channels.testing"

ON_HOLD = 5


# -- clearance --------------------------------------------------------------------------------------


def clearance_given(history: History) -> CheckResult:
    """Campaigns on hold of which the bridge was told: in time, it has to say who may be sent to."""
    required = [one for one in history.clearances if one.action == "required"]
    given = {one.campaign for one in history.clearances if one.action == "given" and one.at < one.required_by}
    findings = [_judge_clearance(history, one) for one in required if one.campaign not in given]
    return CheckResult(looked_at=len(required), unit="campaigns", findings=tuple(findings))


def _judge_clearance(history: History, hold: Clearance) -> Finding:
    told = [attempt for attempt in history.webhooks if attempt.key == f"{ON_HOLD}:{hold.campaign}"]
    reached = [attempt for attempt in told if not attempt.dropped]
    if reached:
        return _no_clearance(
            hold, "a campaign on hold was never cleared, so nobody of it gets anything", "none in time"
        )
    if told:
        return _no_clearance(
            hold, "the bridge was never told that a campaign is on hold", "lost on the way", known=False
        )
    return _no_clearance(hold, "nobody listens for campaigns on hold", "no listener for event 5", config=True)


def _no_clearance(hold: Clearance, cause: str, got: str, *, known: bool = True, config: bool = False) -> Finding:
    return Finding(
        check=_CLEARANCE,
        level="fail" if known else "unknown",
        blame="config" if config else "bridge" if known else "network",
        cause=cause,
        expected=f"UpdateCustomerPromotionStatus before {spoken(hold.required_by)}",
        got=got,
        where=Location(campaign=hold.campaign),
        at=hold.required_by,
    )


# -- cancellation -----------------------------------------------------------------------------------


def cancellation_kept(history: History) -> CheckResult:
    """Messages of a cancelled campaign that went out later than what was on its way."""
    cancelled = {(one.campaign, one.channel): one.cancelled_at for one in history.campaigns if one.cancelled_at}
    fates = [fate for fate in ledger(history).fates if _key(fate) in cancelled]
    findings = [
        _after_all(fate, delivery, cancelled[_key(fate)] or 0)
        for fate in fates
        for delivery in fate.deliveries
        if fate.obligation.reason == "cancelled" and delivery.send_at > (cancelled[_key(fate)] or 0) + GRACE
    ]
    return CheckResult(looked_at=len(fates), unit="recipients", findings=tuple(findings))


def _key(fate: RecipientResult) -> CampaignKey:
    return fate.obligation.campaign, fate.obligation.channel


def _after_all(fate: RecipientResult, delivery: Delivery, cancelled_at: int) -> Finding:
    return Finding(
        check=_CANCELLED,
        level="fail",
        blame="bridge",
        cause="sent after the campaign was cancelled",
        expected=f"nothing later than {span(GRACE)} after {spoken(cancelled_at)}",
        got=f"sent {spoken(delivery.send_at)}",
        where=of_obligation(fate.obligation),
        at=delivery.send_at,
    )


# -- testing mode -----------------------------------------------------------------------------------


def testing_kept(history: History) -> CheckResult:
    """Messages on a channel in testing mode that were no test, and reports of it."""
    testing = frozenset(channel.id for channel in history.header.channels if channel.testing)
    fates = [fate for fate in ledger(history).fates if fate.obligation.channel in testing]
    sent = [_sent_in_testing(fate, delivery) for fate in fates for delivery in fate.deliveries]
    return CheckResult(looked_at=len(fates), unit="recipients", findings=(*sent, *_reported(history, testing)))


def _sent_in_testing(fate: RecipientResult, delivery: Delivery) -> Finding:
    return Finding(
        check=_TESTING,
        level="fail",
        blame="bridge",
        cause="sent in earnest on a channel in testing mode",
        expected="no message, or one that the provider takes as a test",
        got=f"{delivery.text!r}, sent {spoken(delivery.send_at)}",
        where=of_obligation(fate.obligation),
        at=delivery.send_at,
    )


def _reported(history: History, testing: frozenset[int]) -> Iterator[Finding]:
    for push in history.metrics:
        for key in sorted({(item.campaign, item.channel) for item in push.items if item.channel in testing}):
            yield _reported_in_testing("UpdateCampaignMetrics", key, push.at)
    for report in history.interactions:
        if report.channel in testing:
            yield _reported_in_testing("UpdateCampaignInteractions", (report.campaign, report.channel), report.at)
    if testing and testing.issuperset(channel.id for channel in history.header.channels):
        for event in history.engagements:
            yield _reported_in_testing("saveEvent", None, event.at)


def _reported_in_testing(call: str, key: CampaignKey | None, at: int) -> Finding:
    return Finding(
        check=_TESTING,
        level="fail",
        blame="bridge",
        cause=f"{call} of a channel in testing mode",
        expected="no reports, as nothing went out",
        got=f"one {spoken(at)}",
        where=Location() if key is None else Location(campaign=key[0], channel=key[1]),
        at=at,
    )


CHECKS = (
    Check(
        id=_CLEARANCE,
        title="Campaigns on hold are cleared in time",
        requirement=CLEARANCE_GIVEN,
        run=clearance_given,
        applies=lambda history: any(one.action == "required" for one in history.clearances),
        asked_of="runs with campaigns that need clearance",
    ),
    Check(
        id=_CANCELLED,
        title="Nothing goes out after a cancellation",
        requirement=CANCELLATION_RESPECTED,
        run=cancellation_kept,
        applies=lambda history: any(one.cancelled_at is not None for one in history.campaigns),
        asked_of="runs with cancelled campaigns",
    ),
    Check(
        id=_TESTING,
        title="Testing mode reaches nobody",
        requirement=TESTING_RESPECTED,
        run=testing_kept,
        applies=lambda history: any(channel.testing for channel in history.header.channels),
        asked_of="runs with a channel in testing mode",
    ),
)
