"""Check that the run reached its end: half a run allows no conclusion."""

from sendproof_harness.history.records import History
from sendproof_harness.history.run_records import RunAborted
from sendproof_harness.judge.findings import Check, CheckResult, Finding
from sendproof_harness.judge.requirements import RUN_COMPLETED

_ID = "run.completed"


def check_run_completed(history: History) -> CheckResult:
    """Find out if the run was aborted: the bridge ended, hung, or never became ready."""
    return CheckResult(looked_at=1, unit="runs", findings=tuple(map(_aborted, history.aborted)))


def _aborted(aborted: RunAborted) -> Finding:
    return Finding(
        check=_ID,
        level="unknown" if aborted.reason == "unobserved" else "error" if aborted.blame == "harness" else "fail",
        blame=aborted.blame,
        cause=aborted.cause,
        expected=aborted.expected,
        got=aborted.got,
        at=aborted.at,
        remedy=aborted.remedy,
    )


CHECKS = (Check(id=_ID, title="The run was completed", requirement=RUN_COMPLETED, run=check_run_completed),)
