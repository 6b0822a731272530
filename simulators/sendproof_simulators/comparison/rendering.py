"""A comparison as text, JSON and Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sendproof_simulators.comparison.allowed_changes import Allowed
from sendproof_simulators.comparison.changes import BREAKING, HARMLESS, RISKY, SEVERITIES, Change, most_severe
from sendproof_simulators.comparison.comparing import Comparison

#: The exit status for the most severe change that is not allowed.
EXIT_STATUS: Mapping[str, int] = {HARMLESS: 0, BREAKING: 1, RISKY: 2}
_VERSION = 1


def as_json(comparison: Comparison, allowed: Allowed) -> dict[str, Any]:
    """Return a comparison as JSON, with every change."""
    return {
        "version": _VERSION,
        "old": comparison.old,
        "new": comparison.new,
        "verdict": most_severe(allowed.changes),
        "counts": counts(allowed.changes),
        "changes": [{**asdict(change), "text": change.text} for change in sorted_changes(allowed.changes)],
        "not_compared": list(comparison.not_compared),
        "unused": list(allowed.unused),
    }


def counts(changes: Sequence[Change]) -> dict[str, int]:
    """Return the number of changes of each severity, and of those that are allowed."""
    found = dict.fromkeys(SEVERITIES, 0) | {"allowed": 0}
    for change in changes:
        found["allowed" if change.allowed else change.severity] += 1
    return found


def sorted_changes(changes: Sequence[Change]) -> list[Change]:
    """Return the changes, the most severe first, and allowed ones after the others of a severity."""
    return sorted(changes, key=lambda change: (SEVERITIES.index(change.severity), bool(change.allowed)))


def summary(comparison: Comparison, allowed: Allowed) -> str:
    """Return the numbers of changes in one sentence."""
    if not allowed.changes:
        return f"{comparison.old} -> {comparison.new}: no change in what was compared."
    found = counts(allowed.changes)
    numbers = [f"{found[severity]} {severity}" for severity in SEVERITIES]
    numbers += [f"{found['allowed']} allowed"] if found["allowed"] else []
    return f"{comparison.old} -> {comparison.new}: {', '.join(numbers)}."


def text_lines(comparison: Comparison, allowed: Allowed, *, with_harmless: bool) -> Iterator[str]:
    """Yield the lines for a terminal."""
    for change in sorted_changes(allowed.changes):
        if change.severity != HARMLESS or with_harmless:
            mark = f"{change.severity}, allowed" if change.allowed else change.severity
            yield f"{mark:<9} {change.text}{f' ({change.allowed})' if change.allowed else ''}"
    for text in allowed.unused:
        yield f"unused    {text}"
    for text in comparison.not_compared:
        yield f"not compared: {text}"
    yield summary(comparison, allowed)


def markdown(comparison: Comparison, allowed: Allowed) -> str:
    """Return a comparison as Markdown, for a pull request or a job's summary."""
    lines = ["# Changes of the contracts", "", _escaped(summary(comparison, allowed))]
    for severity in SEVERITIES:
        found = [change for change in sorted_changes(allowed.changes) if change.severity == severity]
        if found:
            lines += ["", f"## {severity.capitalize()}", "", "| contract | operation | change | |", "|---|---|---|---|"]
            lines += [_row(change) for change in found]
    for title, texts in (("Not compared", comparison.not_compared), ("Unused entries", allowed.unused)):
        if texts:
            lines += ["", f"## {title}", "", *(f"* {_escaped(text)}" for text in texts)]
    return "\n".join(lines) + "\n"


def _row(change: Change) -> str:
    value = f"{change.old} -> {change.new}" if change.old and change.new else change.old or change.new
    what = ": ".join(part for part in (change.place, change.what, value) if part)
    cells = (change.contract, change.operation, what, f"allowed: {change.allowed}" if change.allowed else "")
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace("\\", "\\\\")
    return "".join(f"\\{sign}" if sign in "|*_`[]" else sign for sign in plain)
