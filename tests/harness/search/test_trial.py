"""Trials: several scenarios against one bridge, each with a sandbox and a bridge of its own."""

import shlex
import sys

import pytest

from run_helpers import PARKING
from sendproof_harness.run.errors import RunOptionsError
from sendproof_harness.run.processes import free_port
from sendproof_harness.scenario.load import parse_scenarios
from sendproof_harness.search.trial import BridgeUnderTest, trial_session

FIVE_CUSTOMERS = """
sendproof: 1
name: Five customers
seed: 1
starts: 2026-03-02T06:00:00Z
audience: {customers: 5}
channels: [{id: 505, provider: textlocal}]
templates: [{provider: textlocal, title: Welcome, body: "Hello {{FIRST_NAME}}. Reply STOP to opt out."}]
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits: [{share: 100%, template: Welcome, send_at: 2026-03-02T09:00:00Z}]
steps: [{wait_for: {listeners: 1, templates: 1}}, {plan: 7001}, {advance: 5 hours}]
"""


@pytest.fixture
def scenario():
    return parse_scenarios(FIVE_CUSTOMERS, "five.yaml")[0]


def test_reference_bridge_fails_no_requirement(scenario, simulators, tmp_path):
    with trial_session(BridgeUnderTest(), tmp_path, simulators.control) as session:
        result = session.play(scenario)
    assert (result.status, result.failures, result.error) == ("unknown", (), "")
    assert len(result.histories[0].deliveries) == 5
    assert result.cost.cpu_s > 0


def test_bridge_that_sends_nothing_fails_the_requirement_for_each_customer(scenario, simulators, tmp_path):
    script = tmp_path / "parking.py"
    script.write_text(PARKING)
    bridge = BridgeUnderTest(command=shlex.join([sys.executable, str(script)]))
    with trial_session(bridge, tmp_path, simulators.control) as session:
        first, second = session.play(scenario), session.play(scenario)
    assert first.status == "fail"
    assert [failure.key for failure in first.failures] == [failure.key for failure in second.failures]
    assert first.folder != second.folder


def test_bridge_that_a_reset_starts_in_the_background_runs_until_the_end(scenario, simulators, tmp_path):
    script, reset = tmp_path / "parking.py", tmp_path / "reset.sh"
    script.write_text(PARKING)
    reset.write_text(f"{shlex.join([sys.executable, str(script)])} &\n")
    bridge = BridgeUnderTest(url=f"http://127.0.0.1:{free_port('127.0.0.1')}", reset=f"sh {shlex.quote(str(reset))}")

    with trial_session(bridge, tmp_path, simulators.control) as session:
        result = session.play(scenario)

    # It registers and joins the clock, and serves nothing.
    cause = "optimove event 13: no server responds at the given address"
    assert (result.status, result.failures[0].cause) == ("fail", cause)


def test_discarded_trial_leaves_no_folder(scenario, simulators, tmp_path):
    with trial_session(BridgeUnderTest(), tmp_path, simulators.control) as session:
        result = session.play(scenario)
        session.discard(result)
    assert not result.folder.exists()


def test_command_that_does_not_exist_is_refused(scenario, simulators, tmp_path):
    with (
        trial_session(BridgeUnderTest(command="no-such-bridge"), tmp_path, simulators.control) as session,
        pytest.raises(RunOptionsError, match="expected a program that exists"),
    ):
        session.play(scenario)


def test_failed_reset_of_a_running_bridge_is_an_error_with_its_output(scenario, simulators, tmp_path):
    reset = shlex.join([sys.executable, "-c", "raise SystemExit('the container is gone')"])
    bridge = BridgeUnderTest(url="http://127.0.0.1:9", reset=reset)
    with trial_session(bridge, tmp_path, simulators.control) as session:
        result = session.play(scenario)
    assert result.status == "error"
    assert "--reset: expected exit status 0, got exit status 1" in result.error
    assert "the container is gone" in result.error
