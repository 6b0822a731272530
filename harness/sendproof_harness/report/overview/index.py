"""The overview of all runs in a results folder, with their trend: `index.html`, one self-contained page."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sendproof_harness.judge.verdict import WORST_FIRST
from sendproof_harness.replacement import replacing
from sendproof_harness.report.html import template
from sendproof_harness.report.overview.runs import Series, find_series

INDEX = "index.html"
#: The size of a trend's curve.
WIDTH, HEIGHT = 120, 28
_MARGIN = 3


def write_index(results: Path) -> Path | None:
    """Write the overview of the results folder. Return its path, or None if there is no run or it cannot be written.

    Runs may end at the same time: each of them replaces the page as a whole.
    """
    with suppress(OSError):
        series = find_series(results)
        if series:
            return _replace(results / INDEX, render(series))
    return None


def render(series: Sequence[Series]) -> str:
    """Return the page as text."""
    counts = Counter(item.newest.verdict for item in series)
    return template("index.html.j2").render(
        series=series,
        counts=[(status, counts[status]) for status in WORST_FIRST if counts[status]],
        worst=series[0].newest.verdict,
        runs=sum(len(item.runs) for item in series),
        curves={item.name: _curve(item) for item in series},
        size={"width": WIDTH, "height": HEIGHT},
    )


def _curve(series: Series) -> str:
    """Return the points of the trend: the rate of load tests, the duration of runs. Empty with fewer than two."""
    values = [run.per_second if run.per_second is not None else run.duration_s for run in series.runs]
    known = [value for value in values if value is not None]
    if len(known) < 2:  # noqa: PLR2004
        return ""
    step, top = (WIDTH - 2 * _MARGIN) / (len(known) - 1), max(known) or 1
    points = (
        (_MARGIN + index * step, HEIGHT - _MARGIN - value / top * (HEIGHT - 2 * _MARGIN))
        for index, value in enumerate(known)
    )
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _replace(path: Path, text: str) -> Path:
    with replacing(path) as file:
        file.write(text.encode())
    return path
