"""Whether the run came to its end: what is judged after half a run is half a truth."""

from sendproof_harness.history.records import History
from sendproof_harness.judge.findings import Check, CheckResult, Finding
from sendproof_harness.judge.requirements import RUN_COMPLETED

_ID = "run.completed"


def completed(history: History) -> CheckResult:
    """The trouble that the runner noted, if any: a bridge that ended, hung, or never became ready."""
    findings = tuple(
        Finding(
            check=_ID,
            level="fail",
            blame=trouble.blame,
            cause=trouble.cause,
            expected=trouble.expected,
            got=trouble.got,
            at=trouble.at,
        )
        for trouble in history.aborted
    )
    return CheckResult(looked_at=1, unit="runs", findings=findings)


CHECKS = (Check(id=_ID, title="The run came to its end", requirement=RUN_COMPLETED, run=completed),)
