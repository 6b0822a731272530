"""The accepted messages: one `Dispatch` per call, with its messages as columns, and the store of all of them."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.messaging.lifecycle import CANCELLED, PENDING, SCHEDULED, DeliverySchedule, advance
from sendproof_simulators.core.messaging.packed_texts import packed
from sendproof_simulators.core.messaging.sms import count_parts
from sendproof_simulators.core.simulator import MessageStatus
from sendproof_simulators.services.textlocal.messages.id_ranges import IdRanges
from sendproof_simulators.services.textlocal.messages.status_codes import STATES_BY_CODE, STATUS_CODES

_CANCELLED = ord(STATUS_CODES[CANCELLED])


class Message(NamedTuple):
    """One message of a dispatch. `status_code` is its current status; `send_at` is an instant."""

    id: int
    batch: int
    number: str
    text: str
    sender: str
    custom: str
    receipt_url: str
    parts: int
    send_at: Instant
    status_code: str
    customer: str


@dataclass(slots=True, kw_only=True)
class AcceptedMessages:
    """The accepted messages of a call as columns, while the call is being answered.

    `parts` is the price of each message in credits; `raw_numbers` are the numbers as the caller spelled them.
    `customers` are the ids of recipients that the caller named by them, and empty for all others; no list for a call
    with numbers.
    """

    numbers: list[str] = field(default_factory=list)
    raw_numbers: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    customs: list[str] = field(default_factory=list)
    receipt_urls: list[str] = field(default_factory=list)
    customers: list[str] = field(default_factory=list)

    def packed(self) -> "StoredMessages":
        """Return the columns that outlive the call, in little memory."""
        return StoredMessages(
            numbers=packed(self.numbers),
            texts=packed(self.texts),
            parts=array("I", self.parts),
            customs=packed(self.customs),
            receipt_urls=packed(self.receipt_urls),
            customers=packed(self.customers),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessages:
    """The columns of accepted messages that outlive their call; see `AcceptedMessages`."""

    numbers: Sequence[str]
    texts: Sequence[str]
    parts: Sequence[int]
    customs: Sequence[str]
    receipt_urls: Sequence[str]
    customers: Sequence[str]


class Group(NamedTuple):
    """The group that a dispatch was sent to."""

    id: int
    name: str


@dataclass(slots=True, kw_only=True)
class Dispatch:
    """The messages of one accepted call.

    Their ids are consecutive. So are their batches, if each message has its own (`batch_per_message`). `tracked`: the
    texts have short links that record clicks. `unicode`: the call asked for Unicode.
    """

    first_id: int
    first_batch: int
    batch_per_message: bool
    sender: str
    send_at: Instant
    accepted: AcceptedMessages | StoredMessages
    schedule: DeliverySchedule = field(default_factory=DeliverySchedule)
    group: Group | None = None
    tracked: bool = False
    unicode: bool = False
    status_codes: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        """Return the number of messages."""
        return len(self.accepted.numbers)

    @property
    def batch_count(self) -> int:
        """The number of batches."""
        return len(self) if self.batch_per_message else 1

    def message(self, index: int) -> Message:
        """Return the message at an index."""
        accepted = self.accepted
        return Message(
            self.first_id + index,
            self.first_batch + (index if self.batch_per_message else 0),
            accepted.numbers[index],
            accepted.texts[index],
            self.sender,
            accepted.customs[index],
            accepted.receipt_urls[index],
            accepted.parts[index],
            self.send_at,
            chr(self.status_codes[index]),
            accepted.customers[index] if accepted.customers else "",
        )

    def indexes_of_batch(self, batch: int) -> Sequence[int]:
        """Return the indexes of a batch's messages; `batch` counts the batches of this dispatch from 0."""
        return (batch,) if self.batch_per_message else range(len(self))

    def active_indexes(self) -> Sequence[int]:
        """Return the indexes of the messages that were not cancelled."""
        if _CANCELLED not in self.status_codes:
            return range(len(self))
        return [index for index, code in enumerate(self.status_codes) if code != _CANCELLED]

    def state(self, index: int, now: Instant) -> str:
        """Return the state of a message."""
        state = STATES_BY_CODE[chr(self.status_codes[index])]
        return SCHEDULED if state == PENDING and now < self.send_at else state

    def advance(self, index: int, now: Instant, to: str) -> None:
        """Move a message to another state; raise `ValueError` if no message takes that step."""
        state = self.state(index, now)
        if state == SCHEDULED and to != CANCELLED:
            state = advance(state, PENDING)
        self.status_codes[index] = ord(STATUS_CODES[advance(state, to)])


def message_status(store: "MessageStore", message: str, now: Instant) -> MessageStatus | None:
    """Return what the account knows about a message by its id, or None."""
    found = store.messages.find(int(message)) if message.isdecimal() else None
    if found is None:
        return None
    dispatch, index = found
    accepted = dispatch.accepted
    return MessageStatus(
        state=dispatch.state(index, now),
        parts=accepted.parts[index],
        encoding=count_parts(accepted.texts[index], unicode=dispatch.unicode).encoding,
        customer=(accepted.customers[index] if accepted.customers else "") or None,
    )


class MessageStore:
    """Every dispatch: by message id, by batch id, and by the time when it goes out."""

    def __init__(self) -> None:
        self.messages: IdRanges[Dispatch] = IdRanges()
        self.batches: IdRanges[Dispatch] = IdRanges()
        self._by_time: list[Dispatch] = []

    def add(self, dispatch: Dispatch) -> None:
        """Add a dispatch. Its messages are pending, or scheduled until it goes out."""
        dispatch.status_codes = bytearray(STATUS_CODES[PENDING].encode() * len(dispatch))
        if isinstance(dispatch.accepted, AcceptedMessages):
            dispatch.accepted = dispatch.accepted.packed()
        self.messages.add(dispatch.first_id, len(dispatch), dispatch)
        self.batches.add(dispatch.first_batch, dispatch.batch_count, dispatch)
        at = bisect_left(self._by_time, _sort_key(dispatch), key=_sort_key)
        self._by_time.insert(at, dispatch)

    def message(self, id_: int) -> Message | None:
        """Return a message by its id. A cancelled one is not known any more (assumed)."""
        found = self.messages.find(id_)
        message = None if found is None else found[0].message(found[1])
        return None if message is None or message.status_code == STATUS_CODES[CANCELLED] else message

    def batch(self, id_: int) -> list[Message] | None:
        """Return the messages of a batch by its id, or None if it has none left."""
        found = self.batches.find(id_)
        messages = [] if found is None else map(found[0].message, found[0].indexes_of_batch(found[1]))
        return [message for message in messages if message.status_code != STATUS_CODES[CANCELLED]] or None

    def sent_between(self, start: Instant, stop: Instant) -> list[Dispatch]:
        """Return the dispatches that go out from `start` to `stop`, both included, by time and then by id."""
        first = bisect_left(self._by_time, (start, 0), key=_sort_key)
        return self._by_time[first : bisect_left(self._by_time, (stop + 1, 0), key=_sort_key)]

    def scheduled_batches(self, now: Instant) -> Iterator[tuple[int, Dispatch, Sequence[int]]]:
        """Yield (batch id, dispatch, message indexes) of each scheduled batch, the next one first."""
        for dispatch in self._by_time[bisect_left(self._by_time, (now + 1, 0), key=_sort_key) :]:
            for batch in range(dispatch.batch_count):
                indexes = [
                    index for index in dispatch.indexes_of_batch(batch) if dispatch.status_codes[index] != _CANCELLED
                ]
                if indexes:
                    yield dispatch.first_batch + batch, dispatch, indexes


def _sort_key(dispatch: Dispatch) -> tuple[Instant, int]:
    return dispatch.send_at, dispatch.first_id
