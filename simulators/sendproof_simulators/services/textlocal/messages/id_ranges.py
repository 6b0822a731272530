"""Ranges of ids: one call takes a range of consecutive ids, and each id leads back to its call and position."""

import re
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from typing import Generic, TypeVar

import msgspec

from sendproof_simulators.core.randomness import KeyedRandom

T = TypeVar("T")

# Fifteen digits: above 32 bits, as the real ids are by now, and exact in languages that only have doubles.
_LOWEST = 100_000_000_000_000
_SPAN = 899_000_000_000_000

# `http://127.0.0.1:54321` of a URL, also with the slashes escaped, as some JSON encoders do.
_ORIGIN = re.compile(rb"https?:(?:\\*/){2}[^/\\\"]+")


class IdRanges(Generic[T]):
    """Ranges of ids that do not overlap, each with a value."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ranges: dict[int, tuple[int, T]] = {}

    def is_free(self, start: int, size: int) -> bool:
        """Return True if no id from `start` to `start + size - 1` is taken."""
        at = bisect_right(self._starts, start + size - 1)
        return at == 0 or self._starts[at - 1] + self._ranges[self._starts[at - 1]][0] <= start

    def add(self, start: int, size: int, value: T) -> None:
        """Take a free range for `value`."""
        insort(self._starts, start)
        self._ranges[start] = (size, value)

    def find(self, id_: int) -> tuple[T, int] | None:
        """Return the value of the id's range and the id's position in it, or None."""
        at = bisect_right(self._starts, id_)
        if at == 0:
            return None
        start = self._starts[at - 1]
        size, value = self._ranges[start]
        return (value, id_ - start) if id_ < start + size else None

    def __getitem__(self, start: int) -> T:
        """Return the value of the range that begins at `start`."""
        return self._ranges[start][1]


class CallIdentities:
    """Identities of calls: the content of a call, and how many equal calls were accepted before it.

    Ids are drawn from the identity, so concurrent calls get the same ids in any order. The host and port of a URL do
    not count: a bridge that listens on another port makes an equal call.
    """

    def __init__(self, random: KeyedRandom) -> None:
        self._random = random
        self._counts: Counter[bytes] = Counter()

    def content_digest(self, command: str, fields: Mapping[str, object]) -> bytes:
        """Return a digest of the content of a call."""
        content = msgspec.json.encode([command, sorted(item for item in fields.items() if item[0] != "format")])
        return blake2b(_ORIGIN.sub(b"", content), digest_size=16).digest()

    def identify(self, digest: bytes) -> tuple[str, int]:
        """Count an accepted call with this content, and return its identity."""
        self._counts[digest] += 1
        return digest.hex(), self._counts[digest]

    def draw_range(self, kind: str, identity: tuple[str, int], size: int, ranges: IdRanges[T]) -> int:
        """Draw a free range of ids and return its first id.

        Two calls draw the same one about once in a hundred thousand million.
        """
        attempt = 0
        while True:
            start = _LOWEST + self._random.below(_SPAN, "textlocal", kind, *identity, attempt)
            if ranges.is_free(start, size):
                return start
            attempt += 1
