"""The timeline of a customer as a page shows it: entries by date, each with its anchor and time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sendproof_harness.explain.entry import TimelineEntry
from sendproof_harness.history.timestamps import spoken

_DATE = slice(10)
_TIME = slice(11, None)


@dataclass(frozen=True, kw_only=True)
class EntryRow:
    """One entry with the anchor that links to it, and its time of day."""

    anchor: str
    time: str
    entry: TimelineEntry


@dataclass(frozen=True, kw_only=True)
class DayRows:
    """All entries of one date."""

    date: str
    entries: tuple[EntryRow, ...]


def days(timeline: Sequence[TimelineEntry], prefix: str = "") -> tuple[DayRows, ...]:
    """Return the entries by date. Anchors begin with the prefix, if a page has several timelines."""
    used: Counter[str] = Counter()
    anchored = [
        EntryRow(anchor=_anchor(entry, prefix, used), time=spoken(entry.at)[_TIME].removesuffix(" UTC"), entry=entry)
        for entry in timeline
    ]
    return tuple(
        DayRows(date=date, entries=tuple(entries))
        for date, entries in groupby(anchored, key=lambda item: spoken(item.entry.at)[_DATE])
    )


def _anchor(entry: TimelineEntry, prefix: str, used: Counter[str]) -> str:
    """Return `line-4711`, or `obligation` or `due` without a line; the next one of the same name ends in `-2`."""
    name = f"line-{entry.line}" if entry.line else "obligation" if entry.actor == "optimove" else "due"
    name = f"{prefix}-{name}" if prefix else name
    used[name] += 1
    return name if used[name] == 1 else f"{name}-{used[name]}"
