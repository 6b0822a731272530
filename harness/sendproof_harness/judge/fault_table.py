"""One row per fault: where it was laid, how often it struck, and what the bridge saw of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sendproof_harness.history.header import FaultEntry
from sendproof_harness.history.records import Fault, History, InjectedCall
from sendproof_harness.judge.facts.fault_effects import KILL


@dataclass(frozen=True, kw_only=True)
class FaultRow:
    """`where` is the service and its operation or event; `struck` how often, the first time at `first_at`."""

    id: str
    fault: str
    target: str
    where: str
    nth: int
    when: str
    struck: int
    first_at: int | None
    effect: str


def fault_table(history: History) -> tuple[FaultRow, ...]:
    """The faults in the order in which they were laid; none for most runs."""
    return tuple(_row(entry, history) for entry in history.header.faults)


def _row(entry: FaultEntry, history: History) -> FaultRow:
    strikes = [strike for strike in history.faults if strike.id == entry.id and not strike.missed]
    return FaultRow(
        id=entry.id,
        fault=entry.fault,
        target="call" if entry.call is not None else "webhook",
        where=entry.call or entry.webhook or "",
        nth=entry.nth,
        when=entry.when,
        struck=len(strikes),
        first_at=strikes[0].at if strikes else None,
        effect=_effect(strikes, history),
    )


def _effect(strikes: Sequence[Fault], history: History) -> str:
    """What came of the first one."""
    if not strikes:
        return "it never struck"
    first = strikes[0]
    if first.fault == KILL:
        return "the bridge was killed and started again"
    if first.target == "webhook":
        return WEBHOOKS.get(first.fault, "it came otherwise than it was sent")
    struck = (call.fault for call in history.requests if call.fault is not None and call.n > first.n)
    return told(next((fault for fault in struck if fault.id == first.id), None))


#: What each fault of notifications does to the first it strikes.
WEBHOOKS = {
    "drop_webhook": "it was lost on the way",
    "duplicate_webhook": "it came more than once",
    "delay_webhook": "it came late",
    "reorder_webhook": "later ones overtook it",
}


def told(fault: InjectedCall | None) -> str:
    """What became of a call, in words."""
    if fault is None:
        return "nothing is known of the call"
    done = "the service had done it" if fault.effect else "the service had not done it"
    reply = {"lost": "no reply came", "altered": "another reply came", "intact": "its reply came"}[fault.response]
    return f"{done}, and {reply}"
