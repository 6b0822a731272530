"""The verdict: the sum of all findings.

`judge` is pure: the same history always gives the same verdict, on any machine.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from sendproof_harness.history.records import History
from sendproof_harness.history.run_records import Scenario
from sendproof_harness.judge.acceptance import Acceptance
from sendproof_harness.judge.campaign_table import CampaignRow, campaign_table
from sendproof_harness.judge.checks import CHECKS, CONTRACT_CHECKS
from sendproof_harness.judge.facts.deliveries.ledger import RESULT_KINDS, ledger
from sendproof_harness.judge.facts.fault_effects import message_of_webhook
from sendproof_harness.judge.facts.wishes import is_conformance_run
from sendproof_harness.judge.fault_table import FaultRow, fault_table
from sendproof_harness.judge.findings import LEVELS, Blame, Check, CheckResult, Finding, Level
from sendproof_harness.judge.roots.fold import Folded, fold

#: `unknown`: something was not observed, so it may be right or wrong. `error`: Sendproof itself failed.
Status = Literal["error", "fail", "unknown", "pass"]

#: The status of the whole is the worst status of its parts.
WORST_FIRST: tuple[Status, ...] = ("error", "fail", "unknown", "pass")

EXIT_STATUS: dict[Status, int] = {"pass": 0, "fail": 1, "unknown": 2, "error": 3}

# Three examples show if one customer, one campaign or all are affected; readers skip longer lists.
EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Group:
    """All findings of one check with one cause: their number, and the first few.

    If the cause is a root, other findings may follow from it: its `consequences`, which are in no other group.
    """

    check: str
    level: Level
    blame: Blame
    cause: str
    count: int
    examples: tuple[Finding, ...]
    is_root: bool = False
    consequences: tuple["Group", ...] = ()

    @property
    def remedy(self) -> str:
        """What to do; empty if the judge does not know it."""
        return next((finding.remedy for finding in self.examples if finding.remedy), "")

    @property
    def consequence_count(self) -> int:
        """The number of findings that follow from this cause."""
        return sum(group.count for group in self.consequences)


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of one check with its status, without the `following` findings, which follow from a root cause.

    In a condensed history, a finding may represent several; `following_count` and the groups count them all.
    """

    check: Check
    status: Status
    looked_at: int
    unit: str
    findings: tuple[Finding, ...]
    groups: tuple[Group, ...]
    following: tuple[Finding, ...] = ()
    following_count: int = 0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The `status` of the run, with the results per check, recipient result, campaign and fault.

    `scenario` is None for a sandbox without a scenario. `allowed_unknown` are the ids of checks that may be unknown.
    `acceptances` are the accepted failures of this run, and `accepted_checks` the ids of checks that they excuse.
    """

    status: Status
    scenario: Scenario | None
    seed: int
    results: tuple[Result, ...]
    ledger: Mapping[str, int]
    campaigns: tuple[CampaignRow, ...]
    faults: tuple[FaultRow, ...] = ()
    allowed_unknown: frozenset[str] = frozenset()
    acceptances: tuple[Acceptance, ...] = ()
    accepted_checks: frozenset[str] = frozenset()

    @property
    def exit_status(self) -> int:
        """0 for pass, 1 for fail, 2 for unknown, 3 for error."""
        return EXIT_STATUS[self.accepted_status]

    @property
    def accepted_status(self) -> Status:
        """The status without the excused checks, if another check passes. A broken acceptance makes it `fail`."""
        statuses = {result.status for result in self.results if not self.is_excused(result)}
        status = worst_status(statuses) if "pass" in statuses else self.status
        is_broken = any(acceptance.is_broken for acceptance in self.acceptances)
        return worst_status([status, "fail"]) if is_broken else status

    @property
    def allowed(self) -> tuple[Result, ...]:
        """The results that are unknown and may be."""
        return tuple(
            result for result in self.results if result.status == "unknown" and result.check.id in self.allowed_unknown
        )

    def is_excused(self, result: Result) -> bool:
        """Return True if the result did not pass and need not: it may be unknown, or its failures are accepted."""
        return result in self.allowed or result.check.id in self.accepted_checks

    @property
    def groups(self) -> tuple[Group, ...]:
        """Every group of findings: root causes first, then the most serious."""
        groups = chain.from_iterable(result.groups for result in self.results)
        return tuple(sorted(groups, key=lambda group: (not group.is_root, LEVELS.index(group.level))))

    @property
    def roots(self) -> tuple[Group, ...]:
        """The root causes, the one with the most consequences first."""
        roots = (group for group in self.groups if group.is_root)
        return tuple(sorted(roots, key=lambda group: -group.consequence_count))


def judge(history: History, checks: Iterable[Check] | None = None) -> Verdict:
    """Run all checks that apply to the history, or only some, and sum up their findings."""
    checks = _default_checks(history) if checks is None else checks
    ran = [(check, _run(check, history)) for check in checks if check.applies(history)]
    folded = fold(history, [finding for _, result in ran for finding in result.findings])
    results = tuple(_result(history, check, result, folded) for check, result in ran)
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


def allow_unknown(verdict: Verdict, checks: frozenset[str]) -> Verdict:
    """Return the verdict with the ids of checks that may be unknown."""
    return replace(verdict, allowed_unknown=checks)


def _default_checks(history: History) -> Iterable[Check]:
    is_conformance = is_conformance_run(history)
    return CONTRACT_CHECKS if is_conformance else CHECKS


def _result(history: History, check: Check, result: CheckResult, folded: Folded) -> Result:
    remaining, following = folded.remaining.get(check.id, ()), folded.following.get(check.id, ())
    groups = (_with_consequences(history, group, folded) for group in _groups(history, remaining))
    return Result(
        check=check,
        status=_status(remaining, following, result.looked_at),
        looked_at=result.looked_at,
        unit=result.unit,
        findings=remaining,
        groups=tuple(groups),
        following=following,
        following_count=sum(_count(history, finding) for finding in following),
    )


def _with_consequences(history: History, group: Group, folded: Folded) -> Group:
    consequences = folded.consequences.get((group.check, group.cause))
    if consequences is None:
        return group
    return replace(group, is_root=True, consequences=_groups(history, consequences))


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


def _status(findings: Sequence[Finding], following: Sequence[Finding], looked_at: int) -> Status:
    levels = {finding.level for finding in findings}
    if "error" in levels:
        return "error"
    if "fail" in levels:
        return "fail"
    return "unknown" if "unknown" in levels or following or not looked_at else "pass"


def worst_status(statuses: Iterable[Status]) -> Status:
    """Return the worst status; `unknown` if there are none."""
    return min(statuses, key=WORST_FIRST.index, default="unknown")


def _count(history: History, finding: Finding) -> int:
    """Return the number of findings that one represents in a condensed history: one for each alike customer."""
    alike, where = history.alike, finding.where
    if where.message is not None:
        # A message that no recipient was due may name a likely customer.
        return alike.messages.get(where.message, 1)
    if where.webhook is not None and not where.webhook[:1].isdecimal():
        # The events of Optimove have numbers, and are about no message.
        return alike.messages.get(message_of_webhook(where.webhook), 1)
    return 1 if where.customer is None else alike.customers.get(where.customer, 1)


def _groups(history: History, findings: Iterable[Finding]) -> tuple[Group, ...]:
    by_cause: dict[tuple[str, Level, Blame, str], list[Finding]] = {}
    for finding in findings:
        by_cause.setdefault((finding.check, finding.level, finding.blame, finding.cause), []).append(finding)
    groups = [
        Group(
            check=check,
            level=level,
            blame=blame,
            cause=cause,
            count=sum(_count(history, finding) for finding in same_cause),
            examples=tuple(same_cause[:EXAMPLES]),
        )
        for (check, level, blame, cause), same_cause in by_cause.items()
    ]
    return tuple(sorted(groups, key=lambda group: (LEVELS.index(group.level), -group.count, group.cause)))
