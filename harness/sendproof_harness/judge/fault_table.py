"""One row per fault: its position, the number of injections, and the consequence for the bridge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.header import Fault, FaultEntry
from sendproof_harness.history.parts import InjectedCall
from sendproof_harness.history.records import History
from sendproof_harness.judge.facts.fault_effects import KILL


@dataclass(frozen=True, kw_only=True)
class FaultRow:
    """`where` is the service with its operation or event; `injected` counts the injections, the first at `first_at`."""

    id: str
    fault: str
    target: str
    where: str
    nth: int
    when: str
    injected: int
    first_at: int | None
    effect: str


#: The effect of each webhook fault on the first webhook that it affects.
WEBHOOK_EFFECTS: Mapping[str, str] = {
    "drop_webhook": "the webhook was lost",
    "duplicate_webhook": "the webhook arrived more than once",
    "delay_webhook": "the webhook arrived late",
    "forged_webhook": "forged copies of the webhook arrived",
    "reorder_webhook": "later webhooks overtook it",
}

_RESPONSE_EFFECTS: Mapping[str, str] = {
    "lost": "no response arrived",
    "altered": "another response arrived",
    "intact": "its response arrived",
}


def fault_table(history: History) -> tuple[FaultRow, ...]:
    """Return the faults in the order of the header; empty for most runs."""
    return tuple(_row(entry, history) for entry in history.header.faults)


def _row(entry: FaultEntry, history: History) -> FaultRow:
    injections = [fault for fault in history.faults if fault.id == entry.id and not fault.missed]
    return FaultRow(
        id=entry.id,
        fault=entry.fault,
        target="call" if entry.call is not None else "webhook",
        where=entry.place,
        nth=entry.nth,
        when=entry.when,
        injected=len(injections),
        first_at=injections[0].at if injections else None,
        effect=_first_effect(injections, history),
    )


def _first_effect(injections: Sequence[Fault], history: History) -> str:
    if not injections:
        return "never injected"
    first = injections[0]
    if first.fault == KILL:
        return "the bridge was killed and restarted"
    if first.target == "webhook":
        return WEBHOOK_EFFECTS.get(first.fault, "the webhook was changed")
    calls = (request.fault for request in history.requests if request.fault is not None and request.n > first.n)
    return call_effect(next((call for call in calls if call.id == first.id), None))


def call_effect(call: InjectedCall | None) -> str:
    """Describe the consequence of a fault for a call."""
    if call is None:
        return "no such request is known"
    done = "the request took effect" if call.effect else "the request had no effect"
    return f"{done}, and {_RESPONSE_EFFECTS[call.response]}"
