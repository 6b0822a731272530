"""The verdict: the sum of all findings.

`judge` is pure: the same history always gives the same verdict, on any machine.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from sendproof_harness.history.records import History, Scenario
from sendproof_harness.judge.campaign_table import CampaignRow, campaign_table
from sendproof_harness.judge.checks import CHECKS, CONTRACT_CHECKS
from sendproof_harness.judge.facts.deliveries.ledger import RESULT_KINDS, ledger
from sendproof_harness.judge.fault_table import FaultRow, fault_table
from sendproof_harness.judge.findings import LEVELS, Blame, Check, CheckResult, Finding, Level

#: `unknown`: something was not observed, so it may be right or wrong. `error`: Sendproof itself failed.
Status = Literal["error", "fail", "unknown", "pass"]

#: The status of the whole is the worst status of its parts.
WORST_FIRST: tuple[Status, ...] = ("error", "fail", "unknown", "pass")

EXIT_STATUS: dict[Status, int] = {"pass": 0, "fail": 1, "unknown": 2, "error": 3}

# Three examples show if one customer, one campaign or all are affected; readers skip longer lists.
EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Group:
    """All findings of one check with one cause: their number, and the first few."""

    check: str
    level: Level
    blame: Blame
    cause: str
    count: int
    examples: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of one check with its status."""

    check: Check
    status: Status
    looked_at: int
    unit: str
    findings: tuple[Finding, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The `status` of the run, with the results per check, recipient result, campaign and fault.

    `scenario` is None for a sandbox without a scenario.
    """

    status: Status
    scenario: Scenario | None
    seed: int
    results: tuple[Result, ...]
    ledger: Mapping[str, int]
    campaigns: tuple[CampaignRow, ...]
    faults: tuple[FaultRow, ...] = ()

    @property
    def exit_status(self) -> int:
        """0 for pass, 1 for fail, 2 for unknown, 3 for error."""
        return EXIT_STATUS[self.status]

    @property
    def groups(self) -> tuple[Group, ...]:
        """Every group of findings, the most serious first."""
        groups = chain.from_iterable(result.groups for result in self.results)
        return tuple(sorted(groups, key=lambda group: LEVELS.index(group.level)))


def judge(history: History, checks: Iterable[Check] | None = None) -> Verdict:
    """Run all checks that apply to the history, or only some, and sum up their findings."""
    checks = _default_checks(history) if checks is None else checks
    results = tuple(_result(check, history) for check in checks if check.applies(history))
    counts = ledger(history).counts
    return Verdict(
        status=worst_status(result.status for result in results),
        scenario=next(iter(history.scenarios), None),
        seed=history.header.seed,
        results=results,
        ledger={kind: counts[kind] for kind in RESULT_KINDS},
        campaigns=campaign_table(history),
        faults=fault_table(history),
    )


def _default_checks(history: History) -> Iterable[Check]:
    is_conformance = any(scenario.asks == "contract" for scenario in history.scenarios)
    return CONTRACT_CHECKS if is_conformance else CHECKS


def _result(check: Check, history: History) -> Result:
    result = _run(check, history)
    return Result(
        check=check,
        status=_status(result),
        looked_at=result.looked_at,
        unit=result.unit,
        findings=result.findings,
        groups=_groups(result.findings),
    )


def _run(check: Check, history: History) -> CheckResult:
    try:
        return check.run(history)
    except Exception as error:  # noqa: BLE001 - a defect in one check must not prevent the verdict of the others
        finding = Finding(
            check=check.id,
            level="error",
            blame="harness",
            cause="the check itself failed",
            expected="a check that can read this history",
            got=f"{type(error).__name__}: {error}",
        )
        return CheckResult(looked_at=0, unit="items", findings=(finding,))


def _status(result: CheckResult) -> Status:
    levels = {finding.level for finding in result.findings}
    if "error" in levels:
        return "error"
    if "fail" in levels:
        return "fail"
    return "unknown" if "unknown" in levels or not result.looked_at else "pass"


def worst_status(statuses: Iterable[Status]) -> Status:
    """Return the worst status; `unknown` if there are none."""
    return min(statuses, key=WORST_FIRST.index, default="unknown")


def _groups(findings: Iterable[Finding]) -> tuple[Group, ...]:
    by_cause: dict[tuple[Level, Blame, str], list[Finding]] = {}
    for finding in findings:
        by_cause.setdefault((finding.level, finding.blame, finding.cause), []).append(finding)
    groups = [
        Group(
            check=same_cause[0].check,
            level=level,
            blame=blame,
            cause=cause,
            count=len(same_cause),
            examples=tuple(same_cause[:EXAMPLES]),
        )
        for (level, blame, cause), same_cause in by_cause.items()
    ]
    return tuple(sorted(groups, key=lambda group: (LEVELS.index(group.level), -group.count, group.cause)))
