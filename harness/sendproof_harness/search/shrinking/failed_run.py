"""The failed run to shrink: its scenario, its bridge, and the failure, from its results folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sendproof_harness.judge.judged_file import judge_file
from sendproof_harness.judge.verdict import Verdict
from sendproof_harness.run.identity import REFERENCE_BRIDGE
from sendproof_harness.run.runner import SCENARIO
from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.document import scenario_document
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.search.shrinking.oracle import target_of
from sendproof_harness.search.shrinking.shrinker import Failure
from sendproof_harness.search.trial import FailedRequirement, failures


class NoFailureError(Exception):
    """There is nothing to shrink. The message has the reason, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRun:
    """A run that failed: its name, the bridge as the history names it, and the failure to shrink.

    `bridge` is a URL, a command, or the reference bridge. It may come from a stranger, so it is never started as such.
    """

    name: str
    bridge: str
    failure: Failure


def read_failed_run(history: Path, requirement: str | None, *, any_cause: bool) -> FailedRun:
    """Return the run with this history and its failure of a requirement (R401) or check; None takes the first one.

    `NoFailureError` if the run has no such failure, or no scenario. `HistoryError` or `OSError` if it is unreadable.
    """
    folder = history.absolute().parent
    judged = judge_file(history)
    failed = _chosen(list(failures(judged.verdict)), requirement)
    # With several clients, the scenario is that of the run, one folder above the history of a client.
    file = next((place / SCENARIO for place in (folder, folder.parent) if (place / SCENARIO).is_file()), None)
    if file is None:
        raise NoFailureError(
            f"{folder}: expected {SCENARIO} in the results folder, got none; `sendproof run` of this version writes it "
            "(not `sendproof contract`, whose failures are single calls)"
        )
    try:
        document = scenario_document(load_scenarios(file)[0])
    except InvalidFileError as error:
        raise NoFailureError(str(error)) from error
    failure = Failure(
        document=document,
        failed=failed,
        target=target_of(failed, any_cause=any_cause),
        title=_title(judged.verdict, failed),
    )
    bridge = next((run.bridge for run in judged.history.runs), REFERENCE_BRIDGE)
    return FailedRun(name=file.parent.name, bridge=bridge, failure=failure)


def _chosen(found: Sequence[FailedRequirement], wanted: str | None) -> FailedRequirement:
    """Return the failure of a requirement or check; without one, the first root cause or else the first failure."""
    names = list(dict.fromkeys(f"{failure.number} ({failure.check})" for failure in found))
    if not found:
        raise NoFailureError(
            "expected a run that failed a requirement, got one that did not; there is nothing to shrink"
        )
    chosen = [failure for failure in found if wanted in {None, failure.number, failure.check}]
    if not chosen:
        raise NoFailureError(f"--requirement: expected one that failed: {', '.join(names)}; got {wanted}")
    return chosen[0]


def _title(verdict: Verdict, failed: FailedRequirement) -> str:
    return next(result.check.title for result in verdict.results if result.check.id == failed.check)
