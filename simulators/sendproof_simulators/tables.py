"""Tables for a terminal, without folded or truncated identifiers.

A table that is too wide for the terminal becomes blocks, one for each row. Only free text wraps, between words.
"""

import textwrap
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.table import Table

from sendproof_simulators.output import echo
from sendproof_simulators.terminal import Terminal

_GAP = 2
# In a narrower terminal, several columns of wrapped text are hard to read.
_WIDE = 100
# In less room than this, the text of the last column would have a word a line.
_LEAST_TEXT = 28


def new_table(*columns: str) -> Table:
    """Return an empty table."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def print_table(table: Table) -> None:
    """Print a table or blocks on a terminal, and elsewhere each row as one line with tabs, for grep and cut."""
    console = Terminal()
    columns = [[str(cell) for cell in (column.header, *column.cells)] for column in table.columns]
    rows = [*zip(*columns, strict=True)]
    if not console.is_terminal:
        for row in rows:
            echo("\t".join(row))
    elif fits(columns, console.width):
        for column, cells in zip(table.columns, columns, strict=True):
            column.min_width = _longest_word(cells)
        console.print(table)
    else:
        for line in blocks(rows, console.width):
            console.print(line, soft_wrap=True)


def fits(columns: Sequence[Sequence[str]], width: int) -> bool:
    """Return True if a table of these columns, each with its header, needs no folded word in this width.

    In a narrow terminal, only the last column may wrap at all.
    """
    gaps = _GAP * (len(columns) - 1)
    whole = [max(map(cell_len, cells)) for cells in columns]
    if sum(whole) + gaps <= width:
        return True
    if width >= _WIDE:
        return sum(map(_longest_word, columns)) + gaps <= width
    room = width - sum(whole[:-1]) - gaps
    return room >= max(_LEAST_TEXT, _longest_word(columns[-1]))


def blocks(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Yield the lines of one block for each row below the header; empty cells and repeated names are left out."""
    header, *records = rows
    names, last = max(map(len, header)), ""
    room = max(_LEAST_TEXT, width - names - 2 * _GAP)
    for number, (heading, *cells) in enumerate(records):
        if heading:
            yield from ["", heading] if number else [heading]
            last = ""
        for name, cell in zip(header[1:], cells, strict=True):
            for text in textwrap.wrap(cell, room, break_long_words=False, break_on_hyphens=False):
                yield f"{' ' * _GAP}{'' if name == last else name:<{names}}{' ' * _GAP}{text}"
                last = name


def _longest_word(cells: Sequence[str]) -> int:
    return max((cell_len(word) for cell in cells for word in cell.split()), default=0)
