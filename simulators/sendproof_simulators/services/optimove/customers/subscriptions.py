"""Preferences of customers on a channel: set by API, or by a file in the client's daily batch.

documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove ("as part of your batch process,
either as an opt-in column within your customers table or as a separate standalone file"). The form of the file is the
simulator's own.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, repeat

from sendproof_simulators.core.audience.attribute_types import fits
from sendproof_simulators.core.audience.recipients import consent_attribute
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.messaging.message_types import SMS
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove.customers.attribute_updates import Change, apply_changes
from sendproof_simulators.services.optimove.state import State

_CUSTOMER, _CHANNEL, _MODE = "customerid", "channelid", "communicationmode"
_EXPECTED_HEADER = "expected a first line CustomerID,<attributes> or CustomerID,ChannelID,CommunicationMode"
_VALID_MODES = range(4)
# The opt-in in both options of the dialect `communication_modes`.
_OPT_IN = 1

#: Lines of a file after the first. Our own bound: a file of eight megabytes could change 700,000 values.
MOST_ROWS = 100_000
# Characters and names of a wrong first line that are shown.
_SHOWN = 200

NumberedLines = Iterable[tuple[int, Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A communication mode of customers on a channel, or on one app of a channel."""

    channel: int
    app: str | None
    mode: int
    customers: tuple[str, ...]


def record_preference(state: State, preference: Preference, source: str, now: Instant) -> JournalEntry:
    """Store a preference, and return the journal entry. `source`: api or batch_file.

    The table of preferences creates the opt-in attribute (documented, same source); that its value follows at once, and
    that this attribute is SMS_OPT_IN, or that of the channel's type of messages, is assumed.
    """
    records = state.records
    indices, others = records.split_ids(preference.customers)
    modes = state.preferences.setdefault((preference.channel, preference.app), {})
    modes.update(zip([*indices, *others], repeat(preference.mode), strict=False))
    consent = "0" if preference.mode == state.options.opt_out_mode else "1" if preference.mode == _OPT_IN else None
    attribute = consent_attribute(records.audience, state.message_types.get(preference.channel, SMS))
    if consent is not None and attribute is not None and preference.app is None:
        records.set_values([*indices, *records.created_indices(others)], attribute, consent, now)
    return JournalEntry(kind="preference", fields={"source": source, **preference_json(state, preference)})


def preference_json(state: State, preference: Preference) -> dict[str, object]:
    """Return a preference as JSON for the journal, with its meaning in this sandbox as `opted_out`."""
    return {
        "channel": preference.channel,
        "app": preference.app,
        "mode": preference.mode,
        "opted_out": preference.mode == state.options.opt_out_mode,
        "customers": list(preference.customers),
    }


def import_batch_file(
    context: SandboxContext, state: State, now: Instant, text: str
) -> tuple[dict[str, object], Effects]:
    """Import a CSV file with a header line, as a whole.

    Raise `ValueError` with the number of the first wrong line, and `csv.Error` for text that is no CSV.

    It contains either a column for each attribute (`CustomerID,SMS_OPT_IN`), or preferences
    (`CustomerID,ChannelID,CommunicationMode`).
    """
    del context
    lines = _lines(text)
    _, first = next(lines, (1, ["nothing"]))
    if first[0].strip().lower() != _CUSTOMER:
        raise ValueError(f"{_EXPECTED_HEADER}, got {_shown(first)}")
    header = [name.strip() for name in first]
    rows = _Rows(lines, len(header))
    if [name.lower() for name in header[1:]] == [_CHANNEL, _MODE]:
        preferences = _read_preferences(state, rows)
        entries = [record_preference(state, preference, "batch_file", now) for preference in preferences]
    else:
        changes = tuple(_read_changes(state.records, header, rows))
        entries = [apply_changes(state.records, changes, "batch_file", now)]
    return {"lines": rows.count}, Effects(entries=tuple(entries))


class _Rows:
    """The lines after the header, read one by one: all lines of a file of megabytes would need hundreds of them."""

    def __init__(self, lines: Iterable[tuple[int, list[str]]], columns: int) -> None:
        self.count = 0
        self._lines = lines
        self._columns = columns

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        for number, line in self._lines:
            if len(line) != self._columns:
                raise ValueError(f"line {number}: expected {self._columns} values, got {len(line)}")
            self.count += 1
            if self.count > MOST_ROWS:
                raise ValueError(f"line {number}: expected at most {MOST_ROWS:,} lines after the first; split the file")
            yield number, line


def _shown(header: Sequence[str]) -> str:
    """Return the start of a header line."""
    text = ",".join(header[:_SHOWN])
    return text if len(text) <= _SHOWN and len(header) <= _SHOWN else f"{text[:_SHOWN]}…"


def _text_lines(text: str) -> Iterator[str]:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that is not empty, with its number. Python's limit for a value is 131,072 characters."""
    reader = csv.reader(_text_lines(text))
    try:
        yield from ((number, line) for number, line in enumerate(reader, start=1) if line)
    except csv.Error as error:
        raise csv.Error(f"line {reader.line_num}: expected CSV, got: {error}") from None


def _read_preferences(state: State, lines: NumberedLines) -> list[Preference]:
    """Return the preferences in a file, one for each channel and mode."""
    pairs = []
    for number, (customer, channel, mode) in lines:
        if not channel.isdecimal() or int(channel) not in state.templates:
            raise ValueError(f"line {number}: expected a ChannelID of {sorted(state.templates)}, got {channel!r}")
        if not mode.isdecimal() or int(mode) not in _VALID_MODES:
            raise ValueError(f"line {number}: expected a CommunicationMode from 0 to 3, got {mode!r}")
        pairs.append(((int(channel), int(mode)), customer))
    grouped = groupby(sorted(pairs), key=lambda pair: pair[0])
    return [
        Preference(channel=channel, app=None, mode=mode, customers=tuple(customer for _, customer in group))
        for (channel, mode), group in grouped
    ]


def _read_changes(records: CustomerRecords, header: Sequence[str], lines: NumberedLines) -> Iterator[Change]:
    attributes = [records.find_attribute(name) for name in header[1:]]
    if not attributes or None in attributes:
        known = ", ".join(attribute.name for attribute in records.attributes)
        raise ValueError(f"{_EXPECTED_HEADER}, got {_shown(header)}; the attributes are {known}")
    for number, (customer, *values) in lines:
        if records.index_of(customer) is None:
            raise ValueError(f"line {number}: expected a known customer, got {customer!r}")
        for attribute, value in zip(attributes, values, strict=True):
            if attribute is not None:
                if not fits(attribute.type, value or None):
                    raise ValueError(
                        f"line {number}: expected a value of type {attribute.type} for {attribute.name}, got {value!r}"
                    )
                yield Change(customer, attribute.name, value or None)
