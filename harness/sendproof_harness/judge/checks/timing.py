"""Check that messages went out when they were due, and find the most likely cause of a wrong time."""

from collections.abc import Callable
from functools import cache

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.causes.times import OffTime, direction, send_times, time_cause
from sendproof_harness.judge.facts.deliveries.deadlines import deadlines
from sendproof_harness.judge.facts.deliveries.ledger import (
    RecipientResult,
    count_recipients,
    has_campaign_message_to_time,
    ledger,
    timed_recipients,
)
from sendproof_harness.judge.facts.deliveries.matching import LATE_AFTER, lateness
from sendproof_harness.judge.facts.keys import campaign_key
from sendproof_harness.judge.facts.observation import unobserved_times
from sendproof_harness.judge.findings import Check, CheckResult, Finding, recipient_location
from sendproof_harness.judge.requirements import RIGHT_TIME

_ID = "delivery.time"


def check_right_time(history: History) -> CheckResult:
    """Find early and late messages of campaigns; of several messages to one recipient, the first is judged."""
    recipients = [recipient for recipient in timed_recipients(history) if recipient.obligation.trigger is None]
    looked_at = count_recipients(history, recipients)
    if recipients and not ledger(history).timed:
        unobserved = unobserved_times(history, _ID, counted(looked_at, "send times"))
        return CheckResult(looked_at=looked_at, unit="send times", findings=(unobserved,))
    deadline = deadlines(history)
    off_time = [
        recipient
        for recipient in recipients
        if lateness(recipient.deliveries[0].send_at, recipient.obligation.due, deadline(recipient.obligation))
    ]
    times = send_times(history, recipients, {campaign_key(recipient.obligation) for recipient in off_time})
    cause = cache(time_cause)
    findings = [
        _off_time(
            recipient,
            deadline(recipient.obligation),
            OffTime(
                due=recipient.obligation.due,
                sent_at=recipient.deliveries[0].send_at,
                campaign=times[campaign_key(recipient.obligation)],
            ),
            cause,
        )
        for recipient in off_time
    ]
    return CheckResult(looked_at=looked_at, unit="send times", findings=tuple(findings))


def _off_time(
    recipient: RecipientResult, deadline: int, message: OffTime, cause: Callable[[OffTime], str | None]
) -> Finding:
    fault_time = deadline - message.due - LATE_AFTER
    for_faults = f", plus {span(fault_time)} for delays by faults" if fault_time else ""
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=cause(message) or _unexplained(message.offset, after_faults=bool(fault_time)),
        expected=f"sent at {spoken(message.due)}, at most {span(LATE_AFTER)} after{for_faults}",
        got=f"sent at {spoken(message.sent_at)}, {span(message.offset)} {direction(message.offset)}",
        where=recipient_location(recipient.obligation),
        at=message.sent_at,
    )


def _unexplained(offset: int, *, after_faults: bool) -> str:
    if offset < 0:
        return "early: sent before it was due"
    even = ", even with the extra time for faults" if after_faults else ""
    return f"late: sent more than {span(LATE_AFTER)} after it was due{even}"


CHECKS = (
    Check(
        id=_ID,
        title="Messages go out at the scheduled UTC time",
        requirement=RIGHT_TIME,
        run=check_right_time,
        applies=has_campaign_message_to_time,
        scope="runs with a message of a scheduled campaign that is due, or went out before a cancellation",
    ),
)
