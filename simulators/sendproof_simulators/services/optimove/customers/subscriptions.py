"""Who may be reached on a channel: told by API, or by a file that the client sends with its daily batch.

documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove ("as part of your batch process,
either as an opt-in column within your customers table or as a separate standalone file"). The form of the file is the
simulator's own.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove.customers.attribute_updates import take_in as take_in_changes
from sendproof_simulators.services.optimove.customers.records import Change, Records, fits

if TYPE_CHECKING:
    from sendproof_simulators.services.optimove.state import State

_CUSTOMER, _CHANNEL, _MODE = "customerid", "channelid", "communicationmode"
_EXPECTED = "expected a first line CustomerID,<attributes> or CustomerID,ChannelID,CommunicationMode"
_OUT: Mapping[str, int] = {"2_is_out": 2, "0_is_out": 0}
_MODES = range(4)

Lines = Sequence[tuple[int, Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """How customers may be reached on a channel."""

    channel: int
    app: str | None
    mode: int
    customers: tuple[str, ...]


def take_in(context: SandboxContext, state: "State", preference: Preference, source: str) -> JournalEntry:
    """Remember it. `source`: api or batch_file."""
    known = state.preferences.setdefault((preference.channel, preference.app), {})
    known.update(dict.fromkeys(preference.customers, preference.mode))
    fields = {
        "source": source,
        "channel": preference.channel,
        "app": preference.app,
        "mode": preference.mode,
        "opted_out": means_out(context, preference.mode),
        "customers": list(preference.customers),
    }
    return JournalEntry(kind="preference", fields=fields)


def means_out(context: SandboxContext, mode: int) -> bool:
    """Whether a CommunicationMode says that the customer opted out."""
    return mode == _OUT[context.dialects["communication_modes"]]


def take_in_file(context: SandboxContext, state: "State", now: Instant, text: str) -> tuple[dict[str, object], Effects]:
    """Take in a CSV file with a first line of names: all of it, or nothing with a `ValueError` that names the line.

    Either a column for each attribute (`CustomerID,SMS_OPT_IN`), or preferences
    (`CustomerID,ChannelID,CommunicationMode`).
    """
    lines = [(number, line) for number, line in enumerate(csv.reader(text.splitlines()), start=1) if line]
    if not lines or lines[0][1][0].strip().lower() != _CUSTOMER:
        raise ValueError(f"{_EXPECTED}, got {lines[0][1] if lines else 'nothing'}")
    head = [name.strip() for name in lines[0][1]]
    for number, line in lines[1:]:
        if len(line) != len(head):
            raise ValueError(f"line {number}: expected {len(head)} values, got {len(line)}")
    if [name.lower() for name in head[1:]] == [_CHANNEL, _MODE]:
        entries = [take_in(context, state, one, "batch_file") for one in _preferences(state, lines[1:])]
    else:
        changes = tuple(_changes(state.records, head, lines[1:]))
        entries = [take_in_changes(state.records, changes, "batch_file", now)]
    return {"lines": len(lines) - 1}, Effects(entries=tuple(entries))


def _preferences(state: "State", lines: Lines) -> list[Preference]:
    read = []
    for number, (customer, channel, mode) in lines:
        if not channel.isdecimal() or int(channel) not in state.templates:
            raise ValueError(f"line {number}: expected a ChannelID of {sorted(state.templates)}, got {channel!r}")
        if not mode.isdecimal() or int(mode) not in _MODES:
            raise ValueError(f"line {number}: expected a CommunicationMode from 0 to 3, got {mode!r}")
        read.append(((int(channel), int(mode)), customer))
    grouped = groupby(sorted(read), key=lambda pair: pair[0])
    return [
        Preference(channel=channel, app=None, mode=mode, customers=tuple(customer for _, customer in group))
        for (channel, mode), group in grouped
    ]


def _changes(records: Records, head: Sequence[str], lines: Lines) -> Iterator[Change]:
    attributes = [records.attribute(name) for name in head[1:]]
    if not attributes or None in attributes:
        known = ", ".join(one.name for one in records.attributes)
        raise ValueError(f"{_EXPECTED}, got {','.join(head)}; the attributes are {known}")
    for number, (customer, *values) in lines:
        if records.find(customer) is None:
            raise ValueError(f"line {number}: customer {customer!r} is not known")
        for attribute, value in zip(attributes, values, strict=True):
            if attribute is not None:
                if not fits(attribute.type, value or None):
                    raise ValueError(
                        f"line {number}: {value!r} does not fit {attribute.name}, which is {attribute.type}"
                    )
                yield Change(customer, attribute.name, value or None)
