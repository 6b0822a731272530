"""The mutants fit the current bridge, and their page lists them."""

import re
from pathlib import Path

import pytest

from catalogue import BRIDGE, Edit, Mutant, MutantError, build, catalogue
from mutants_page import PAGE, page
from sendproof_harness.judge.checks import CHECKS
from sendproof_harness.scenario.load import load_scenarios
from trial_runs import Failed, Played, killers

MUTANTS = catalogue()
EXAMPLE = MUTANTS[0]


def played(check: str, cause: str) -> Played:
    """Return a run that failed by one check."""
    failed = Failed(number="R999", check=check, causes=(cause,))
    return Played(trial=EXAMPLE.trials[0], verdict="fail", failed=(failed,))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_the_bridge_with_one_defect(mutant, tmp_path):
    build(mutant, tmp_path)
    changed = set()
    for file in BRIDGE.rglob("*.py"):
        name = file.relative_to(BRIDGE)
        copy = (tmp_path / BRIDGE.name / name).read_text()
        compile(copy, str(name), "exec")
        changed |= {name.as_posix()} if copy != file.read_text() else set()
    assert changed == {edit.file for edit in mutant.edits}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_has_an_existing_check_and_existing_scenarios(mutant):
    assert mutant.check in {check.id for check in CHECKS}
    for trial in mutant.trials:
        assert trial.provider in {
            channel.provider for one in load_scenarios(trial.scenario) for channel in one.channels
        }


def test_mutant_that_no_longer_fits_is_an_error(tmp_path):
    """A changed bridge must not turn a mutant into the bridge itself."""
    edit = Edit(file="domain/metrics.py", right="what stands nowhere", wrong="")
    gone = Mutant(name="gone", defect="", edits=(edit,), trials=(), check="", cause="")
    with pytest.raises(
        MutantError, match=r"gone: expected exactly once in domain/metrics.py, found 0 times: 'what stands"
    ):
        build(gone, tmp_path)


def test_mutant_is_only_killed_by_its_check_and_cause():
    cause = EXAMPLE.cause + " and more"
    assert len(killers(EXAMPLE, [played(EXAMPLE.check, cause)])) == 1
    assert killers(EXAMPLE, [played("another.check", cause)]) == []
    assert killers(EXAMPLE, [played(EXAMPLE.check, "another cause")]) == []


def test_page_names_surviving_mutants():
    assert "**nothing**" in page([], [(EXAMPLE, [played("another.check", "a cause")])])
    assert "R999 `another.check`" in page([], [(EXAMPLE, [played("another.check", "a cause")])])


def test_page_shows_each_mutant_and_its_check():
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+? \| (R\d+) `(.+?)`: (.+?) \|", PAGE.read_text(), re.MULTILINE)
    numbers = {check.id: check.requirement.number for check in CHECKS}
    wanted = [(one.name, one.defect, numbers[one.check], one.check) for one in MUTANTS]
    assert [row[:4] for row in rows] == wanted
    assert [name for (name, *_, cause), one in zip(rows, MUTANTS, strict=True) if not cause.startswith(one.cause)] == []


def test_each_mutant_scenario_is_used():
    files = set((Path(PAGE).parents[1] / "mutants" / "scenarios").glob("*.yaml"))
    assert files <= {trial.scenario for one in MUTANTS for trial in one.trials}
