"""`make mutants`: show that the judge finds each defect, by the check that names it.

Each scenario runs with the reference bridge, which must pass, and with the mutants that it exposes, which must fail.
The exit status is 0 if they do, else 1. The results go into the kill matrix and docs/mutants.md.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

import kill_matrix
from catalogue import Mutant, Trial, build, catalogue
from explore_runs import EXPLORED_MUTANTS, searched
from kill_matrix import SURVIVED, KillMatrix, kill_of
from mutant_table import MutantTable
from mutants_page import PAGE, page
from shrink_runs import SHRUNK, SHRUNK_MUTANTS
from trial_runs import (
    TrialError,
    TrialResult,
    cancelled_on_error,
    exit_on_sigterm,
    killing_checks,
    run_trial,
    simulators,
)

console = Console()


def main() -> int:
    """Run the mutants, print the results, and write them. Return the exit status."""
    options = _options()
    exit_on_sigterm()
    every = catalogue()
    if options.shrink or options.explore:
        table = SHRUNK_MUTANTS if options.shrink else EXPLORED_MUTANTS
        names = options.only or (SHRUNK if options.shrink else [mutant.name for mutant in searched(every)])
        by_name = {mutant.name: mutant for mutant in every}
        return _fill(table, [by_name[name] for name in names], options.at_once)
    mutants = [] if options.page else [mutant for mutant in every if not options.only or mutant.name in options.only]
    results = _run_all(mutants, options.at_once)
    matrix = kill_matrix.read().updated(results, every)
    kill_matrix.write(matrix)
    _write_page()
    wrong = [f"the reference bridge in {name}" for name, verdict in results.references.items() if verdict != "pass"]
    wrong += [name for name, kill in results.mutants.items() if kill.requirement == SURVIVED]
    console.print(_conclusion(len(mutants), wrong), markup=False, soft_wrap=True)
    return 1 if wrong else 0


def _run_all(mutants: Sequence[Mutant], at_once: int) -> KillMatrix:
    trials = dict.fromkeys(trial for mutant in mutants for trial in mutant.trials)
    with tempfile.TemporaryDirectory(prefix="sendproof-") as name, cancelled_on_error(at_once) as pool:
        folder = Path(name)
        for mutant in mutants:
            build(mutant, folder / mutant.name)
        with simulators(folder) as url:
            references = pool.map(lambda trial: _run_reference(trial, folder, url), trials)
            results = pool.map(lambda mutant: _run_mutant(mutant, folder, url), mutants)
            return KillMatrix(
                references={trial.name: result.verdict for trial, result in zip(trials, references, strict=True)},
                mutants={
                    mutant.name: kill_of(mutant, of_mutant) for mutant, of_mutant in zip(mutants, results, strict=True)
                },
            )


def _fill(table: MutantTable[Any], mutants: Sequence[Mutant], at_once: int) -> int:
    """Fill the table of these mutants, print what went wrong, and return the exit status."""
    wrong = table.fill(mutants, at_once)
    for message in wrong:
        console.print(message, markup=False, highlight=False, soft_wrap=True)
    console.print(f"{len(mutants) - len(wrong)} of {len(mutants)} rows are up to date.")
    _write_page()
    return 1 if wrong else 0


def _write_page() -> None:
    PAGE.write_text(page(kill_matrix.read(), catalogue(), EXPLORED_MUTANTS.rows()), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python mutants", description="Run the mutants, and show which check finds each defect."
    )
    parser.add_argument("only", nargs="*", metavar="MUTANT", help="Mutants to run. Without names: all.")
    parser.add_argument("--at-once", type=int, default=2, metavar="N", help="Number of parallel runs. Default: 2.")
    parser.add_argument("--page", action="store_true", help="Run nothing; write docs/mutants.md from the kill matrix.")
    parser.add_argument(
        "--shrink",
        action="store_true",
        help="Shrink the failures of the mutants, and write the table of docs/shrink.md.",
    )
    parser.add_argument(
        "--explore",
        action="store_true",
        help="Search for the mutants with `sendproof explore`, and write the tables of docs/explore.md.",
    )
    options = parser.parse_args()
    unknown = set(options.only) - {mutant.name for mutant in catalogue()}
    if unknown:
        parser.error(f"MUTANT: expected names of files in mutants/catalogue, got {', '.join(sorted(unknown))}")
    return options


def _run_reference(trial: Trial, folder: Path, url: str) -> TrialResult:
    result = run_trial(trial, folder / "reference" / trial.name, url)
    _print_results("the reference bridge", [result], is_expected=result.verdict == "pass")
    return result


def _run_mutant(mutant: Mutant, folder: Path, url: str) -> list[TrialResult]:
    package = folder / mutant.name
    services = url if mutant.program == "bridge" else None
    results = []
    for trial in mutant.trials:
        try:
            results.append(run_trial(trial, package / trial.name, services, package))
        except TrialError as error:
            console.print(f"! {mutant.name}: {error}", markup=False, highlight=False, soft_wrap=True)
    _print_results(mutant.name, results, is_expected=bool(killing_checks(mutant, results)))
    return results


def _print_results(name: str, results: Sequence[TrialResult], *, is_expected: bool) -> None:
    for result in results:
        text = ", ".join(f"{failed.number} {failed.check}" for failed in result.failed) or result.verdict
        lines = [f"{'  ' if is_expected else '! '}{name} in {result.trial.name}: {text}"]
        if not is_expected:
            lines += [f"      {failed.check}: {cause}" for failed in result.failed for cause in failed.causes]
        console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _conclusion(mutants: int, wrong: Sequence[str]) -> str:
    if not mutants:
        return "The page was written from the kill matrix. No mutant ran."
    if not wrong:
        return f"The checks that name the defects killed all {mutants} mutants. The reference bridge passes."
    return f"Unexpected results: {', '.join(wrong)}"
