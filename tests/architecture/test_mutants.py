"""The mutants fit the bridge as it is, and their page shows what they are."""

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
    """A run that failed by one check."""
    failed = Failed(number="R999", check=check, causes=(cause,))
    return Played(trial=EXAMPLE.trials[0], verdict="fail", failed=(failed,))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mutant_is_the_bridge_with_one_defect(mutant, tmp_path):
    """Its text stands in the bridge exactly once, what comes of it is Python, and all other files are the bridge's."""
    build(mutant, tmp_path)
    changed = set()
    for file in BRIDGE.rglob("*.py"):
        name = file.relative_to(BRIDGE)
        copy = (tmp_path / BRIDGE.name / name).read_text()
        compile(copy, str(name), "exec")
        changed |= {name.as_posix()} if copy != file.read_text() else set()
    assert changed == {edit.file for edit in mutant.edits}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mutant_is_meant_for_a_check_and_for_scenarios_that_exist(mutant):
    """The check is one of the judge's, and every scenario can be played over the provider."""
    assert mutant.check in {check.id for check in CHECKS}
    for trial in mutant.trials:
        assert trial.provider in {
            channel.provider for one in load_scenarios(trial.scenario) for channel in one.channels
        }


def test_a_mutant_that_no_longer_fits_is_an_error(tmp_path):
    """A bridge that has changed must not turn a mutant into the bridge itself."""
    edit = Edit(file="domain/metrics.py", right="what stands nowhere", wrong="")
    gone = Mutant(name="gone", defect="", edits=(edit,), trials=(), check="", cause="")
    with pytest.raises(
        MutantError, match=r"gone: expected exactly once in domain/metrics.py, found 0 times: 'what stands"
    ):
        build(gone, tmp_path)


def test_only_the_check_that_names_the_defect_kills():
    """Another check, or another cause, leaves the mutant alive."""
    cause = EXAMPLE.cause + " and more"
    assert len(killers(EXAMPLE, [played(EXAMPLE.check, cause)])) == 1
    assert killers(EXAMPLE, [played("another.check", cause)]) == []
    assert killers(EXAMPLE, [played(EXAMPLE.check, "another cause")]) == []


def test_the_page_names_what_survives():
    """Whoever reads the page sees at once that the judge missed something."""
    assert "**nothing**" in page([], [(EXAMPLE, [played("another.check", "a cause")])])
    assert "R999 `another.check`" in page([], [(EXAMPLE, [played("another.check", "a cause")])])


def test_the_page_shows_the_mutants_as_they_are():
    """docs/mutants.md is of the last run: every mutant is in it with its defect, and killed by its check."""
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+? \| (R\d+) `(.+?)`: (.+?) \|", PAGE.read_text(), re.MULTILINE)
    numbers = {check.id: check.requirement.number for check in CHECKS}
    wanted = [(one.name, one.defect, numbers[one.check], one.check) for one in MUTANTS]
    assert [row[:4] for row in rows] == wanted
    assert [name for (name, *_, cause), one in zip(rows, MUTANTS, strict=True) if not cause.startswith(one.cause)] == []


def test_every_scenario_for_mutants_is_in_use():
    """No file is left behind."""
    files = set((Path(PAGE).parents[1] / "mutants" / "scenarios").glob("*.yaml"))
    assert files <= {trial.scenario for one in MUTANTS for trial in one.trials}
