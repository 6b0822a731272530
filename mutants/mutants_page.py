"""The generated page docs/mutants.md."""

from collections.abc import Mapping, Sequence

from catalogue import DEFAULT_PROVIDER, ROOT, Mutant, Trial
from explore_runs import ExploredMutant
from kill_matrix import SURVIVED, Kill, KillMatrix
from sendproof_harness.judge.checks import CHECKS

PAGE = ROOT / "docs" / "mutants.md"
TITLES = {check.requirement.number: f"{check.title} (`{check.id}`)" for check in CHECKS}
NUMBERS = sorted(TITLES)

_HEAD = """\
# Mutation tests of the judge

Audience: users who ask whether Sendproof finds defects. A verdict is only worth something if a wrong bridge fails. A
*mutant* is a copy of the reference bridge with one defect, of the kind that real bridges have. `make mutants` runs each
mutant, started exactly like the reference bridge, in the scenarios that expose the defect, and generates this page. See
also [how to write a mutant](../mutants/README.md).

* [Requirements](#requirements)
* [Mutants](#mutants)
* [Kill matrix](#kill-matrix)
* [Reference bridge](#reference-bridge)

## Requirements

A requirement *kills* a mutant if its check fails. It kills the mutant *alone* if no other check fails: without the
requirement, that defect would pass.

"""
_MUTANTS = """
## Mutants

"Killed by" is the requirement that names the defect, and the cause that its check reported. The last column is the
number of scenarios that [`sendproof explore`](explore.md#what-the-search-finds) generated until one failed, and what
failed in it.

"""
_MATRIX = """
## Kill matrix

`#` is the requirement that names the defect, `o` another one that failed as a consequence. The numbers of the
requirements are written downwards. [kill_matrix.json](../mutants/kill_matrix.json) has the same for programs.

"""
_REFERENCE = """
## Reference bridge

The reference bridge runs in the same scenarios, and must pass.

"""


def page(matrix: KillMatrix, mutants: Sequence[Mutant], explored: Mapping[str, ExploredMutant]) -> str:
    """Return the page. It has no times or measurements, so the same results give the same page."""
    kills = {mutant.name: matrix.mutants[mutant.name] for mutant in mutants if mutant.name in matrix.mutants}
    return "".join(
        [
            _HEAD,
            _requirements(matrix),
            _MUTANTS,
            _mutants(kills, mutants, explored),
            _MATRIX,
            _matrix(kills),
            _REFERENCE,
            _references(matrix),
        ]
    )


def _requirements(matrix: KillMatrix) -> str:
    killed, alone = matrix.killed(), matrix.killed_alone()
    rows = [(number, TITLES[number], str(killed[number]), str(alone[number])) for number in NUMBERS]
    return _table(("requirement", "title", "kills", "alone"), rows)


def _mutants(kills: Mapping[str, Kill], mutants: Sequence[Mutant], explored: Mapping[str, ExploredMutant]) -> str:
    rows = [
        (
            f"`{mutant.name}`",
            mutant.defect,
            _links(mutant),
            _killed_by(mutant, kills[mutant.name]),
            _search(explored.get(mutant.name)),
        )
        for mutant in mutants
        if mutant.name in kills
    ]
    return _table(("mutant", "defect", "scenarios", "killed by", "explore"), rows)


def _search(explored: ExploredMutant | None) -> str:
    if explored is None:
        return ""
    return (
        f"{explored.runs}: {', '.join(explored.requirements)}" if explored.requirements else f"not in {explored.runs}"
    )


def _killed_by(mutant: Mutant, kill: Kill) -> str:
    return "**nothing**" if kill.requirement == SURVIVED else f"{kill.requirement} `{mutant.check}`: {kill.cause}"


def _links(mutant: Mutant) -> str:
    return ", ".join(map(_link, mutant.trials))


def _link(trial: Trial) -> str:
    provider = "" if trial.provider == DEFAULT_PROVIDER else f" ({trial.provider})"
    command = "" if trial.command == "run" else f"`sendproof {trial.command}`: "
    return f"{command}[{trial.scenario.stem}](../{trial.scenario.relative_to(ROOT).as_posix()}){provider}"


def _matrix(kills: Mapping[str, Kill]) -> str:
    width = max(map(len, kills), default=0)
    heads = [f"{'':{width}}  {' '.join(digits)}" for digits in zip(*(number[1:] for number in NUMBERS), strict=True)]
    rows = [f"{name:{width}}  {' '.join(_mark(kill, number) for number in NUMBERS)}" for name, kill in kills.items()]
    return "\n".join(["```text", *heads, *rows, "```", ""])


def _mark(kill: Kill, number: str) -> str:
    return "#" if number == kill.requirement else "o" if number in kill.failed else "."


def _references(matrix: KillMatrix) -> str:
    return _table(("scenario", "verdict"), list(matrix.references.items()))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |\n" for cells in (heads, *rows)]
    return "".join([lines[0], f"|{'---|' * len(heads)}\n", *lines[1:]])
