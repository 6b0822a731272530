"""The matching of deliveries to obligations, in favour of the bridge wherever the history is ambiguous.

    obligations ──┐
                  ├─ 1 same number ── 2 same digits ── 3 same text, other number ──> matched
    deliveries ───┘                                                    left over ──> unmatched

Rules:
1. A delivery belongs to an obligation with exactly its number, and of its type of messages. Obligations with the same
   text come first, and among them one for which it is in time, or else the nearest. A left-over delivery is a duplicate
   if its text was due to that number. Otherwise it is the damaged text of an obligation that is still open. An
   obligation that was due nothing comes last, unless the time points to it, or it is of an equal campaign that was
   cancelled. A bridge that never read a campaign cannot have sent its messages, so another campaign with the same text
   comes first.
2. A number without an obligation may be another form of a number with one.
3. For obligations that are still open, the text is searched among deliveries to unknown numbers.

Where two obligations could exchange their deliveries without a worse result, only the bridge knows the assignment. Such
obligations are *interchangeable*, and every check must accept both assignments.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import groupby, pairwise
from typing import TypeVar

from sendproof_harness.history.parts import SMS
from sendproof_harness.history.records import Delivery, Obligation
from sendproof_harness.history.timestamps import MINUTE, SECOND

# Providers accept whole seconds, so a send time may lose its fraction.
EARLY_TOLERANCE = 1 * SECOND

# A batch of 10,000 numbers, a retry after a lost response and a full minute of rate limiting fit in five minutes, and a
# recipient of a marketing message does not notice them. The hour of a wrong time zone does not fit.
LATE_AFTER = 5 * MINUTE

# Numbers of one country share their last ten digits, with any prefix: 44, +44, 0044 or 0.
_SIGNIFICANT_DIGITS = 10

# Due time and deadline.
_Window = tuple[int, int]
# The positions of open obligations by window.
_OpenWindows = dict[_Window, deque[int]]

T = TypeVar("T")


def letters(text: str) -> str:
    """Return the ASCII letters and digits of a text, which survive a wrong character set."""
    return "".join(character for character in text if character.isascii() and character.isalnum())


# Ways to compare a text with the due one, the most certain first.
_EXACT: Callable[[str], str] = str
_FUZZY: tuple[Callable[[str], str], ...] = (letters, lambda _: "")


@dataclass(kw_only=True, slots=True)
class Matching:
    """`matched` and `parents` are by position in `obligations`; the first delivery of a position is its match.

    `parents` leads from an interchangeable obligation to another one, up to the representative of the group.
    `is_unread` is true for an obligation of a campaign that the bridge never read. `type_of` is the type of messages
    that an obligation is about.
    """

    obligations: Sequence[Obligation]
    timed: bool
    deadline: Callable[[Obligation], int]
    is_unread: Callable[[Obligation], bool]
    type_of: Callable[[Obligation], str]
    matched: list[tuple[Delivery, ...]]
    parents: dict[int, int] = field(default_factory=dict)
    unmatched: list[Delivery] = field(default_factory=list)

    def interchangeable(self) -> tuple[tuple[int, ...], ...]:
        """Return the groups of interchangeable obligations, each of two or more positions."""
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for position in sorted(self.parents):
            groups[self._root(position)].append(position)
        return tuple(tuple(group) for group in groups.values())

    def assign(self, positions: Sequence[int], deliveries: list[Delivery]) -> list[Delivery]:
        """Match the obligations of one number with its deliveries, and return the left-over deliveries."""
        if len(positions) == len(deliveries) == 1 and not self.matched[positions[0]]:
            self.matched[positions[0]] = tuple(deliveries)
            return []
        owed = [position for position in positions if self.obligations[position].owed]
        rest = self.assign_by_text(owed, sorted(deliveries, key=_delivery_order), _EXACT)
        rest = self._assign_duplicates(positions, rest) if rest else rest
        for form in _FUZZY:
            rest = self.assign_by_text(owed, rest, form) if rest else rest
        rest = self._assign_forbidden(positions, rest) if rest else rest
        self.find_interchangeable(positions)
        return rest

    def assign_by_text(
        self, owed: Iterable[int], deliveries: list[Delivery], form: Callable[[str], str]
    ) -> list[Delivery]:
        """Match open obligations with deliveries that have the same `form` of text; return the left-over ones."""
        sent: defaultdict[str, list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            sent[form(delivery.text)].append(delivery)
        still_open: defaultdict[str, list[int]] = defaultdict(list)
        for position in owed:
            if not self.matched[position]:
                still_open[form(self.obligations[position].text or "")].append(position)
        rest: list[Delivery] = []
        for text, same_text in sent.items():
            rest += self._assign_by_time(still_open[text], same_text) if text in still_open else same_text
        return rest

    def find_interchangeable(self, positions: Sequence[int]) -> None:
        """Join the interchangeable ones among these: neighbours by text, and neighbours by correctness."""
        if len(positions) > 1:
            obligations = self.obligations
            by_text = sorted(positions, key=lambda position: (obligations[position].text or "", self._order(position)))
            by_fault = sorted(positions, key=lambda position: (self._is_correct(position), self._order(position)))
            for position, other in (*pairwise(by_text), *pairwise(by_fault)):
                if self._are_interchangeable(position, other):
                    self._join(position, other)

    def _assign_by_time(self, positions: list[int], deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Match by time alone: as many in time as possible, then the nearest. Campaigns that were read come first."""
        rest = sorted(deliveries, key=_delivery_order)
        read = [position for position in positions if not self.is_unread(self.obligations[position])]
        if 0 < len(read) < len(positions):
            rest = self._assign_in_time(self._windows(read), rest)
        windows = self._windows(position for position in positions if not self.matched[position])
        rest = self._assign_in_time(windows, rest)
        return self._assign_to_nearest(windows, rest) if windows else rest

    def _windows(self, positions: Iterable[int]) -> _OpenWindows:
        windows: _OpenWindows = {}
        for position in sorted(positions, key=self._order):
            obligation = self.obligations[position]
            windows.setdefault((obligation.due, self.deadline(obligation)), deque()).append(position)
        return windows

    def _assign_in_time(self, windows: _OpenWindows, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Give each delivery the open window that closes first, so that as many as possible are in time."""
        rest: list[Delivery] = []
        coming = deque(windows)
        by_deadline: list[_Window] = []
        for delivery in deliveries:
            while coming and delivery.send_at >= coming[0][0] - EARLY_TOLERANCE:
                due, deadline = coming.popleft()
                heappush(by_deadline, (deadline, due))
            while by_deadline and by_deadline[0][0] < delivery.send_at:
                heappop(by_deadline)
            if not by_deadline:
                rest.append(delivery)
                continue
            deadline, due = by_deadline[0]
            self.matched[_pop_position(windows, (due, deadline))] = (delivery,)
            if (due, deadline) not in windows:
                heappop(by_deadline)
        return rest

    def _assign_to_nearest(self, windows: _OpenWindows, deliveries: Iterable[Delivery]) -> list[Delivery]:
        dues = [due for due, _ in windows]
        nearest_first = sorted(deliveries, key=lambda delivery: min(abs(delivery.send_at - due) for due in dues))
        rest: list[Delivery] = []
        for delivery in nearest_first:
            if windows:
                nearest = min(windows, key=lambda window: abs(delivery.send_at - window[0]))
                self.matched[_pop_position(windows, nearest)] = (delivery,)
            else:
                rest.append(delivery)
        return rest

    def _assign_duplicates(self, positions: Sequence[int], deliveries: Iterable[Delivery]) -> list[Delivery]:
        rest: list[Delivery] = []
        for delivery in deliveries:
            repeated = [position for position in positions if self._is_duplicate(position, delivery)]
            if not repeated:
                rest.append(delivery)
                continue
            forbidden = [position for position in positions if self._is_forbidden(position, delivery)]
            twins = {position for position in forbidden if self._is_cancelled_twin(position, repeated)}
            nearest = min(
                (*repeated, *forbidden),
                key=lambda position: self._distance(position, delivery, first=position in twins),
            )
            self.matched[nearest] += (delivery,)
            if nearest in repeated:
                for position, other in pairwise(repeated):
                    self._join(position, other)
        return rest

    def _assign_forbidden(self, positions: Sequence[int], deliveries: list[Delivery]) -> list[Delivery]:
        forbidden = [position for position in positions if not self.obligations[position].owed]
        if not forbidden:
            return deliveries
        for delivery in deliveries:
            nearest = min(
                forbidden,
                key=lambda position: (not self._is_forbidden(position, delivery), *self._distance(position, delivery)),
            )
            self.matched[nearest] += (delivery,)
        return []

    def _is_duplicate(self, position: int, delivery: Delivery) -> bool:
        obligation = self.obligations[position]
        return obligation.owed and obligation.text == delivery.text and bool(self.matched[position])

    def _is_cancelled_twin(self, position: int, repeated: Iterable[int]) -> bool:
        """Return True if this is the open obligation of a cancelled campaign with the same template as a repeated one.

        The bridge had its message to send, so a second message is rather this one than a repetition.
        """
        obligation = self.obligations[position]
        is_open = self.timed and obligation.reason == "cancelled" and not self.matched[position]
        templates = {self.obligations[other].template for other in repeated} if is_open else set()
        return obligation.template in templates and not self.is_unread(obligation)

    def _is_forbidden(self, position: int, delivery: Delivery) -> bool:
        """Return True if this may be a forbidden message; an obligation without a text allows any."""
        obligation = self.obligations[position]
        return not obligation.owed and obligation.text in {None, delivery.text}

    def _distance(
        self, position: int, delivery: Delivery, *, first: bool = False
    ) -> tuple[int, bool, bool, int, int, int, int, str]:
        obligation = self.obligations[position]
        offset = abs(delivery.send_at - obligation.due) if self.timed else 0
        return offset, not first, not obligation.owed, len(self.matched[position]), *self._order(position)

    def _order(self, position: int) -> tuple[int, int, int, str]:
        """Return a sort key that ignores the order of the lines, which is arbitrary within an instant."""
        obligation = self.obligations[position]
        return obligation.due, obligation.campaign, obligation.channel, obligation.customer

    def _is_correct(self, position: int) -> bool:
        deliveries = self.matched[position]
        return bool(deliveries) and self._quality(position, deliveries[0])[:-1] == (True, True, True)

    def _are_interchangeable(self, position: int, other: int) -> bool:
        """Return True if both together are as correct after they exchange their first deliveries."""
        first, second = self.matched[position], self.matched[other]
        if not first and not second:
            return False
        today = self._qualities((position, first), (other, second))
        return today == self._qualities((position, second), (other, first))

    def _qualities(self, *pairs: tuple[int, tuple[Delivery, ...]]) -> list[tuple[int, ...]]:
        return sorted(
            self._quality(position, deliveries[0]) if deliveries else (self.obligations[position].owed,)
            for position, deliveries in pairs
        )

    def _quality(self, position: int, delivery: Delivery) -> tuple[int, ...]:
        obligation = self.obligations[position]
        same_text = not obligation.owed or delivery.text == obligation.text
        offset = lateness(delivery.send_at, obligation.due, self.deadline(obligation)) if self.timed else 0
        same_place = delivery.number == obligation.number and delivery.message_type == self.type_of(obligation)
        return obligation.owed, same_place, same_text, offset

    def _join(self, position: int, other: int) -> None:
        first, second = self._root(position), self._root(other)
        self.parents[position], self.parents[other] = first, first
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
    deadline: Callable[[Obligation], int],
    is_unread: Callable[[Obligation], bool],
    type_of: Callable[[Obligation], str],
) -> Matching:
    """Match deliveries to obligations.

    `timed` is False if send times have no meaning in this run. `deadline` gives the latest correct send time, and
    `is_unread` returns True if the bridge never read the campaign. `type_of` gives the type of messages.
    """
    matching = Matching(
        obligations=obligations,
        timed=timed,
        deadline=deadline,
        is_unread=is_unread,
        type_of=type_of,
        matched=[()] * len(obligations),
    )
    rest = _assign_by_number(matching, deliveries, str)
    rest = _assign_by_number(matching, rest, _significant_digits) if rest else rest
    matching.unmatched = _assign_to_other_numbers(matching, rest) if rest else rest
    return matching


def lateness(send_at: int, due: int, deadline: int) -> int:
    """Return -1 for too early, 1 for too late, 0 for in time."""
    if is_early(send_at, due):
        return -1
    return 1 if send_at > deadline else 0


def is_early(send_at: int, due: int) -> bool:
    """Return True if a message went out before its time."""
    return send_at < due - EARLY_TOLERANCE


def _assign_by_number(matching: Matching, deliveries: Iterable[Delivery], form: Callable[[str], str]) -> list[Delivery]:
    """Apply rules 1 and 2, with numbers compared by their `form`; return the left-over deliveries.

    Both sides are sorted and walked together: for a million recipients, this takes two lists instead of two
    dictionaries.
    """
    obligations = matching.obligations

    def place_of(position: int) -> str:
        obligation = obligations[position]
        return _typed(matching.type_of(obligation), form(obligation.number or ""))

    def sent_to_of(delivery: Delivery) -> str:
        return _typed(delivery.message_type, form(delivery.number))

    with_number = sorted(
        (position for position, obligation in enumerate(obligations) if obligation.number), key=place_of
    )
    groups = _grouped(with_number, place_of)
    number, positions = next(groups, _NO_GROUP)
    rest: list[Delivery] = []
    in_order = sorted(deliveries, key=sent_to_of)
    for sent_to, same_number in _grouped(in_order, sent_to_of):
        while positions and number < sent_to:
            number, positions = next(groups, _NO_GROUP)
        rest += matching.assign(positions, same_number) if number == sent_to and positions else same_number
    return rest


def _typed(type_: str, number: str) -> str:
    """Return where a message goes: a user gets push notifications and inbox messages at one and the same id."""
    return number if type_ == SMS else f"{type_} {number}"


_NO_GROUP: tuple[str, list[int]] = ("", [])


def _grouped(values: Iterable[T], key: Callable[[T], str]) -> Iterator[tuple[str, list[T]]]:
    return ((name, list(group)) for name, group in groupby(values, key))


def _assign_to_other_numbers(matching: Matching, deliveries: list[Delivery]) -> list[Delivery]:
    """Apply rule 3, and return the left-over deliveries."""
    texts = {delivery.text for delivery in deliveries}
    still_open: defaultdict[str, list[int]] = defaultdict(list)
    for position, obligation in enumerate(matching.obligations):
        if obligation.owed and obligation.text and obligation.text in texts and not matching.matched[position]:
            still_open[obligation.text].append(position)
    owed = (position for positions in still_open.values() for position in positions)
    rest = matching.assign_by_text(owed, deliveries, _EXACT)
    for positions in still_open.values():
        matching.find_interchangeable(positions)
    return rest


def _pop_position(windows: _OpenWindows, window: _Window) -> int:
    """Remove and return the next open position of a window."""
    position = windows[window].popleft()
    if not windows[window]:
        del windows[window]
    return position


def _delivery_order(delivery: Delivery) -> tuple[int, int, str]:
    return delivery.send_at, delivery.at, delivery.message


def _significant_digits(number: str) -> str:
    """Return the digits that all forms of a number share; an e-mail address has one form."""
    if "@" in number:
        return number
    return "".join(character for character in number if character.isdigit())[-_SIGNIFICANT_DIGITS:]
