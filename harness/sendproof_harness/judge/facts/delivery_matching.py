"""Which delivery belongs to which obligation, with as little blame as the history allows.

    obligations ──┐
                  ├─ 1 same number ── 2 another spelling ── 3 same text, other number ──> found
    deliveries ───┘                                                       left over  ──> strays

Rules:
1. A delivery belongs to an obligation of exactly its number: of the same text first, and of those to one for which it
   is in time, else to the nearest. What is left is a repeat when its text was owed to that number, else the text of an
   obligation that is still open, gone wrong. Whoever was owed nothing comes last, or where the time says so.
2. A number that nobody has may be another spelling of one that somebody has.
3. What is still open is looked for, by its text, under numbers that are nobody's.

Where two obligations could exchange their deliveries and be none the worse, nobody but the bridge knows which delivery
was for which: they are *alike*, and every check must take either for right.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import TypeVar

from sendproof_harness.history.records import Delivery, Obligation
from sendproof_harness.history.timestamps import MINUTE, SECOND

# Providers take whole seconds, so a send time may lose its fraction.
EARLY_TOLERANCE = 1 * SECOND

# A batch of 10,000 numbers, a retry after a lost reply and a full minute of rate limiting fit in five minutes;
# a recipient of a marketing message does not notice them. An hour of a wrong zone does not fit.
LATE_AFTER = 5 * MINUTE

# Numbers of one country share their last ten digits whatever stands before: 44, +44, 0044 or 0.
_SIGNIFICANT_DIGITS = 10

# Open obligations by when they are due and until when they are in time.
_Waiting = dict[tuple[int, int], deque[int]]

T = TypeVar("T")


def letters(text: str) -> str:
    """The plain letters and digits of a text: what survives a wrong character set."""
    return "".join(character for character in text if character.isascii() and character.isalnum())


# How alike a text and the one that was owed are, the surest first.
_EXACT: Callable[[str], str] = str
_SHAPES: tuple[Callable[[str], str], ...] = (letters, lambda _: "")


@dataclass(kw_only=True, slots=True)
class Matching:
    """`found` and `parents` are by position in `obligations`; the first delivery found is the match.

    `parents` leads from each obligation that is alike to another one up to the one that stands for all of them.
    """

    obligations: Sequence[Obligation]
    timed: bool
    latest: Callable[[Obligation], int]
    found: list[tuple[Delivery, ...]]
    parents: dict[int, int] = field(default_factory=dict)
    strays: list[Delivery] = field(default_factory=list)

    def alike(self) -> tuple[tuple[int, ...], ...]:
        """The groups of those that nobody can tell apart, each of two or more."""
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for position in sorted(self.parents):
            groups[self._root(position)].append(position)
        return tuple(tuple(group) for group in groups.values())

    def share_out(self, positions: Sequence[int], deliveries: list[Delivery]) -> list[Delivery]:
        """Give the obligations at one number what went to it; the answer is what is left over."""
        if len(positions) == len(deliveries) == 1 and not self.found[positions[0]]:
            self.found[positions[0]] = tuple(deliveries)
            return []
        owed = [position for position in positions if self.obligations[position].owed]
        left = self.give(owed, sorted(deliveries, key=_order_of_delivery), _EXACT)
        left = self._repeat(positions, left) if left else left
        for shape in _SHAPES:
            left = self.give(owed, left, shape) if left else left
        left = self._forbid(positions, left) if left else left
        self.compare(positions)
        return left

    def give(self, owed: Iterable[int], deliveries: list[Delivery], shape: Callable[[str], str]) -> list[Delivery]:
        """Give open obligations the deliveries whose text has the shape of theirs."""
        sent: defaultdict[str, list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            sent[shape(delivery.text)].append(delivery)
        still_open: defaultdict[str, list[int]] = defaultdict(list)
        for position in owed:
            if not self.found[position]:
                still_open[shape(self.obligations[position].text or "")].append(position)
        left: list[Delivery] = []
        for text, some in sent.items():
            left += self._pair(still_open[text], some) if text in still_open else some
        return left

    def compare(self, positions: Sequence[int]) -> None:
        """Note which of these are alike, neighbours by text and neighbours by what went wrong."""
        if len(positions) > 1:
            texts = self.obligations
            by_text = sorted(positions, key=lambda position: (texts[position].text or "", self._order(position)))
            by_fault = sorted(positions, key=lambda position: (self._is_right(position), self._order(position)))
            for one, other in (*pairwise(by_text), *pairwise(by_fault)):
                if self._may_be_exchanged(one, other):
                    self._join(one, other)

    def _pair(self, positions: list[int], deliveries: Iterable[Delivery]) -> list[Delivery]:
        """By time alone: as many in time as can be, then the nearest."""
        waiting: _Waiting = {}
        for position in sorted(positions, key=self._order):
            owed = self.obligations[position]
            waiting.setdefault((owed.due, self.latest(owed)), deque()).append(position)
        left = self._give_in_time(waiting, sorted(deliveries, key=_order_of_delivery))
        return self._give_to_nearest(waiting, left) if waiting else left

    def _give_in_time(self, waiting: _Waiting, deliveries: Iterable[Delivery]) -> list[Delivery]:
        left: list[Delivery] = []
        dues = deque(waiting)
        for delivery in deliveries:
            while dues and delivery.send_at > dues[0][1]:
                dues.popleft()
            if not dues or delivery.send_at < dues[0][0] - EARLY_TOLERANCE:
                left.append(delivery)
                continue
            due = dues[0]
            self.found[_take(waiting, due)] = (delivery,)
            if due not in waiting:
                dues.popleft()
        return left

    def _give_to_nearest(self, waiting: _Waiting, deliveries: Iterable[Delivery]) -> list[Delivery]:
        dues = tuple(waiting)
        nearest_first = sorted(deliveries, key=lambda some: min(abs(some.send_at - due) for due, _ in dues))
        left: list[Delivery] = []
        for delivery in nearest_first:
            if waiting:
                due = min(waiting, key=lambda window: abs(delivery.send_at - window[0]))
                self.found[_take(waiting, due)] = (delivery,)
            else:
                left.append(delivery)
        return left

    def _repeat(self, positions: Sequence[int], deliveries: Iterable[Delivery]) -> list[Delivery]:
        left: list[Delivery] = []
        for delivery in deliveries:
            repeated = [position for position in positions if self._is_match(position, delivery)]
            if not repeated:
                left.append(delivery)
                continue
            forbidden = [position for position in positions if self._is_forbidden(position, delivery)]
            nearest = min((*repeated, *forbidden), key=lambda position: self._distance(position, delivery))
            self.found[nearest] += (delivery,)
            if nearest in repeated:
                for one, other in pairwise(repeated):
                    self._join(one, other)
        return left

    def _forbid(self, positions: Sequence[int], deliveries: list[Delivery]) -> list[Delivery]:
        forbidden = [position for position in positions if not self.obligations[position].owed]
        if not forbidden:
            return deliveries
        for delivery in deliveries:
            nearest = min(
                forbidden,
                key=lambda position: (not self._is_forbidden(position, delivery), *self._distance(position, delivery)),
            )
            self.found[nearest] += (delivery,)
        return []

    def _is_match(self, position: int, delivery: Delivery) -> bool:
        obligation = self.obligations[position]
        return obligation.owed and obligation.text == delivery.text and bool(self.found[position])

    def _is_forbidden(self, position: int, delivery: Delivery) -> bool:
        """Whether this may be a message that was not to be sent; a text that was never made may be any."""
        obligation = self.obligations[position]
        return not obligation.owed and obligation.text in {None, delivery.text}

    def _distance(self, position: int, delivery: Delivery) -> tuple[int, bool, int, int, int, int, str]:
        obligation = self.obligations[position]
        off = abs(delivery.send_at - obligation.due) if self.timed else 0
        return off, not obligation.owed, len(self.found[position]), *self._order(position)

    def _order(self, position: int) -> tuple[int, int, int, str]:
        """Not the order of the lines, which says nothing within an instant."""
        obligation = self.obligations[position]
        return obligation.due, obligation.campaign, obligation.channel, obligation.customer

    def _is_right(self, position: int) -> bool:
        found = self.found[position]
        return bool(found) and self._fits(position, found[0])[:-1] == (True, True, True)

    def _may_be_exchanged(self, one: int, other: int) -> bool:
        """Whether both together are as right as they were when each has the first delivery of the other."""
        first, second = self.found[one], self.found[other]
        if not first and not second:
            return False
        now = self._all_fits((one, first), (other, second))
        return now == self._all_fits((one, second), (other, first))

    def _all_fits(self, *pairs: tuple[int, tuple[Delivery, ...]]) -> list[tuple[int, ...]]:
        return sorted(
            self._fits(position, found[0]) if found else (self.obligations[position].owed,) for position, found in pairs
        )

    def _fits(self, position: int, delivery: Delivery) -> tuple[int, ...]:
        obligation = self.obligations[position]
        same_text = not obligation.owed or delivery.text == obligation.text
        off = lateness(delivery.send_at, obligation.due, self.latest(obligation)) if self.timed else 0
        return obligation.owed, delivery.number == obligation.number, same_text, off

    def _join(self, one: int, other: int) -> None:
        first, second = self._root(one), self._root(other)
        self.parents[one], self.parents[other] = first, first
        self.parents[second] = first

    def _root(self, position: int) -> int:
        while (parent := self.parents.get(position, position)) != position:
            position = parent
        return position


def match(
    obligations: Sequence[Obligation],
    deliveries: Iterable[Delivery],
    *,
    timed: bool,
    latest: Callable[[Obligation], int],
) -> Matching:
    """Match all of them; `timed` says whether send times mean anything, `latest` until when a message is in time."""
    matching = Matching(obligations=obligations, timed=timed, latest=latest, found=[()] * len(obligations))
    strays = _by_place(matching, deliveries, str)
    strays = _by_place(matching, strays, _significant) if strays else strays
    matching.strays = _by_text(matching, strays) if strays else strays
    return matching


def lateness(send_at: int, due: int, latest: int) -> int:
    """-1 for too early, 1 for too late, 0 for in time."""
    if send_at < due - EARLY_TOLERANCE:
        return -1
    return 1 if send_at > latest else 0


def _by_place(matching: Matching, deliveries: Iterable[Delivery], place: Callable[[str], str]) -> list[Delivery]:
    """Rules 1 and 2, by how numbers are read; the answer is what is left over.

    Both sides are sorted and walked through together: a million recipients then cost two lists, not two dictionaries.
    """
    obligations = matching.obligations
    owed = sorted(
        (position for position, one in enumerate(obligations) if one.number),
        key=lambda position: place(obligations[position].number or ""),
    )
    owing = _grouped(owed, lambda position: place(obligations[position].number or ""))
    here, positions = next(owing, _NOWHERE)
    left: list[Delivery] = []
    for there, some in _grouped(sorted(deliveries, key=lambda one: place(one.number)), lambda one: place(one.number)):
        while positions and here < there:
            here, positions = next(owing, _NOWHERE)
        left += matching.share_out(positions, some) if here == there and positions else some
    return left


_NOWHERE: tuple[str, list[int]] = ("", [])


def _grouped(values: Iterable[T], key: Callable[[T], str]) -> Iterator[tuple[str, list[T]]]:
    return ((name, list(some)) for name, some in groupby(values, key))


def _by_text(matching: Matching, strays: list[Delivery]) -> list[Delivery]:
    """Rule 3."""
    texts = {stray.text for stray in strays}
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for position, obligation in enumerate(matching.obligations):
        if obligation.owed and obligation.text and obligation.text in texts and not matching.found[position]:
            waiting[obligation.text].append(position)
    left = matching.give((position for some in waiting.values() for position in some), strays, _EXACT)
    for some in waiting.values():
        matching.compare(some)
    return left


def _take(waiting: _Waiting, window: tuple[int, int]) -> int:
    """The next that is due then."""
    position = waiting[window].popleft()
    if not waiting[window]:
        del waiting[window]
    return position


def _order_of_delivery(delivery: Delivery) -> tuple[int, int, str]:
    return delivery.send_at, delivery.at, delivery.message


def _significant(number: str) -> str:
    return "".join(character for character in number if character.isdigit())[-_SIGNIFICANT_DIGITS:]
