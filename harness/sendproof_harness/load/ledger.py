"""Ledger of due and sent messages, updated during a load test in about 20 bytes per recipient.

Each obligation is stored as a fingerprint of its number and text in a sorted array, where deliveries are looked up. So
the result does not depend on the order of the messages, the provider, or the way numbers are generated. Among a million
messages, two different ones have the same fingerprint (56 bits) with a probability of about 1 in 100,000.
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
#: Number of different due times that a ledger can store.
MAX_DUE = 1 << _SPARE_BITS
_MAX_SEEN = 65_535


@dataclass(frozen=True, slots=True)
class Obligation:
    """Message that one recipient is due: a text to a number, `due` in ms since the epoch. None as text means none."""

    customer: str
    number: str | None
    text: str | None
    due: int


class EqualRange(NamedTuple):
    """Entries with one fingerprint: bucket, first position, number of entries, smallest and largest tag."""

    bucket: int
    first: int
    size: int
    least: int
    largest: int


class FingerprintTable:
    """Multiset of fingerprints, each with a small number as a tag; must be sorted before it is searched."""

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(_BUCKETS)]

    def add(self, key: object, tag: int) -> None:
        """Add an entry; `tag` is below 256."""
        fingerprint = _fingerprint(key)
        self._buckets[fingerprint >> _HASH_BITS].append(fingerprint | tag)

    def sort(self) -> None:
        """Prepare the table for searches."""
        self._buckets = [array("Q", sorted(bucket)) for bucket in self._buckets]

    def find(self, key: object) -> EqualRange | None:
        """Return the range of the entries with this key, or None."""
        fingerprint = _fingerprint(key)
        number = fingerprint >> _HASH_BITS
        bucket = self._buckets[number]
        first = bisect_left(bucket, fingerprint)
        after = bisect_right(bucket, fingerprint | _SPARE, first)
        if after == first:
            return None
        return EqualRange(number, first, after - first, bucket[first] & _SPARE, bucket[after - 1] & _SPARE)

    def sizes(self) -> list[int]:
        """Return the number of entries of each bucket."""
        return [len(bucket) for bucket in self._buckets]

    def ranges(self, number: int) -> Iterator[tuple[int, int]]:
        """Yield the first position and the size of each range of equal fingerprints in a bucket."""
        bucket, first = self._buckets[number], 0
        while first < len(bucket):
            after = bisect_right(bucket, bucket[first] | _SPARE, first)
            yield first, after - first
            first = after


@dataclass
class Ledger:
    """Obligations, and how often each was sent. Call `add` for all obligations, then `seal`, then `check_delivery`."""

    due: int = 0
    withheld: int = 0
    sent: int = 0
    _due_times: list[int] = field(default_factory=list)
    _messages: FingerprintTable = field(default_factory=FingerprintTable)
    _numbers: FingerprintTable = field(default_factory=FingerprintTable)
    _seen: list["array[int]"] = field(default_factory=list)

    def add(self, obligation: Obligation) -> None:
        """Add an obligation. Raises `ValueError` for more than 256 different due times."""
        if obligation.text is None:
            self.withheld += 1
        else:
            self.due += 1
            self._messages.add((obligation.number, obligation.text), self._due_index(obligation.due))
        if obligation.number is not None:
            self._numbers.add(obligation.number, obligation.text is not None)

    def seal(self) -> None:
        """End the list of obligations, so that deliveries can be looked up."""
        self._messages.sort()
        self._numbers.sort()
        self._seen = [array("H", bytes(2 * size)) for size in self._messages.sizes()]

    def check_delivery(self, number: str, text: str, at: int, tolerance: tuple[int, int]) -> list[str]:
        """Count a message that was sent, and return its defects, by the names of losses.

        `at` is in ms since the epoch. `tolerance` is the accepted earliness and lateness in ms.
        """
        self.sent += 1
        found = self._messages.find((number, text))
        if found is None:
            return [self._misdirection(number)]
        seen = self._seen[found.bucket]
        seen[found.first] = min(seen[found.first] + 1, _MAX_SEEN)
        late = at - self._due_times[found.least]
        defects = ["duplicated"] if seen[found.first] > found.size else []
        return defects + (["early"] if late < -tolerance[0] else ["late"] if late > tolerance[1] else [])

    def lost(self) -> int:
        """Return the number of due messages that were never sent."""
        return sum(
            max(0, expected - self._seen[number][first])
            for number in range(len(self._seen))
            for first, expected in self._messages.ranges(number)
        )

    def lost_obligations(self, obligations: Iterable[Obligation]) -> Iterator[Obligation]:
        """Yield the obligations that were sent too rarely."""
        for obligation in obligations:
            message = (obligation.number, obligation.text)
            found = None if obligation.text is None else self._messages.find(message)
            if found is not None and self._seen[found.bucket][found.first] < found.size:
                yield obligation

    def _misdirection(self, number: str) -> str:
        known = self._numbers.find(number)
        if known is None:
            return "unexpected"
        return "wrong text" if known.largest else "sent to opted-out"

    def _due_index(self, due: int) -> int:
        if due not in self._due_times:
            if len(self._due_times) == MAX_DUE:
                raise ValueError(f"expected at most {MAX_DUE} different due times, got more; use fewer send times")
            self._due_times.append(due)
        return self._due_times.index(due)


def _fingerprint(key: object) -> int:
    return hash(key) << _SPARE_BITS & ((1 << 64) - 1)
