"""Two of the mutants of `make mutants`, in real processes."""

from pathlib import Path

import pytest

from catalogue import build, catalogue
from trial_runs import killing_checks, run_trial, simulators

MUTANTS = {mutant.name: mutant for mutant in catalogue()}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["receipts_counted_twice", "scheduled_time_ignored"])
def test_mutant_is_killed_by_the_check_that_names_its_defect(name: str, tmp_path: Path) -> None:
    """A bridge that fails for another reason would not show that the check works."""
    mutant = MUTANTS[name]
    build(mutant, tmp_path)
    with simulators(tmp_path) as url:
        results = [run_trial(trial, tmp_path / trial.name, url, tmp_path) for trial in mutant.trials]
    assert [failed.check for failed in killing_checks(mutant, results)] == [mutant.check]
