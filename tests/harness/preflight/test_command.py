"""`sendproof doctor` as a user runs it."""

import json
from collections.abc import Iterator

import pytest

from command_line import sendproof
from preflight_helpers import changed, register
from running import RunningSimulators, running_simulators
from stand_in import stand_in


@pytest.fixture(scope="module")
def simulators() -> Iterator[RunningSimulators]:
    """Return simulators of their own: other tests send requests without a known credential, which doctor reports."""
    with running_simulators() as running:
        yield running


def handover_file(folder, handover):
    """Write a handover file."""
    file = folder / "handover.json"
    file.write_text(json.dumps(handover))
    return file


def test_correct_handover_ends_with_status_0_and_no_actions(new_handover, tmp_path):
    allowed = {"optimove.unlisted_functions": "allowed"}
    handover = new_handover(channels=[{"id": 505, "provider": "textlocal"}], dialects=allowed)
    with stand_in() as bridge:
        register(handover, bridge.url)
        ended = sendproof("doctor", handover_file(tmp_path, handover), "--customer", "C0000001")
    assert (ended.status, ended.err) == (0, "")
    assert "apikey of textlocal" in ended.out
    assert "action" not in ended.out


def test_wrong_handover_ends_with_status_1(new_handover, tmp_path):
    handover = changed(new_handover(), "attributes", "phone", to="MOBILE")
    ended = sendproof("doctor", handover_file(tmp_path, handover), "--json")
    output = json.loads(ended.out)
    assert (ended.status, output["status"]) == (1, "wrong")
    (wrong,) = [result for result in output["results"] if result["status"] == "wrong"]
    assert wrong == {
        "check": "attributes",
        "subject": "attribute MOBILE",
        "status": "wrong",
        "expected": "MOBILE among the attributes that the key can read",
        "got": wrong["got"],
        "action": "correct attributes.phone, or have MOBILE added to the key",
        "blame": "config",
    }


def test_sandbox_without_a_bridge_ends_with_status_2(simulators):
    ended = sendproof("doctor", "--control-url", simulators.control)
    assert ended.status == 2
    assert "no listener is registered yet" in ended.out


def test_control_api_of_the_environment_is_used_without_a_file(simulators):
    ended = sendproof("doctor", environment={"SENDPROOF_CONTROL_URL": simulators.control})
    assert (ended.status, ended.err) == (2, "")


@pytest.mark.slow
def test_missing_handover_ends_with_status_3(tmp_path, simulators):
    missing_file = sendproof("doctor", tmp_path / "handover.json")
    no_argument = sendproof("doctor")
    unknown_sandbox = sendproof("doctor", "--control-url", simulators.control, "--sandbox", "gone")
    assert (missing_file.status, no_argument.status, unknown_sandbox.status) == (3, 3, 3)
    assert "a run writes one into its results" in missing_file.err
    assert "expected a handover file, or --control-url" in no_argument.err
    assert "no sandbox is named 'gone'" in unknown_sandbox.err


@pytest.mark.slow
def test_run_with_a_wrong_handover_does_not_start(tmp_path):
    """The run ends with status 3 and shows the result of the doctor."""
    ended = sendproof(
        "run", "scenarios/scheduled/first_campaign.yaml", "--bridge", "http://gone.invalid:9000", "--results", tmp_path
    )
    assert ended.status == 3
    assert "the run does not start" in ended.out
    assert "unknown host gone.invalid" in ended.out
