"""Output of preflight results: a table for people, JSON for programs."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from sendproof_harness.preflight.results import PreflightResult, Status, worst_status
from sendproof_harness.terminal import Terminal, Text

#: Each result with the name of its check.
NamedResults = Sequence[tuple[str, PreflightResult]]

_STYLE: Mapping[Status, str] = {"ok": "green", "wrong": "bold red", "unknown": "yellow"}


def results_json(results: NamedResults) -> str:
    """Return the overall status and all results as JSON."""
    content = [{"check": check, **asdict(result)} for check, result in results]
    return json.dumps({"status": worst_status(result for _, result in results), "results": content}, indent=2)


def print_results(results: NamedResults) -> None:
    """Print one line for each result, then the details of those that are not ok."""
    console = Terminal()
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("", "checked", "found"):
        table.add_column(column, overflow="fold")
    for _, result in results:
        table.add_row(Text(result.status, _STYLE[result.status]), Text(result.subject), Text(result.got))
    console.print(table)
    for _, result in results:
        if result.status != "ok":
            _print_details(console, result)
    counts = Counter(result.status for _, result in results)
    summary = ", ".join(f"{counts[status]} {status}" for status in _STYLE if counts[status])
    console.print(f"\n{summary}", style=_STYLE[worst_status(result for _, result in results)], markup=False)


def _print_details(console: Console, result: PreflightResult) -> None:
    console.print(f"\n{result.status}: {result.subject}", style=_STYLE[result.status], markup=False)
    console.print(
        f"  expected {result.expected}\n  got      {result.got}\n  action   {result.action}\n  blame    {result.blame}",
        markup=False,
        soft_wrap=True,
    )
