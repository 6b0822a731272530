"""The entries of faults: injections into the requests and webhooks that the customer's messages depended on."""

from collections.abc import Iterator

from sendproof_harness.explain.entry import Scope, TimelineEntry
from sendproof_harness.judge.facts.deliveries.deadlines import delays, event_keys
from sendproof_harness.judge.facts.fault_effects import Injection, injections
from sendproof_harness.judge.fault_table import WEBHOOK_EFFECTS, call_effect


def fault_entries(scope: Scope) -> Iterator[TimelineEntry]:
    """Yield the injections into requests and the kills, then the injections into webhooks."""
    if scope.history.faults:
        yield from (_injection(injection) for injection in _relevant_injections(scope))
        yield from _webhook_injections(scope)


def _relevant_injections(scope: Scope) -> Iterator[Injection]:
    delaying, requests = delays(scope.history), {delivery.request for delivery in scope.deliveries}
    relevant = {
        injection.fault.n: injection for recipient in scope.recipients for injection in delaying(recipient.obligation)
    }
    relevant |= {
        injection.fault.n: injection
        for injection in injections(scope.history)
        if injection.request is not None and injection.request.n in requests
    }
    yield from relevant.values()


def _injection(injection: Injection) -> TimelineEntry:
    fault = injection.fault
    what = "the bridge is killed" if injection.is_kill else f"{fault.fault} is injected"
    of_whom = " of another client" if fault.is_elsewhere else ""
    text = f"{what} at {fault.target} {fault.nth} of {fault.service} {fault.name}{of_whom}"
    detail = call_effect(injection.request.fault) if injection.request is not None else ""
    return TimelineEntry(at=injection.at, actor="fault", text=text, detail=detail, line=fault.n)


def _webhook_injections(scope: Scope) -> Iterator[TimelineEntry]:
    events = event_keys(scope.history)
    keys = {key for recipient in scope.recipients for key in events(recipient.obligation)} | scope.receipt_keys
    kind_of = {fault.id: fault.fault for fault in reversed(scope.history.faults)}
    for attempt in scope.history.webhooks:
        if attempt.fault in kind_of and attempt.key in keys:
            kind = kind_of[attempt.fault]
            text = f"{kind} is injected into {attempt.service} event {attempt.event}"
            detail = WEBHOOK_EFFECTS.get(kind, "")
            yield TimelineEntry(at=attempt.at, actor="fault", text=text, detail=detail, line=attempt.n)
