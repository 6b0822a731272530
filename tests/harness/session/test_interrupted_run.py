"""Runs without an end: what an interrupted one leaves, and who is to blame for one that cannot begin."""

import io
import json
import shlex
import sys
from pathlib import Path

import pytest

from run_helpers import PARKING
from running import RunningSimulators
from sendproof_harness.run.runner import RunOptions
from sendproof_harness.scenario.load import parse_scenarios
from sendproof_harness.session.judged_run import run_and_judge
from sendproof_harness.terminal import Terminal

SCENARIO = """\
sendproof: 1
name: Small
seed: 7
starts: 2026-03-02T06:00:00Z
audience: {customers: 10}
channels: [{id: 505, provider: textlocal}]
templates: [{provider: textlocal, title: Welcome, body: "Hello {{FIRST_NAME}}"}]
steps: [{wait_for: {listeners: 1, templates: 1}}, {advance: 2 hours}]
"""


class Interrupting(io.StringIO):
    """An output that is interrupted by the line with which time begins to pass."""

    def write(self, text: str) -> int:
        if text.startswith("advancing"):
            raise KeyboardInterrupt
        return super().write(text)


def test_interrupted_run_leaves_reports_about_what_was_observed(simulators: RunningSimulators, tmp_path: Path) -> None:
    """Its verdict is never `pass`, because the rest was not observed."""
    (bridge := tmp_path / "bridge.py").write_text(PARKING)
    command = shlex.join([sys.executable, str(bridge)])
    options = RunOptions(command=command, control_url=simulators.control, results=tmp_path, timeout_s=300)
    (scenario,) = parse_scenarios(SCENARIO, "small.yaml")
    with pytest.raises(KeyboardInterrupt):
        run_and_judge(scenario, "small", options, Terminal(Interrupting()))
    folder = tmp_path / "small"
    assert {"history.ndjson", "report.html", "verdict.json"} <= {file.name for file in folder.iterdir()}
    assert json.loads((folder / "verdict.json").read_text())["verdict"] == "unknown"


def test_provider_that_no_simulator_knows_is_blamed_on_the_scenario(
    simulators: RunningSimulators, tmp_path: Path
) -> None:
    options = RunOptions(command="true", control_url=simulators.control, results=tmp_path)
    (scenario,) = parse_scenarios(
        SCENARIO.replace("textlocal", "unheard_of") + "bridge: {account_webhooks: true}", "small.yaml"
    )
    output = io.StringIO()
    status, reason = run_and_judge(scenario, "small", options, Terminal(output))
    assert (status, "error  blame: config" in output.getvalue()) == ("error", True)
    assert "'unheard_of' is not a message provider" in reason
