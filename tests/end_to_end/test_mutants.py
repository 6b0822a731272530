"""Two mutants as `make mutants` plays them all: real processes, and the verdict names the defect."""

from pathlib import Path

import pytest

from catalogue import build, catalogue
from trial_runs import killers, play, simulators

MUTANTS = {mutant.name: mutant for mutant in catalogue()}


@pytest.mark.parametrize(
    "name", [pytest.param("receipts_counted_twice", marks=pytest.mark.slow), "scheduled_time_ignored"]
)
def test_a_mutant_is_killed_by_the_check_that_names_its_defect(name: str, tmp_path: Path) -> None:
    """A bridge that is almost right fails, and the reason is the right one."""
    mutant = MUTANTS[name]
    build(mutant, tmp_path)
    with simulators(tmp_path) as url:
        played = [play(trial, tmp_path / trial.name, url, tmp_path) for trial in mutant.trials]
    assert [failed.check for failed in killers(mutant, played)] == [mutant.check]
