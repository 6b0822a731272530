"""Preferences of customers on a channel: set by API, or by a file in the client's daily batch.

documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove ("as part of your batch process,
either as an opt-in column within your customers table or as a separate standalone file"). The form of the file is the
simulator's own.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, repeat

from sendproof_simulators.core.audience.attribute_types import fits
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove.customers.attribute_updates import Change, apply_changes
from sendproof_simulators.services.optimove.state import State

_CUSTOMER, _CHANNEL, _MODE = "customerid", "channelid", "communicationmode"
_EXPECTED_HEADER = "expected a first line CustomerID,<attributes> or CustomerID,ChannelID,CommunicationMode"
_VALID_MODES = range(4)
# The opt-in in both options of the dialect `communication_modes`.
_OPT_IN = 1

NumberedLines = Sequence[tuple[int, Sequence[str]]]


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
    that this attribute is SMS_OPT_IN, is assumed.
    """
    records = state.records
    indices, others = records.split_ids(preference.customers)
    modes = state.preferences.setdefault((preference.channel, preference.app), {})
    modes.update(zip([*indices, *others], repeat(preference.mode), strict=False))
    consent = "0" if preference.mode == state.options.opt_out_mode else "1" if preference.mode == _OPT_IN else None
    if consent is not None and preference.app is None:
        created = [index for index in map(records.index_of, others) if index is not None]
        records.set_values([*indices, *created], records.audience.consent_attribute, consent, now)
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
    lines = list(_lines(text))
    if not lines or lines[0][1][0].strip().lower() != _CUSTOMER:
        raise ValueError(f"{_EXPECTED_HEADER}, got {lines[0][1] if lines else 'nothing'}")
    header = [name.strip() for name in lines[0][1]]
    for number, line in lines[1:]:
        if len(line) != len(header):
            raise ValueError(f"line {number}: expected {len(header)} values, got {len(line)}")
    if [name.lower() for name in header[1:]] == [_CHANNEL, _MODE]:
        preferences = _read_preferences(state, lines[1:])
        entries = [record_preference(state, preference, "batch_file", now) for preference in preferences]
    else:
        changes = tuple(_read_changes(state.records, header, lines[1:]))
        entries = [apply_changes(state.records, changes, "batch_file", now)]
    return {"lines": len(lines) - 1}, Effects(entries=tuple(entries))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line that is not empty, with its number. Python's limit for a value is 131,072 characters."""
    reader = csv.reader(text.splitlines())
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
        raise ValueError(f"{_EXPECTED_HEADER}, got {','.join(header)}; the attributes are {known}")
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
