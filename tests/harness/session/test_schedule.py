"""Which scenarios a session runs: shards, and those that have not passed."""

from pathlib import Path

import pytest

from sendproof_harness.report.combined.record import NOT_REACHED, record_outcomes
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.session.schedule import Schedule, Shard, parse_shard, plan
from sendproof_harness.session.selection import RunRefusedError
from session_results import outcome, write_results

(SCENARIO,) = load_scenarios(Path(__file__).parents[3] / "mutants" / "scenarios" / "everyday.yaml")
FIVE = dict.fromkeys("abcde", SCENARIO)


def shard(number, total):
    return Schedule(shard=Shard(number=number, total=total))


def test_shards_have_each_scenario_once(tmp_path):
    names = [plan(FIVE, shard(number, 3), tmp_path)[0] for number in (1, 2, 3)]

    assert names == [["a", "d"], ["b", "e"], ["c"]]


def test_outcomes_name_the_scenarios_of_all_shards(tmp_path):
    """Otherwise nothing would tell that a shard is missing."""
    _, outcomes = plan(FIVE, shard(1, 2), tmp_path)

    assert [(item.scenario, item.shard, item.status) for item in outcomes][:2] == [
        ("a", 1, "unknown"),
        ("b", 2, "error"),
    ]


def test_shard_without_a_scenario_is_refused(tmp_path):
    """A job that looks at nothing must not pass."""
    with pytest.raises(RunRefusedError, match="expected at most 5 shards, as many as scenarios, got 6/6"):
        plan(FIVE, shard(6, 6), tmp_path)


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "1/0", "a/b", "1/4/2", "-1/4", "٢/4"])
def test_wrong_shard_is_refused(text):
    with pytest.raises(ValueError, match="--shard: expected NUMBER/TOTAL such as 2/4"):
        parse_shard(text)


def test_last_failed_runs_what_has_no_pass(correct_run, tmp_path):
    write_results(tmp_path, correct_run, [outcome("a"), outcome("b", "fail"), outcome("c", None, why=NOT_REACHED)])
    names, outcomes = plan(FIVE, Schedule(last_failed=True), tmp_path)

    assert names == ["b", "c", "d", "e"]
    assert [item.scenario for item in outcomes] == names


@pytest.mark.parametrize(
    ("passed", "problem"),
    [("abcde", "expected a scenario without a pass"), ("", "has no session.json; run without the option first")],
)
def test_last_failed_without_a_failure_is_refused(passed, problem, correct_run, tmp_path):
    """A run of nothing would pass."""
    if passed:
        write_results(tmp_path, correct_run, [outcome(name) for name in passed])

    with pytest.raises(RunRefusedError, match=problem):
        plan(FIVE, Schedule(last_failed=True), tmp_path)


def test_outcomes_of_passed_scenarios_stay_with_last_failed(correct_run, tmp_path):
    write_results(tmp_path, correct_run, [outcome("a"), outcome("b", "fail")])
    _, outcomes = plan(FIVE, Schedule(last_failed=True), tmp_path)

    assert record_outcomes(tmp_path, outcomes).outcomes[0] == outcome("a")


def test_progress_counts_the_runs_after_the_session():
    assert Schedule(further=1).progress(4, 24) == "run 4 of 25"


def test_single_run_has_no_progress():
    assert Schedule().progress(1, 1) == ""
