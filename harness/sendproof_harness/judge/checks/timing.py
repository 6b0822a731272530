"""Check that messages went out when they were due, and recognise wrong time zones.

If the send times of many recipients are off by exactly the offset of a time zone, this is hardly a coincidence: the
bridge used UTC as local time, or the reverse.
"""

from collections.abc import Sequence

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import HOUR, MINUTE, span, spoken
from sendproof_harness.judge.facts.deliveries.deadlines import deadlines, first_notified
from sendproof_harness.judge.facts.deliveries.ledger import (
    RecipientResult,
    has_due_campaign_message,
    ledger,
    timed_recipients,
)
from sendproof_harness.judge.facts.deliveries.matching import LATE_AFTER, lateness
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.observation import unobserved_times
from sendproof_harness.judge.findings import Check, CheckResult, Finding, recipient_location
from sendproof_harness.judge.requirements import RIGHT_TIME

_ID = "delivery.time"

# Zone offsets are whole or half hours from UTC, up to 14:00; three are 45 minutes past: 5:45, 8:45 and 12:45.
_ZONE_OFFSETS = frozenset(
    [*range(HOUR, 14 * HOUR + 1, HOUR // 2), *(hour * HOUR + 45 * MINUTE for hour in (5, 8, 12))],
)

# A bridge that waits for the wrong hour still needs a moment to send.
_ZONE_TOLERANCE = 1 * MINUTE


def check_right_time(history: History) -> CheckResult:
    """Find early and late messages of campaigns; of several messages to one recipient, the first is judged."""
    recipients = [recipient for recipient in timed_recipients(history) if recipient.obligation.trigger is None]
    if recipients and not ledger(history).timed:
        unobserved = unobserved_times(history, _ID, f"{len(recipients):,} send times")
        return CheckResult(looked_at=len(recipients), unit="send times", findings=(unobserved,))
    deadline = deadlines(history)
    off_time = [
        recipient
        for recipient in recipients
        if lateness(recipient.deliveries[0].send_at, recipient.obligation.due, deadline(recipient.obligation))
    ]
    immediate = _immediate_campaigns(history, off_time, recipients)
    findings = [
        _off_time(
            recipient,
            deadline(recipient.obligation),
            sent_immediately=campaign_key(recipient.obligation) in immediate,
        )
        for recipient in off_time
    ]
    return CheckResult(looked_at=len(recipients), unit="send times", findings=tuple(findings))


def _immediate_campaigns(
    history: History, off_time: Sequence[RecipientResult], recipients: Sequence[RecipientResult]
) -> set[CampaignKey]:
    """Return the campaigns with early messages that went out entirely right after the bridge was notified."""
    notified = first_notified(history)
    early = {
        campaign_key(recipient.obligation)
        for recipient in off_time
        if recipient.deliveries[0].send_at < recipient.obligation.due
    }
    delayed = {
        campaign_key(recipient.obligation)
        for recipient in recipients
        if campaign_key(recipient.obligation) in early and not _is_immediate(recipient, notified(recipient.obligation))
    }
    return early - delayed


def _is_immediate(recipient: RecipientResult, notified_at: int | None) -> bool:
    return notified_at is not None and 0 <= recipient.deliveries[0].send_at - notified_at <= LATE_AFTER


def zone_offset(offset: int) -> int | None:
    """Return the absolute offset of the time zone that an offset in milliseconds matches, or None."""
    nearest = round(abs(offset) / (15 * MINUTE)) * 15 * MINUTE
    is_near = abs(abs(offset) - nearest) <= _ZONE_TOLERANCE
    return nearest if is_near and nearest in _ZONE_OFFSETS else None


def _off_time(recipient: RecipientResult, deadline: int, *, sent_immediately: bool) -> Finding:
    due, sent_at = recipient.obligation.due, recipient.deliveries[0].send_at
    offset, fault_time = sent_at - due, deadline - due - LATE_AFTER
    for_faults = f", plus {span(fault_time)} for delays by faults" if fault_time else ""
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=_cause(offset, after_faults=bool(fault_time), sent_immediately=sent_immediately),
        expected=f"sent at {spoken(due)}, at most {span(LATE_AFTER)} after{for_faults}",
        got=f"sent at {spoken(sent_at)}, {span(offset)} {_direction(offset)}",
        where=recipient_location(recipient.obligation),
        at=sent_at,
    )


def _cause(offset: int, *, after_faults: bool, sent_immediately: bool) -> str:
    """Return the most likely cause."""
    if offset < 0 and sent_immediately:
        return "early: sent as soon as the campaign was announced, as if it had no scheduled time"
    zone = zone_offset(offset)
    if zone is not None:
        return f"sent at local time: exactly {span(zone)} {_direction(offset)}, as if local time were UTC"
    if offset < 0:
        return "early: sent before it was due"
    even = ", even with the extra time for faults" if after_faults else ""
    return f"late: sent more than {span(LATE_AFTER)} after it was due{even}"


def _direction(offset: int) -> str:
    return "early" if offset < 0 else "late"


CHECKS = (
    Check(
        id=_ID,
        title="Messages go out at the scheduled UTC time",
        requirement=RIGHT_TIME,
        run=check_right_time,
        applies=has_due_campaign_message,
        scope="runs with a due message of a scheduled campaign",
    ),
)
