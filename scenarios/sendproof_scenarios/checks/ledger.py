"""The delivery ledger: what became of every obligation, and which deliveries nobody asked for.

    obligations ──┐
                  ├─ 1 same number ── 2 another spelling ── 3 same text, other number ──> fates
    deliveries ───┘                                                       left over  ──> strays

Rules of matching:
1. A delivery belongs to an obligation of exactly its number: same text and nearest send time first. What is left is a
   repeat when its text was owed to that number, else the text of an obligation that is still open, gone wrong.
2. A number that nobody has may be another spelling of one that somebody has.
3. What is still open is looked for, by its text, under numbers that are nobody's.
Test-mode deliveries reach nobody and do not count.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sendproof_scenarios.findings import once_per_history
from sendproof_scenarios.history import Delivery, History, Obligation
from sendproof_scenarios.instants import MINUTE, SECOND

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
    "withheld": "opted out or without a usable number, and rightly got nothing",
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

# Providers take whole seconds, so a send time may lose its fraction.
EARLY_TOLERANCE = 1 * SECOND

# A batch of 10,000 numbers, a retry after a lost reply and a full minute of rate limiting fit in five minutes;
# a recipient of a marketing message does not notice them. An hour of a wrong zone does not fit.
LATE_AFTER = 5 * MINUTE

# Numbers of one country share their last ten digits whatever stands before: 44, +44, 0044 or 0.
_SIGNIFICANT_DIGITS = 10


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
    """Every obligation has one fate; `strays` are deliveries that belong to none."""

    fates: tuple[Fate, ...]
    strays: tuple[Delivery, ...]
    counts: Mapping[str, int]
    timed: bool


@once_per_history
def ledger(history: History) -> Ledger:
    """Match deliveries with obligations."""
    obligations, timed = history.obligations, time_was_observed(history)
    matched: _Matches = {}
    strays = _by_number(obligations, matched, (delivery for delivery in history.deliveries if not delivery.test))
    strays = _by_spelling(obligations, matched, strays) if strays else strays
    strays = _by_text(obligations, matched, strays) if strays else strays
    fates = tuple(
        Fate(
            obligation=obligation,
            name=_name(obligation, matched.get(index, ()), history.header.ended, timed=timed),
            deliveries=tuple(matched.get(index, ())),
        )
        for index, obligation in enumerate(obligations)
    )
    counts = Counter[str](fate.name for fate in fates)
    counts["unexpected"] += len(strays)
    return Ledger(fates=fates, strays=tuple(strays), counts=counts, timed=timed)


def time_was_observed(history: History) -> bool:
    """Whether send times mean anything: the bridge lived by the sandbox's clock, or that clock was real time."""
    clock = history.header.clock
    if clock.participants or any(event.action == "joined" for event in history.clocks):
        return True
    return clock.mode == "real" and clock.rate in {None, 1}


# Position of an obligation -> the deliveries that belong to it.
_Matches = dict[int, list[Delivery]]
_Entry = tuple[int, Obligation]


def _by_number(obligations: Sequence[Obligation], matched: _Matches, deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Rule 1; the answer is what is left over."""
    sent: defaultdict[str, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        sent[delivery.number].append(delivery)
    owed: defaultdict[str, list[_Entry]] = defaultdict(list)
    for index, obligation in enumerate(obligations):
        if obligation.number is not None and obligation.number in sent:
            owed[obligation.number].append((index, obligation))
    left: list[Delivery] = []
    for number, some in sent.items():
        left += _share_out(owed[number], some, matched) if number in owed else some
    return left


def _share_out(entries: list[_Entry], deliveries: list[Delivery], matched: _Matches) -> list[Delivery]:
    owed = sorted((entry for entry in entries if entry[1].owed), key=lambda entry: entry[1].due)
    left = list(deliveries)
    for index, obligation in owed:
        nearest = _nearest(obligation, left)
        if nearest is not None:
            left.remove(nearest)
            matched[index] = [nearest]
    for index, obligation in owed:
        if index in matched:
            matched[index] += [delivery for delivery in left if delivery.text == obligation.text]
            left = [delivery for delivery in left if delivery.text != obligation.text]
    for index, _ in owed:
        if index not in matched and left:
            matched[index] = [left.pop(0)]
    return _give_to_forbidden(entries, left, matched) if left else left


def _give_to_forbidden(entries: list[_Entry], left: list[Delivery], matched: _Matches) -> list[Delivery]:
    forbidden = [entry for entry in entries if not entry[1].owed]
    if not forbidden:
        return left
    for delivery in left:
        index, _ = min(forbidden, key=lambda entry: abs(delivery.send_at - entry[1].due))
        matched.setdefault(index, []).append(delivery)
    return []


def _nearest(obligation: Obligation, deliveries: Iterable[Delivery]) -> Delivery | None:
    same = (delivery for delivery in deliveries if delivery.text == obligation.text)
    return min(same, key=lambda delivery: abs(delivery.send_at - obligation.due), default=None)


def _by_spelling(obligations: Sequence[Obligation], matched: _Matches, strays: list[Delivery]) -> list[Delivery]:
    """Rule 2."""
    at_number: defaultdict[str, list[int]] = defaultdict(list)
    for index, obligation in enumerate(obligations):
        if obligation.number:
            at_number[_significant(obligation.number)].append(index)
    left = []
    for stray in strays:
        candidates = at_number.get(_significant(stray.number), ())
        match = _same_number_otherwise_spelled(obligations, matched, candidates, stray)
        if match is None:
            left.append(stray)
        else:
            matched.setdefault(match, []).append(stray)
    return left


def _same_number_otherwise_spelled(
    obligations: Sequence[Obligation], matched: _Matches, candidates: Iterable[int], stray: Delivery
) -> int | None:
    """An open one with this text, else one that this repeats, else an open one, else a forbidden one."""
    suitable = [
        index
        for index in candidates
        if obligations[index].number != stray.number
        and (obligations[index].text == stray.text or index not in matched or not obligations[index].owed)
    ]
    return min(suitable, key=lambda index: (obligations[index].text != stray.text, index in matched), default=None)


def _by_text(obligations: Sequence[Obligation], matched: _Matches, strays: list[Delivery]) -> list[Delivery]:
    """Rule 3."""
    waiting: defaultdict[str, deque[int]] = defaultdict(deque)
    for index, obligation in enumerate(obligations):
        if obligation.owed and index not in matched and obligation.text:
            waiting[obligation.text].append(index)
    left = []
    for stray in strays:
        if waiting.get(stray.text):
            matched[waiting[stray.text].popleft()] = [stray]
        else:
            left.append(stray)
    return left


def _significant(number: str) -> str:
    return "".join(character for character in number if character.isdigit())[-_SIGNIFICANT_DIGITS:]


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
    if offset < -EARLY_TOLERANCE:
        return "early"
    return "late" if offset > LATE_AFTER else "ok"
