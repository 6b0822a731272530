"""Ids in blocks: one call takes a row of neighbouring ids, and any id leads back to its call and place."""

import re
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from typing import Generic, TypeVar

import msgspec

from sendproof_simulators.core.randomness import KeyedRandom

T = TypeVar("T")

# Fifteen digits: beyond 32 bits, as the real ids are by now, and exact in any language that has only doubles.
_LOWEST = 100_000_000_000_000
_SPAN = 899_000_000_000_000

# `http://127.0.0.1:54321` of an address, also with the slashes escaped as some JSON writers do.
_ORIGIN = re.compile(rb"https?:(?:\\*/){2}[^/\\\"]+")


class Blocks(Generic[T]):
    """Blocks of ids that do not overlap."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._held: dict[int, tuple[int, T]] = {}

    def is_free(self, start: int, size: int) -> bool:
        """Whether no id from `start` to `start + size - 1` is taken."""
        at = bisect_right(self._starts, start + size - 1)
        return at == 0 or self._starts[at - 1] + self._held[self._starts[at - 1]][0] <= start

    def add(self, start: int, size: int, value: T) -> None:
        """Take a free block."""
        insort(self._starts, start)
        self._held[start] = (size, value)

    def find(self, id_: int) -> tuple[T, int] | None:
        """What the block of an id holds, and the id's place in it."""
        at = bisect_right(self._starts, id_)
        if at == 0:
            return None
        start = self._starts[at - 1]
        size, value = self._held[start]
        return (value, id_ - start) if id_ < start + size else None

    def __getitem__(self, start: int) -> T:
        """What the block that begins at `start` holds."""
        return self._held[start][1]


class Identities:
    """What makes a call itself: its content, and how often the same was said before.

    Ids are drawn from it, so that calls that arrive together get the same ids in whatever order they are served. The
    host and port of an address do not count: a bridge that listens on another port says the same.
    """

    def __init__(self, random: KeyedRandom) -> None:
        self._chance = random
        self._seen: Counter[bytes] = Counter()

    def of(self, command: str, fields: Mapping[str, object]) -> tuple[str, int]:
        """The identity of one more such call."""
        said = msgspec.json.encode([command, sorted(item for item in fields.items() if item[0] != "format")])
        digest = blake2b(_ORIGIN.sub(b"", said), digest_size=16).digest()
        self._seen[digest] += 1
        return digest.hex(), self._seen[digest]

    def draw(self, what: str, identity: tuple[str, int], size: int, blocks: Blocks[T]) -> int:
        """The first id of a free block. Two calls want the same one about once in a hundred thousand million."""
        attempt = 0
        while True:
            start = _LOWEST + self._chance.below(_SPAN, "textlocal", what, *identity, attempt)
            if blocks.is_free(start, size):
                return start
            attempt += 1
