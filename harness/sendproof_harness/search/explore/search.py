"""The search: rounds of scenarios, each chosen for what the rounds before did not exercise, until one fails."""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Protocol

from sendproof_harness.history.records import History
from sendproof_harness.interruption import end_if_interrupted
from sendproof_harness.judge.verdict import Status, Verdict
from sendproof_harness.scenario.document import document_text, scenario_of
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.scenario.values import following_seed
from sendproof_harness.search.explore.catalogue import FeatureCatalogue
from sendproof_harness.search.explore.coverage import Coverage, observed_items
from sendproof_harness.search.explore.plan import ScenarioPlan, choose_plan, plan_document
from sendproof_harness.search.trial import FailedRequirement, TrialResult

#: The scenarios of a round are chosen together, so that the number of parallel runs does not change them.
ROUND = 8


class ScenarioPlayer(Protocol):
    """A bridge under test that plays one scenario after the other, such as a `TrialSession`."""

    def play(self, scenario: Scenario) -> TrialResult:
        """Run and judge a scenario."""

    def discard(self, result: TrialResult) -> None:
        """Remove what the run left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchBudget:
    """The end of a search: a number of runs, a duration in real seconds, or both. None is no limit.

    With `all_failures`, the search goes on after a failure.
    """

    runs: int | None = None
    seconds: float | None = None
    all_failures: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploredRun:
    """One run of a search. `text` is the scenario file, `new` are the items that no earlier run exercised.

    `reason` is why a run has no verdict, or why it is unknown. `folder` has the results of a run that did not pass.
    """

    plan: ScenarioPlan
    text: str
    status: Status
    failures: tuple[FailedRequirement, ...]
    new: frozenset[str]
    reason: str
    folder: Path
    cpu_s: float


@dataclass(slots=True)
class Exploration:
    """The state of a search: what was exercised, the features of runs that passed, and the runs that did not pass."""

    catalogue: FeatureCatalogue
    first_seed: int
    coverage: Coverage = field(default_factory=Coverage)
    runs: int = 0
    statuses: dict[Status, int] = field(default_factory=dict)
    passed_features: set[str] = field(default_factory=set)
    notable: list[ExploredRun] = field(default_factory=list)

    @property
    def failed(self) -> list[ExploredRun]:
        """The runs that failed, the first of each cause first in the order of the search."""
        return [run for run in self.notable if run.status == "fail"]

    def only_failed(self, wanted: Collection[str]) -> Iterator[str]:
        """Yield the features with these names or topics that a failed scenario had, and none that passed."""
        features = (feature for run in self.failed for feature in run.plan.features)
        names = (feature.name for feature in features if not {feature.name, feature.topic}.isdisjoint(wanted))
        yield from (name for name in dict.fromkeys(names) if name not in self.passed_features)

    def next_plans(self, number: int) -> list[ScenarioPlan]:
        """Choose the next scenarios. Each one of a round counts as exercised for the choice of the others."""
        foreseen = self.coverage.copy()
        plans = []
        for index in range(number):
            plan = choose_plan(following_seed(self.first_seed, self.runs + index), self.catalogue, foreseen)
            foreseen.add(plan.flow_item, plan.features, frozenset(feature.shows for feature in plan.features))
            plans.append(plan)
        return plans

    def add(self, plan: ScenarioPlan, text: str, result: TrialResult) -> ExploredRun:
        """Record a run and return it."""
        new = self.coverage.add(plan.flow_item, plan.features, _observed(result))
        run = ExploredRun(
            plan=plan,
            text=text,
            status=result.status,
            failures=result.failures,
            new=new,
            reason=_reason(result),
            folder=result.folder,
            cpu_s=result.cost.cpu_s,
        )
        self.runs += 1
        self.statuses[run.status] = self.statuses.get(run.status, 0) + 1
        if run.status == "pass":
            self.passed_features.update(plan.names)
        else:
            self.notable.append(run)
        return run


def explore(
    exploration: Exploration,
    players: Sequence[ScenarioPlayer],
    budget: SearchBudget,
    listener: Callable[[ExploredRun], None],
) -> None:
    """Play rounds of scenarios, one at a time with each player, until the budget is used or a run fails."""
    began = monotonic()
    with ThreadPoolExecutor(len(players)) as pool:
        idle = list(players)
        while (number := _next_round(exploration, budget, monotonic() - began)) > 0:
            plans = exploration.next_plans(number)
            for plan, text, result, player in pool.map(lambda plan: _play(plan, idle), plans):
                run = exploration.add(plan, text, result)
                listener(run)
                if run.status in {"pass", "unknown"}:
                    player.discard(result)
            if exploration.failed and not budget.all_failures:
                return


def _next_round(exploration: Exploration, budget: SearchBudget, passed_s: float) -> int:
    """Return how many scenarios the next round has; 0 ends the search."""
    if budget.seconds is not None and passed_s >= budget.seconds:
        return 0
    return ROUND if budget.runs is None else min(ROUND, budget.runs - exploration.runs)


def _play(plan: ScenarioPlan, idle: list[ScenarioPlayer]) -> tuple[ScenarioPlan, str, TrialResult, ScenarioPlayer]:
    """Play a scenario with an idle player; there are as many players as threads."""
    end_if_interrupted()
    document = plan_document(plan)
    text, scenario = document_text(document), scenario_of(document, f"the scenario of seed {plan.seed}")
    player = idle.pop()
    try:
        return plan, text, player.play(scenario), player
    finally:
        idle.append(player)


def _observed(result: TrialResult) -> frozenset[str]:
    return observed_items(
        result.verdicts,
        (operation for history in result.histories for operation in _operations(history)),
        (fault.fault for history in result.histories for fault in history.faults if not fault.missed),
    )


def _operations(history: History) -> Iterator[str]:
    """Yield the operations that the bridge called. A request that no operation fits has none."""
    for request in history.requests:
        if request.operation is not None:
            yield f"{request.service}.{request.operation}"


def _reason(result: TrialResult) -> str:
    """Return why a run has no verdict, or the first thing that was not observed."""
    if result.error:
        return result.error
    if result.aborted is not None:
        return result.aborted.cause
    return next((reason for verdict in result.verdicts for reason in _unknowns(verdict)), "")


def _unknowns(verdict: Verdict) -> Iterator[str]:
    for checked in verdict.results:
        if checked.status in {"unknown", "error"}:
            causes = [group.cause for group in checked.groups if group.level in {"unknown", "error"}]
            yield f"{checked.check.id}: {causes[0] if causes else f'no {checked.unit} to look at'}"
