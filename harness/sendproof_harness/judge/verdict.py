"""What the findings add up to.

`judge` is pure: the same history gives the same verdict, here or elsewhere, now or later.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from sendproof_harness.history.records import History, Scenario
from sendproof_harness.judge.campaign_table import CampaignRow, campaign_table
from sendproof_harness.judge.checks import CHECKS, CONTRACT_CHECKS
from sendproof_harness.judge.facts.delivery_ledger import CLASSES, ledger
from sendproof_harness.judge.fault_table import FaultRow, fault_table
from sendproof_harness.judge.findings import LEVELS, Blame, Check, CheckResult, Finding, Level, Location

#: `unknown`: something was not observed, so it may be right or wrong. `error`: Sendproof itself broke.
Status = Literal["error", "fail", "unknown", "pass"]

#: The worst standing of the parts is the standing of the whole.
WORST_FIRST: tuple[Status, ...] = ("error", "fail", "unknown", "pass")

EXIT_STATUS: dict[Status, int] = {"pass": 0, "fail": 1, "unknown": 2, "error": 3}

# Three show whether the cause is one person, one campaign or everybody; more would only be scrolled past.
EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Group:
    """All findings of one check with one cause: how many, and the first few."""

    check: str
    level: Level
    blame: Blame
    cause: str
    count: int
    examples: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one check came to."""

    check: Check
    standing: Status
    looked_at: int
    unit: str
    findings: tuple[Finding, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`standing` of the whole run, per check, per recipient class and per campaign.

    `scenario` is None for a sandbox that nobody ran a scenario in.
    """

    standing: Status
    scenario: Scenario | None
    seed: int
    results: tuple[Result, ...]
    ledger: Mapping[str, int]
    campaigns: tuple[CampaignRow, ...]
    faults: tuple[FaultRow, ...] = ()

    @property
    def exit_status(self) -> int:
        """0 pass, 1 fail, 2 unknown, 3 error."""
        return EXIT_STATUS[self.standing]

    @property
    def groups(self) -> tuple[Group, ...]:
        """Every group of findings, the worst first."""
        every = chain.from_iterable(result.groups for result in self.results)
        return tuple(sorted(every, key=lambda group: LEVELS.index(group.level)))


def judge(history: History, checks: Iterable[Check] | None = None) -> Verdict:
    """Put every check that applies to the history, or some, and add up what they found."""
    checks = _asked_of(history) if checks is None else checks
    results = tuple(_result(check, history) for check in checks if check.applies(history))
    counts = ledger(history).counts
    return Verdict(
        standing=worst_status(result.standing for result in results),
        scenario=next(iter(history.scenarios), None),
        seed=history.header.seed,
        results=results,
        ledger={name: counts[name] for name in CLASSES},
        campaigns=campaign_table(history),
        faults=fault_table(history),
    )


def _asked_of(history: History) -> Iterable[Check]:
    only_contract = any(scenario.asks == "contract" for scenario in history.scenarios)
    return CONTRACT_CHECKS if only_contract else CHECKS


def _result(check: Check, history: History) -> Result:
    observed = _run(check, history)
    return Result(
        check=check,
        standing=_standing(observed),
        looked_at=observed.looked_at,
        unit=observed.unit,
        findings=observed.findings,
        groups=_groups(observed.findings),
    )


def _run(check: Check, history: History) -> CheckResult:
    try:
        return check.run(history)
    except Exception as error:  # noqa: BLE001 - one broken check must not take the verdict of the others with it
        finding = Finding(
            check=check.id,
            level="error",
            blame="harness",
            cause="the check itself broke",
            expected="a check that can read this history",
            got=f"{type(error).__name__}: {error}",
            where=Location(),
        )
        return CheckResult(looked_at=0, unit="things", findings=(finding,))


def _standing(observed: CheckResult) -> Status:
    levels = {finding.level for finding in observed.findings}
    if "error" in levels:
        return "error"
    if "fail" in levels:
        return "fail"
    return "unknown" if "unknown" in levels or not observed.looked_at else "pass"


def worst_status(standings: Iterable[Status]) -> Status:
    """The one that counts; of none at all, nothing is known."""
    return min(standings, key=WORST_FIRST.index, default="unknown")


def _groups(findings: Iterable[Finding]) -> tuple[Group, ...]:
    together: dict[tuple[Level, Blame, str], list[Finding]] = {}
    for finding in findings:
        together.setdefault((finding.level, finding.blame, finding.cause), []).append(finding)
    groups = [
        Group(
            check=some[0].check,
            level=level,
            blame=blame,
            cause=cause,
            count=len(some),
            examples=tuple(some[:EXAMPLES]),
        )
        for (level, blame, cause), some in together.items()
    ]
    return tuple(sorted(groups, key=lambda group: (LEVELS.index(group.level), -group.count, group.cause)))
