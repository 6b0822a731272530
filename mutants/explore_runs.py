"""`python mutants --explore`: search for each mutant, and write how many runs that took to docs/explore.md.

`sendproof explore` knows nothing about the defect: it generates scenarios until one fails. The results are in
`explored.json`, one line for each mutant. A mutant whose line is up to date is left out, so an interrupted run goes on
where it was.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from catalogue import HERE, ROOT, Mutant, build
from sendproof_harness.run.processes import Child, Program, wait_until
from trial_runs import SENDPROOF, TrialError, cancelled_on_error

FILE = HERE / "explored.json"
PAGE = ROOT / "docs" / "explore.md"
BEGIN, END = "<!-- table: python mutants --explore -->\n", "<!-- end of the table -->\n"
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


def explore_mutants(mutants: Sequence[Mutant], at_once: int) -> Sequence[str]:
    """Search for the mutants, write results and page, and return what went wrong, by mutant."""
    known = read()
    left = [mutant for mutant in mutants if mutant.name not in known or known[mutant.name].digest != mutant.digest]
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="sendproof-") as name, cancelled_on_error(at_once) as pool:
        results = pool.map(lambda mutant: _explored_or_error(mutant, Path(name) / mutant.name), left)
        for mutant, result in zip(left, results, strict=True):
            if isinstance(result, str):
                wrong.append(f"{mutant.name}: {result}")
    write_page()
    return wrong


def _explored_or_error(mutant: Mutant, folder: Path) -> ExploredMutant | str:
    try:
        explored = _explored(mutant, folder)
    except TrialError as error:
        return str(error)
    # At once: the whole table takes hours on a busy machine.
    write({**read(), mutant.name: explored})
    return explored


def _explored(mutant: Mutant, folder: Path) -> ExploredMutant:
    build(mutant, folder)
    words = ["explore", "--runs", str(RUNS), "--shrink-budget", "0", "--results", str(folder / "results"), "--json"]
    log = folder / "explore.log"
    program = Program(
        name="explore", command=[*SENDPROOF, *words], log=log, environment={"PYTHONPATH": str(folder)}, folder=folder
    )
    with Child(program) as child:
        wait_until(lambda: child.exit_status is not None, _SEARCH_S)
        lines = child.output().splitlines()
    found = [line for line in lines if line.startswith("{")]
    if not found:
        raise TrialError(f"expected JSON within {_SEARCH_S:.0f} s, got\n" + "\n".join(lines[-15:]))
    return _of_record(mutant, json.loads(found[-1]))


def _of_record(mutant: Mutant, record: Mapping[str, Any]) -> ExploredMutant:
    failed = next((run for run in record["not_passed"] if run["status"] == "fail"), None)
    failures = [] if failed is None else failed["failures"]
    return ExploredMutant(
        digest=mutant.digest,
        runs=record["runs"] if failed is None else failed["seed"] - record["first_seed"] + 1,
        requirements=tuple(dict.fromkeys(failure["requirement"] for failure in failures)),
        cause=failures[0]["cause"] if failures else "",
    )


# -- results and page ------------------------------------------------------------------------------------


def read(file: Path = FILE) -> dict[str, ExploredMutant]:
    """Return the results by the name of the mutant; none without a file."""
    if not file.exists():
        return {}
    content = json.loads(file.read_text("utf-8"))
    return {
        name: ExploredMutant(**{**line, "requirements": tuple(line["requirements"])}) for name, line in content.items()
    }


def write(results: Mapping[str, ExploredMutant], file: Path = FILE) -> None:
    """Write the results, one line for each mutant."""
    lines = [f"  {json.dumps(name)}: {json.dumps(asdict(results[name]))}" for name in sorted(results)]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def write_page(file: Path = PAGE) -> None:
    """Replace the table of the page."""
    text = file.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    file.write_text(f"{before}{BEGIN}{table(read())}{END}{after}", encoding="utf-8")


def table(results: Mapping[str, ExploredMutant]) -> str:
    """Return the table of the page, and a sentence about it."""
    found = [one.runs for one in results.values() if one.requirements]
    if not results:
        return ""
    lines = ["| defect | runs | failed | first cause |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {one.runs if one.requirements else f'not in {one.runs}'} | "
        f"{', '.join(one.requirements)} | {_cell(one.cause)} |"
        for name, one in sorted(results.items())
    ]
    middle = f", in the median after {median(found):g} runs" if found else ""
    return "\n".join([*lines, "", f"{len(found)} of {len(results)} defects were found{middle}."]) + "\n"


def _cell(cause: str) -> str:
    return cause.replace("|", "\\|")
