"""Check that the run reached its end, and that the simulators kept their contracts: else it allows no conclusion."""

from collections.abc import Iterator

from sendproof_harness.history.records import ContractViolation, History
from sendproof_harness.history.run_records import RunAborted
from sendproof_harness.judge.facts.deliveries.outstanding import OutstandingWork, outstanding, outstanding_text
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Level, Location
from sendproof_harness.judge.requirements import RUN_COMPLETED

#: The id of the check. Its findings are about the whole run.
RUN_CHECK = "run.completed"


def check_run_completed(history: History) -> CheckResult:
    """Find out if the run was aborted (the bridge ended, hung, or never became ready), or the simulators were wrong."""
    wrong = (finding for sent in history.contract_violations for finding in _contract_violations(sent))
    open_ = (_outstanding(found) for found in outstanding(history)) if history.running else ()
    return CheckResult(looked_at=1, unit="runs", findings=(*map(_aborted, history.aborted), *wrong, *open_))


def _outstanding(found: OutstandingWork) -> Finding:
    return Finding(
        check=RUN_CHECK,
        level="unknown",
        blame="harness",
        cause="the sandbox is still running, so more may come",
        expected="everything that was due by now, and nothing else",
        got=f"not over: {outstanding_text(found)}",
        at=found.until,
        remedy="advance the clock, then judge again",
    )


def _aborted(aborted: RunAborted) -> Finding:
    return Finding(
        check=RUN_CHECK,
        level=_level(aborted),
        blame=aborted.blame,
        cause=aborted.cause,
        expected=aborted.expected,
        got=aborted.got,
        at=aborted.at,
        remedy=aborted.remedy,
    )


def _level(aborted: RunAborted) -> Level:
    if aborted.reason == "unobserved":
        return "unknown"
    return "error" if aborted.blame == "harness" or aborted.reason == "absent" else "fail"


def _contract_violations(sent: ContractViolation) -> Iterator[Finding]:
    what = f"the response of {sent.operation}" if sent.event is None else f"the webhook {sent.event}"
    for violation in sent.violations:
        yield Finding(
            check=RUN_CHECK,
            level="error",
            blame="harness",
            cause=f"{sent.service}: {what} violates its contract in {violation.where}",
            expected="what the contract describes",
            got=violation.message,
            where=Location(request=sent.request, webhook=sent.key),
            at=sent.at,
            remedy="report this defect of the simulators; the contract is in openapi/",
        )


CHECKS = (Check(id=RUN_CHECK, title="The run was completed", requirement=RUN_COMPLETED, run=check_run_completed),)
