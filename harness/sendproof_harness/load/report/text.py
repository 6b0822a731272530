"""The verdict on a load test for a terminal: what to know in one screen."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sendproof_harness.load.formatting import UP, length, number, size
from sendproof_harness.load.model import LoadResult
from sendproof_harness.load.report.summary import summary
from sendproof_harness.load.verdict import JudgedLevel, LoadVerdict
from sendproof_harness.report.formatting import counted
from sendproof_harness.report.text import STYLES


def print_load_verdict(verdict: LoadVerdict, console: Console, reports: Mapping[str, Path] | None = None) -> None:
    """Print what was measured, the levels, who was the limit, the answer, and where the reports are."""
    for part in _parts(verdict):
        console.print(Padding(part, (0, 0, 1, 0), expand=False))
    console.print(Padding(_ending(verdict, reports or {}), (0, 0, 0, 1), expand=False))


def _parts(verdict: LoadVerdict) -> Iterable[RenderableType]:
    result = verdict.result
    if result.stages:
        yield _stages(result)
    if result.latencies:
        yield _latencies(result)
    if result.processes:
        yield _processes(result)
    if verdict.judged:
        yield _levels(verdict.judged)
    more = [one for one in verdict.judged if one.why or one.examples]
    if more:
        yield Padding(_more(more), (0, 0, 0, 1), expand=False)


def _table(*columns: str, right: int) -> Table:
    """The last `right` columns hold numbers."""
    table = Table(box=None, pad_edge=True, header_style="dim")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index >= len(columns) - right else "left")
    return table


def _add(table: Table, *cells: str | Text) -> None:
    """A row in which square brackets are square brackets."""
    table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))


def _stages(result: LoadResult) -> Table:
    table = _table("stage", "count", "took", "a second", right=3)
    for one in result.stages:
        took = length(1000 * one.seconds)
        _add(table, one.name, counted(one.count, one.unit), took, number(one.per_second))
    return table


def _latencies(result: LoadResult) -> Table:
    table = _table("latency", "since", "count", "failed", "p50", "p90", "p95", "p99", "longest", right=7)
    for one in result.latencies:
        times = [length(value, UP) for value in (one.p50, one.p90, one.p95, one.p99, one.longest)]
        _add(table, one.name, one.since, f"{one.count:,}", f"{one.failed:,}", *(times if one.count else []))
    return table


def _processes(result: LoadResult) -> Table:
    table = _table("process", "peak memory", "processor time", right=2)
    for one in result.processes:
        _add(table, one.name, size(one.peak_mb), length(1000 * one.cpu_seconds))
    return table


def _levels(judged: Iterable[JudgedLevel]) -> Table:
    # The column of blame is left out of a pass, so that the table fits a narrow terminal.
    blamed = any(one.blame for one in judged)
    table = _table("verdict", "level", "expected", "got", *(["blame"] if blamed else []), right=0)
    for one in judged:
        status = Text(one.status, style=STYLES[one.status])
        _add(table, status, one.title, one.expected, one.got, *([one.blame or ""] if blamed else []))
    return table


def _more(judged: Iterable[JudgedLevel]) -> Text:
    """What else is to be said, once for all levels of which it is said."""
    titles: dict[tuple[str, ...], list[str]] = {}
    for one in judged:
        titles.setdefault(tuple(line for line in (one.why, *one.examples) if line), []).append(one.title)
    parts = [
        Text.assemble(("; ".join(some), "bold"), *(f"\n     {line}" for line in lines))
        for lines, some in titles.items()
    ]
    return Text("\n").join(parts)


def _ending(verdict: LoadVerdict, reports: Mapping[str, Path]) -> Text:
    text = Text.assemble(
        ("load        ", "bold"),
        verdict.result.title,
        ("\nlimit       ", "bold"),
        verdict.bottleneck.sentence,
        ("\nverdict     ", "bold"),
        (verdict.status, STYLES[verdict.status]),
        f"  {summary(verdict)}",
        ("\nseed        ", "bold"),
        str(verdict.result.seed),
    )
    for name, path in reports.items():
        text.append(f"\n{name:<12}", style="bold").append(str(path))
    return text
