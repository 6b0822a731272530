"""Check the engagement events that a bridge posts with saveEvent: accurate, complete, sent once, and in time.

A bridge reports either totals or these events; see `metrics`.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sendproof_harness.history.records import Engagement, History
from sendproof_harness.history.timestamps import DAY, span, spoken
from sendproof_harness.judge.facts.clicks import unreported_clicks
from sendproof_harness.judge.facts.customer_events import EventKey, ReportableEvent, reportable_events
from sendproof_harness.judge.facts.fault_effects import downtime, is_result_hidden, outages
from sendproof_harness.judge.facts.metrics import (
    BOUNCED,
    CLICKED,
    DELIVERED,
    DROPPED,
    METRIC_NAMES,
    PUSHES_A_DAY_MIN,
    REPORT_WITHIN,
    REPORTING_DAYS,
    SENT,
    UNSUBSCRIBED,
    first_due_times,
    reports_events_only,
)
from sendproof_harness.judge.facts.observation import bridge_time, times_are_meaningful, unobserved_times
from sendproof_harness.judge.findings import Blame, Check, CheckResult, Finding, Level, Location
from sendproof_harness.judge.requirements import EVENTS_ACCURATE, EVENTS_CADENCE

_ACCURATE = "events.accurate"
_CADENCE = "events.cadence"

SERVICE = "optimove-metrics"
#: The metric of each event; other events cannot be checked.
METRIC_OF_EVENT: Mapping[str, int] = {
    METRIC_NAMES[metric]: metric for metric in (DELIVERED, BOUNCED, DROPPED, CLICKED, UNSUBSCRIBED)
}
# The field with the rejected event in the summary of a request.
_REJECTED_EVENT = "refused_event"

_Reported = Mapping[EventKey, Sequence[Engagement]]
_Real = Mapping[EventKey, Sequence[ReportableEvent]]


def _reported_events(history: History) -> _Reported:
    reported: defaultdict[EventKey, list[Engagement]] = defaultdict(list)
    for event in history.engagements:
        if event.customer is not None and event.event in METRIC_OF_EVENT:
            reported[event.customer, METRIC_OF_EVENT[event.event]].append(event)
    return reported


# -- accuracy ---------------------------------------------------------------------------------------


def check_accuracy(history: History) -> CheckResult:
    """Compare the reported events of each customer with the real ones."""
    reported, real = _reported_events(history), reportable_events(history)
    findings = [
        *_rejected_events(history),
        *_wrong_events(history, reported, real),
        *_missing_events(history, reported, real),
        *unreported_clicks(history, _ACCURATE),
    ]
    return CheckResult(looked_at=len(history.engagements), unit="events", findings=tuple(findings))


def _rejected_events(history: History) -> Iterator[Finding]:
    """Yield the requests that were rejected completely because of one unknown or unsupported event."""
    for request in history.requests:
        if request.service != SERVICE or request.summary is None:
            continue
        event = request.summary.get(_REJECTED_EVENT)
        if event is not None:
            yield Finding(
                check=_ACCURATE,
                level="fail",
                blame="bridge",
                cause=_rejection_cause(event),
                expected="one of the events " + ", ".join(METRIC_OF_EVENT),
                got=request.response_excerpt or f"status {request.status}",
                where=Location(request=request.n),
                at=request.at,
            )


def _rejection_cause(event: str) -> str:
    if event == METRIC_NAMES[SENT]:
        return (
            "saveEvent: 'sent' is no event, because each customer who is not dropped counts as sent; "
            "nothing in the request was saved"
        )
    return f"saveEvent: {event!r} cannot be reported, and nothing in the request was saved"


def _wrong_events(history: History, reported: _Reported, real: _Real) -> Iterator[Finding]:
    """Yield the events that were reported before they happened, or more often."""
    is_excused = bool(outages(history)) or _count_hidden_requests(history) > 0
    for key, events in reported.items():
        name, real_times = METRIC_NAMES[key[1]], [event.at for event in real.get(key, ())]
        for position, event in enumerate(events):
            if position < bisect_right(real_times, event.at):
                continue
            expected, got = f"at most {len(real_times)}", f"{len(events)}"
            if position == 0:
                cause = f"saveEvent: a customer was reported as {name} but was not"
                expected = f"not {name} yet" if real_times else f"not {name}"
                yield _finding(key, cause, expected, name, event.at)
            elif is_excused:
                cause = f"saveEvent: {name} reported again after a lost response, or after the bridge was killed"
                yield replace(_finding(key, cause, expected, got, event.at), level="note")
            else:
                cause = f"saveEvent: {name} reported more often than it happened"
                yield _finding(key, cause, expected, got, event.at)


def _missing_events(history: History, reported: _Reported, real: _Real) -> Iterator[Finding]:
    """Yield the events that the bridge knew early enough and did not report.

    They are unknown if a request had a hidden result, because it may have reported them.
    """
    is_hidden = _count_hidden_requests(history) > 0
    level: Level = "unknown" if is_hidden else "fail"
    blame: Blame = "network" if is_hidden else "bridge"
    hint = _missing_hint(history, is_hidden=is_hidden)
    latest = _latest_required(history)
    for key, events in real.items():
        required = sum(event.required and event.at <= latest for event in events)
        count = len(reported.get(key, ()))
        if count < required:
            cause = f"saveEvent: {METRIC_NAMES[key[1]]} was never reported{hint}"
            expected, got = f"{required:,} reported by {spoken(latest)}", f"{count:,} reported"
            yield replace(_finding(key, cause, expected, got, events[0].at), level=level, blame=blame)


def _missing_hint(history: History, *, is_hidden: bool) -> str:
    if is_hidden:
        return ", or its request got no response"
    return ", or only in a rejected request" if any(_rejected_events(history)) else ""


def _latest_required(history: History) -> int:
    """Return the latest time of an event that had to be reported within the run and the reporting period."""
    visible, ended = bridge_time(history), history.header.ended
    first_due = min(first_due_times(history).values(), default=ended)
    return visible.before(min(ended, first_due + REPORTING_DAYS * DAY), REPORT_WITHIN)


def _count_hidden_requests(history: History) -> int:
    """Return the number of requests with a hidden result: saveEvent has no record to look them up."""
    return sum(request.service == SERVICE and is_result_hidden(request) for request in history.requests)


# -- cadence ----------------------------------------------------------------------------------------


def check_cadence(history: History) -> CheckResult:
    """Find events that were reported long after the bridge knew them; events that it has to ask for are left out."""
    reported, real = _reported_events(history), reportable_events(history)
    count = sum(map(len, reported.values()))
    if not times_are_meaningful(history):
        unobserved = unobserved_times(history, _CADENCE, f"{count:,} events")
        return CheckResult(looked_at=count, unit="events", findings=(unobserved,))
    findings = [
        _late(key, real_event.known_at, event)
        for key, events in reported.items()
        if len(events) == len(real.get(key, ()))
        for real_event, event in zip(real[key], events, strict=True)
        if real_event.known_at is not None and _is_late(history, real_event.known_at, event.at)
    ]
    return CheckResult(looked_at=count, unit="events", findings=tuple(findings))


def _is_late(history: History, known_at: int, reported_at: int) -> bool:
    return reported_at > known_at + REPORT_WITHIN + downtime(history, known_at, reported_at)


def _late(key: EventKey, known_at: int, event: Engagement) -> Finding:
    expected = f"within {span(REPORT_WITHIN)}: {PUSHES_A_DAY_MIN} reports a day"
    got = f"{span(event.at - known_at)} after the bridge knew it"
    return replace(_finding(key, "saveEvent: reported too late", expected, got, event.at), check=_CADENCE)


def _finding(key: EventKey, cause: str, expected: str, got: str, at: int) -> Finding:
    where = Location(customer=key[0])
    return Finding(
        check=_ACCURATE, level="fail", blame="bridge", cause=cause, expected=expected, got=got, where=where, at=at
    )


CHECKS = (
    Check(
        id=_CADENCE,
        title="Events are reported several times a day",
        requirement=EVENTS_CADENCE,
        run=check_cadence,
        applies=reports_events_only,
        scope="bridges that report only by saveEvent",
    ),
    Check(
        id=_ACCURATE,
        title="Engagement events are accurate and sent once",
        requirement=EVENTS_ACCURATE,
        run=check_accuracy,
        applies=lambda history: bool(history.engagements),
        scope="bridges that report by saveEvent",
    ),
)
