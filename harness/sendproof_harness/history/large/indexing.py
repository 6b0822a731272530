"""Condensing a large history: customers who are alike in everything except their names are kept once.

Most recipients of a large campaign are alike: due the same, sent, delivered and reported at the same instants, or lost
alike. A few of each class are kept, with their number (`History.alike`). A customer with anything that no other one has
is kept singly: another number or text, a second campaign, or a mention in any other line. A history with lines that
could distinguish alike customers, such as faults or triggers, is not condensed at all.

The file is read once for the index, and then `history.condensed` reads the lines to keep.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import count, groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, get_type_hints

import msgspec

from sendproof_harness.history.customer_records import Click, Inbound, LinkScan, OptIn, OptOut
from sendproof_harness.history.large.customer_index import CustomerIndex, identity_of, joined_lines
from sendproof_harness.history.large.recipient_classes import RecipientClasses
from sendproof_harness.history.reader import (
    MAX_LINE_BYTES,
    HistoryError,
    decode_header,
    decode_instant,
)
from sendproof_harness.history.record import Record
from sendproof_harness.history.records import (
    Action,
    Attributes,
    Campaign,
    ChannelTemplates,
    Clock,
    Delivery,
    DeliveryStatus,
    End,
    Interactions,
    Key,
    Line,
    Listener,
    Metrics,
    Obligation,
    Preference,
    PreflightCall,
    ProviderTemplate,
    Rejection,
    Request,
    Webhook,
)
from sendproof_harness.history.run_records import BridgeLog, OtherClient, RunIdentity, Scenario, UnauthenticatedRequest
from sendproof_harness.history.seal import check_seal
from sendproof_harness.history.timestamps import Instant, parse_instant

#: The size from which a history is condensed, in bytes: about 20,000 recipients.
CONDENSED_FROM_BYTES = 32 * 1024 * 1024

# The lines that tell no alike customers apart, unless they name them.
_PLAIN = (
    Campaign,
    Request,
    UnauthenticatedRequest,
    PreflightCall,
    Listener,
    ChannelTemplates,
    ProviderTemplate,
    Metrics,
    Clock,
    Action,
    OptOut,
    OptIn,
    Click,
    Inbound,
    LinkScan,
    Key,
    Scenario,
    RunIdentity,
    OtherClient,
    BridgeLog,
)
_OPTIMOVE = "optimove"
_SUCCESS = range(200, 300)
# After the last row of any campaign.
_NO_ROW = 1 << 62
_PAGE_OPERATION = "GetCustomerSendDetailsByChannel"
# As in `facts.pages` of the judge.
_WITHOUT_ROW = frozenset({"not_cleared", "control_group"})
# A subject about the place of a customer among all others.
_ON_PAGE = "due_on_page"


class _NotCondensableError(Exception):
    """The history must be read whole."""


def index_history(path: Path, from_bytes: int = CONDENSED_FROM_BYTES) -> CustomerIndex | None:
    """Return the index of a file; None if it is small, not valid, or has lines that do not allow to condense it.

    `history.reader` reads such a file, and names what is wrong with it.
    """
    if path.stat().st_size < from_bytes:
        return None
    try:
        with path.open("rb", buffering=1 << 20) as file:
            return _Indexing(file).index(identity_of(path))
    except (_NotCondensableError, HistoryError, ValueError, RecursionError):
        return None


# -- lines ------------------------------------------------------------------------------------------


def _with_text_times(record: type[Record]) -> type[Any]:
    """Return the same kind of line with times as text, which are quicker to decode and to compare."""
    hints, fields = get_type_hints(record), []
    for field in msgspec.structs.fields(record):
        kind = {Instant: str, Instant | None: str | None}.get(hints[field.name], hints[field.name])
        fields.append((field.name, kind) if field.required else (field.name, kind, field.default))
    return msgspec.defstruct(
        f"_{record.__name__}", fields, tag=record.__struct_config__.tag, tag_field="kind", gc=False
    )


_Obligation = _with_text_times(Obligation)
_Delivery = _with_text_times(Delivery)
_Status = _with_text_times(DeliveryStatus)
_Webhook = _with_text_times(Webhook)

# The fields in which alike customers may differ. Their texts do, but each must be the due one. The number of accepted
# messages differs between requests that are alike.
_IDENTITY: Mapping[type[Record], frozenset[str]] = {
    Obligation: frozenset({"n", "customer", "number", "text", "raw_number", "alternatives"}),
    # No check reads the title, which is part of the text, or what only the device of the recipient gets.
    # `RecipientClasses.add_mail` compares what the header and the plain text of an e-mail have of other customers.
    Delivery: frozenset(
        {
            *("n", "number", "text", "message", "request", "user", "heading", "html", "payload", "devices"),
            *("plain", "shown", "message_id"),
        }
    ),
    DeliveryStatus: frozenset({"n", "message"}),
    # A bridge may register an address for each batch; the checks distinguish no more than its origin.
    Webhook: frozenset({"n", "key", "url", "duration_ms"}),
    Interactions: frozenset({"n", "customers"}),
    Preference: frozenset({"n", "customers"}),
    Request: frozenset({"n", "at", "path", "summary", "content", "real"}),
}


def _shared_fields(record: type[Record]) -> tuple[str, ...]:
    return tuple(name for name in record.__struct_fields__ if name not in _IDENTITY[record])


def _shared_values(record: type[Record]) -> Callable[[object], tuple[Any, ...]]:
    """Return a function for the values of a line that alike customers share."""
    return attrgetter(*_shared_fields(record))


def _time_positions(record: type[Record]) -> tuple[int, ...]:
    """Return the positions of the times in the shared values."""
    times = {name for name, hint in get_type_hints(record).items() if hint in {Instant, Instant | None}}
    return tuple(position for position, name in enumerate(_shared_fields(record)) if name in times)


_of_obligation = _shared_values(Obligation)
_of_delivery = _shared_values(Delivery)
_of_status = _shared_values(DeliveryStatus)
_of_receipt = _shared_values(Webhook)
_of_interactions = _shared_values(Interactions)
_of_preference = _shared_values(Preference)
_of_request = _shared_values(Request)

_TIMES: Mapping[object, tuple[int, ...]] = {
    _Obligation: _time_positions(Obligation),
    _Delivery: _time_positions(Delivery),
    _Status: _time_positions(DeliveryStatus),
    _Webhook: _time_positions(Webhook),
}


@lru_cache(maxsize=4096)
def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _message_of(key: str) -> tuple[str, str, str]:
    """Return event, message and copy in the key of a webhook, as `message_of_webhook` of the judge reads it."""
    kind, _, rest = key.partition(":")
    message, _, copy = rest.partition(":")
    return kind, message, copy


def _gaps(read: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the ranges of rows that were not read."""
    found, end = [], 0
    for start, after in sorted(read):
        if start > end:
            found.append((end, start))
        end = max(end, after)
    return [*found, (end, _NO_ROW)]


def _count_distinct(hashes: Iterable[int]) -> int:
    """Return the number of different values; sorting needs less memory than a set of a million."""
    return sum(1 for _ in groupby(sorted(hashes)))


def _strings(value: Any) -> Iterator[str]:
    """Yield all strings and numbers in a JSON value, as text."""
    if isinstance(value, str | int):
        yield str(value)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


# -- reading ----------------------------------------------------------------------------------------


class _Indexing:
    """The reading of one file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._classes = RecipientClasses()
        self._events = self._classes.events
        self._requests: dict[int | None, int] = {}
        self._last_request = 0
        self._last_request_line = 0
        self._named: dict[int, int] = {}
        self._accepted: defaultdict[int, int] = defaultdict(int)
        self._has_events = False
        # The hashes of the Message-IDs, and of each with its text.
        self._message_ids, self._mails = array("q"), array("q")
        self._templates: set[tuple[str, str]] = set()
        # The campaigns with rows, each with the ranges of rows that were read.
        self._campaigns: defaultdict[tuple[int, int], int] = defaultdict(count().__next__)
        self._read: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        handlers: dict[type[Any], Callable[[int, bytes, Any], None]] = {
            _Obligation: self._add_obligation,
            _Delivery: self._add_delivery,
            _Status: self._add_status,
            _Webhook: self._add_webhook,
            Interactions: self._add_interactions,
            Preference: self._add_preference,
            Attributes: self._add_attributes,
            Request: self._add_request,
            Rejection: self._add_rejection,
        }
        self._handlers = dict.fromkeys(_PLAIN, self._add_plain) | handlers
        kinds = [*self._handlers, End]
        self._decode = msgspec.json.Decoder(_union(kinds), dec_hook=decode_instant).decode

    def index(self, identity: tuple[int, int, str]) -> CustomerIndex:
        """Read all lines, and return the index of the file with this identity."""
        seal, entries = self._read_classes()
        self._check_times()
        if _count_distinct(self._message_ids) != _count_distinct(self._mails):
            # Different messages with one Message-ID: only all of them show that.
            raise _NotCondensableError
        size, modified_ns, last_seal = identity
        if seal != last_seal:
            raise _NotCondensableError
        unread = [_gaps(self._read[key]) for key in self._campaigns]
        classes, representatives = self._classes, self._classes.representatives(unread)
        kept = frozenset(representatives)
        lines = [pair for pair in zip(classes.places, classes.offsets, strict=True) if pair[0] in kept]
        return CustomerIndex(
            size=size,
            modified_ns=modified_ns,
            seal=seal,
            entries=entries,
            customers=joined_lines(map(msgspec.json.encode, classes.customers)),
            numbers=joined_lines(map(str.encode, classes.numbers)),
            representatives=representatives.tobytes(),
            places=classes.places.tobytes(),
            offsets=classes.offsets.tobytes(),
            kept_places=array("i", (place for place, _ in lines)).tobytes(),
            kept_offsets=array("q", (offset for _, offset in lines)).tobytes(),
            other_offsets=classes.other_offsets.tobytes(),
            strangers=tuple(sorted(classes.strangers)),
            named=self._named,
            accepted=self._accepted,
        )

    def _read_classes(self) -> tuple[str, int]:
        """Read all lines, and return the last seal and the number of the last event."""
        line = self._file.readline(MAX_LINE_BYTES + 1)
        header, seal, offset, end = decode_header(line), check_seal("", line), len(line), None
        if header.faults:
            raise _NotCondensableError
        readline, decode, handlers = self._file.readline, self._decode, self._handlers
        entries = 0
        while line := readline(MAX_LINE_BYTES + 1):
            if end is not None or len(line) > MAX_LINE_BYTES:
                raise _NotCondensableError
            seal = check_seal(seal, line)
            record = decode(line)
            if isinstance(record, End):
                end = record
                continue
            handlers[type(record)](offset, line, record)
            entries = max(entries, record.n)
            offset += len(line)
        if end is None:
            raise _NotCondensableError
        return seal, entries

    def _check_times(self) -> None:
        """Parse each time of the lines about one customer, because the decoder did not."""
        for kind, values in self._classes.events:
            for position in _TIMES.get(kind, ()):
                if values[position] is not None:
                    parse_instant(values[position])

    # -- lines about one customer -------------------------------------------------------------------

    def _add_obligation(self, offset: int, _: bytes, line: Any) -> None:
        if self._has_events:
            # The names of the customers must be known before any line that mentions them.
            raise _NotCondensableError
        event = self._events[_Obligation, _of_obligation(line)]
        content = line.number, line.text
        has_row = line.reason not in _WITHOUT_ROW
        campaign = self._campaigns[line.campaign, line.channel] if has_row else -1
        self._classes.add_obligation(offset, event, line.customer, content, campaign=campaign, owed=line.owed)
        if line.trigger is not None or line.alternatives or (line.owed and None in content):
            self._classes.keep_singly()

    def _add_delivery(self, offset: int, _: bytes, line: Any) -> None:
        self._has_events = True
        self._accepted[self._last_request_line] += 1
        call = self._requests.get(line.request, line.request)
        event = self._events[_Delivery, (*_of_delivery(line), call, self._last_request)]
        is_usual = not line.test and line.raw_number is None
        content = line.number, line.text
        self._classes.add_delivery(offset, event, line.message, content, user=line.user, is_usual=is_usual)
        if line.plain is not None or line.shown:
            self._classes.add_mail(line.number, line.plain, line.shown)
        if line.message_id:
            self._message_ids.append(hash(line.message_id))
            self._mails.append(hash((line.message_id, line.text)))

    def _add_status(self, offset: int, _: bytes, line: Any) -> None:
        self._classes.add_result(offset, self._events[_Status, _of_status(line)], line.message)

    def _add_webhook(self, offset: int, text: bytes, line: Any) -> None:
        if line.service == _OPTIMOVE:
            self._mention(msgspec.json.decode(text))
            self._classes.expect(_message_of(line.key)[1])
            self._classes.other_offsets.append(offset)
            return
        kind, message, copy = _message_of(line.key)
        event = self._events[_Webhook, (*_of_receipt(line), _origin(line.url), kind, copy)]
        self._classes.add_result(offset, event, message)

    # -- lines about many customers -----------------------------------------------------------------

    def _add_interactions(self, offset: int, _: bytes, line: Interactions) -> None:
        self._named[line.n] = len(line.customers)
        self._add_names(offset, _of_interactions(line), line.customers)

    def _add_preference(self, offset: int, _: bytes, line: Preference) -> None:
        self._add_names(offset, _of_preference(line), line.customers)

    def _add_attributes(self, offset: int, _: bytes, line: Attributes) -> None:
        self._add_names(offset, (), ())
        for change in line.changes:
            self._classes.mention(change.value or "")
            values = line.at, line.source, change.field, change.value
            self._classes.add_names(self._events[self._last_request, values], (change.customer,))

    def _add_names(self, offset: int, values: tuple[Any, ...], customers: Iterable[str]) -> None:
        self._classes.other_offsets.append(offset)
        self._classes.add_names(self._events[self._last_request, values], customers)

    # -- other lines --------------------------------------------------------------------------------

    def _add_request(self, offset: int, text: bytes, line: Request) -> None:
        self._has_events = True
        self._last_request_line = line.n
        self._last_request = self._requests[line.n] = self._events[Request, _of_request(line)]
        value = msgspec.json.decode(text)
        summary = value.get("summary") or {}
        for name in [name for name, listed in summary.items() if isinstance(listed, list)]:
            # Such as the expired messages in a response.
            event = self._events[self._last_request, (line.at, name)]
            self._classes.add_messages(event, _strings(summary.pop(name)))
        self._mention(value)
        self._classes.other_offsets.append(offset)
        if line.operation == _PAGE_OPERATION and line.status in _SUCCESS and summary.get("rows"):
            start = summary.get("skip") or 0
            self._read[summary["campaign"], summary["channel"]].append((start, start + summary["rows"]))

    def _add_rejection(self, offset: int, text: bytes, line: Rejection) -> None:
        self._classes.add_rejection(line.text)
        self._add_plain(offset, text, line)

    def _add_plain(self, offset: int, text: bytes, line: Line) -> None:
        if isinstance(line, ProviderTemplate):
            self._add_template(line)
        if isinstance(line, Scenario) and any(subject.kind == _ON_PAGE for subject in line.subjects):
            raise _NotCondensableError
        if not isinstance(line, Campaign):
            self._has_events = True
            self._mention(msgspec.json.decode(text))
        self._classes.other_offsets.append(offset)

    def _add_template(self, line: ProviderTemplate) -> None:
        """Add a template; if it has several texts, any of them may be the due one."""
        key = line.service, str(line.id)
        if line.body is not None and key in self._templates:
            raise _NotCondensableError
        self._templates.add(key)

    def _mention(self, value: Any) -> None:
        for text in _strings(value):
            self._classes.mention(text)


def _union(kinds: list[type[Any]]) -> Any:
    union: Any = kinds[0]
    for kind in kinds[1:]:
        union |= kind
    return union
