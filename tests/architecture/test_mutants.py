"""The mutants fit the current bridge, and their generated page is current."""

import re
from pathlib import Path

import pytest

from catalogue import BRIDGE, Edit, Mutant, MutantError, build, catalogue
from mutants_page import PAGE, page
from sendproof_harness.judge.checks import CHECKS
from sendproof_harness.scenario.load import load_scenarios
from trial_runs import FailedCheck, TrialResult, killing_checks

MUTANTS = catalogue()
EXAMPLE = MUTANTS[0]


def failed_trial(check: str, cause: str) -> TrialResult:
    """Return the result of a run with one failed check."""
    failed = FailedCheck(number="R999", check=check, causes=(cause,))
    return TrialResult(trial=EXAMPLE.trials[0], verdict="fail", failed=(failed,))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_differs_from_the_bridge_in_its_edited_files_only(mutant, tmp_path):
    """The edited files must also be valid Python: a syntax error would be another defect."""
    build(mutant, tmp_path)
    changed = set()
    for file in BRIDGE.rglob("*.py"):
        name = file.relative_to(BRIDGE)
        copy = (tmp_path / BRIDGE.name / name).read_text()
        compile(copy, str(name), "exec")
        changed |= {name.as_posix()} if copy != file.read_text() else set()
    assert changed == {edit.file for edit in mutant.edits}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_names_an_existing_check_and_scenarios_with_its_provider(mutant):
    assert mutant.check in {check.id for check in CHECKS}
    for trial in mutant.trials:
        assert trial.provider in {
            channel.provider for scenario in load_scenarios(trial.scenario) for channel in scenario.channels
        }


def test_mutant_that_does_not_fit_the_bridge_is_an_error(tmp_path):
    """Otherwise a change of the bridge could turn a mutant into the bridge itself."""
    edit = Edit(file="domain/metrics.py", right="absent text", wrong="")
    gone = Mutant(name="gone", defect="", edits=(edit,), trials=(), check="", cause="")
    with pytest.raises(
        MutantError, match=r"gone: expected exactly once in domain/metrics.py, found 0 times: 'absent text"
    ):
        build(gone, tmp_path)


def test_mutant_is_killed_only_by_its_check_with_its_cause():
    cause = EXAMPLE.cause + " and more"
    assert len(killing_checks(EXAMPLE, [failed_trial(EXAMPLE.check, cause)])) == 1
    assert killing_checks(EXAMPLE, [failed_trial("another.check", cause)]) == []
    assert killing_checks(EXAMPLE, [failed_trial(EXAMPLE.check, "another cause")]) == []


def test_page_marks_a_mutant_that_survived():
    """A reader must see that the judge missed a defect."""
    assert "**nothing**" in page([], [(EXAMPLE, [failed_trial("another.check", "a cause")])])
    assert "R999 `another.check`" in page([], [(EXAMPLE, [failed_trial("another.check", "a cause")])])


def test_page_in_the_docs_shows_all_mutants_as_killed():
    """After a change of a mutant, `make mutants` must write the page again."""
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+? \| (R\d+) `(.+?)`: (.+?) \|", PAGE.read_text(), re.MULTILINE)
    numbers = {check.id: check.requirement.number for check in CHECKS}
    expected = [(mutant.name, mutant.defect, numbers[mutant.check], mutant.check) for mutant in MUTANTS]
    assert [row[:4] for row in rows] == expected
    causes = {name: cause for name, *_, cause in rows}
    assert [mutant.name for mutant in MUTANTS if not causes[mutant.name].startswith(mutant.cause)] == []


def test_every_scenario_of_the_mutants_is_used():
    files = set((Path(PAGE).parents[1] / "mutants" / "scenarios").glob("*.yaml"))
    assert files <= {trial.scenario for mutant in MUTANTS for trial in mutant.trials}
