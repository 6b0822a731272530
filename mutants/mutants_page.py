"""docs/mutants.md: what the run showed, as a page."""

from collections.abc import Sequence

from catalogue import ROOT, USUAL_PROVIDER, Mutant, Trial
from trial_runs import Failed, Played, killers

PAGE = ROOT / "docs" / "mutants.md"

_HEAD = """\
# The judge can fail

For who asks whether Sendproof finds anything. A verdict is worth something only if a wrong bridge fails. A *mutant* is
a copy of the reference bridge with one defect, the kind that real bridges have. `make mutants` plays each of them,
started exactly as the reference bridge is, in the scenarios that put the defect to the test, and wrote this page. [How
a mutant is written](../mutants/README.md).

"Killed by" is the requirement, the check, and what the check said: it must name the defect. "And by" are other checks
that failed as a consequence.

"""


def page(references: Sequence[Played], results: Sequence[tuple[Mutant, Sequence[Played]]]) -> str:
    """The whole page. It holds no time and no figure of the machine, so the same run gives the same page."""
    rows = ["| mutant | defect | played in | killed by | and by |", "|---|---|---|---|---|"]
    rows += [_row(mutant, played) for mutant, played in results]
    passes = ["| scenario | the reference bridge |", "|---|---|"]
    passes += [f"| {_link(one.trial)} | {one.verdict} |" for one in references]
    return _HEAD + "\n".join([*rows, "", "The reference bridge, in the same scenarios:", "", *passes, ""])


def _row(mutant: Mutant, played: Sequence[Played]) -> str:
    killed = killers(mutant, played)
    others = {(one.number, one.check) for each in played for one in each.failed if one.check != mutant.check}
    cells = (
        f"`{mutant.name}`",
        mutant.defect,
        ", ".join(map(_link, mutant.trials)),
        _killed(mutant, killed[0]) if killed else "**nothing**",
        ", ".join(f"{number} `{check}`" for number, check in sorted(others)),
    )
    return f"| {' | '.join(cells)} |"


def _killed(mutant: Mutant, failed: Failed) -> str:
    cause = next(cause for cause in failed.causes if cause.startswith(mutant.cause))
    return f"{failed.number} `{failed.check}`: {cause}"


def _link(trial: Trial) -> str:
    over = "" if trial.provider == USUAL_PROVIDER else f" ({trial.provider})"
    return f"[{trial.scenario.stem}](../{trial.scenario.relative_to(ROOT).as_posix()}){over}"
