"""The mutants fit the current programs, and every requirement kills one that no other requirement kills."""

from functools import cache
from pathlib import Path

import pytest

import kill_matrix
from catalogue import ALL_PROVIDERS, HERE, PACKAGES, Edit, Mutant, MutantError, build, catalogue, edited_files
from explore_runs import EXPLORED_MUTANTS
from kill_matrix import SURVIVED, Kill, KillMatrix, kill_of
from mutant_table import END
from mutants_page import NUMBERS, PAGE, page
from sendproof_harness.judge.checks import CHECKS
from sendproof_harness.scenario.load import load_scenarios
from shrink_runs import SHRUNK, SHRUNK_MUTANTS
from trial_runs import FailedCheck, TrialResult, killing_checks

MUTANTS = catalogue()
EXAMPLE = MUTANTS[0]
MATRIX = kill_matrix.read()
RERUN = "run: python mutants"
TABLES = {"--shrink": SHRUNK_MUTANTS, "--explore": EXPLORED_MUTANTS}


def failed_trial(check: str, cause: str) -> TrialResult:
    """Return the result of a run with one failed check."""
    failed = FailedCheck(number="R999", check=check, causes=(cause,))
    return TrialResult(trial=EXAMPLE.trials[0], verdict="fail", failed=(failed,))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_edits_of_a_mutant_change_files_of_its_program(mutant):
    """The edited files must also be valid Python: a syntax error would be another defect."""
    for name, text in edited_files(mutant.name, mutant.edits, mutant.program).items():
        assert text != (PACKAGES[mutant.program] / name).read_text()
        compile(text, name, "exec")


@pytest.mark.parametrize("program", PACKAGES)
def test_mutant_differs_from_its_program_in_the_edited_files_only(program, tmp_path):
    mutant = max((mutant for mutant in MUTANTS if mutant.program == program), key=lambda mutant: len(mutant.edits))
    build(mutant, tmp_path)
    package = PACKAGES[program]
    names = [file.relative_to(package) for file in package.rglob("*.py")]
    changed = [name for name in names if (tmp_path / package.name / name).read_text() != (package / name).read_text()]
    assert {name.as_posix() for name in changed} == {edit.file for edit in mutant.edits}


@cache
def providers_by_scenario(file: Path) -> list[set[str]]:
    """Return the providers of each scenario of a file, which many mutants share."""
    return [{channel.provider for channel in scenario.channels} for scenario in load_scenarios(file)]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_names_an_existing_check_and_scenarios_with_its_provider(mutant):
    assert mutant.check in {check.id for check in CHECKS}
    for trial in mutant.trials:
        of_scenarios = providers_by_scenario(trial.scenario)
        expected = [providers for providers in of_scenarios if len(providers) > 1]
        assert trial.provider == ALL_PROVIDERS if expected else {trial.provider} in of_scenarios


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


def test_mutant_of_an_unknown_check_is_killed_by_no_failure():
    """A fault that is never injected makes a run unknown: it shows nothing about the bridge."""
    trial = EXAMPLE.trials[0]
    never = FailedCheck(number="R002", check="faults.injected", causes=("never injected",))
    mutant = Mutant(name="m", defect="", edits=(), trials=(trial,), check=never.check, cause="never", level="unknown")
    assert kill_of(
        mutant, [TrialResult(trial=trial, verdict="unknown", failed=(), others={"unknown": (never,)})]
    ).failed == ["R002"]
    assert kill_of(mutant, [TrialResult(trial=trial, verdict="fail", failed=(never,))]).requirement == SURVIVED


def test_requirement_kills_a_mutant_alone_if_nothing_else_failed():
    alone = Kill(digest="", requirement="R401", cause="lost", failed=["R401"])
    with_others = Kill(digest="", requirement="R401", cause="lost", failed=["R401", "R502"])
    matrix = KillMatrix(mutants={"alone": alone, "with_others": with_others}, references={})
    assert (matrix.killed()["R401"], matrix.killed_alone()["R401"], matrix.killed_alone()["R502"]) == (2, 1, 0)


def test_run_of_one_mutant_replaces_its_own_line_only():
    before, after = (Kill(digest=digest, requirement="R401", cause="", failed=["R401"]) for digest in ("old", "new"))
    names = [mutant.name for mutant in MUTANTS[:2]]
    matrix = KillMatrix(mutants={**dict.fromkeys(names, before), "deleted": before}, references={})
    updated = matrix.updated(KillMatrix(mutants={names[0]: after}, references={}), MUTANTS)
    assert updated.mutants == {names[0]: after, names[1]: before}


def test_page_marks_a_mutant_that_survived():
    """A reader must see that the judge missed a defect."""
    kill = kill_of(EXAMPLE, [failed_trial("another.check", "a cause")])
    assert "**nothing**" in page(KillMatrix(mutants={EXAMPLE.name: kill}, references={}), [EXAMPLE], {})


def test_every_mutant_was_killed_in_its_present_form():
    stale = [name for name in (mutant.name for mutant in MUTANTS) if name not in MATRIX.mutants]
    stale += [mutant.name for mutant in MUTANTS if mutant.name not in stale and not _is_killed(mutant)]
    assert stale == [], f"{RERUN} {' '.join(stale)}"


def _is_killed(mutant: Mutant) -> bool:
    kill = MATRIX.mutants[mutant.name]
    numbers = {check.id: check.requirement.number for check in CHECKS}
    named = (kill.requirement, kill.cause.startswith(mutant.cause)) == (numbers[mutant.check], True)
    return named and kill.digest == mutant.digest


def test_every_requirement_kills_a_mutant_alone():
    """Without the requirement, that mutant would pass: a requirement without one adds nothing."""
    alone = MATRIX.killed_alone()
    assert [number for number in NUMBERS if not alone[number]] == []


def test_reference_bridge_has_no_finding_in_the_scenarios_of_the_mutants():
    """A mutant shows nothing in a scenario that the correct bridge fails, too."""
    expected = {trial.name for mutant in MUTANTS for trial in mutant.trials}
    assert {name for name, verdict in MATRIX.references.items() if verdict in {"pass", "unknown"}} == expected, RERUN


def test_page_in_the_docs_is_generated_from_the_kill_matrix():
    assert PAGE.read_text() == page(MATRIX, MUTANTS, EXPLORED_MUTANTS.rows()), f"{RERUN} --page"


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_table_in_the_docs_is_generated_from_rows_of_the_present_mutants(table):
    digests = {mutant.name: mutant.digest for mutant in MUTANTS}
    rows = table.rows()
    assert f"{table.begin}{table.markdown(rows)}{END}" in table.page.read_text()
    assert [name for name, row in rows.items() if digests.get(name) != row.digest] == [], RERUN


def test_mutants_to_shrink_exist():
    assert set(SHRUNK) <= {mutant.name for mutant in MUTANTS}


def test_every_scenario_of_the_mutants_is_used():
    files = set((HERE / "scenarios").glob("*.yaml"))
    assert files <= {trial.scenario for mutant in MUTANTS for trial in mutant.trials}
