"""The delivery ledger: what became of every obligation, and which deliveries nobody asked for.

`matching` says which delivery belongs to which obligation; here it gets its name. Test-mode deliveries reach nobody
and do not count; nor do those that were taken back before they went out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sendproof_scenarios.checks.matching import LATE_AFTER, lateness, match
from sendproof_scenarios.findings import once_per_history
from sendproof_scenarios.history import Delivery, History, Obligation

Class = Literal[
    "ok",
    "withheld",
    "pending",
    "lost",
    "duplicated",
    "wrong text",
    "wrong number",
    "early",
    "late",
    "sent to opted-out",
    "unexpected",
]
CLASSES: tuple[Class, ...] = (
    "ok",
    "withheld",
    "pending",
    "lost",
    "duplicated",
    "wrong text",
    "wrong number",
    "early",
    "late",
    "sent to opted-out",
    "unexpected",
)

#: What each class says of a recipient, for readers of a report.
MEANING: Mapping[Class, str] = {
    "ok": "got the right text once, at the right number, in time",
    "withheld": "opted out, without a usable number, not cleared or in a cancelled campaign, and rightly got nothing",
    "pending": "was not due yet when the history ended",
    "lost": "was owed a message and got none",
    "duplicated": "got the same message more than once",
    "wrong text": "got a text other than the one owed",
    "wrong number": "the message went to another number, or to another spelling of it",
    "early": "got it before it was due",
    "late": "got it too long after it was due",
    "sent to opted-out": "had opted out and got a message all the same",
    "unexpected": "a message that nobody was owed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What became of one obligation. `deliveries` are all that belong to it, the best match first."""

    obligation: Obligation
    name: Class
    deliveries: tuple[Delivery, ...] = ()

    @property
    def offset(self) -> int | None:
        """Milliseconds from due to sent: negative is early."""
        return self.deliveries[0].send_at - self.obligation.due if self.deliveries else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Ledger:
    """Every obligation has one fate; `strays` are deliveries that belong to none.

    `alike` are groups of fates whose deliveries nobody can tell apart: what is said of one may be true of any.
    """

    fates: tuple[Fate, ...]
    alike: tuple[tuple[Fate, ...], ...]
    strays: tuple[Delivery, ...]
    counts: Mapping[str, int]
    timed: bool


@once_per_history
def ledger(history: History) -> Ledger:
    """Match deliveries with obligations."""
    obligations, timed = history.obligations, time_was_observed(history)
    matching = match(obligations, _that_count(history), timed=timed)
    fates = tuple(
        _fate(obligation, matching.found[index], history.header.ended, timed=timed)
        for index, obligation in enumerate(obligations)
    )
    counts = Counter[str](fate.name for fate in fates)
    counts["unexpected"] += len(matching.strays)
    alike = tuple(tuple(fates[index] for index in group) for group in matching.alike())
    return Ledger(fates=fates, alike=alike, strays=tuple(matching.strays), counts=counts, timed=timed)


def _that_count(history: History) -> Iterable[Delivery]:
    withdrawn = {(withdrawal.service, withdrawal.message) for withdrawal in history.withdrawals}
    real = (delivery for delivery in history.deliveries if not delivery.test)
    if not withdrawn:
        return real
    return (delivery for delivery in real if (delivery.service, delivery.message) not in withdrawn)


def time_was_observed(history: History) -> bool:
    """Whether send times mean anything: the bridge lived by the sandbox's clock, or that clock was real time."""
    clock = history.header.clock
    if clock.participants or any(event.action == "joined" for event in history.clocks):
        return True
    return clock.mode == "real" and clock.rate in {None, 1}


def _fate(obligation: Obligation, found: tuple[Delivery, ...], ended: int, *, timed: bool) -> Fate:
    name = _name(obligation, found, ended, timed=timed)
    return Fate(obligation=obligation, name=name, deliveries=found)


def _name(obligation: Obligation, found: Sequence[Delivery], ended: int, *, timed: bool) -> Class:
    if not obligation.owed:
        return _name_of_forbidden(obligation, found)
    if obligation.due > ended or (not found and obligation.due + LATE_AFTER > ended):
        return "pending"
    if not found:
        return "lost"
    return _name_of_delivered(obligation, found, timed=timed)


def _name_of_delivered(obligation: Obligation, found: Sequence[Delivery], *, timed: bool) -> Class:
    """The gravest of what may be wrong at once: a repeat, the number, the text, the time."""
    if len(found) > 1:
        return "duplicated"
    if found[0].number != obligation.number:
        return "wrong number"
    if found[0].text != obligation.text:
        return "wrong text"
    return _name_by_time(found[0].send_at - obligation.due) if timed else "ok"


def _name_of_forbidden(obligation: Obligation, found: Sequence[Delivery]) -> Class:
    if not found:
        return "withheld"
    return "sent to opted-out" if obligation.reason == "opted_out" else "unexpected"


def _name_by_time(offset: int) -> Class:
    return _NAMES_BY_TIME[lateness(offset)]


_NAMES_BY_TIME: Mapping[int, Class] = {-1: "early", 0: "ok", 1: "late"}
