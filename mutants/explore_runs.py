"""`python mutants --explore`: search for each mutant, and write how many runs that took to docs/explore.md.

`sendproof explore` knows nothing about the defect: it generates scenarios until one fails. Like a vendor, it names the
provider and the types of messages of the bridge. The results are in `explored.json`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from catalogue import ALL_PROVIDERS, DEFAULT_PROVIDER, HERE, ROOT, Mutant, Trial, catalogue
from mutant_table import MutantTable, run_json
from sendproof_harness.judge.checks import CHECKS
from sendproof_harness.scenario.load import load_scenarios

#: The budget of a search.
RUNS = 64
_STEPS = (1, 2, 4, 8, 16, 32, RUNS)
# An interrupted run has then searched for mutants of all kinds: the names of similar ones begin with the same word.
_STRIDE = 10
_SEARCH_S = 7_200.0
_SMS = "sms"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploredMutant:
    """The search for a mutant: the runs until one failed, with the requirements that failed; none if none did."""

    digest: str
    runs: int
    requirements: tuple[str, ...]
    cause: str


def searched(mutants: Sequence[Mutant]) -> list[Mutant]:
    """Return the mutants that a scenario can find, every tenth one first."""
    found = [
        mutant
        for mutant in mutants
        if mutant.program == "bridge" and mutant.level == "fail" and all(t.command == "run" for t in mutant.trials)
    ]
    return [mutant for start in range(_STRIDE) for mutant in found[start::_STRIDE]]


def _explored(mutant: Mutant, folder: Path) -> ExploredMutant:
    words = ["explore", "--runs", str(RUNS), "--shrink-budget", "0", "--results", str(folder / "results"), "--json"]
    return _of_record(mutant, run_json([*words, *_of_vendor(mutant.trials[0])], folder, _SEARCH_S))


def _of_vendor(trial: Trial) -> list[str]:
    """Return the options of a vendor whose bridge sends what the scenario contains."""
    is_of_one = trial.provider not in {ALL_PROVIDERS, DEFAULT_PROVIDER}
    channels = [channel for scenario in load_scenarios(trial.scenario) for channel in scenario.channels]
    messages = sorted({channel.message for channel in channels} - {_SMS})
    options = ["--provider", trial.provider] if is_of_one else []
    return [*options, *(word for message in messages for word in ("--message", message))]


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
    """Return the tables of the page: how soon defects are found, of which requirements, and which are not."""
    mutants = {mutant.name: mutant for mutant in catalogue()}
    known = {name: row for name, row in results.items() if name in mutants}
    missed = [name for name, row in sorted(known.items()) if not row.requirements]
    lines = [
        *("| runs | defects found |", "|---|---|"),
        *(f"| {runs} | {_share(_found(known.values(), runs), len(known))} |" for runs in _STEPS),
        *("", "| requirement | defects | found | runs: median | most |", "|---|---|---|---|---|"),
        *_by_requirement(known, mutants),
        "",
        f"Not found in {RUNS} runs:",
        "",
        *(f"* `{name}`: {mutants[name].defect}" for name in missed),
    ]
    return "\n".join(lines if known else []) + "\n"


def _found(rows: Iterable[ExploredMutant], runs: int = RUNS) -> int:
    return sum(bool(row.requirements) and row.runs <= runs for row in rows)


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})"


def _by_requirement(rows: Mapping[str, ExploredMutant], mutants: Mapping[str, Mutant]) -> Iterator[str]:
    """Yield a row for each requirement that names defects which were searched for."""
    groups: dict[str, list[ExploredMutant]] = {}
    for name, row in rows.items():
        groups.setdefault(mutants[name].check, []).append(row)
    for check in CHECKS:
        if group := groups.get(check.id):
            runs = [row.runs for row in group if row.requirements]
            figures = f"{median(runs):g} | {max(runs)}" if runs else "|"
            yield f"| {check.requirement.number} {check.title} | {len(group)} | {len(runs)} | {figures} |"


EXPLORED_MUTANTS = MutantTable(
    file=HERE / "explored.json",
    page=ROOT / "docs" / "explore.md",
    begin="<!-- table: python mutants --explore -->\n",
    parsed=lambda line: ExploredMutant(**{**line, "requirements": tuple(line["requirements"])}),
    markdown=table,
    measured=_explored,
)
