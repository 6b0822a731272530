"""Two runs of one scenario with two bridges: their differences, and which side the judge blames for each."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from sendproof_harness.comparison.differences import RunDifference, differences
from sendproof_harness.comparison.observed import Observed, observe
from sendproof_harness.comparison.topic import Topic
from sendproof_harness.history.records import History
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.findings import Finding
from sendproof_harness.judge.verdict import Status, Verdict

#: Who is wrong: only the second bridge, only the first, both in different ways, or neither (the contracts allow both).
Standing = Literal["worse", "better", "both wrong", "allowed"]
STANDINGS: tuple[Standing, ...] = ("worse", "better", "both wrong", "allowed")

#: A check, and the cause of its findings.
Cause = tuple[str, str]

_NUMBER = re.compile(r"[0-9][0-9,.]*")
_RIGHT_RESULTS = frozenset({"ok", "withheld", "refused", "pending", "indefinite"})

#: The checks that judge each kind of statement and call.
_CHECKS: Mapping[str, frozenset[str]] = {
    "total of": frozenset({"metrics.accurate", "metrics.consistent", "metrics.cadence"}),
    "interaction": frozenset({"interactions.complete", "metrics.accurate"}),
    "event": frozenset({"events.accurate", "events.cadence"}),
    "template": frozenset({"templates.synchronised"}),
    "listener for event": frozenset({"webhooks.registered"}),
    "app": frozenset({"apps.listed"}),
    "preference": frozenset({"opt_outs.synced"}),
    "attribute": frozenset({"opt_outs.synced"}),
    "clearance": frozenset({"campaigns.clearance"}),
    "webhook": frozenset({"webhooks.acknowledged"}),
    "violation": frozenset({"contract.requests", "contract.credentials", "contract.batches", "paging.size"}),
    "refusal": frozenset(
        {"contract.requests", "contract.credentials", "contract.rate", "contract.final_refusals", "contract.batches"}
    ),
}


@dataclass(frozen=True, kw_only=True)
class JudgedRun:
    """A run with its verdict. `aborted` is the reason if it ended early."""

    observed: Observed
    status: Status
    causes: AbstractSet[Cause]
    wrong_customers: frozenset[str]
    failures: tuple[Finding, ...]
    unknown_checks: frozenset[str] = frozenset()
    aborted: str = ""


def judged_run(history: History, verdict: Verdict) -> JudgedRun:
    """Return a run with its verdict."""
    failures = [
        finding
        for result in verdict.results
        for finding in (*result.findings, *result.following)
        if finding.level in {"fail", "error"}
    ]
    return JudgedRun(
        observed=observe(history),
        status=verdict.status,
        causes={(group.check, group.cause) for group in verdict.groups if group.level == "fail"},
        wrong_customers=_wrong_customers(history),
        failures=tuple(failures),
        unknown_checks=frozenset(result.check.id for result in verdict.results if result.status == "unknown"),
        aborted=next((aborted.cause for aborted in history.aborted), ""),
    )


def _wrong_customers(history: History) -> frozenset[str]:
    """Return the customers with a wrong result, and the numbers of messages that no recipient was due."""
    results = ledger(history)
    wrong = {r.obligation.customer for r in results.recipients if r.kind not in _RIGHT_RESULTS}
    return frozenset(wrong | {f"the number {delivery.number}" for delivery in results.unmatched})


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """The differences of two runs by standing, and the causes of failures that only one side has."""

    first: JudgedRun
    second: JudgedRun
    found: Mapping[Standing, tuple[RunDifference, ...]]
    new_causes: tuple[Cause, ...]
    gone_causes: tuple[Cause, ...]

    @property
    def looked_at(self) -> int:
        """The number of customers whose messages were compared."""
        return len(self.first.observed.customers | self.second.observed.customers)

    @property
    def unobserved(self) -> str:
        """What could not be compared, in words; empty if everything was."""
        aborted = [f"{name}: {run.aborted}" for name, run in self._sides if run.aborted]
        if aborted:
            return f"a run ended early ({'; '.join(aborted)})"
        if not self.looked_at:
            return "the runs have no customers"
        untimed = [name for name, run in self._sides if not run.observed.timed]
        if untimed:
            return f"send times, because {' and '.join(untimed)} took no part in virtual time"
        unknown = sorted(self.first.unknown_checks ^ self.second.unknown_checks)
        return f"what the judge knows of one bridge only: {', '.join(unknown)}" if unknown else ""

    @property
    def _sides(self) -> tuple[tuple[str, JudgedRun], tuple[str, JudgedRun]]:
        return ("A", self.first), ("B", self.second)

    @property
    def is_worse(self) -> bool:
        """True if the second bridge has a defect that the first one lacks."""
        return bool(self.found["worse"] or self.new_causes)

    @property
    def differs(self) -> bool:
        """True if the bridges differ in a way that the contracts do not leave open."""
        return self.is_worse or bool(self.gone_causes) or any(self.found[s] for s in STANDINGS if s != "allowed")


def compare_runs(first: JudgedRun, second: JudgedRun) -> RunComparison:
    """Return the differences of two runs of one scenario with one seed."""
    found: defaultdict[Standing, list[RunDifference]] = defaultdict(list)
    for difference in differences(first.observed, second.observed):
        found[_standing(difference, first, second)].append(difference)
    return RunComparison(
        first=first,
        second=second,
        found={standing: tuple(found[standing]) for standing in STANDINGS},
        new_causes=_other_causes(second.causes, first.causes),
        gone_causes=_other_causes(first.causes, second.causes),
    )


def _other_causes(causes: AbstractSet[Cause], known: AbstractSet[Cause]) -> tuple[Cause, ...]:
    """Return the causes that are not known. Numbers do not make another cause: "after day 5" or "after day 6"."""
    kinds = {_without_numbers(cause) for cause in known}
    return tuple(sorted(cause for cause in causes if _without_numbers(cause) not in kinds))


def _without_numbers(cause: Cause) -> Cause:
    return cause[0], _NUMBER.sub("#", cause[1])


def _standing(difference: RunDifference, first: JudgedRun, second: JudgedRun) -> Standing:
    is_wrong = _is_wrong(difference, first), _is_wrong(difference, second)
    return _STANDING_OF[is_wrong]


_STANDING_OF: Mapping[tuple[bool, bool], Standing] = {
    (False, True): "worse",
    (True, False): "better",
    (True, True): "both wrong",
    (False, False): "allowed",
}


def _is_wrong(difference: RunDifference, run: JudgedRun) -> bool:
    if difference.area == "recipient":
        return any(name in run.wrong_customers for name in difference.customer.split(" or "))
    return any(_is_about(finding, difference.topic) for finding in run.failures)


def _is_about(finding: Finding, topic: Topic) -> bool:
    if finding.check not in _CHECKS.get(topic.kind, ()):
        return False
    where = finding.where
    pairs: Iterable[tuple[object, object]] = (
        (where.campaign, topic.campaign),
        (where.channel, topic.channel),
        (where.customer, topic.customer),
    )
    return all(not found or not wanted or found == wanted for found, wanted in pairs) and (
        where.operation is None or topic.area != "call" or where.operation in topic.name
    )
