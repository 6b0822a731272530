"""What is owed, and what came of it, counted while it happens in some 20 bytes a recipient.

Each obligation is kept as a fingerprint of its number and text in a sorted array, and each delivery is looked up there.
So nothing depends on the order in which a bridge sends, on the provider, or on how numbers are made. Two different
messages of a million have the same fingerprint (56 bits) with a probability of about one in 100,000.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

_HASH_BITS = 56
_SPARE_BITS = 64 - _HASH_BITS
_SPARE = (1 << _SPARE_BITS) - 1
_BUCKETS = 256  # by the first eight bits
#: Different due times that a ledger can tell apart.
MAX_DUE = 1 << _SPARE_BITS
_MANY = 65_535


@dataclass(frozen=True, slots=True)
class Obligation:
    """What is owed to one recipient: a text at a number at an instant. Nothing, when `text` is None."""

    customer: str
    number: str | None
    text: str | None
    due: int


class Run(NamedTuple):
    """Equal fingerprints: in which bucket, from where on, how many; the least and largest of their small numbers."""

    bucket: int
    first: int
    size: int
    least: int
    largest: int


class Table:
    """A multiset of fingerprints, each with a small number; to be sorted once before it is searched."""

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(_BUCKETS)]

    def add(self, key: object, small: int) -> None:
        """Put one in; `small` is below 256."""
        place = _fingerprint(key)
        self._buckets[place >> _HASH_BITS].append(place | small)

    def sort(self) -> None:
        """Make it ready to be searched."""
        self._buckets = [array("Q", sorted(bucket)) for bucket in self._buckets]

    def find(self, key: object) -> Run | None:
        """All that were put in with this key."""
        place = _fingerprint(key)
        number = place >> _HASH_BITS
        bucket = self._buckets[number]
        first = bisect_left(bucket, place)
        after = bisect_right(bucket, place | _SPARE, first)
        if after == first:
            return None
        return Run(number, first, after - first, bucket[first] & _SPARE, bucket[after - 1] & _SPARE)

    def sizes(self) -> list[int]:
        """How many are in each bucket."""
        return [len(bucket) for bucket in self._buckets]

    def runs(self, number: int) -> Iterator[tuple[int, int]]:
        """Of one bucket: where the first of equal ones stands, and how many there are."""
        bucket, first = self._buckets[number], 0
        while first < len(bucket):
            after = bisect_right(bucket, bucket[first] | _SPARE, first)
            yield first, after - first
            first = after


@dataclass
class Ledger:
    """Everything that is owed, and how often it came. First `owe` all of it, then `close`, then `take` what comes."""

    owed: int = 0
    withheld: int = 0
    came: int = 0
    _due: list[int] = field(default_factory=list)
    _messages: Table = field(default_factory=Table)
    _numbers: Table = field(default_factory=Table)
    _seen: list["array[int]"] = field(default_factory=list)

    def owe(self, one: Obligation) -> None:
        """One more obligation; `ValueError` for more than 256 different due times."""
        if one.text is None:
            self.withheld += 1
        else:
            self.owed += 1
            self._messages.add((one.number, one.text), self._due_number(one.due))
        if one.number is not None:
            self._numbers.add(one.number, one.text is not None)

    def close(self) -> None:
        """All obligations are known."""
        self._messages.sort()
        self._numbers.sort()
        self._seen = [array("H", bytes(2 * size)) for size in self._messages.sizes()]

    def take(self, number: str, text: str, at: int, tolerance: tuple[int, int]) -> list[str]:
        """A message went to a number at an instant; answers what is wrong with it, by the names of losses.

        `tolerance` is how many milliseconds early, and how many late, are still in time.
        """
        self.came += 1
        found = self._messages.find((number, text))
        if found is None:
            return [self._misdirected(number)]
        seen = self._seen[found.bucket]
        seen[found.first] = min(seen[found.first] + 1, _MANY)
        late = at - self._due[found.least]
        wrong = ["duplicated"] if seen[found.first] > found.size else []
        return wrong + (["early"] if late < -tolerance[0] else ["late"] if late > tolerance[1] else [])

    def lost(self) -> int:
        """How many of those that are owed have not come."""
        return sum(
            max(0, expected - self._seen[number][first])
            for number in range(len(self._seen))
            for first, expected in self._messages.runs(number)
        )

    def lost_ones(self, everything: Iterable[Obligation]) -> Iterator[Obligation]:
        """Those of the obligations of which too few have come."""
        for one in everything:
            found = None if one.text is None else self._messages.find((one.number, one.text))
            if found is not None and self._seen[found.bucket][found.first] < found.size:
                yield one

    def _misdirected(self, number: str) -> str:
        known = self._numbers.find(number)
        if known is None:
            return "unexpected"
        return "wrong text" if known.largest else "sent to opted-out"

    def _due_number(self, due: int) -> int:
        if due not in self._due:
            if len(self._due) == MAX_DUE:
                raise ValueError(f"expected at most {MAX_DUE} different due times, got one more")
            self._due.append(due)
        return self._due.index(due)


def _fingerprint(key: object) -> int:
    return hash(key) << _SPARE_BITS & ((1 << 64) - 1)
