"""The command `shrink`, from a failed run to a scenario file, over HTTP."""

import json
import shlex
import sys

import pytest

from command_line import sendproof
from run_helpers import PARKING
from sendproof_harness.bounded_file import replaceable
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.search.shrinking.command import RESULT

SCENARIO = """
sendproof: 1
name: Two campaigns
seed: 1
starts: 2026-03-02T06:00:00Z
audience: {customers: 20, opted_out: 10%}
channels: [{id: 505, provider: textlocal}]
templates: [{provider: textlocal, title: Welcome, body: "Hello {{FIRST_NAME}}. Reply STOP to opt out."}]
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits: [{share: 100%, template: Welcome, send_at: 2026-03-02T07:00:00Z}]
  - campaign: 7002
    channel: 505
    announced: 2026-03-02T06:40:00Z
    splits: [{share: 100%, template: Welcome, send_at: 2026-03-02T07:00:00Z}]
steps: [{wait_for: {listeners: 1, templates: 1}}, {plan: 7001}, {plan: 7002}, {advance: 2 hours}]
"""


def parking_bridge(folder):
    """Return the command of a bridge that registers its listener, and then does nothing."""
    script = folder / "parking.py"
    script.write_text(PARKING)
    return shlex.join([sys.executable, str(script)])


@pytest.mark.slow
def test_failed_run_becomes_a_small_scenario_that_fails_the_same_requirement(tmp_path):
    file = tmp_path / "two.yaml"
    file.write_text(SCENARIO)
    results, command = tmp_path / "results", parking_bridge(tmp_path)
    assert sendproof("run", str(file), "--command", command, "--results", str(results)).status == 1
    shrunk = sendproof("shrink", str(results / "two"), "--command", command, "--json")
    content = json.loads(shrunk.out)
    assert (content["before"]["campaigns"], content["after"]["campaigns"]) == (2, 1)
    assert content["after"]["customers"] == 1
    assert content["command"] == shlex.join(
        ["sendproof", "run", str(results / "two-shrunk.yaml"), "--command", command]
    )
    verdict = json.loads((results / "two-shrunk" / "verdict.json").read_text())
    failed = [check["requirement"]["number"] for check in verdict["checks"] if check["verdict"] == "fail"]
    assert content["failed"]["number"] in failed
    assert load_scenarios(results / "two-shrunk.yaml")[0].audience.customers == 1
    assert not list((results / "two").glob("shrink-*"))


@pytest.mark.slow
def test_command_in_a_history_is_not_started(tmp_path):
    """A results folder may come from someone else."""
    (tmp_path / "two.yaml").write_text(SCENARIO)
    command = parking_bridge(tmp_path)
    assert sendproof("run", tmp_path / "two.yaml", "--command", command, "--results", tmp_path).status == 1
    shrunk = sendproof("shrink", tmp_path / "two")

    assert (shrunk.status, "expected --command with the bridge of this run, got neither" in shrunk.err) == (3, True)


@pytest.mark.slow
def test_run_that_passed_has_nothing_to_shrink(tmp_path):
    result = sendproof("shrink", str(tmp_path))
    assert result.status == 3
    assert "expected the results folder of a run" in result.err


def test_wrong_budget_is_refused_before_any_run(tmp_path):
    assert sendproof("shrink", str(tmp_path), "--budget", "soon").status == 3


@pytest.mark.parametrize("start", ["", "# Shrunk\n\n", "---\r\n"])
def test_earlier_result_is_replaced(start, tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(f"{start}sendproof: 1\nname: Small\n", newline="")
    assert replaceable(file, RESULT) == file.resolve()


def test_file_that_is_no_scenario_is_refused_at_once(tmp_path):
    """However many empty lines it begins with."""
    file = tmp_path / "notes.txt"
    file.write_text("\n" * 4_000 + "Bring milk.")
    with pytest.raises(OSError, match="expected a new name or a file with a scenario"):
        replaceable(file, RESULT)
