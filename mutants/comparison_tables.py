"""The tables of `comparisons.json` in docs/compare.md and docs/invariants.md."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from catalogue import ROOT, catalogue
from comparison_results import ComparedRow, ComparisonResults, InvariantRow
from sendproof_harness.comparison.invariants import INVARIANTS

COMPARE_PAGE, INVARIANTS_PAGE = ROOT / "docs" / "compare.md", ROOT / "docs" / "invariants.md"
_BEGIN, _END = "<!-- table: {name} -->\n", "<!-- end of table -->\n"


def write_tables(results: ComparisonResults) -> None:
    """Replace the tables in both pages."""
    for page, name in ((COMPARE_PAGE, "compare"), (INVARIANTS_PAGE, "invariants")):
        page.write_text(with_table(page, name, results), "utf-8")


def with_table(page: Path, name: str, results: ComparisonResults) -> str:
    """Return the content of a page with its current table."""
    table = _compared_table(results.compared) if name == "compare" else _invariants_table(results.invariants)
    begin = _BEGIN.format(name=name)
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(_END), re.DOTALL)
    return pattern.sub(lambda _: f"{begin}\n{table}\n{_END}", page.read_text("utf-8"))


def _compared_table(rows: Sequence[ComparedRow]) -> str:
    defects = {mutant.name: mutant.defect for mutant in catalogue()}
    heads = ("bridge B", "verdict", "recipients", "statements", "calls", "open", "first difference, or new cause")
    return _table(heads, [_compared_cells(row, defects) for row in rows])


def _compared_cells(row: ComparedRow, defects: Mapping[str, str]) -> Sequence[str]:
    wrong = [counts for standing, counts in row.differences.items() if standing != "allowed"]
    counts = (sum(of_standing.get(area, 0) for of_standing in wrong) for area in ("recipient", "statement", "call"))
    name = f"`{row.bridge}`: {defects[row.bridge]}" if row.bridge in defects else row.bridge
    shown = row.example or next(iter(row.causes), "") or (row.not_compared and f"not compared: {row.not_compared}")
    cells = [name, row.verdict, *map(str, counts), str(sum(row.differences["allowed"].values())), shown or "none"]
    return [_cell(cell) for cell in cells]


def _invariants_table(rows: Sequence[InvariantRow]) -> str:
    defects = {mutant.name: mutant.defect for mutant in catalogue()}
    bridges = list(dict.fromkeys(row.bridge for row in rows if row.bridge not in defects))
    results = {(row.bridge, row.invariant): row for row in rows}
    breaking = {row.invariant: row for row in rows if row.bridge in defects}
    heads = ("invariant", *bridges, "mutant that breaks it", "its verdict without a change", "first difference")
    table = []
    for invariant in INVARIANTS:
        correct = [results.get((bridge, invariant.name)) for bridge in bridges]
        mutant = breaking.get(invariant.name)
        table.append(
            [
                f"`{invariant.name}`",
                *(row.result if row is not None else "" for row in correct),
                "" if mutant is None else _cell(f"`{mutant.bridge}`: {defects[mutant.bridge]}"),
                "" if mutant is None else mutant.verdict,
                "" if mutant is None else _cell(mutant.example or mutant.reason),
            ]
        )
    return _table(heads, table)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |\n" for cells in (heads, *rows)]
    return "".join([lines[0], f"|{'---|' * len(heads)}\n", *lines[1:]])
