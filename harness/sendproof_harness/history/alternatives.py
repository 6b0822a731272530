"""The message that the bridge chose for a customer with a record that changed between announcement and due time.

The documents leave open when a bridge must read the record, so a message after the old record is right, and one after
the new. A message that the provider refused shows the choice as well as one that it accepted.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import msgspec

from sendproof_harness.history.header import Header
from sendproof_harness.history.parts import SMS, Alternative
from sendproof_harness.history.records import Delivery, Obligation, Rejection, Withdrawal
from sendproof_harness.history.timestamps import MINUTE, SECOND

#: The type of a message, its number and its text.
_Content = tuple[str | None, str | None, str | None]
# A content with the time at which it was due.
_Refused = tuple[_Content, int]

# Milliseconds from due to sent, each range wider than the one before: in time, not early, at any time.
_EARLY, _LATE, _EVER = -SECOND, 5 * MINUTE, 1 << 62
_RANGES = ((_EARLY, _LATE), (_EARLY, _EVER), (-_EVER, _EVER))


def with_chosen_alternatives(
    header: Header,
    obligations: Sequence[Obligation],
    deliveries: Iterable[Delivery],
    rejections: Iterable[Rejection],
    withdrawals: Iterable[Withdrawal],
) -> Sequence[Obligation]:
    """Return the obligations, each with alternatives replaced by the one that fits the messages best."""
    if not any(obligation.alternatives for obligation in obligations):
        return obligations
    types = {channel.id: channel.message for channel in header.channels}
    candidates = [
        _Candidates(obligation=obligation, type_=types.get(obligation.channel, SMS)) for obligation in obligations
    ]
    withdrawn = {(withdrawal.service, withdrawal.message) for withdrawal in withdrawals}
    sent = [
        delivery
        for delivery in deliveries
        if not delivery.test and (delivery.service, delivery.message) not in withdrawn
    ]
    refused_at = _refusals(candidates, rejections)
    given = _given(candidates, sent, refused_at)
    contents = frozenset(map(_content, sent))
    due = {content for each in candidates for content in each.owed}
    odd = {content[:2] for content in contents - due}
    return [
        each.chosen(given.get(position), refused_at, odd, contents) if each.obligation.alternatives else each.obligation
        for position, each in enumerate(candidates)
    ]


def _content(delivery: Delivery) -> _Content:
    return delivery.message_type, delivery.number, delivery.text


@dataclass(frozen=True, kw_only=True, slots=True)
class _Candidates:
    """The messages of one obligation of which any is right."""

    obligation: Obligation
    type_: str

    @property
    def all(self) -> Sequence[Obligation]:
        others = self.obligation.alternatives
        changed = (msgspec.structs.replace(self.obligation, **msgspec.structs.asdict(other)) for other in others)
        return [self.obligation, *changed]

    @property
    def may_be_withheld(self) -> bool:
        return not (self.obligation.owed and all(other.owed for other in self.obligation.alternatives))

    @property
    def owed(self) -> Sequence[_Content]:
        each: Sequence[Obligation | Alternative] = (self.obligation, *self.obligation.alternatives)
        return [(self.type_, candidate.number, candidate.text) for candidate in each if candidate.owed]

    def refused_at(self, content: _Content, refused_at: Mapping[_Refused, int]) -> int | None:
        """Return when a message with this content was refused last, if it may be one to this recipient."""
        at = refused_at.get((content, self.obligation.due))
        return at if at is not None and at >= self.obligation.at else None

    def chosen(
        self,
        given: _Content | None,
        refused_at: Mapping[_Refused, int],
        odd: Iterable[tuple[str | None, ...]],
        sent: frozenset[_Content],
    ) -> Obligation:
        """Return the one that was sent, or else the last that was refused, or else one of the others.

        These are one with a number that got a wrong text, one that was withheld, and one whose message was sent for
        another obligation.
        """
        each = self.all
        owed = [(candidate, (self.type_, candidate.number, candidate.text)) for candidate in each if candidate.owed]
        refused = [(self.refused_at(content, refused_at), candidate) for candidate, content in owed]
        refused = sorted((pair for pair in refused if pair[0] is not None), key=lambda pair: -(pair[0] or 0))
        preferred = (
            *(candidate for candidate, content in owed if content == given),
            *(candidate for _, candidate in refused),
            *(candidate for candidate, content in owed if content[:2] in odd),
            *(candidate for candidate in each if not candidate.owed),
            *(candidate for candidate, content in owed if content in sent),
        )
        return next(iter(preferred), self.obligation)


def _refusals(candidates: Sequence[_Candidates], rejections: Iterable[Rejection]) -> Mapping[_Refused, int]:
    """Return when each message was refused last: of several with the same content, the one that is due next to it."""
    rejections = tuple(rejections)
    refused = {(rejection.number, rejection.text) for rejection in rejections}
    owed: defaultdict[tuple[str | None, str | None], list[tuple[_Content, Obligation]]] = defaultdict(list)
    for each in candidates if refused else ():
        for content in each.owed:
            if content[1:] in refused:
                owed[content[1:]].append((content, each.obligation))
    found: dict[_Refused, int] = {}
    for rejection in rejections:
        fitting = [
            (content, obligation.due)
            for content, obligation in owed[rejection.number, rejection.text]
            if rejection.at >= obligation.at and rejection.message_type in {None, content[0]}
        ]
        least = min((abs(due - rejection.at) for _, due in fitting), default=0)
        for content, due in fitting:
            if abs(due - rejection.at) == least:
                found[content, due] = max(rejection.at, found.get((content, due), rejection.at))
    return found


# -- the obligation of each message -----------------------------------------------------------------


def _given(
    candidates: Sequence[_Candidates], sent: Sequence[Delivery], refused_at: Mapping[_Refused, int]
) -> Mapping[int, _Content]:
    """Return the content of the message that each obligation got, by position, as far as alternatives are concerned.

    The message of another campaign may have the same text, so each belongs to one obligation only.
    """
    wanted = {content for each in candidates if each.obligation.alternatives for content in each.owed}
    by_content: defaultdict[_Content, list[int]] = defaultdict(list)
    for place, delivery in enumerate(sent):
        if _content(delivery) in wanted:
            by_content[_content(delivery)].append(place)
    concerned = [position for position, each in enumerate(candidates) if not wanted.isdisjoint(each.owed)]
    exchange = _Exchange(candidates=candidates, sent=sent, by_content=by_content)

    def is_needed(each: _Candidates) -> bool:
        """Return True if no message is a fault: nothing was refused, and nothing may be withheld."""
        is_refused = any(each.refused_at(content, refused_at) is not None for content in each.owed)
        return not is_refused and not each.may_be_withheld

    in_order = sorted(concerned, key=lambda position: (candidates[position].obligation.due, position))
    needed = [position for position in in_order if is_needed(candidates[position])]
    others = [position for position in in_order if not is_needed(candidates[position])]
    for positions in (needed, others):
        for offsets in _RANGES:
            in_vain: set[int] = set()
            for position in positions:
                if position not in exchange.message_of:
                    in_vain |= exchange.give(position, offsets, in_vain)
    return {position: _content(sent[place]) for position, place in exchange.message_of.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Exchange:
    """The messages that obligations hold, by their places among the deliveries. An obligation may change its message.

    Who holds one keeps one, so as many as possible do.
    """

    candidates: Sequence[_Candidates]
    sent: Sequence[Delivery]
    by_content: Mapping[_Content, Sequence[int]]
    message_of: dict[int, int] = field(default_factory=dict)
    holder_of: dict[int, int] = field(default_factory=dict)
    fitting: dict[tuple[int, frozenset[_Content], tuple[int, int]], Sequence[int]] = field(default_factory=dict)

    def give(self, position: int, offsets: tuple[int, int], in_vain: AbstractSet[int]) -> AbstractSet[int]:
        """Give an obligation a message, if those that hold one can change theirs so that one is left.

        Otherwise return the messages that were looked at: another search in the same range that comes to one of these,
        which are `in_vain` then, finds none that is left, either.
        """
        taker_of: dict[int, int] = {}
        waiting = deque([position])
        while waiting:
            taker = waiting.popleft()
            for message in self._fitting(taker, offsets):
                if message in taker_of or message in in_vain:
                    continue
                taker_of[message] = taker
                if message not in self.holder_of:
                    self._take(message, taker_of)
                    return frozenset()
                waiting.append(self.holder_of[message])
        return taker_of.keys()

    def _take(self, message: int, taker_of: Mapping[int, int]) -> None:
        left: int | None = message
        while left is not None:
            taker = taker_of[left]
            before = self.message_of.get(taker)
            self.message_of[taker], self.holder_of[left] = left, taker
            left = before

    def _fitting(self, position: int, offsets: tuple[int, int]) -> Sequence[int]:
        """Return the messages that an obligation may hold, the best first."""
        due, contents = self.candidates[position].obligation.due, frozenset(self.candidates[position].owed)
        # Customers who share a number can all be due the same.
        key = due, contents, offsets
        if key not in self.fitting:
            self.fitting[key] = self._found(due, contents, offsets)
        return self.fitting[key]

    def _found(self, due: int, contents: Iterable[_Content], offsets: tuple[int, int]) -> Sequence[int]:
        earliest, latest = offsets
        by_place = {place: self.sent[place].send_at - due for content in contents for place in self._with(content)}
        found = [place for place, offset in by_place.items() if earliest <= offset <= latest]
        return sorted(found, key=lambda place: (by_place[place] < _EARLY, abs(by_place[place]), place))

    def _with(self, content: _Content) -> Sequence[int]:
        return self.by_content.get(content, ())
