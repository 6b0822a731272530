"""The explanation of one customer as one self-contained HTML file; every entry of the timeline has an anchor."""

from collections import Counter
from itertools import groupby

from sendproof_harness.explain.customer import Explanation
from sendproof_harness.explain.entry import TimelineEntry
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.report.html import BLAMES, template


def render(explanation: Explanation, source: str) -> str:
    """Return the page as text; `source` names the history."""
    days = _days(explanation.timeline)
    return template("explain.html.j2").render(explanation=explanation, source=source, days=days, blames=BLAMES)


_AnchoredEntry = tuple[str, str, TimelineEntry]


def _days(timeline: tuple[TimelineEntry, ...]) -> list[tuple[str, list[_AnchoredEntry]]]:
    """Return each date with its entries, each with its anchor and time."""
    used: Counter[str] = Counter()
    anchored = [(_anchor(entry, used), _time(entry), entry) for entry in timeline]
    return [(date, list(entries)) for date, entries in groupby(anchored, key=lambda item: spoken(item[2].at)[:10])]


def _anchor(entry: TimelineEntry, used: Counter[str]) -> str:
    """Return `line-4711`, or `obligation` or `due` without a line; the next one of the same name ends in `-2`."""
    name = f"line-{entry.line}" if entry.line else "obligation" if entry.actor == "optimove" else "due"
    used[name] += 1
    return name if used[name] == 1 else f"{name}-{used[name]}"


def _time(entry: TimelineEntry) -> str:
    return spoken(entry.at)[11:].removesuffix(" UTC")
