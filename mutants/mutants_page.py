"""The generated page docs/mutants.md."""

from collections.abc import Sequence

from catalogue import DEFAULT_PROVIDER, ROOT, Mutant, Trial
from trial_runs import FailedCheck, TrialResult, killing_checks

PAGE = ROOT / "docs" / "mutants.md"

_HEAD = """\
# Mutation tests of the judge

Audience: users who ask whether Sendproof finds defects. A verdict is only worth something if a wrong bridge fails. A
*mutant* is a copy of the reference bridge with one defect, of the kind that real bridges have. `make mutants` runs each
mutant, started exactly like the reference bridge, in the scenarios that expose the defect, and generates this page. See
also [how to write a mutant](../mutants/README.md).

"Killed by" is the requirement, the check, and the cause that the check reported, which must name the defect. "And by"
are other checks that failed as a consequence.

"""


def page(references: Sequence[TrialResult], results: Sequence[tuple[Mutant, Sequence[TrialResult]]]) -> str:
    """Return the page. It has no times or measurements, so the same results give the same page."""
    rows = ["| mutant | defect | scenarios | killed by | and by |", "|---|---|---|---|---|"]
    rows += [_row(mutant, trial_results) for mutant, trial_results in results]
    reference_rows = ["| scenario | the reference bridge |", "|---|---|"]
    reference_rows += [f"| {_link(result.trial)} | {result.verdict} |" for result in references]
    return _HEAD + "\n".join([*rows, "", "The reference bridge, in the same scenarios:", "", *reference_rows, ""])


def _row(mutant: Mutant, results: Sequence[TrialResult]) -> str:
    killing = killing_checks(mutant, results)
    others = {
        (failed.number, failed.check) for result in results for failed in result.failed if failed.check != mutant.check
    }
    cells = (
        f"`{mutant.name}`",
        mutant.defect,
        ", ".join(map(_link, mutant.trials)),
        _killed_by(mutant, killing[0]) if killing else "**nothing**",
        ", ".join(f"{number} `{check}`" for number, check in sorted(others)),
    )
    return f"| {' | '.join(cells)} |"


def _killed_by(mutant: Mutant, failed: FailedCheck) -> str:
    cause = next(cause for cause in failed.causes if cause.startswith(mutant.cause))
    return f"{failed.number} `{failed.check}`: {cause}"


def _link(trial: Trial) -> str:
    provider = "" if trial.provider == DEFAULT_PROVIDER else f" ({trial.provider})"
    return f"[{trial.scenario.stem}](../{trial.scenario.relative_to(ROOT).as_posix()}){provider}"
