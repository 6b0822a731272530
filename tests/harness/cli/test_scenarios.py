"""`sendproof scenarios`: the library by theme."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sendproof_harness.cli.commands import build_app


@pytest.mark.slow
def test_library_is_listed_with_providers_customers_and_duration() -> None:
    """These decide if a user wants to run a scenario."""
    output = CliRunner().invoke(build_app(), ["scenarios", "--json"]).output
    listed = {f"{entry['theme']}/{entry['scenario']}": entry for entry in json.loads(output)}
    third_visit = listed["triggered/third_visit"]
    assert (third_visit["providers"], third_visit["customers"]) == (["delivyr", "textlocal", "xtremepush"], 500)
    assert (listed["multi_client/two_clients"]["customers"], third_visit["virtual_time"]) == (600, "2 d 6 h")


def test_check_of_scenarios_names_each_problem_with_its_line(tmp_path) -> None:
    """A hook gets several files; a folder without a scenario was not checked."""
    (tmp_path / "wrong.yaml").write_text("sendproof: 1\nnmae: Wrong\n")
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(
        build_app(), ["check-scenarios", *map(str, (tmp_path / "wrong.yaml", tmp_path / "empty"))]
    )

    assert result.exit_code == 1
    assert f'{tmp_path}/wrong.yaml:2: nmae: unknown key, did you mean "name"?' in result.stderr
    assert f"{tmp_path}/empty: expected scenario files (*.yaml), got none" in result.stderr


def test_check_of_a_correct_scenario_prints_nothing() -> None:
    result = CliRunner().invoke(build_app(), ["check-scenarios", "scheduled/first_campaign"])

    assert (result.exit_code, result.output) == (0, "")


def test_problems_of_scenarios_are_printed_as_json(tmp_path: Path) -> None:
    result = CliRunner().invoke(build_app(), ["check-scenarios", str(tmp_path), "--json"])

    problem = f"{tmp_path}: expected scenario files (*.yaml), got none"
    assert (result.exit_code, json.loads(result.output)) == (1, {"problems": [problem]})
