"""What was accepted for sending: one `Dispatch` a call, its messages as columns."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from sendproof_simulators.core.clock import Instant
from sendproof_simulators.textlocal.blocks import Blocks
from sendproof_simulators.textlocal.fates import PENDING, Ends


class Message(NamedTuple):
    """One message of a dispatch. `letter` is its status now; times are instants."""

    id: int
    batch: int
    number: str
    text: str
    sender: str
    custom: str
    receipt_url: str
    parts: int
    send_at: Instant
    letter: str


@dataclass(slots=True, kw_only=True)
class Draft:
    """The columns of a dispatch while it is being put together; `parts` is the price of each message in credits."""

    numbers: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    customs: list[str] = field(default_factory=list)
    receipt_urls: list[str] = field(default_factory=list)

    def add(self, number: str, text: str, parts: int, custom: str, receipt_url: str) -> None:
        """One more message."""
        self.numbers.append(number)
        self.texts.append(text)
        self.parts.append(parts)
        self.customs.append(custom)
        self.receipt_urls.append(receipt_url)


@dataclass(slots=True, kw_only=True)
class Dispatch:
    """The messages of one accepted call. Their ids are neighbours; so are their batches when each has its own."""

    first_id: int
    first_batch: int
    batch_each: bool
    sender: str
    send_at: Instant
    draft: Draft
    ends: Ends | None = None
    letters: bytearray = field(default_factory=bytearray)
    ended: int = 0

    def __len__(self) -> int:
        """How many messages."""
        return len(self.draft.numbers)

    @property
    def batches(self) -> int:
        """How many batches."""
        return len(self) if self.batch_each else 1

    def message(self, index: int) -> Message:
        """One message by its place."""
        draft = self.draft
        return Message(
            self.first_id + index,
            self.first_batch + (index if self.batch_each else 0),
            draft.numbers[index],
            draft.texts[index],
            self.sender,
            draft.customs[index],
            draft.receipt_urls[index],
            draft.parts[index],
            self.send_at,
            chr(self.letters[index]),
        )

    def batch(self, place: int) -> Iterator[Message]:
        """The messages of a batch by its place among the batches."""
        return map(self.message, (place,) if self.batch_each else range(len(self)))

    @property
    def next_end(self) -> Instant | None:
        """When the next message ends; None when all have."""
        if self.ends is None or self.ended == len(self):
            return None
        return self.ends.at[self.ends.order[self.ended]]

    def end_until(self, now: Instant) -> list[Message]:
        """Let every message end whose time has come; these, in order."""
        found: list[Message] = []
        while self.ends is not None and (due := self.next_end) is not None and due <= now:
            index = self.ends.order[self.ended]
            self.letters[index] = self.ends.letters[index]
            self.ended += 1
            found.append(self.message(index))
        return found


class Book:
    """Every dispatch, by the ids of its messages and batches."""

    def __init__(self) -> None:
        self.messages: Blocks[Dispatch] = Blocks()
        self.batches: Blocks[Dispatch] = Blocks()
        self._all: list[Dispatch] = []

    def enter(self, dispatch: Dispatch) -> None:
        """Add one with drawn ends; its messages are pending now."""
        dispatch.letters = bytearray(PENDING.encode() * len(dispatch))
        self.messages.add(dispatch.first_id, len(dispatch), dispatch)
        self.batches.add(dispatch.first_batch, dispatch.batches, dispatch)
        self._all.append(dispatch)

    def message(self, id_: int) -> Message | None:
        """One message by its id."""
        found = self.messages.find(id_)
        return None if found is None else found[0].message(found[1])

    def batch(self, id_: int) -> list[Message] | None:
        """The messages of one batch by its id."""
        found = self.batches.find(id_)
        return None if found is None else list(found[0].batch(found[1]))

    def period(self, start: Instant, stop: Instant) -> list[Dispatch]:
        """The dispatches that went out from `start` to `stop`, both included, by time and then by id."""
        found = [dispatch for dispatch in self._all if start <= dispatch.send_at <= stop]
        return sorted(found, key=lambda dispatch: (dispatch.send_at, dispatch.first_id))
