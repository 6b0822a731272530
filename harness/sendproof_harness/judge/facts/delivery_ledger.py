"""The delivery ledger: what became of every obligation, and which deliveries nobody asked for.

`matching` says which delivery belongs to which obligation; here it gets its name. Test-mode deliveries reach nobody
and do not count; nor do those that were taken back before they went out. Where a fault hid from the bridge what became
of a message, and nobody can be asked, the message is `indefinite`: neither right nor wrong.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sendproof_harness.history.records import Delivery, History, Obligation
from sendproof_harness.judge.facts.consent import GRACE, forbidden_at, left, out_by
from sendproof_harness.judge.facts.deadlines import heard, latest
from sendproof_harness.judge.facts.delivery_matching import lateness, match
from sendproof_harness.judge.facts.fault_effects import services_without_record, unseen_sends
from sendproof_harness.judge.facts.provider_refusals import is_refused
from sendproof_harness.judge.findings import cached_per_history

Class = Literal[
    "ok",
    "withheld",
    "refused",
    "pending",
    "indefinite",
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
    "refused",
    "pending",
    "indefinite",
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
    "refused": "the provider takes nothing for this number, whatever a bridge does",
    "pending": "was not due yet when the history ended",
    "indefinite": "was owed a message and got none, but a fault hid that from the bridge, and nobody can be asked",
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
class RecipientResult:
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

    fates: tuple[RecipientResult, ...]
    alike: tuple[tuple[RecipientResult, ...], ...]
    strays: tuple[Delivery, ...]
    counts: Mapping[str, int]
    timed: bool


@cached_per_history
def ledger(history: History) -> Ledger:
    """Match deliveries with obligations."""
    obligations, timed = history.obligations, time_was_observed(history)
    matching = match(obligations, _that_count(history), timed=timed, latest=latest(history))
    name = _namer(history, timed=timed)
    fates = _with_indefinite(
        history,
        tuple(
            RecipientResult(obligation=owed, name=name(owed, found), deliveries=found)
            for owed, found in zip(obligations, matching.found, strict=True)
        ),
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


@cached_per_history
def is_owed_something(history: History) -> bool:
    """Whether anybody has to get a message: on a channel in testing mode nobody has."""
    testing = {channel.id for channel in history.header.channels if channel.testing}
    return any(owed.owed and owed.channel not in testing for owed in history.obligations)


@cached_per_history
def is_owed_a_campaign(history: History) -> bool:
    """The same, of campaigns alone."""
    testing = {channel.id for channel in history.header.channels if channel.testing}
    return any(owed.owed and owed.trigger is None and owed.channel not in testing for owed in history.obligations)


def time_was_observed(history: History) -> bool:
    """Whether send times mean anything: the bridge lived by the sandbox's clock, or that clock was real time."""
    clock = history.header.clock
    if clock.participants or any(event.action == "joined" for event in history.clocks):
        return True
    return clock.mode == "real" and clock.rate in {None, 1}


Namer = Callable[[Obligation, tuple[Delivery, ...]], Class]


def _namer(history: History, *, timed: bool) -> Namer:
    ended, until = history.header.ended, latest(history)
    testing = {channel.id for channel in history.header.channels if channel.testing}
    cancelled = {(one.campaign, one.channel): one.cancelled_at for one in history.campaigns}
    somebody_left = bool(left(history))

    def name(owed: Obligation, found: tuple[Delivery, ...]) -> Class:
        if not owed.owed:
            return _name_of_forbidden(owed, found, cancelled.get((owed.campaign, owed.channel)))
        if owed.channel in testing:
            return "unexpected" if found else "withheld"
        last = until(owed)
        if owed.due > ended or (not found and last > ended):
            return "pending"
        if somebody_left:
            known = _name_by_consent(history, owed, found, last)
            if known is not None:
                return known
        if not found:
            return _name_of_missing(history, owed, cancelled.get((owed.campaign, owed.channel)))
        return _name_of_delivered(owed, found, last, timed=timed)

    return name


def _name_by_consent(history: History, owed: Obligation, found: Sequence[Delivery], last: int) -> Class | None:
    if not found:
        return "withheld" if out_by(history, owed, last) is not None else None
    against = any(forbidden_at(history, owed, delivery.send_at) is not None for delivery in found)
    return "sent to opted-out" if against else None


def _name_of_missing(history: History, owed: Obligation, cancelled_at: int | None) -> Class:
    if is_refused(history, owed):
        return "refused"
    return "withheld" if _just_cancelled(owed, cancelled_at) else "lost"


def _just_cancelled(owed: Obligation, cancelled_at: int | None) -> bool:
    """Whether the message was being made ready when the campaign was called off."""
    return cancelled_at is not None and owed.due > cancelled_at - GRACE


def _name_of_delivered(owed: Obligation, found: Sequence[Delivery], last: int, *, timed: bool) -> Class:
    """The gravest of what may be wrong at once: a repeat, the number, the text, the time."""
    if len(found) > 1:
        return "duplicated"
    if found[0].number != owed.number:
        return "wrong number"
    if found[0].text != owed.text:
        return "wrong text"
    return _NAMES_BY_TIME[lateness(found[0].send_at, owed.due, last)] if timed else "ok"


def _name_of_forbidden(owed: Obligation, found: Sequence[Delivery], cancelled_at: int | None) -> Class:
    if not found:
        return "withheld"
    if owed.reason == "cancelled" and cancelled_at is not None and len(found) == 1:
        # What was on its way when the word came cannot be called back.
        return "withheld" if found[0].send_at <= cancelled_at + GRACE else "unexpected"
    return "sent to opted-out" if owed.reason == "opted_out" else "unexpected"


_NAMES_BY_TIME: Mapping[int, Class] = {-1: "early", 0: "ok", 1: "late"}


def _with_indefinite(history: History, fates: tuple[RecipientResult, ...]) -> tuple[RecipientResult, ...]:
    """The same, with those for indefinite of whose loss the bridge cannot know."""
    unknowable = _unknowable(history)
    if not unknowable and not history.faults and not any(attempt.dropped for attempt in history.webhooks):
        return fates
    first_heard = heard(history)
    return tuple(
        replace(fate, name="indefinite")
        if fate.name == "lost" and (first_heard(fate.obligation) is None or _is_unknowable(history, fate, unknowable))
        else fate
        for fate in fates
    )


def _unknowable(history: History) -> dict[str, list[int]]:
    """By provider without a record: when calls were made that may have sent something and did not, the first first."""
    without = services_without_record(history)
    return {name: [call.at for call in some] for name, some in unseen_sends(history).items() if name in without}


def _is_unknowable(history: History, fate: RecipientResult, unknowable: dict[str, list[int]]) -> bool:
    """Whether one of these calls may have been this message's; each is for one message only."""
    owed = fate.obligation
    provider = next((one.provider for one in history.header.channels if one.id == owed.channel), "")
    calls, last = unknowable.get(provider, []), latest(history)(owed)
    call = next((at for at in calls if owed.at <= at <= last), None)
    if call is None:
        return False
    calls.remove(call)
    return True
