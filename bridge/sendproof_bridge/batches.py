"""Which messages go out in one call: a pure function.

A batch has one send time, one alphabet (a single text outside GSM 03.38 would make every message of its call dearer),
no more messages than the provider recommends, and no number twice: receipts name nothing but the number.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sendproof_bridge.clock import Instant


class Sendable(Protocol):
    """What planning must know of a message."""

    @property
    def number(self) -> str: ...

    @property
    def at(self) -> Instant: ...

    @property
    def unicode(self) -> bool: ...


T = TypeVar("T", bound=Sendable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Generic[T]):
    """Messages for one call, due at `at`."""

    at: Instant
    unicode: bool
    messages: Sequence[T]


def plan(messages: Iterable[T], limit: int) -> list[Batch[T]]:
    """Put every message into exactly one batch, the earliest due first.

    The second message to a number goes into a second layer of batches, the third into a third, and so on.
    """
    seen: Counter[tuple[Instant, bool, str]] = Counter()
    layers: defaultdict[tuple[Instant, bool, int], list[T]] = defaultdict(list)
    for message in messages:
        key = (message.at, message.unicode, message.number)
        layers[message.at, message.unicode, seen[key]].append(message)
        seen[key] += 1
    return [
        Batch(at=at, unicode=unicode, messages=layer[start : start + limit])
        for (at, unicode, _), layer in sorted(layers.items(), key=lambda item: item[0])
        for start in range(0, len(layer), limit)
    ]
