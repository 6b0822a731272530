"""`python mutants --explore`: search for each mutant, and write how many runs that took to docs/explore.md.

`sendproof explore` knows nothing about the defect: it generates scenarios until one fails. The results are in
`explored.json`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from catalogue import HERE, ROOT, Mutant
from mutant_table import MutantTable, run_json

#: The budget of a search.
RUNS = 64
#: Without names, every tenth defect is searched for.
_EVERY = 10
_SEARCH_S = 7_200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploredMutant:
    """The search for a mutant: the runs until one failed, with the requirements that failed; none if none did."""

    digest: str
    runs: int
    requirements: tuple[str, ...]
    cause: str


def sample(mutants: Sequence[Mutant]) -> list[Mutant]:
    """Return every tenth mutant of those that `sendproof run` can find: defects of the bridge."""
    found = [
        mutant
        for mutant in mutants
        if mutant.program == "bridge" and mutant.level == "fail" and all(t.command == "run" for t in mutant.trials)
    ]
    return found[::_EVERY]


def _explored(mutant: Mutant, folder: Path) -> ExploredMutant:
    words = ["explore", "--runs", str(RUNS), "--shrink-budget", "0", "--results", str(folder / "results"), "--json"]
    return _of_record(mutant, run_json(words, folder, _SEARCH_S))


def _of_record(mutant: Mutant, record: Mapping[str, Any]) -> ExploredMutant:
    failed = next((run for run in record["not_passed"] if run["status"] == "fail"), None)
    failures = [] if failed is None else failed["failures"]
    return ExploredMutant(
        digest=mutant.digest,
        runs=record["runs"] if failed is None else failed["seed"] - record["first_seed"] + 1,
        requirements=tuple(dict.fromkeys(failure["requirement"] for failure in failures)),
        cause=failures[0]["cause"] if failures else "",
    )


def table(results: Mapping[str, ExploredMutant]) -> str:
    """Return the table of the page, and a sentence about it."""
    found = [row.runs for row in results.values() if row.requirements]
    if not results:
        return ""
    lines = ["| defect | runs | failed | first cause |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {row.runs if row.requirements else f'not in {row.runs}'} | "
        f"{', '.join(row.requirements)} | {_cell(row.cause)} |"
        for name, row in sorted(results.items())
    ]
    middle = f", in the median after {median(found):g} runs" if found else ""
    return "\n".join([*lines, "", f"{len(found)} of {len(results)} defects were found{middle}."]) + "\n"


def _cell(cause: str) -> str:
    return cause.replace("|", "\\|")


EXPLORED_MUTANTS = MutantTable(
    file=HERE / "explored.json",
    page=ROOT / "docs" / "explore.md",
    begin="<!-- table: python mutants --explore -->\n",
    parsed=lambda line: ExploredMutant(**{**line, "requirements": tuple(line["requirements"])}),
    markdown=table,
    measured=_explored,
)
