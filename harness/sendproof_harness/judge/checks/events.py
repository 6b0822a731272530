"""Reports of single customers by saveEvent: true, complete, told once, and told in time.

A bridge reports either totals or these; see `metrics`.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sendproof_harness.history.records import Engagement, History
from sendproof_harness.history.timestamps import DAY, HOUR, span, spoken
from sendproof_harness.judge.checks.metrics import (
    BOUNCED,
    CLICKED,
    DELIVERED,
    DROPPED,
    METRIC_NAMES,
    PUSHES_A_DAY_MIN,
    REPORTING_DAYS,
    SENT,
    UNSUBSCRIBED,
    first_sends,
    reports_events_only,
)
from sendproof_harness.judge.checks.timing import not_observed
from sendproof_harness.judge.facts.clicks import clicks_unreported
from sendproof_harness.judge.facts.customer_events import Happening, Key, happened
from sendproof_harness.judge.facts.delivery_ledger import time_was_observed
from sendproof_harness.judge.facts.fault_effects import may_have_failed, outages
from sendproof_harness.judge.findings import Blame, Check, CheckResult, Finding, Level, Location
from sendproof_harness.judge.requirements import EVENTS_ACCURATE, EVENTS_CADENCE

_TRUE = "events.accurate"
_CADENCE = "events.cadence"

SERVICE = "optimove-metrics"
#: What each event says, as a metric. What else may be said, nobody can check.
METRIC_OF_EVENT: Mapping[str, int] = {
    METRIC_NAMES[metric]: metric for metric in (DELIVERED, BOUNCED, DROPPED, CLICKED, UNSUBSCRIBED)
}
# What the note of a refused call names.
_REFUSED = "refused_event"

# Whoever reports so often a day tells everything within this; the rest is for receipts that are tried again.
TOLD_WITHIN = DAY // PUSHES_A_DAY_MIN + HOUR


def true(history: History) -> CheckResult:
    """Compare what was told of each customer with what happened to them."""
    told, truth = _told(history), happened(history)
    findings = [
        *_no_such_event(history),
        *_untrue(history, told, truth),
        *_missing(history, told, truth),
        *clicks_unreported(history, _TRUE),
    ]
    return CheckResult(looked_at=len(history.engagements), unit="events", findings=tuple(findings))


def cadence(history: History) -> CheckResult:
    """Events that were told long after the bridge had been told of them; what it has to ask for takes as it takes."""
    told, truth = _told(history), happened(history)
    count = sum(map(len, told.values()))
    if not time_was_observed(history):
        unseen = not_observed(history, _CADENCE, f"{count:,} events")
        return CheckResult(looked_at=count, unit="events", findings=(unseen,))
    findings = [
        _late(key, one, event)
        for key, events in told.items()
        for one, event in zip(truth.get(key, ()), events, strict=False)
        if len(events) == len(truth.get(key, ())) and one.told is not None and _is_late(history, one.told, event.at)
    ]
    return CheckResult(looked_at=count, unit="events", findings=tuple(findings))


def _told(history: History) -> Mapping[Key, Sequence[Engagement]]:
    found: defaultdict[Key, list[Engagement]] = defaultdict(list)
    for event in history.engagements:
        if event.customer is not None and event.event in METRIC_OF_EVENT:
            found[event.customer, METRIC_OF_EVENT[event.event]].append(event)
    return found


def _is_late(history: History, known: int, at: int) -> bool:
    return at > known + TOLD_WITHIN + _away(history, known, at)


def _away(history: History, since: int, until: int) -> int:
    return sum(max(0, min(until, back) - max(since, gone)) for gone, back in outages(history))


def _no_such_event(history: History) -> Iterator[Finding]:
    """Calls that were refused as a whole for one event that there is not, or that cannot be saved."""
    for request in history.requests:
        event = request.summary.get(_REFUSED) if request.service == SERVICE and request.summary is not None else None
        if event is not None:
            cause = f"saveEvent: {event!r} cannot be told, and nothing that came with it was saved"
            if event == METRIC_NAMES[SENT]:
                cause = (
                    "saveEvent: 'sent' is no event: whoever is not dropped was sent to; nothing of the call was saved"
                )
            yield Finding(
                check=_TRUE,
                level="fail",
                blame="bridge",
                cause=cause,
                expected="events that there are: " + ", ".join(METRIC_OF_EVENT),
                got=request.response_excerpt or f"answered with {request.status}",
                where=Location(request=request.n),
                at=request.at,
            )


def _untrue(
    history: History, told: Mapping[Key, Sequence[Engagement]], truth: Mapping[Key, Sequence[Happening]]
) -> Iterator[Finding]:
    excused = bool(outages(history)) or _lost_calls(history) > 0
    for key, events in told.items():
        some = truth.get(key, ())
        name, ats = METRIC_NAMES[key[1]], [one.at for one in some]
        for place, event in enumerate(events):
            if place < bisect_right(ats, event.at):
                continue
            if place == 0:
                cause = f"saveEvent: a customer said to be {name} who was not"
                yield _finding(key, cause, f"not {name}" if not some else f"not {name} yet", name, event.at)
            elif excused:
                cause = f"saveEvent: {name} told again after a call without a reply, or by a bridge that was killed"
                yield replace(_finding(key, cause, f"{len(some)} at most", f"{len(events)}", event.at), level="note")
            else:
                cause = f"saveEvent: {name} told more often than it happened"
                yield _finding(key, cause, f"{len(some)} at most", f"{len(events)}", event.at)


def _missing(
    history: History, told: Mapping[Key, Sequence[Engagement]], truth: Mapping[Key, Sequence[Happening]]
) -> Iterator[Finding]:
    """What the bridge knew for long enough, and never told; a call without a reply may have told it."""
    lost = _lost_calls(history)
    refused = any(_no_such_event(history))
    level: Level = "unknown" if lost else "fail"
    blame: Blame = "network" if lost else "bridge"
    first, until = first_sends(history), history.header.ended - TOLD_WITHIN
    last = min(until, min(first.values(), default=until) + REPORTING_DAYS * DAY - TOLD_WITHIN)
    for key, some in truth.items():
        known = sum(one.sure and one.at <= last for one in some)
        if len(told.get(key, ())) < known:
            name = METRIC_NAMES[key[1]]
            why = ", or its call had no reply" if lost else ", or only in a call that was refused" if refused else ""
            cause = f"saveEvent: {name} was never told{why}"
            got = f"{len(told.get(key, ())):,} told"
            found = _finding(key, cause, f"{known:,} told by {spoken(last)}", got, some[0].at)
            yield replace(found, level=level, blame=blame)


def _lost_calls(history: History) -> int:
    """Calls of which nobody knows whether they counted: saveEvent keeps no record that could be asked."""
    return sum(one.service == SERVICE and may_have_failed(one) for one in history.requests)


def _late(key: Key, one: Happening, event: Engagement) -> Finding:
    expected = f"within {span(TOLD_WITHIN)}: {PUSHES_A_DAY_MIN} reports a day"
    got = f"{span(event.at - (one.told or one.at))} after it was known"
    return replace(_finding(key, "saveEvent: told too late", expected, got, event.at), check=_CADENCE)


def _finding(key: Key, cause: str, expected: str, got: str, at: int) -> Finding:
    where = Location(customer=key[0])
    return Finding(
        check=_TRUE, level="fail", blame="bridge", cause=cause, expected=expected, got=got, where=where, at=at
    )


CHECKS = (
    Check(
        id=_CADENCE,
        title="Events are told several times a day",
        requirement=EVENTS_CADENCE,
        run=cadence,
        applies=reports_events_only,
        asked_of="bridges that report by saveEvent alone",
    ),
    Check(
        id=_TRUE,
        title="Events tell what happened, once",
        requirement=EVENTS_ACCURATE,
        run=true,
        applies=lambda history: bool(history.engagements),
        asked_of="bridges that report by saveEvent",
    ),
)
