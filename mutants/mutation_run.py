"""`make mutants`: show that each defect is found, and by the check that names it.

Every scenario is played against the reference bridge, which must pass, and against each mutant that it puts to the
test, which must not. Ends with status 0 when that is so, else 1. When all were played, docs/mutants.md is written anew.
"""

import argparse
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from catalogue import Mutant, Trial, build, catalogue
from mutants_page import PAGE, page
from trial_runs import Played, end_in_order, killers, play, simulators

console = Console()


def main() -> int:
    """Play, print, and write the page."""
    options = _options()
    end_in_order()
    mutants = [one for one in catalogue() if not options.only or one.name in options.only]
    references, results = _play(mutants, options.at_once)
    if not options.only:
        PAGE.write_text(page(references, results), encoding="utf-8")
    wrong = [f"the reference bridge in {one.trial.name}" for one in references if one.verdict != "pass"]
    wrong += [one.name for one, played in results if not killers(one, played)]
    console.print(_conclusion(len(mutants), wrong), markup=False, soft_wrap=True)
    return 1 if wrong else 0


def _play(mutants: Sequence[Mutant], at_once: int) -> tuple[list[Played], list[tuple[Mutant, list[Played]]]]:
    trials = dict.fromkeys(trial for one in mutants for trial in one.trials)
    with tempfile.TemporaryDirectory(prefix="sendproof-") as name, ThreadPoolExecutor(at_once) as pool:
        folder = Path(name)
        for mutant in mutants:
            build(mutant, folder / mutant.name)
        with simulators(folder) as url:
            references = pool.map(lambda one: _reference(one, folder, url), trials)
            results = pool.map(lambda one: _mutant(one, folder, url), mutants)
            return list(references), list(zip(mutants, results, strict=True))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python mutants", description="Show that the judge can fail.")
    parser.add_argument("only", nargs="*", metavar="MUTANT", help="play these only, and leave docs/mutants.md alone")
    parser.add_argument(
        "--at-once", type=int, default=2, metavar="N", help="how many runs share the machine; default 2"
    )
    options = parser.parse_args()
    unknown = set(options.only) - {one.name for one in catalogue()}
    if unknown:
        parser.error(f"no mutant is named {', '.join(sorted(unknown))}; mutants/catalogue has one file for each")
    return options


def _reference(trial: Trial, folder: Path, url: str) -> Played:
    played = play(trial, folder / "reference" / trial.name, url)
    _say("the reference bridge", [played], right=played.verdict == "pass")
    return played


def _mutant(mutant: Mutant, folder: Path, url: str) -> list[Played]:
    package = folder / mutant.name
    played = [play(trial, package / trial.name, url, package) for trial in mutant.trials]
    _say(mutant.name, played, right=bool(killers(mutant, played)))
    return played


def _say(name: str, played: Sequence[Played], *, right: bool) -> None:
    for one in played:
        said = ", ".join(f"{failed.number} {failed.check}" for failed in one.failed) or one.verdict
        lines = [f"{'  ' if right else '! '}{name} in {one.trial.name}: {said}"]
        if not right:
            lines += [f"      {failed.check}: {cause}" for failed in one.failed for cause in failed.causes]
        console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _conclusion(mutants: int, wrong: Sequence[str]) -> str:
    if not wrong:
        return f"All {mutants} mutants are killed by the check that names their defect; the reference bridge passes."
    return f"Not as it should be: {', '.join(wrong)}"
