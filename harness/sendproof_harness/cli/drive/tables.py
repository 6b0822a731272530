"""Tables and facts for a terminal, without folded or truncated identifiers.

A table that is too wide for the terminal becomes blocks, one for each row. Only the free text of a row, its last
column, is wrapped between words.
"""

import textwrap
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console

from sendproof_harness.output import visible
from sendproof_harness.terminal import Text

_GAP = "  "
# In less room than this, a text is printed below its row instead of next to it.
_LEAST_TEXT_WIDTH = 28
_LONGEST_NUMBER = len("10,000,000")


def print_table(
    console: Console, columns: Sequence[str], rows: Iterable[Sequence[str]], *, text: str | None = None
) -> None:
    """Print rows with a cell for each column. `text` names one more column, the last, with free text."""
    table = [[visible(cell) for cell in row] for row in rows]
    widths = [max(cell_len(name), *(cell_len(row[at]) for row in table), 0) for at, name in enumerate(columns)]
    used = sum(widths) + len(_GAP) * len(widths)
    if used - len(_GAP) > console.width:
        _print_blocks(console, [*columns, *([] if text is None else [text])], table)
        return
    room = console.width - used
    is_beside = text is not None and room >= _LEAST_TEXT_WIDTH
    signs = [-1 if _is_numeric(row[at] for row in table) else 1 for at in range(len(columns))]
    aligned = [sign * width for sign, width in zip(signs, widths, strict=True)]
    _print_line(console, _line(columns, aligned, text or "" if is_beside else ""), "dim")
    for row in table:
        words = row[len(columns)] if len(row) > len(columns) else ""
        first, *more = _wrapped(words, room) if is_beside else ["", *_wrapped(words, console.width - len(_GAP))]
        _print_line(console, _line(row, aligned, first))
        print_lines(console, ((" " * used if is_beside else _GAP) + part for part in more if part))


def print_facts(console: Console, facts: Iterable[tuple[str, str]]) -> None:
    """Print names with their values, one below the other. Facts without a value are left out."""
    known = [(name, visible(value)) for name, value in facts if value]
    width = max((cell_len(name) for name, _ in known), default=0)
    for name, value in known:
        first, *more = value.split("\n")
        print_lines(console, [name.ljust(width) + _GAP + first, *(" " * (width + len(_GAP)) + part for part in more)])


def print_heading(console: Console, text: str) -> None:
    """Print the heading of a part, after an empty line."""
    _print_line(console, "")
    _print_line(console, text, "bold")


def print_lines(console: Console, lines: Iterable[str]) -> None:
    """Print lines as they are, however wide."""
    for line in lines:
        _print_line(console, line)


def time_text(instant: str | None) -> str:
    """Return an instant of the control API to the second, as `2026-03-02T09:00:00Z`; empty for None."""
    return "" if instant is None else f"{instant[:19]}Z"


def _print_blocks(console: Console, names: Sequence[str], table: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(table):
        if number:
            _print_line(console, "")
        print_facts(console, zip(names, row, strict=False))


def _is_numeric(cells: Iterable[str]) -> bool:
    """Return True for a column of numbers, which are aligned on the right; longer digits are identifiers."""
    return all(len(cell) <= _LONGEST_NUMBER and cell.replace(",", "").isdigit() for cell in cells if cell)


def _line(cells: Sequence[str], widths: Sequence[int], text: str) -> str:
    """Return one line; a negative width aligns its cell on the right."""
    padded = [
        cell + " " * (width - cell_len(cell)) if width > 0 else " " * (-width - cell_len(cell)) + cell
        for cell, width in zip(cells, widths, strict=False)
    ]
    return _GAP.join([*padded, text]).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(width, _LEAST_TEXT_WIDTH), break_long_words=False, break_on_hyphens=False) or [""]


def _print_line(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), soft_wrap=True)
