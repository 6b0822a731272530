"""Check the engagement events that a bridge posts with saveEvent: accurate, complete, sent once, and in time.

A bridge reports either totals or these events, or both; see `metrics`.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from sendproof_harness.history.records import Engagement, History, Request
from sendproof_harness.history.timestamps import span, spoken
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.checks.reports.statements import date_cause, late_reports, parse_utc
from sendproof_harness.judge.facts.deliveries.message_types import can_be_opened
from sendproof_harness.judge.facts.fault_effects import is_result_hidden
from sendproof_harness.judge.facts.keys import TemplateKey
from sendproof_harness.judge.facts.metrics import (
    BOUNCED,
    CLICKED,
    DELIVERED,
    DROPPED,
    EVENTS_SERVICE,
    METRIC_NAMES,
    OPENED,
    SENT,
    UNSUBSCRIBED,
    fresh_within,
    must_report,
    reports_events_only,
)
from sendproof_harness.judge.facts.observation import times_are_meaningful, unobserved_times
from sendproof_harness.judge.facts.reports.clicks import unreported_clicks
from sendproof_harness.judge.facts.reports.event_contexts import CONTEXT_NAMES, context_ids
from sendproof_harness.judge.facts.reports.occurrences import CustomerEvent, EventKey, reportable_events
from sendproof_harness.judge.facts.reports.required_interactions import (
    RequiredInteraction,
    required_clicks,
    required_interactions,
)
from sendproof_harness.judge.facts.reports.uncertain_reports import excused_by, may_be_in_hidden_request
from sendproof_harness.judge.facts.requests import refused_event
from sendproof_harness.judge.facts.wishes import reports_a_day, wants_events
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location, cached_per_history
from sendproof_harness.judge.requirements import EVENTS_ACCURATE, EVENTS_CADENCE

_ACCURATE = "events.accurate"
_CADENCE = "events.cadence"

#: The metric of each event; other events cannot be checked.
METRIC_OF_EVENT: Mapping[str, int] = {
    METRIC_NAMES[metric]: metric for metric in (DELIVERED, BOUNCED, DROPPED, OPENED, CLICKED, UNSUBSCRIBED)
}
# Events that no simulated provider reports, and those that it reports for no SMS.
_IMPOSSIBLE_EVENTS, _NOT_OF_SMS = frozenset({"spam_reported"}), frozenset({METRIC_NAMES[OPENED]})
# The field with the rule that the refused event broke, in the summary of a request.
_BROKEN_RULE = "refused_for"
_CAUSE_OF_RULE: Mapping[str, str] = {
    "age": "the timestamp is more than 7 days old",
    "timestamp": "the timestamp is no UTC time",
    "customer": "it names both a customer and a visitor, or neither",
}

_Reported = Mapping[EventKey, Sequence[Engagement]]
_Real = Mapping[EventKey, Sequence[CustomerEvent]]


def _reported_events(history: History) -> _Reported:
    reported: defaultdict[EventKey, list[Engagement]] = defaultdict(list)
    for event in history.engagements:
        is_possible = event.event not in _NOT_OF_SMS or can_be_opened(history)
        if event.customer is not None and event.event in METRIC_OF_EVENT and is_possible:
            reported[event.customer, METRIC_OF_EVENT[event.event]].append(event)
    return reported


# -- accuracy ---------------------------------------------------------------------------------------


def check_accuracy(history: History) -> CheckResult:
    """Compare the reported events of each customer with the real ones."""
    reported, real = _reported_events(history), reportable_events(history)
    findings = [
        *_rejected_events(history),
        *_wrong_events(history, reported, real),
        *_impossible_events(history),
        *_wrong_ids(reported, real),
        *_wrong_timestamps(history, reported, real),
        *_missing_events(history, reported),
        *(unreported_clicks(history, _ACCURATE) if not wants_events(history) else ()),
    ]
    return CheckResult(looked_at=len(history.engagements), unit="events", findings=tuple(findings))


def _rejected_events(history: History) -> Iterator[Finding]:
    """Yield the requests that were rejected completely because of one event."""
    for request in history.requests:
        event = refused_event(request)
        if event is not None and request.summary is not None:
            rule = request.summary.get(_BROKEN_RULE)
            yield _rejection(request, event, rule if rule in _CAUSE_OF_RULE else None)


def _rejection(request: Request, event: str, rule: str | None) -> Finding:
    names = "one of the events " + ", ".join(METRIC_OF_EVENT)
    return Finding(
        check=_ACCURATE,
        level="fail",
        blame="bridge",
        cause=_rejection_cause(event, rule),
        expected="UTC times of the last 7 days, and one customer" if rule else names,
        got=request.response_excerpt or f"status {request.status}",
        where=Location(request=request.n),
        at=request.at,
    )


def _rejection_cause(event: str, rule: str | None) -> str:
    if rule is not None:
        return f"saveEvent: {event} was rejected, because {_CAUSE_OF_RULE[rule]}; nothing in the request was saved"
    if event == METRIC_NAMES[SENT]:
        return (
            "saveEvent: 'sent' is no event, because each customer who is not dropped counts as sent; "
            "nothing in the request was saved"
        )
    return f"saveEvent: {event!r} cannot be reported, and nothing in the request was saved"


def _wrong_events(history: History, reported: _Reported, real: _Real) -> Iterator[Finding]:
    """Yield the events that were reported before they happened, or more often."""
    for key, events in reported.items():
        name, real_times = METRIC_NAMES[key[1]], [event.occurrence.at for event in real.get(key, ())]
        for position, event in enumerate(events):
            happened = bisect_right(real_times, event.at)
            if position < happened:
                continue
            expected, got = f"at most {len(real_times)}", f"{len(events)}"
            if position == 0:
                cause = f"saveEvent: a customer was reported as {name} but was not"
                expected = f"not {name} yet" if real_times else f"not {name}"
                yield _finding(key, cause, expected, name, event.at)
            elif position < happened + excused_by(history, events[:position], event):
                cause = f"saveEvent: {name} reported again after a lost response, or after the bridge was killed"
                yield replace(_finding(key, cause, expected, got, event.at), level="note")
            else:
                cause = f"saveEvent: {name} reported more often than it happened"
                yield _finding(key, cause, expected, got, event.at)


def _impossible_events(history: History) -> Iterator[Finding]:
    impossible = _IMPOSSIBLE_EVENTS if can_be_opened(history) else _IMPOSSIBLE_EVENTS | _NOT_OF_SMS
    for event in history.engagements:
        if event.event in impossible:
            cause = f"saveEvent: {event.event} was reported, an event that no message of the run had"
            expected = "one of the events " + ", ".join(name for name in METRIC_OF_EVENT if name not in impossible)
            where = Location(customer=event.customer)
            yield replace(_finding(("", 0), cause, expected, event.event, event.at), where=where)


def _wrong_ids(reported: _Reported, real: _Real) -> Iterator[Finding]:
    """Yield the events with the id of another campaign, channel or template in their context."""
    for key, events in reported.items():
        templates = {template for event in real.get(key, ()) for template in event.templates}
        for event in events:
            wrong = _wrong_id(templates, context_ids(event))
            if wrong is not None:
                name, expected, got = wrong
                cause = f"saveEvent: {METRIC_NAMES[key[1]]} reported for another {name} than the customer's"
                yield _finding(key, cause, expected, got, event.at)


def _wrong_id(templates: Collection[TemplateKey], ids: Mapping[int, str]) -> tuple[str, str, str] | None:
    """Return the name of the first wrong id, the expected ids, and the id itself; None if they fit together."""
    fitting = templates
    for position, id_ in sorted(ids.items()):
        allowed = sorted({str(template[position]) for template in fitting})
        if allowed and id_ not in allowed:
            name = CONTEXT_NAMES[position]
            return name, f"{name} " + " or ".join(allowed), id_
        fitting = [template for template in fitting if str(template[position]) == id_]
    return None


def _wrong_timestamps(history: History, reported: _Reported, real: _Real) -> Iterator[Finding]:
    """Yield the events with a time at which they did not happen."""
    if not times_are_meaningful(history):
        return
    for key, events in reported.items():
        for event, _ in zip(events, real.get(key, ()), strict=False):
            stated = parse_utc(event.timestamp)
            happened = [item.occurrence for item in real.get(key, ()) if item.occurrence.at <= event.at]
            cause = None if stated is None else date_cause(history, happened, stated, event.at)
            if cause is not None and stated is not None:
                expected = f"{spoken(happened[0].at)}, when it happened"
                yield _finding(key, f"saveEvent: {METRIC_NAMES[key[1]]} {cause}", expected, spoken(stated), event.at)


def _missing_events(history: History, reported: _Reported) -> Iterator[Finding]:
    """Yield the events that the bridge knew early enough and did not report.

    One is unknown if a request of that time had a hidden result, because it may have reported the event.
    """
    # A rejected request may have held every event that was known before.
    last_rejection = max((finding.at or 0 for finding in _rejected_events(history)), default=0)
    required = [event for event in _required_events(history) if event.known_at > last_rejection]
    count = Counter((interaction.customer, interaction.metric) for interaction in required)
    visitors = {(event.visitor, METRIC_OF_EVENT.get(event.event)) for event in history.engagements if event.visitor}
    for interaction in required:
        key = interaction.customer, interaction.metric
        got = len(reported.get(key, ()))
        if got < count.pop(key, 0):
            as_visitor = key in visitors
            how = "only reported for a visitor with the customer's id" if as_visitor else "never reported"
            cause = f"saveEvent: {METRIC_NAMES[key[1]]} was {how}"
            expected = f"a report, known since {spoken(interaction.known_at)}"
            finding = _finding(key, cause, expected, f"{got:,} reported", interaction.known_at)
            yield _unless_hidden(history, finding, key)
    for customer, clicks in required_clicks(history).items() if wants_events(history) else ():
        expected_times = [at for at in clicks if at > last_rejection]
        got = len(reported.get((customer, CLICKED), ()))
        if 0 < got < len(expected_times):
            cause = "saveEvent: clicked was reported for some of a customer's clicks, not for each"
            expected = f"{len(expected_times):,} events, one for each click that the provider reported to the bridge"
            finding = _finding((customer, CLICKED), cause, expected, f"{got:,} reported", expected_times[-1])
            yield _unless_hidden(history, finding, (customer, CLICKED))


def _unless_hidden(history: History, finding: Finding, key: EventKey) -> Finding:
    """Return a missing report as unknown if one of the customer's events may be in a request that got no response."""
    if not may_be_in_hidden_request(history, _required_by_key(history).get(key, ()), _hidden_requests(history)):
        return finding
    cause = f"{finding.cause}, or its request got no response"
    return replace(finding, level="unknown", blame="network", cause=cause)


@cached_per_history
def _required_by_key(history: History) -> Mapping[EventKey, Sequence[RequiredInteraction]]:
    required: defaultdict[EventKey, list[RequiredInteraction]] = defaultdict(list)
    for event in _required_events(history):
        required[event.customer, event.metric].append(event)
    return required


def _required_events(history: History) -> Iterator[RequiredInteraction]:
    """Yield the events to report. Clicks and opt-outs are only required if the client wants events.

    A customer who opts out at several providers may be reported once: the first opt-out may end all messages of the
    type.
    """
    optional = {SENT} if wants_events(history) else {SENT, OPENED, CLICKED, UNSUBSCRIBED}
    required = [interaction for interaction in required_interactions(history) if interaction.metric not in optional]
    yield from (interaction for interaction in required if interaction.metric != UNSUBSCRIBED)
    opted_out: dict[tuple[str, str], RequiredInteraction] = {}
    for interaction in required:
        if interaction.metric == UNSUBSCRIBED:
            key = interaction.customer, interaction.recipient.deliveries[0].message_type
            opted_out[key] = min(opted_out.get(key, interaction), interaction, key=lambda found: found.known_at)
    yield from opted_out.values()


@cached_per_history
def _hidden_requests(history: History) -> Sequence[Request]:
    """Return the requests with a hidden result: saveEvent has no record to look them up."""
    return [request for request in history.requests if request.service == EVENTS_SERVICE and is_result_hidden(request)]


# -- cadence ----------------------------------------------------------------------------------------


def check_cadence(history: History) -> CheckResult:
    """Find events that were reported long after the bridge knew them, or could ask for them."""
    reported = _reported_events(history)
    count = sum(map(len, reported.values()))
    if not times_are_meaningful(history):
        unobserved = unobserved_times(history, _CADENCE, counted(count, "events"))
        return CheckResult(looked_at=count, unit="events", findings=(unobserved,))
    times = {key: [event.at for event in events] for key, events in reported.items()}
    late = late_reports(history, _required_events(history), times, lambda found: (found.customer, found.metric))
    expected = f"within {span(fresh_within(history))}: {reports_a_day(history)} reports a day"
    findings = tuple(
        _late((report.interaction.customer, report.interaction.metric), expected, report.got, report.reported_at)
        for report in late
    )
    return CheckResult(looked_at=count, unit="events", findings=findings)


def _late(key: EventKey, expected: str, got: str, at: int) -> Finding:
    return replace(_finding(key, "saveEvent: reported too late", expected, got, at), check=_CADENCE)


def _finding(key: EventKey, cause: str, expected: str, got: str, at: int) -> Finding:
    where = Location(customer=key[0])
    return Finding(
        check=_ACCURATE, level="fail", blame="bridge", cause=cause, expected=expected, got=got, where=where, at=at
    )


def _expects_events(history: History) -> bool:
    return wants_events(history) or reports_events_only(history)


CHECKS = (
    Check(
        id=_CADENCE,
        title="Events are reported several times a day",
        requirement=EVENTS_CADENCE,
        run=check_cadence,
        applies=lambda history: must_report(history) and _expects_events(history),
        scope="bridges that report by saveEvent alone, or must",
    ),
    Check(
        id=_ACCURATE,
        title="Engagement events are accurate and sent once",
        requirement=EVENTS_ACCURATE,
        run=check_accuracy,
        applies=lambda history: bool(history.engagements) or (must_report(history) and _expects_events(history)),
        scope="bridges that report by saveEvent, or must",
    ),
)
