"""Text report of a load test for a terminal, on one screen."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table

from sendproof_harness.history.wording import counted
from sendproof_harness.load.analysis.generator_limit import limit_of
from sendproof_harness.load.formatting import UP, format_duration, format_rate, format_size, join_names
from sendproof_harness.load.model import Latency, LoadResult
from sendproof_harness.load.report.summary import summary
from sendproof_harness.load.verdict import CHECK, JudgedLevel, LoadVerdict
from sendproof_harness.report.text import STYLES
from sendproof_harness.terminal import Text


def print_load_verdict(verdict: LoadVerdict, console: Console, reports: Mapping[str, Path] | None = None) -> None:
    """Print measurements, levels, bottleneck, verdict, and the paths of the reports."""
    for part in _parts(verdict):
        console.print(Padding(part, (0, 0, 1, 0), expand=False))
    console.print(Padding(_conclusion(verdict, reports or {}), (0, 0, 0, 1), expand=False))


def _parts(verdict: LoadVerdict) -> Iterable[RenderableType]:
    result = verdict.result
    if result.stages:
        yield _stages(result)
    if result.latencies:
        yield _latencies(result)
    if result.processes:
        yield _processes(result)
    if verdict.levels:
        yield _levels(verdict.levels)
    detailed = [level for level in verdict.levels if level.why or level.examples]
    if detailed:
        yield Padding(_details(detailed), (0, 0, 0, 1), expand=False)


def _table(*columns: str, right: int) -> Table:
    """Return an empty table with `right` columns of numbers at its end."""
    table = Table(box=None, pad_edge=True, header_style="dim")
    for index, column in enumerate(columns):
        # Names are those of thresholds and files, so they are never folded. The head of numbers is never cut off.
        is_number = index >= len(columns) - right
        table.add_column(
            column,
            justify="right" if is_number else "left",
            no_wrap=index == 0,
            min_width=len(column) if is_number else None,
        )
    return table


def _add(table: Table, *cells: str | Text) -> None:
    """Add a row without interpreting square brackets as markup."""
    table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))


def _stages(result: LoadResult) -> Table:
    table = _table("stage", "count", "duration", "per second", right=3)
    for stage in result.stages:
        duration = format_duration(1000 * stage.seconds)
        _add(table, stage.name, counted(stage.count, stage.unit), duration, format_rate(stage.per_second))
    return table


def _latencies(result: LoadResult) -> Table:
    table = _table("latency", "count", "failed", "p50", "p90", "p95", "p99", "longest", right=7)
    table.caption, table.caption_justify = Text(f" {_since(result.latencies)}"), "left"
    for latency in result.latencies:
        values = (latency.p50, latency.p90, latency.p95, latency.p99, latency.longest)
        times = [format_duration(value, UP) for value in values] if latency.count else []
        _add(table, latency.name, f"{latency.count:,}", f"{latency.failed:,}", *times)
    return table


def _since(latencies: Sequence[Latency]) -> str:
    """Return from when the latencies count. A column for it would not fit a terminal of 80 columns."""
    planned = [latency.name for latency in latencies if latency.since == "the intended start"]
    if not planned:
        return "since the request"
    return f"{join_names(planned)}: since the intended start; others: since the request"


def _processes(result: LoadResult) -> Table:
    table = _table("process", "peak memory", "processor time", right=2)
    for process in result.processes:
        cpu_time = format_duration(1000 * process.cpu_seconds)
        _add(table, process.name, format_size(process.peak_mb), cpu_time)
    return table


def _levels(levels: Sequence[JudgedLevel]) -> Table:
    """Return the levels, with the checks of the history that pass as one row: a pass fits one screen."""
    passed = [level for level in levels if level.id.startswith(CHECK) and level.status == "pass"]
    # Without the column of blame, the table of a pass fits a narrow terminal.
    has_blame = any(level.blame for level in levels)
    table = _table("verdict", "level", "expected", "got", *(["blame"] if has_blame else []), right=0)
    for level in (*(level for level in levels if level not in passed), *_passed_checks(passed)):
        status = Text(level.status, style=STYLES[level.status])
        blame = [level.blame or ""] if has_blame else []
        _add(table, status, level.title, level.expected, level.got, *blame)
    return table


def _passed_checks(passed: Sequence[JudgedLevel]) -> Iterable[JudgedLevel]:
    if passed:
        title = f"{counted(len(passed), 'checks')} of the history"
        yield JudgedLevel(id=CHECK, title=title, status="pass", expected="no findings", got="none")


def _details(levels: Iterable[JudgedLevel]) -> RenderableType:
    """Return the details of levels, once for all levels with the same details."""
    titles: dict[tuple[str, ...], list[str]] = {}
    for level in levels:
        titles.setdefault(tuple(line for line in (level.why, *level.examples) if line), []).append(level.title)
    parts = [
        Text.assemble(("; ".join(shared), "bold"), *(f"\n     {line}" for line in lines))
        for lines, shared in titles.items()
    ]
    return Text("\n").join(parts)


def _conclusion(verdict: LoadVerdict, reports: Mapping[str, Path]) -> Text:
    limit = limit_of(verdict.result)
    text = Text.assemble(
        ("load        ", "bold"),
        verdict.result.title,
        ("\nbottleneck  ", "bold"),
        verdict.bottleneck.sentence,
        *([] if limit is None else [("\ngenerator   ", "bold"), limit.sentence]),
        ("\nverdict     ", "bold"),
        (verdict.status, STYLES[verdict.status]),
        f"  {summary(verdict)}",
        ("\nseed        ", "bold"),
        str(verdict.result.seed),
    )
    for name, path in reports.items():
        text.append(f"\n{name:<12}", style="bold").append(str(path))
    return text
