"""Which messages go out in one call: a pure function.

A batch has one send time, messages of one group (what a provider can send in one call), no more messages than the
provider recommends, and no recipient twice: receipts name nothing but the recipient.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sendproof_bridge.clock import Instant


class Sendable(Protocol):
    """What planning must know of a message."""

    @property
    def recipient(self) -> str: ...

    @property
    def at(self) -> Instant: ...

    @property
    def group(self) -> str: ...


T = TypeVar("T", bound=Sendable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Generic[T]):
    """Messages for one call, due at `at`."""

    at: Instant
    group: str
    messages: Sequence[T]


def plan(messages: Iterable[T], limit: int) -> list[Batch[T]]:
    """Put every message into exactly one batch, the earliest due first.

    The second message to a recipient goes into a second layer of batches, the third into a third, and so on.
    """
    seen: Counter[tuple[Instant, str, str]] = Counter()
    layers: defaultdict[tuple[Instant, str, int], list[T]] = defaultdict(list)
    for message in messages:
        key = (message.at, message.group, message.recipient)
        layers[message.at, message.group, seen[key]].append(message)
        seen[key] += 1
    return [
        Batch(at=at, group=group, messages=layer[start : start + limit])
        for (at, group, _), layer in sorted(layers.items(), key=lambda item: item[0])
        for start in range(0, len(layer), limit)
    ]
