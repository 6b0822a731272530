"""What the doctor found, as a table for people and as JSON for programs."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sendproof_harness.preflight.results import PreflightResult, Status, worst_status

Found = Sequence[tuple[str, PreflightResult]]

_STYLE: Mapping[Status, str] = {"ok": "green", "wrong": "bold red", "unknown": "yellow"}


def results_json(found: Found) -> str:
    """JSON: what all adds up to, and every result."""
    results = [{"examination": name, **asdict(result)} for name, result in found]
    return json.dumps({"standing": worst_status(result for _, result in found), "results": results}, indent=2)


def print_results(found: Found) -> None:
    """A line for each thing; what is not as it should be is explained below it."""
    console = Console(highlight=False)
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("", "examined", "found"):
        table.add_column(column, overflow="fold")
    for _, result in found:
        table.add_row(Text(result.standing, _STYLE[result.standing]), Text(result.about), Text(result.got))
    console.print(table)
    for _, result in found:
        if result.standing != "ok":
            _explain(console, result)
    counts = Counter(result.standing for _, result in found)
    told = ", ".join(f"{counts[standing]} {standing}" for standing in _STYLE if counts[standing])
    console.print(f"\n{told}", style=_STYLE[worst_status(result for _, result in found)], markup=False)


def _explain(console: Console, result: PreflightResult) -> None:
    console.print(f"\n{result.standing}: {result.about}", style=_STYLE[result.standing], markup=False)
    console.print(
        f"  expected {result.expected}\n  got      {result.got}\n  to do    {result.todo}\n  whose    {result.blame}",
        markup=False,
        soft_wrap=True,
    )
