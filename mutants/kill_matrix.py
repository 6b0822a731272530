"""The kill matrix: which requirements a mutant violates, by the last run of each mutant.

`kill_matrix.json` has one line per mutant, so that changes of different mutants merge. A run of some mutants replaces
their lines only.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from catalogue import HERE, Mutant
from trial_runs import FailedCheck, TrialResult, killing_checks

FILE = HERE / "kill_matrix.json"
SURVIVED = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The result of one mutant's last run.

    `digest` is the mutant's own at that time. `requirement` and `cause` name the defect; both are empty if it survived.
    `failed` has the numbers of all requirements that were not met, with this one.
    """

    digest: str
    requirement: str
    cause: str
    failed: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KillMatrix:
    """Mutants by name, and the verdicts of the reference bridge in the same trials, by the name of the trial."""

    mutants: Mapping[str, Kill]
    references: Mapping[str, str]

    def updated(self, other: "KillMatrix", mutants: Sequence[Mutant]) -> "KillMatrix":
        """Return the matrix with the results of a newer run, and without what `mutants` no longer contain."""
        names = {mutant.name for mutant in mutants}
        trials = {trial.name for mutant in mutants for trial in mutant.trials}
        kills, verdicts = {**self.mutants, **other.mutants}, {**self.references, **other.references}
        return KillMatrix(
            mutants={name: kills[name] for name in sorted(kills) if name in names},
            references={name: verdicts[name] for name in sorted(verdicts) if name in trials},
        )

    def killed(self) -> Counter[str]:
        """Return the number of mutants that each requirement kills, alone or with others."""
        return Counter(number for kill in self.mutants.values() for number in kill.failed)

    def killed_alone(self) -> Counter[str]:
        """Return the number of mutants that would survive without the requirement."""
        return Counter(kill.failed[0] for kill in self.mutants.values() if len(kill.failed) == 1)


def kill_of(mutant: Mutant, results: Sequence[TrialResult]) -> Kill:
    """Return the result of a mutant from the results of its trials."""
    killing = killing_checks(mutant, results)
    failed = {check.number for result in results for check in result.failed}
    failed |= {check.number for check in killing}
    return Kill(
        digest=mutant.digest,
        requirement=killing[0].number if killing else SURVIVED,
        cause=_cause(mutant, killing[0]) if killing else SURVIVED,
        failed=sorted(failed),
    )


def _cause(mutant: Mutant, check: FailedCheck) -> str:
    return next(cause for cause in check.causes if cause.startswith(mutant.cause))


def read(file: Path = FILE) -> KillMatrix:
    """Read the matrix; it is empty if there is no file."""
    if not file.exists():
        return KillMatrix(mutants={}, references={})
    content = json.loads(file.read_text("utf-8"))
    mutants = {name: Kill(**kill) for name, kill in content["mutants"].items()}
    return KillMatrix(mutants=mutants, references=content["references"])


def write(matrix: KillMatrix, file: Path = FILE) -> None:
    """Write the matrix, one line per mutant and per trial of the reference bridge."""
    mutants = _lines({name: asdict(kill) for name, kill in matrix.mutants.items()})
    references = _lines(matrix.references)
    file.write_text(f'{{\n"mutants": {{\n{mutants}\n}},\n"references": {{\n{references}\n}}\n}}\n', "utf-8")


def _lines(values: Mapping[str, object]) -> str:
    return ",\n".join(
        f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in sorted(values.items())
    )
