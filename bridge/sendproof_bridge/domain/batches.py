"""Batching: which messages go out in one call. Pure functions.

A batch has one send time, messages of one group (those that a provider can send in one call), at most as many messages
as the provider recommends, and no recipient twice: receipts identify a message only by its recipient.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Protocol, TypeVar

from sendproof_bridge.clock import Instant


class Sendable(Protocol):
    """The properties of a message that decide its batch."""

    @property
    def recipient(self) -> str: ...

    @property
    def send_at(self) -> Instant: ...

    @property
    def group(self) -> str: ...


MessageT = TypeVar("MessageT", bound=Sendable)
ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Generic[MessageT]):
    """Messages for one call, due at `send_at`."""

    send_at: Instant
    group: str
    messages: Sequence[MessageT]


def plan_batches(messages: Iterable[MessageT], limit: int) -> list[Batch[MessageT]]:
    """Put every message into exactly one batch, sorted by due time.

    The second message to a recipient goes into a second layer of batches, the third into a third, and so on.
    """
    groups: defaultdict[tuple[Instant, str], list[MessageT]] = defaultdict(list)
    for message in messages:
        groups[message.send_at, message.group].append(message)
    return [
        Batch(send_at=send_at, group=group, messages=layer[start : start + limit])
        for (send_at, group), members in sorted(groups.items(), key=lambda item: item[0])
        for layer in _layers(members)
        for start in range(0, len(layer), limit)
    ]


def _layers(messages: list[MessageT]) -> Sequence[list[MessageT]]:
    """Return the messages in lists without a repeated recipient, with the first message to each in the first list."""
    recipients = [message.recipient for message in messages]
    if len(set(recipients)) == len(recipients):
        return [messages]
    seen: Counter[str] = Counter()
    layers: defaultdict[int, list[MessageT]] = defaultdict(list)
    for message in messages:
        layers[seen[message.recipient]].append(message)
        seen[message.recipient] += 1
    return list(layers.values())


def chunks(items: Iterable[ItemT], size: int) -> Iterator[list[ItemT]]:
    """Yield the items in order, `size` at a time."""
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk
