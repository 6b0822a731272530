"""A comparison as text, JSON and Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sendproof_simulators.comparison.allowed_changes import Allowed
from sendproof_simulators.comparison.changes import BREAKING, HARMLESS, RISKY, SEVERITIES, Change, grouped, most_severe
from sendproof_simulators.comparison.comparing import Comparison
from sendproof_simulators.comparison.impacts import BREAKS, MAY_BREAK, SAFE, SEVERITY, BridgeImpact

#: The exit status for the most severe change that is not allowed.
EXIT_STATUS: Mapping[str, int] = {HARMLESS: 0, BREAKING: 1, RISKY: 2}
_VERSION = 1
_VERDICTS = (BREAKS, MAY_BREAK, SAFE)


def as_json(comparison: Comparison, allowed: Allowed, bridges: Sequence[BridgeImpact] = ()) -> dict[str, Any]:
    """Return a comparison as JSON, with every change, and what they mean for recorded bridges."""
    return {
        "version": _VERSION,
        "old": comparison.old,
        "new": comparison.new,
        "verdict": most_severe(allowed.changes),
        "counts": counts(allowed.changes),
        "changes": [{**asdict(change), "line": change.line} for change in sorted_changes(allowed.changes)],
        "not_compared": list(comparison.not_compared),
        "unused": list(allowed.unused),
        "bridges": [{"verdict": bridge.verdict, **asdict(bridge)} for bridge in bridges],
    }


def counts(changes: Sequence[Change]) -> dict[str, int]:
    """Return the number of changes of each severity, and of those that are allowed; a shared part counts once."""
    found = dict.fromkeys(SEVERITIES, 0) | {"allowed": 0}
    for group in grouped(changes):
        found["allowed" if group[0].allowed else group[0].severity] += 1
    return found


def exit_status(allowed: Allowed, bridges: Sequence[BridgeImpact] | None) -> int:
    """Return the exit status: that of the recorded bridges if there are any, otherwise that of the changes."""
    if bridges is None:
        return EXIT_STATUS[most_severe(allowed.changes)]
    found = {bridge.verdict for bridge in bridges}
    return EXIT_STATUS[SEVERITY[next(verdict for verdict in _VERDICTS if verdict in found)]]


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
    for group in grouped(sorted_changes(allowed.changes)):
        change = group[0]
        if change.severity != HARMLESS or with_harmless:
            mark = f"{change.severity}, allowed" if change.allowed else change.severity
            yield f"{mark:<9} {change.line}"
            if len(group) > 1:
                yield f"{'':<9} in {len(group)} places, such as {change.operation} {change.place}"
            if change.allowed:
                yield f"{'':<9} reason: {change.allowed}"
    for text in allowed.unused:
        yield f"unused    {text}"
    for text in comparison.not_compared:
        yield f"not compared: {text}"
    yield summary(comparison, allowed)


def bridge_lines(bridges: Sequence[BridgeImpact]) -> Iterator[str]:
    """Yield the lines on recorded bridges for a terminal, those that break first."""
    for bridge in sorted(bridges, key=lambda item: _VERDICTS.index(item.verdict)):
        yield f"{bridge.verdict:<9} {bridge.bridge}"
        for impact in bridge.impacts:
            yield f"          {impact.severity}: {impact.text} ({impact.reason})"


def markdown(comparison: Comparison, allowed: Allowed, bridges: Sequence[BridgeImpact] = ()) -> str:
    """Return a comparison as Markdown, for a pull request or a job's summary."""
    lines = ["# Changes of the contracts", "", _escaped(summary(comparison, allowed))]
    for severity in SEVERITIES:
        found = [group for group in grouped(sorted_changes(allowed.changes)) if group[0].severity == severity]
        if found:
            lines += ["", f"## {severity.capitalize()}", "", "| contract | operation | change | |", "|---|---|---|---|"]
            lines += [_row(group) for group in found]
    if bridges:
        lines += ["", "## Recorded bridges", "", "| bridge | | why |", "|---|---|---|"]
        lines += [_bridge_row(bridge) for bridge in bridges]
    for title, texts in (("Not compared", comparison.not_compared), ("Unused entries", allowed.unused)):
        if texts:
            lines += ["", f"## {title}", "", *(f"* {_escaped(text)}" for text in texts)]
    return "\n".join(lines) + "\n"


def _row(group: Sequence[Change]) -> str:
    change = group[0]
    place, operation = change.place, change.operation
    if len(group) > 1:
        place, operation = change.part, f"{len(group)} places, such as {change.operation}"
    what = ": ".join(text for text in (place, change.what, change.values) if text)
    cells = (change.contract, operation, what, f"allowed: {change.allowed}" if change.allowed else "")
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _bridge_row(bridge: BridgeImpact) -> str:
    first = next((impact for impact in bridge.impacts if impact.severity == bridge.verdict), None)
    more = f", and {len(bridge.impacts) - 1} more" if len(bridge.impacts) > 1 else ""
    why = "" if first is None else f"{first.text} ({first.reason}){more}"
    return f"| {' | '.join(_escaped(cell) for cell in (bridge.bridge, bridge.verdict, why))} |"


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace("\\", "\\\\")
    return "".join(f"\\{sign}" if sign in "|*_`[]" else sign for sign in plain)
