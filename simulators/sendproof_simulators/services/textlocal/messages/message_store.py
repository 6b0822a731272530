"""What was accepted for sending: one `Dispatch` a call, its messages as columns."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.messaging.lifecycle import CANCELLED, PENDING, SCHEDULED, DeliverySchedule, advance
from sendproof_simulators.services.textlocal.messages.id_ranges import Blocks
from sendproof_simulators.services.textlocal.messages.status_codes import LETTERS, STATE_OF

_CANCELLED = ord(LETTERS[CANCELLED])


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
    """The columns of a dispatch while it is being put together.

    `parts` is the price of each message in credits; `given` is each number as the caller spelled it.
    """

    numbers: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    customs: list[str] = field(default_factory=list)
    receipt_urls: list[str] = field(default_factory=list)


class Group(NamedTuple):
    """The group that a dispatch was sent to."""

    id: int
    name: str


@dataclass(slots=True, kw_only=True)
class Dispatch:
    """The messages of one accepted call. Their ids are neighbours; so are their batches when each has its own.

    `tracked`: it has links that tell who follows them.
    """

    first_id: int
    first_batch: int
    batch_each: bool
    sender: str
    send_at: Instant
    draft: Draft
    schedule: DeliverySchedule = field(default_factory=DeliverySchedule)
    group: Group | None = None
    tracked: bool = False
    letters: bytearray = field(default_factory=bytearray)

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

    def places(self, batch: int) -> Sequence[int]:
        """The places of the messages of a batch, by its place among the batches."""
        return (batch,) if self.batch_each else range(len(self))

    def living(self) -> Sequence[int]:
        """The places of the messages that were not cancelled."""
        if _CANCELLED not in self.letters:
            return range(len(self))
        return [place for place, letter in enumerate(self.letters) if letter != _CANCELLED]

    def state(self, place: int, now: Instant) -> str:
        """The state of one message."""
        state = STATE_OF[chr(self.letters[place])]
        return SCHEDULED if state == PENDING and now < self.send_at else state

    def advance(self, place: int, now: Instant, to: str) -> None:
        """One step in the life of a message; `ValueError` for one that it cannot take."""
        state = self.state(place, now)
        if state == SCHEDULED and to != CANCELLED:
            state = advance(state, PENDING)
        self.letters[place] = ord(LETTERS[advance(state, to)])


class Book:
    """Every dispatch, by the ids of its messages and batches, and by the time when it goes out."""

    def __init__(self) -> None:
        self.messages: Blocks[Dispatch] = Blocks()
        self.batches: Blocks[Dispatch] = Blocks()
        self._all: list[Dispatch] = []

    def enter(self, dispatch: Dispatch) -> None:
        """Add one; its messages are pending, or wait for their time."""
        dispatch.letters = bytearray(LETTERS[PENDING].encode() * len(dispatch))
        self.messages.add(dispatch.first_id, len(dispatch), dispatch)
        self.batches.add(dispatch.first_batch, dispatch.batches, dispatch)
        at = bisect_left(self._all, _order(dispatch), key=_order)
        self._all.insert(at, dispatch)

    def message(self, id_: int) -> Message | None:
        """One message by its id; what was cancelled is not known any more (assumed)."""
        found = self.messages.find(id_)
        message = None if found is None else found[0].message(found[1])
        return None if message is None or message.letter == LETTERS[CANCELLED] else message

    def batch(self, id_: int) -> list[Message] | None:
        """The messages of one batch by its id."""
        found = self.batches.find(id_)
        messages = [] if found is None else map(found[0].message, found[0].places(found[1]))
        return [message for message in messages if message.letter != LETTERS[CANCELLED]] or None

    def period(self, start: Instant, stop: Instant) -> list[Dispatch]:
        """The dispatches that go out from `start` to `stop`, both included, by time and then by id."""
        first = bisect_left(self._all, (start, 0), key=_order)
        return self._all[first : bisect_left(self._all, (stop + 1, 0), key=_order)]

    def waiting(self, now: Instant) -> Iterator[tuple[int, Dispatch, Sequence[int]]]:
        """(id, dispatch, places) of each batch that is still to go out, the next one first."""
        for dispatch in self._all[bisect_left(self._all, (now + 1, 0), key=_order) :]:
            for batch in range(dispatch.batches):
                places = [place for place in dispatch.places(batch) if dispatch.letters[place] != _CANCELLED]
                if places:
                    yield dispatch.first_batch + batch, dispatch, places


def _order(dispatch: Dispatch) -> tuple[Instant, int]:
    return dispatch.send_at, dispatch.first_id
