"""Reading a history: lines of JSON become frozen records; an incomplete or altered history is rejected.

A million recipients need a million small records, so equal values are stored once. Errors are `HistoryError` and name
the line.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, cast

import msgspec

from sendproof_harness.history.alternatives import with_chosen_alternatives
from sendproof_harness.history.header import Header
from sendproof_harness.history.links import with_due_links
from sendproof_harness.history.record import JSON_ERRORS, Record
from sendproof_harness.history.records import (
    FIELD_OF,
    KINDS,
    VERSION,
    Delivery,
    DeliveryStatus,
    End,
    History,
    Interactions,
    Line,
    Obligation,
    Rejection,
    Webhook,
    Withdrawal,
)
from sendproof_harness.history.seal import SealError, check_seal
from sendproof_harness.history.timestamps import Instant, parse_instant

# The longest lines name 50,000 customers, in a twentieth of this.
MAX_LINE_BYTES = 64 * 1024 * 1024


class HistoryError(ValueError):
    """The file is no complete history; the message names the line and the expected content."""


def read_history(path: Path | str) -> History:
    """Return the history in a file; `HistoryError` for wrong content, `OSError` if the file cannot be read."""
    with Path(path).open("rb", buffering=1 << 20) as file:
        return parse_history(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""))


def parse_history(lines: Iterable[bytes]) -> History:
    """Return the history in lines of JSON, with or without line ends."""
    stream = iter(lines)
    first = next(stream, b"")
    header = decode_header(first)
    decode = _line_decoder()
    records_by_field: defaultdict[str, list[Line]] = defaultdict(list)
    end, number, seal, entries = None, 1, "", 0
    for number, line in enumerate(chain((first,), stream), start=1):
        if line.isspace() or not line:
            continue
        if len(line) > MAX_LINE_BYTES:
            raise HistoryError(f"line {number:,}: expected at most {MAX_LINE_BYTES:,} bytes, got more")
        seal = _checked_seal(seal, number, line)
        if number == 1:
            continue
        record = _decoded(decode, number, line)
        if end is not None:
            raise HistoryError(f"line {number:,}: expected no line after the end of the history, got {_excerpt(line)}")
        if isinstance(record, End):
            end = record
        else:
            records_by_field[FIELD_OF[type(record)]].append(record)
            entries = max(entries, record.n)
    if end is None:
        raise HistoryError(f"line {number:,}: {_NO_END}")
    relate_records(header, records_by_field)
    fields = {field: tuple(records) for field, records in records_by_field.items()}
    return History(header=header, seal=seal, entries=entries, **fields)  # type: ignore[arg-type]


def relate_records(header: Header, records_by_field: defaultdict[str, list[Line]]) -> None:
    """Give e-mails the due links, and obligations the alternatives that the bridge chose, in the lists themselves."""
    obligations = cast("list[Obligation]", records_by_field["obligations"])
    deliveries = with_due_links(obligations, cast("list[Delivery]", records_by_field["deliveries"]))
    rejections = with_due_links(obligations, cast("list[Rejection]", records_by_field["rejections"]))
    withdrawals = cast("list[Withdrawal]", records_by_field["withdrawals"])
    chosen = with_chosen_alternatives(header, obligations, deliveries, rejections, withdrawals)
    changed: dict[str, Sequence[Line]] = {"deliveries": deliveries, "rejections": rejections, "obligations": chosen}
    records_by_field |= {field: [*records] for field, records in changed.items()}


_NO_END = (
    'expected a last line {"kind":"end",...}, got none; the history is incomplete, or from an older Sendproof; '
    "run the scenario again"
)


def _checked_seal(previous: str, number: int, line: bytes) -> str:
    """Return the seal of a line; `HistoryError` if the line is cut off, or was altered."""
    try:
        return check_seal(previous, line)
    except SealError as error:
        if _is_cut_off(line):
            raise HistoryError(f"line {number:,}: {_CUT_OFF}") from error
        raise HistoryError(f"line {number:,}: {error}; run the scenario again: {_excerpt(line)}") from error


def _decoded(decode: Callable[[bytes], Line | End], number: int, line: bytes) -> Line | End:
    try:
        return decode(line)
    except JSON_ERRORS as error:
        raise _unreadable(number, line, error) from error


def decode_header(line: bytes) -> Header:
    """Return the header in the first line; `HistoryError` if the line is something else."""
    not_a_history = _NOT_A_HISTORY.format(got=line[:60].decode("utf-8", "replace").strip() or "nothing")
    try:
        opening = msgspec.json.decode(line, type=_Opening)
    except JSON_ERRORS as error:
        raise HistoryError(not_a_history) from error
    if opening.kind != "history":
        raise HistoryError(not_a_history)
    if opening.version != VERSION:
        raise HistoryError(_OTHER_VERSION.format(VERSION, opening.version))
    try:
        return msgspec.json.decode(line, type=Header, dec_hook=decode_instant)
    except JSON_ERRORS as error:
        raise _unreadable(1, line, error) from error


_NOT_A_HISTORY = 'line 1: this is no history: expected a first line {{"kind":"history","version":1,...}}, got: {got}'
_OTHER_VERSION = "line 1: expected history version {}, got {}; judge it with the Sendproof that wrote it"


class _Opening(msgspec.Struct):
    kind: str = ""
    version: int = 0


def record_decoder() -> Callable[[bytes], Line | End]:
    """Return a decoder of any line but the first."""
    return cast("Callable[[bytes], Line | End]", msgspec.json.Decoder(Line | End, dec_hook=decode_instant).decode)


def _line_decoder() -> Callable[[bytes], Line | End]:
    """Return a decoder that stores equal values once: most deliveries have the text of their obligation."""
    decode = record_decoder()
    known: dict[Any, Any] = {}

    def decode_line(line: bytes) -> Line | End:
        record = decode(line)
        for field in _SHARED.get(type(record), ()):
            value = getattr(record, field)
            if value is not None:
                msgspec.structs.force_setattr(record, field, known.setdefault(value, value))
        if type(record) is Interactions:
            msgspec.structs.force_setattr(
                record, "customers", tuple(known.get(customer, customer) for customer in record.customers)
            )
        return record

    return decode_line


# Fields with values that many lines share. Without this, each line has its own object even for a number.
_SHARED: dict[type[Record], tuple[str, ...]] = {
    Obligation: ("campaign", "channel", "template", "customer", "number", "text", "reason"),
    Delivery: ("number", "text", "message", "service", "request", "url", "template_url"),
    DeliveryStatus: ("message", "service", "status"),
    Webhook: ("service", "event", "url", "error"),
}


def decode_instant(kind: type, value: object) -> object:
    """Return the instant in a text, for a decoder; `ValueError` for another value."""
    if kind is Instant and isinstance(value, str):
        return parse_instant(value)
    raise ValueError(f"expected a time in text, got {value!r}")


def _unreadable(number: int, line: bytes, error: Exception) -> HistoryError:
    kind = _kind_of(line)
    if kind is not None and kind not in KINDS:
        return HistoryError(f"line {number:,}: unknown kind {kind!r}; expected one of {', '.join(KINDS)}")
    return HistoryError(f"line {number:,}: {error}: {_excerpt(line)}")


_CUT_OFF = "the line is cut off, so the history is incomplete; run the scenario again"


def _is_cut_off(line: bytes) -> bool:
    return not line.endswith(b"\n") and not line.rstrip().endswith(b"}")


def _excerpt(line: bytes) -> str:
    return line[:120].decode("utf-8", "replace").strip()


def _kind_of(line: bytes) -> str | None:
    try:
        return msgspec.json.decode(line, type=_Opening).kind
    except JSON_ERRORS:
        return None
