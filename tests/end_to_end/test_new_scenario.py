"""`sendproof new`: what it writes is valid, and the reference bridge passes it."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from command_line import sendproof
from running import RunningSimulators
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import Scenario

START = "2026-03-02T06:00:00Z"


def written(file: Path, *arguments: str | Path) -> Scenario:
    """Write a scenario with `new`, and return it."""
    result = sendproof("new", file, *arguments)
    assert result.status == 0, result.err
    (scenario,) = load_scenarios(file)
    return scenario


def steps(scenario: Scenario) -> list[str]:
    return [type(step).__name__ for step in scenario.steps]


@pytest.mark.slow
def test_scenario_from_options_passes_and_its_run_gives_the_same_scenario(tmp_path):
    drafted = written(tmp_path / "mine.yaml", "--flow", "both", "--customers", "20", "--seed", "3")
    result = sendproof("run", tmp_path / "mine.yaml", "--results", tmp_path)
    repeated = written(tmp_path / "again.yaml", "--run", tmp_path / "mine")

    assert result.status == 0, result.out
    assert (repeated.campaigns, repeated.triggers) == (drafted.campaigns, drafted.triggers)
    assert repeated.steps[:-1] == drafted.steps[:-1]
    assert (repeated.audience, repeated.templates) == (drafted.audience, drafted.templates)


def drive_by_hand(simulators: RunningSimulators, sandbox: str) -> None:
    """Do what a tester does on the page: templates, a campaign, a trigger, events, and a second thought."""
    channels = [{"id": 505, "provider": "textlocal"}, {"id": 250, "provider": "textlocal", "kind": "triggered"}]
    settings = {"name": sandbox, "seed": 3, "channels": channels, "clock": {"mode": "virtual", "start": START}}
    made = simulators.call("POST", "/sandboxes", settings | {"audience": {"customers": 20, "opted_out": 0.1}})

    def call(path: str, body: object = None) -> Any:
        return simulators.call("POST", f"/sandboxes/{sandbox}{path}", body)

    added = call("/providers/textlocal/templates", [{"title": "Hi", "body": "Hi {{FIRST_NAME}}: 5% off"}])
    optimove = made["services"]["optimove"]
    for channel in (505, 250):
        listed = [{"TemplateID": added[0]["id"], "TemplateName": "Hi"}]
        url = f"{optimove['url']}/current/integrations/AddChannelTemplates?ChannelID={channel}"
        headers = {"x-api-key": optimove["credentials"]["api_key"]}
        assert requests.post(url, json=listed, headers=headers, timeout=60).ok
    late = {"fault": "delay_webhook", "webhook": "optimove.13", "by": 600_000, "nth": 2}
    call("/faults", [{"fault": "status", "call": "textlocal.bulk_json", "status": 503}, late])
    for campaign, send_at in ((7001, "2026-03-02T09:00:00Z"), (7002, "2026-03-03T09:00:00Z")):
        splits = [{"share": 1, "template": "Hi", "send_at": send_at}]
        call("/campaigns", {"campaign": campaign, "channel": 505, "customers": 20, "splits": splits})
    trigger = {"trigger": "Basket", "campaign": 8001, "channel": 250, "template": "Hi"}
    call("/triggers", trigger | {"criteria": [{"event": "basket", "within_ms": 3_600_000, "count": 2}]})
    call("/clock/advance", {"by_ms": 3_600_000})
    call("/events", [{"customer": f"C000000{position}", "event": "basket"} for position in (4, 5) for _ in (1, 2)])
    call("/campaigns/7002/cancel")


@pytest.mark.slow
def test_scenario_from_a_sandbox_driven_by_hand_passes(tmp_path, simulators: RunningSimulators):
    drive_by_hand(simulators, "hand")
    drafted = written(tmp_path / "hand.yaml", "--sandbox", "hand", "--control-url", simulators.control)
    result = sendproof("run", tmp_path / "hand.yaml", "--results", tmp_path)

    assert drafted.faults[1]["by"] == 600_000
    assert "cancel: 7002" in (tmp_path / "hand.yaml").read_text()
    assert drafted.audience.opted_out * 10 == 1
    ledger = json.loads((tmp_path / "hand" / "verdict.json").read_text())["ledger"]
    assert (result.status, ledger["lost"], ledger["ok"] > 15) == (0, 0, True), result.out


def test_scenario_that_does_not_run_yet_is_written_for_correction(tmp_path, simulators: RunningSimulators):
    """An event that no trigger counts is no step of a scenario; without the file, its line means nothing."""
    drive_by_hand(simulators, "wrong-hand")
    simulators.call("POST", "/sandboxes/wrong-hand/events", [{"customer": "C0000004", "event": "baskte"}])
    file = tmp_path / "hand.yaml"
    result = sendproof("new", file, "--sandbox", "wrong-hand", "--control-url", simulators.control)

    assert (result.status, f"wrote {file}, which does not run yet" in result.err) == (3, True)
    line = int(result.err.split(":")[1])
    assert "baskte" in file.read_text().splitlines()[line - 1]


def test_sandbox_without_a_campaign_is_refused(simulators: RunningSimulators):
    simulators.call("POST", "/sandboxes", {"name": "idle-hand", "seed": 1})
    result = sendproof("new", "--sandbox", "idle-hand", "--control-url", simulators.control)
    assert (result.status, "expected a campaign or a trigger" in result.err) == (3, True)


def test_existing_file_is_kept(tmp_path):
    (tmp_path / "mine.yaml").write_text("precious")
    result = sendproof("new", tmp_path / "mine.yaml")
    assert (result.status, (tmp_path / "mine.yaml").read_text()) == (3, "precious")


def test_unknown_provider_is_refused_with_the_nearest(tmp_path):
    """A run of such a scenario would end in an error of the harness."""
    result = sendproof("new", tmp_path / "mine.yaml", "--provider", "textlcal")
    assert result.status == 3
    assert result.err == '--provider: unknown provider "textlcal"; did you mean "textlocal"?\n'
    assert not (tmp_path / "mine.yaml").exists()
