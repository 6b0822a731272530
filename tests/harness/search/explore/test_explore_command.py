"""The command `sendproof explore`: what it refuses, and a search with a bridge that does nothing."""

import json
import shlex
import sys

import pytest

from command_line import sendproof
from run_helpers import PARKING


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "expected --minutes or --runs"),
        (("--runs", "1", "--bridge", "http://127.0.0.1:9"), "--bridge and --reset: expected both or none"),
        (("--runs", "1", "--provider", "textlocl"), "textlocal"),
        (("--runs", "1", "--flow", "trigered"), 'did you mean "triggered"?'),
        (("--runs", "1", "--shrink-budget", "much"), "--shrink-budget: expected a number of runs or a time"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, message):
    result = sendproof("explore", *options)

    assert (result.status, message in result.err) == (3, True)


@pytest.mark.exhaustive
def test_bridge_that_does_nothing_fails_and_its_scenario_is_kept(tmp_path):
    script = tmp_path / "parking.py"
    script.write_text(PARKING)
    command = shlex.join([sys.executable, str(script)])
    words = ["--runs", "8", "--provider", "textlocal", "--shrink-budget", "3", "--results", tmp_path, "--json"]

    result = sendproof("explore", *words, "--command", command)
    record = json.loads(result.out)

    assert (result.status, record["statuses"]) == (1, {"fail": 8})
    assert (tmp_path / "explore" / record["not_passed"][0]["scenario"]).exists()
    assert json.loads((tmp_path / "explore" / "exploration.json").read_text())["runs"] == 8
    assert "requirements whose situation came up" in result.err


@pytest.mark.exhaustive
def test_reference_bridge_survives_two_scenarios(tmp_path):
    result = sendproof("explore", "--runs", "2", "--results", tmp_path)

    assert result.status == 0
    assert "    2  seed 2  pass" in result.out
