"""The reference bridge passes with random faults: a few of the seeds of `make chaos`."""

from pathlib import Path

import pytest

from fault_schedules import TRIALS, fault_schedule, run_schedule
from trial_runs import simulators


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(6, marks=pytest.mark.slow),  # the response to a send request over Xtremepush is lost
        13,  # killed before it takes part in virtual time, and down for a minute
    ],
)
def test_reference_bridge_with_random_faults_passes(seed: int, tmp_path: Path) -> None:
    """A judge that blames a correct bridge for faults would be useless."""
    with simulators(tmp_path) as url:
        result = run_schedule(fault_schedule(seed), tmp_path / "results", url)
    assert (result.verdict, result.failed) == ("pass", ())


def test_fifty_seeds_cover_all_trials_and_fault_counts() -> None:
    schedules = [fault_schedule(seed) for seed in range(1, 51)]
    assert {schedule.trial for schedule in schedules} == set(TRIALS)
    assert {schedule.faults for schedule in schedules} == set(range(1, 9))
    assert schedules[12].command == (
        "sendproof run mutants/scenarios/stop.yaml --provider textlocal --seed 13 --random-faults 4"
    )
