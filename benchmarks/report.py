"""Tables of results: on the terminal, and with date and versions in docs/speed.md."""

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median

from rich.console import Console
from rich.table import Table

from revisions import ROOT

PAGE = ROOT / "docs" / "speed.md"
_LIBRARIES = ("uvicorn", "uvloop", "jsonschema-rs", "msgspec", "numpy", "SQLAlchemy", "locust")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One table: the head of its columns, its rows as text, and sentences below it. The first column is text."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = field(default=())


def print_sheet(sheet: Sheet, console: Console) -> None:
    """Print a table with its notes."""
    table = Table(*sheet.columns, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in sheet.rows:
        table.add_row(*row)
    console.print(table)
    for note in sheet.notes:
        console.print(note, highlight=False)
    console.print()


def markdown(sheet: Sheet) -> str:
    """Return a table with its notes as Markdown."""
    lines = [sheet.columns, ["---", *["---:"] * (len(sheet.columns) - 1)], *sheet.rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([table, *sheet.notes])


def write_section(name: str, sheets: Sequence[Sheet], command: str) -> None:
    """Replace the section `name` of the page, between its two comments, by tables with date, machine and versions."""
    content = "\n\n".join([f"`{command}`, {_circumstances()}:", *map(markdown, sheets)])
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    PAGE.write_text(pattern.sub(lambda _: f"{begin}\n\n{content}\n\n{end}", page), encoding="utf-8")


def _circumstances() -> str:
    line = ["git", "-C", str(ROOT), "rev-parse", "--short=10", "HEAD"]
    shown = subprocess.run(line, capture_output=True, text=True, check=True)
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    machine = f"{platform.system()} {platform.machine()} with {os.cpu_count()} processors"
    load = f"load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown load"
    today = datetime.now(UTC).date().isoformat()
    python = f"Python {platform.python_version()}"
    return f"{today}, revision {shown.stdout.strip()}, {python}, {libraries}, {machine}, {load}"


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Return `smallest / median / largest`, or the only value."""
    shown = [min(values), median(values), max(values)] if len(values) > 1 else list(values)
    return " / ".join(f"{value:,.{digits}f}" for value in shown)
