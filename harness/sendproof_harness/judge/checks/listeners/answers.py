"""Check that the bridge answers Optimove's events before it works on them.

A call that names the campaign or customer of an open event waits in the simulators until the event is answered. If the
answer does not come while the call waits, the bridge makes the call first. But if another event of the same instant
named them too and was answered before the call, a bridge with a single thread makes the call for that one. If time
passes meanwhile, an instant is as long as an event may stay open.
"""

from collections.abc import Mapping, Sequence

from sendproof_harness.history.records import History, Request, Webhook
from sendproof_harness.history.timestamps import SECOND
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, was_received
from sendproof_harness.judge.facts.observation import rate_at_work
from sendproof_harness.judge.facts.requests import request_before, request_name
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import EVENTS_ANSWERED_FIRST

_ID = "webhooks.answered_first"

_TRIGGER_MET = "11"

# No event stays open for longer, in real time: openapi/listener.yaml.
_OPEN_FOR = 10 * SECOND

#: The longest usual time of an answer, in real time.
SLOW_ANSWER = 2 * SECOND


def check_answered_first(history: History) -> CheckResult:
    """Find events that were answered only after a call for them, or that usually take long to be answered."""
    events = [attempt for attempt in history.webhooks if _is_event(history, attempt)]
    customers = _customers_by_key(history)
    instant = _OPEN_FOR * rate_at_work(history)
    findings = [
        _maybe_answered_after(attempt)
        if _is_ambiguous([other for other in events if abs(other.at - attempt.at) <= instant], attempt, customers)
        else _answered_after(history, attempt)
        for attempt in events
        if attempt.held_call is not None
    ]
    slow = [] if findings else _slow_answers(events)
    return CheckResult(looked_at=len(events), unit="events", findings=(*findings, *slow))


def _is_event(history: History, attempt: Webhook) -> bool:
    return attempt.service == OPTIMOVE and was_received(history, attempt)


def _is_ambiguous(of_instant: Sequence[Webhook], attempt: Webhook, customers: Mapping[str, str]) -> bool:
    """Return True if another event of the instant with the same campaign or customer was answered before the call."""
    return any(
        other is not attempt
        and other.n < (attempt.held_call or 0)
        and is_acknowledged(other)
        and _subject(other, customers) == _subject(attempt, customers)
        for other in of_instant
    )


def _subject(attempt: Webhook, customers: Mapping[str, str]) -> str:
    """Return the customer of event 11, or the campaign of another event."""
    customer = customers.get(attempt.key.rpartition(":")[0]) if attempt.event == _TRIGGER_MET else None
    return attempt.key.split(":")[1] if customer is None else customer


def _customers_by_key(history: History) -> Mapping[str, str]:
    """Return the customers who meet triggers by the keys of these events, without the ordinal.

    Names and ids may contain colons, so they cannot be read from the key.
    """
    return {f"{_TRIGGER_MET}:{met.trigger}:{met.customer}": met.customer for met in history.triggers}


def _maybe_answered_after(attempt: Webhook) -> Finding:
    return Finding(
        check=_ID,
        level="note",
        blame="bridge",
        cause=f"event {attempt.event}: waited while the bridge worked on another event",
        expected="a 2xx status as soon as the event is stored, whatever the bridge does meanwhile",
        got="an answer after a call for the same campaign or customer, which another event had announced before",
        where=Location(webhook=attempt.key),
        at=attempt.at,
    )


def _answered_after(history: History, attempt: Webhook) -> Finding:
    call = request_before(history.requests, attempt.held_call or 0)
    made = "a call" if call is None else request_name(call)
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=f"event {attempt.event}: answered only after the work",
        expected="a 2xx status as soon as the event is stored, and the work afterwards",
        got=f"{made} was made first, and the event was not answered while this call waited",
        where=Location(webhook=attempt.key, request=_line(call)),
        at=attempt.at,
    )


def _line(call: Request | None) -> int | None:
    return None if call is None else call.n


def _slow_answers(events: Sequence[Webhook]) -> Sequence[Finding]:
    durations = sorted(attempt.duration_ms for attempt in events if attempt.duration_ms is not None)
    usual = round(durations[len(durations) // 2]) if durations else 0
    if usual <= SLOW_ANSWER:
        return ()
    finding = Finding(
        check=_ID,
        level="unknown",
        blame="bridge",
        cause="events take long to be answered; run `sendproof load` to see if the bridge or the machine is slow",
        expected=f"usually an answer within {SLOW_ANSWER / SECOND:.1f} s",
        got=f"usually {usual / SECOND:.1f} s of real time",
    )
    return (finding,)


CHECKS = (
    Check(
        id=_ID,
        title="Events are answered before the work",
        requirement=EVENTS_ANSWERED_FIRST,
        run=check_answered_first,
        applies=lambda history: any(_is_event(history, attempt) for attempt in history.webhooks),
        scope="runs with an event",
    ),
)
