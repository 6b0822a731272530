"""Each step against real simulators and a small bridge: its effects are in the history."""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from run_helpers import PARK, PARKING, PREAMBLE, RecordedProgress
from running import RunningSimulators
from sendproof_harness.run.runner import RunOptions, RunResult, run_scenario
from sendproof_harness.scenario.load import parse_scenarios

SCENARIO = """\
sendproof: 1
name: Steps
seed: 7
starts: 2026-03-02T06:00:00Z
audience: {customers: 20}
channels:
  - {id: 505, provider: textlocal}
  - {id: 250, provider: textlocal, kind: triggered}
templates:
  - {provider: textlocal, title: Welcome, body: "Hello {{FIRST_NAME}}"}
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits: [{share: 100%, template: Welcome, send_at: 2026-03-02T09:00:00Z}]
triggers:
  - trigger: Visit
    campaign: 8001
    channel: 250
    template: Welcome
    criteria: [{event: page_visit, count: 2}]
steps:
  - wait_for: {listeners: 1}
  - plan: 7001
  - trigger: Visit
"""
Lines = list[dict[str, Any]]
RunSteps = Callable[..., tuple[RunResult, Lines]]


@pytest.fixture
def run_steps(tmp_path: Path, simulators: RunningSimulators) -> RunSteps:
    """Run the scenario with more steps, and return its result and the lines of its history."""

    def run(more: str, top: str = "", code: str = PARKING) -> tuple[RunResult, Lines]:
        (tmp_path / "bridge.py").write_text(code)
        command = shlex.join([sys.executable, str(tmp_path / "bridge.py")])
        options = RunOptions(command=command, control_url=simulators.control, results=tmp_path, timeout_s=300)
        (scenario,) = parse_scenarios(SCENARIO.replace("steps:\n", f"{top}steps:\n") + more, "steps.yaml")
        result = run_scenario(scenario, "steps", options, RecordedProgress())
        return result, [json.loads(line) for line in result.histories[0].read_text().splitlines()]

    return run


def fields_of(lines: Lines, kind: str, *fields: str) -> list[Any]:
    """Return some fields of all lines of one kind."""
    rows = [tuple(line[name] for name in fields) for line in lines if line["kind"] == kind]
    return [row[0] for row in rows] if len(fields) == 1 else rows


def test_events_spread_and_repeat_over_time(run_steps: RunSteps) -> None:
    """The second event of each of the four customers fires the trigger."""
    _, lines = run_steps(
        "  - events: {event: page_visit, first_customer: 3, customers: 4, times: 2, every: 10 minutes,"
        " spread: 1 minute}\n"
        "  - advance: 1 hour\n"
    )
    events = fields_of(lines, "customer_event", "customer", "at")
    assert events[:4] == [(f"C000000{3 + i}", f"2026-03-02T06:00:{15 * i:02d}.000Z") for i in range(4)]
    assert fields_of(lines, "trigger", "customer", "at") == [
        (f"C000000{3 + i}", f"2026-03-02T06:10:{15 * i:02d}.000Z") for i in range(4)
    ]


def test_share_of_customers_depends_on_the_seed(run_steps: RunSteps) -> None:
    """Every run with this seed has the same customers."""
    _, lines = run_steps("  - events: {event: page_visit, share: 20%}\n")
    assert fields_of(lines, "customer_event", "customer") == ["C0000001", "C0000005", "C0000011", "C0000012"]


def test_template_steps_change_the_provider(run_steps: RunSteps) -> None:
    _, lines = run_steps(
        "  - add_template: {provider: textlocal, title: New, body: One}\n"
        "  - rename_template: {provider: textlocal, title: New, to: Newer}\n"
        "  - change_template: {provider: textlocal, title: Newer, body: Two}\n"
        "  - delete_template: {provider: textlocal, title: Newer}\n"
    )
    assert fields_of(lines, "provider_template", "action", "title", "body")[1:] == [
        ("created", "New", "One"),
        ("renamed", "Newer", "One"),
        ("changed", "Newer", "Two"),
        ("deleted", "Newer", "Two"),
    ]


def test_missing_synchronization_aborts_after_an_hour_of_virtual_time(run_steps: RunSteps) -> None:
    result, _ = run_steps(
        "  - add_template: {provider: textlocal, title: New, body: One}\n  - wait_for: {synchronised: true}\n"
    )
    assert result.aborted is not None
    assert result.aborted.expected == "its templates to be synchronized within 1 hour of virtual time"
    assert "channel 505 lacks 'New', channel 250 lacks 'New'" in result.aborted.got


def test_opt_out_step_uploads_a_batch_file(run_steps: RunSteps) -> None:
    _, lines = run_steps(
        "  - opt_out: {by: attribute, customers: 2}\n"
        "  - opt_out: {by: preference, channel: 505, first_customer: 2, customers: 1}\n"
    )
    changes = fields_of(lines, "attributes", "changes")[0]
    assert [(change["customer"], change["field"], change["value"]) for change in changes] == [
        ("C0000000", "SMS_OPT_IN", "0"),
        ("C0000001", "SMS_OPT_IN", "0"),
    ]
    assert fields_of(lines, "preference", "source", "opted_out", "customers") == [("batch_file", True, ["C0000002"])]


def test_opt_in_and_new_attributes_are_batch_files_too(run_steps: RunSteps) -> None:
    _, lines = run_steps(
        "  - opt_out: {by: attribute, customers: 1}\n"
        "  - opt_in: {by: attribute, customers: 1}\n"
        '  - change_attributes: {customer: 1, values: {CITY: "Leeds, West"}}\n'
    )
    changes = [change for changes in fields_of(lines, "attributes", "changes") for change in changes]
    assert [(change["customer"], change["field"], change["value"]) for change in changes] == [
        ("C0000000", "SMS_OPT_IN", "0"),
        ("C0000000", "SMS_OPT_IN", "1"),
        ("C0000001", "CITY", "Leeds, West"),
    ]


def test_campaign_is_cancelled_and_its_webhook_sent_again(run_steps: RunSteps) -> None:
    again = "  - resend: {webhook: optimove.13}\n  - advance: 1 minute\n"
    _, lines = run_steps(f"  - advance: 1 hour\n{again}  - cancel: 7001\n")
    webhooks = [line for line in lines if line["kind"] == "webhook" and line["event"] == "13"]
    assert {line.get("resend", 0) for line in webhooks} == {0, 1}
    assert fields_of(lines, "cancelled", "campaign", "previous_state") == [(7001, "announced")]


def test_resend_of_a_webhook_never_sent_aborts_with_the_number_sent(run_steps: RunSteps) -> None:
    """The scenario is wrong, not the bridge."""
    result, _ = run_steps("  - resend: {webhook: optimove.11, nth: 2}\n")
    assert result.aborted is not None
    assert (result.aborted.blame, result.aborted.got) == (
        "config",
        "0; let more time pass first, or name another webhook",
    )


def test_rotated_key_reaches_a_restarted_bridge(run_steps: RunSteps) -> None:
    """The second process presents the new key, and takes part in the clock as the first did."""
    output = "\nprint('key', optimove['credentials']['api_key'], flush=True)\nregister()\n"
    code = PARKING.replace("\nregister()\n", output)
    result, lines = run_steps("  - key: {action: rotate, overlap: 1 hour}\n  - advance: 1 hour\n", code=code)
    keys = (result.folder / "bridge.log").read_text().split()[1::2]
    handover = json.loads((result.folder / "handover.json").read_text())
    assert result.aborted is None
    assert keys[1] == handover["services"]["optimove"]["credentials"]["api_key"] != keys[0]
    assert fields_of(lines, "key", "action", "valid_until") == [("rotated", "2026-03-02T07:00:00.000Z")]


def test_killed_bridge_restarts_after_its_downtime(run_steps: RunSteps) -> None:
    """It registers its listener again a quarter of an hour later, and the run continues."""
    top = "faults:\n  - {fault: kill, webhook: optimove.13, when: before, down: 15 minutes}\n"
    result, lines = run_steps("  - advance: 2 hours\n", top=top)
    registered = fields_of(lines, "listener", "channel", "at")
    assert result.aborted is None
    assert fields_of(lines, "fault", "fault", "name") == [("kill", "13")]
    assert [at for channel, at in registered if channel == 505] == [
        "2026-03-02T06:00:00.000Z",
        "2026-03-02T06:45:00.000Z",
    ]


# A bridge that takes part for two clients.
PARKING_OF_TWO = PREAMBLE.replace("handover =", "both =").replace(
    "optimove =", "handover = both['clients'][0]\noptimove ="
) + (f"for handover in both['clients']:\n    optimove = handover['services']['optimove']\n    register()\n{PARK}")


def test_opt_out_names_the_consent_attribute_of_each_client(run_steps: RunSteps) -> None:
    own = "client_settings: {south: {attribute_names: {SMS_OPT_IN: WantsSms}}}\n"
    result, lines = run_steps(
        "  - opt_out: {by: attribute, customers: 1}\n", top=f"clients: [north, south]\n{own}", code=PARKING_OF_TWO
    )
    others = [json.loads(line) for line in result.histories[1].read_text().splitlines()]
    names = [fields_of(history, "attributes", "changes")[0][0]["field"] for history in (lines, others)]
    assert names == ["SMS_OPT_IN", "WantsSms"]


def test_each_client_has_its_own_sandbox_and_history(run_steps: RunSteps) -> None:
    """They share one clock and one handover file."""
    result, lines = run_steps("", top="clients: [north, south]\n", code=PARKING_OF_TWO)
    clients = json.loads((result.folder / "handover.json").read_text())["clients"]
    assert [file.parent.name for file in result.histories] == ["north", "south"]
    assert [client["client"] for client in clients] == ["north", "south"]
    assert clients[0]["clock_url"] == clients[1]["clock_url"]
    assert lines[0]["seed"] == 7
