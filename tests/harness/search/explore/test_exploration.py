"""The search, with a player that needs no bridge: when it ends, and that parallel runs change nothing."""

from pathlib import Path

import pytest

from sendproof_harness.control_client import ControlClient
from sendproof_harness.judge.verdict import Status
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.scenario.values import LARGEST_SEED
from sendproof_harness.search.explore.catalogue import feature_catalogue
from sendproof_harness.search.explore.search import ROUND, Exploration, SearchBudget, explore
from sendproof_harness.search.explore.text import coverage_lines, summary_lines
from sendproof_harness.search.trial import FailedRequirement, TrialCost, TrialResult


class InstantPlayer:
    """A player whose scenarios with a certain seed fail, without a run."""

    def __init__(self, failing: int | None = None) -> None:
        self.failing = failing
        self.discarded = 0

    def play(self, scenario: Scenario) -> TrialResult:
        status: Status = "fail" if scenario.seed == self.failing else "pass"
        failed = FailedRequirement(
            number="R401", check="delivery.once", cause="lost", blame="bridge", count=1, is_root=True, customers=()
        )
        return TrialResult(
            scenario=scenario,
            folder=Path(),
            status=status,
            failures=(failed,) if status == "fail" else (),
            judged=(),
            cost=TrialCost(real_s=0, cpu_s=0),
        )

    def discard(self, result: TrialResult) -> None:
        del result
        self.discarded += 1


@pytest.fixture
def exploration(simulators) -> Exploration:
    with ControlClient(simulators.control) as control:
        return Exploration(catalogue=feature_catalogue(control.dialects()), first_seed=1)


def names_of_runs(exploration: Exploration, players: int) -> list[tuple[str, ...]]:
    """Explore with so many players at once, and return the features of each run."""
    runs = []
    explore(exploration, [InstantPlayer() for _ in range(players)], SearchBudget(runs=12), runs.append)
    return [run.plan.names for run in runs]


def test_seed_after_the_largest_is_the_smallest(exploration):
    exploration.first_seed = LARGEST_SEED
    assert [plan.seed for plan in exploration.next_plans(2)] == [LARGEST_SEED, 0]


def test_search_ends_with_the_round_in_which_a_scenario_fails(exploration):
    player = InstantPlayer(failing=3)
    explore(exploration, [player], SearchBudget(runs=100), lambda _: None)

    assert (exploration.runs, [run.plan.seed for run in exploration.failed]) == (ROUND, [3])
    assert player.discarded == ROUND - 1


def test_search_for_all_failures_goes_on(exploration):
    explore(exploration, [InstantPlayer(failing=3)], SearchBudget(runs=10, all_failures=True), lambda _: None)

    assert exploration.statuses == {"pass": 9, "fail": 1}


def test_search_without_time_runs_nothing(exploration):
    explore(exploration, [InstantPlayer()], SearchBudget(seconds=0), lambda _: None)

    assert exploration.runs == 0


def test_parallel_runs_do_not_change_the_scenarios(exploration, simulators):
    with ControlClient(simulators.control) as control:
        other = Exploration(catalogue=feature_catalogue(control.dialects()), first_seed=1)

    assert names_of_runs(exploration, 1) == names_of_runs(other, 3)


def test_coverage_names_requirements_whose_situation_never_came_up(exploration):
    explore(exploration, [InstantPlayer()], SearchBudget(runs=1), lambda _: None)
    lines = list(coverage_lines(exploration))

    assert "  R411       never  Suppressed customers get no message" in lines


def test_summary_groups_failures_by_cause_and_names_features_to_leave_out(exploration):
    explore(exploration, [InstantPlayer(failing=3)], SearchBudget(runs=8), lambda _: None)
    (failed,) = exploration.failed
    optional = [feature.name for feature in failed.plan.features if feature.topic in {"service", "clients"}]
    first, cause, *_ = lines = list(summary_lines(exploration))

    assert (first, cause) == ("1 of 8 scenarios failed:", "  R401 lost (seed 3)")
    assert optional
    assert all(f'  --without "{name}"' in lines for name in optional)


def test_search_without_a_failure_has_no_summary(exploration):
    explore(exploration, [InstantPlayer()], SearchBudget(runs=1), lambda _: None)

    assert list(summary_lines(exploration)) == []
