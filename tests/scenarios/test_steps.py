"""Each step against real simulators: what somebody did is in the history, and a bridge of a few lines goes on."""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridges import PARKING, Listening
from running import RunningSimulators
from sendproof_scenarios.loading import loads
from sendproof_scenarios.runner import Options, Recorded, run

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
Play = Callable[..., tuple[Recorded, Lines]]


@pytest.fixture
def play(tmp_path: Path, simulators: RunningSimulators) -> Play:
    """Play the scenario with more steps, and read its history."""

    def played(more: str, top: str = "", code: str = PARKING) -> tuple[Recorded, Lines]:
        (tmp_path / "bridge.py").write_text(code)
        command = shlex.join([sys.executable, str(tmp_path / "bridge.py")])
        options = Options(command=command, simulators=simulators.control, results=tmp_path, patience_s=300)
        (scenario,) = loads(SCENARIO.replace("steps:\n", f"{top}steps:\n") + more, "steps.yaml")
        recorded = run(scenario, "steps", options, Listening())
        return recorded, [json.loads(line) for line in recorded.histories[0].read_text().splitlines()]

    return played


def of(lines: Lines, kind: str, *fields: str) -> list[Any]:
    """Some fields of all lines of one kind."""
    rows = [tuple(line[name] for name in fields) for line in lines if line["kind"] == kind]
    return [row[0] for row in rows] if len(fields) == 1 else rows


def test_customers_do_something_again_and_again(play: Play) -> None:
    """Four of them over a minute, twice with ten minutes between; each meets the trigger the second time."""
    _, lines = play(
        "  - events: {event: page_visit, first_customer: 3, customers: 4, times: 2, every: 10 minutes,"
        " spread: 1 minute}\n"
        "  - advance: 1 hour\n"
    )
    happened = of(lines, "customer_event", "customer", "at")
    assert happened[:4] == [(f"C000000{3 + i}", f"2026-03-02T06:00:{15 * i:02d}.000Z") for i in range(4)]
    assert of(lines, "trigger", "customer", "at") == [
        (f"C000000{3 + i}", f"2026-03-02T06:10:{15 * i:02d}.000Z") for i in range(4)
    ]


def test_a_share_of_customers_is_drawn_from_the_seed(play: Play) -> None:
    """The same ones in every run with this seed."""
    _, lines = play("  - events: {event: page_visit, share: 20%}\n")
    assert of(lines, "customer_event", "customer") == ["C0000001", "C0000005", "C0000011", "C0000012"]


def test_templates_come_change_and_go(play: Play) -> None:
    """As somebody does it at the provider."""
    _, lines = play(
        "  - add_template: {provider: textlocal, title: New, body: One}\n"
        "  - rename_template: {provider: textlocal, title: New, to: Newer}\n"
        "  - change_template: {provider: textlocal, title: Newer, body: Two}\n"
        "  - delete_template: {provider: textlocal, title: Newer}\n"
    )
    assert of(lines, "provider_template", "action", "title", "body")[1:] == [
        ("created", "New", "One"),
        ("renamed", "Newer", "One"),
        ("changed", "Newer", "Two"),
        ("deleted", "Newer", "Two"),
    ]


def test_a_bridge_that_does_not_synchronise_a_template_is_not_ready(play: Play) -> None:
    """After an hour of virtual time it is told what its channel lacks."""
    recorded, _ = play(
        "  - add_template: {provider: textlocal, title: New, body: One}\n  - wait_for: {synchronised: true}\n"
    )
    assert recorded.trouble is not None
    assert recorded.trouble.expected == "its templates to be synchronised within 1 hour of virtual time"
    assert "channel 505 lacks 'New', channel 250 lacks 'New'" in recorded.trouble.got


def test_customers_opt_out_by_the_clients_files(play: Play) -> None:
    """One file says it by the attribute, the other by a preference."""
    _, lines = play(
        "  - opt_out: {by: attribute, customers: 2}\n"
        "  - opt_out: {by: preference, channel: 505, first_customer: 2, customers: 1}\n"
    )
    changes = of(lines, "attributes", "changes")[0]
    assert [(one["customer"], one["field"], one["value"]) for one in changes] == [
        ("C0000000", "SMS_OPT_IN", "0"),
        ("C0000001", "SMS_OPT_IN", "0"),
    ]
    assert of(lines, "preference", "how", "opted_out", "customers") == [("batch_file", True, ["C0000002"])]


def test_a_campaign_is_cancelled_and_its_notification_comes_again(play: Play) -> None:
    """The listener for event 13 hears of it twice."""
    again = "  - resend: {webhook: optimove.13}\n  - advance: 1 minute\n"
    _, lines = play(f"  - advance: 1 hour\n{again}  - cancel: 7001\n")
    told = [line for line in lines if line["kind"] == "webhook" and line["event"] == "13"]
    assert {line.get("copy", 0) for line in told} == {0, 1}
    assert of(lines, "cancelled", "campaign", "was") == [(7001, "announced")]


def test_a_notification_that_was_never_sent_cannot_come_again(play: Play) -> None:
    """The writer of the scenario is told how many there were."""
    recorded, _ = play("  - resend: {webhook: optimove.11, nth: 2}\n")
    assert recorded.trouble is not None
    assert (recorded.trouble.blame, recorded.trouble.got) == ("config", "0; let more time pass first, or name another")


def test_a_rotated_key_reaches_a_bridge_that_is_started_again_with_it(play: Play) -> None:
    """The second process shows the new key, and takes part in the clock as the first did."""
    said = "\nprint('key', optimove['credentials']['api_key'], flush=True)\nregister()\n"
    code = PARKING.replace("\nregister()\n", said)
    recorded, lines = play("  - key: {action: rotate, overlap: 1 hour}\n  - advance: 1 hour\n", code=code)
    keys = (recorded.folder / "bridge.log").read_text().split()[1::2]
    told = json.loads((recorded.folder / "handover.json").read_text())
    assert recorded.trouble is None
    assert keys[1] == told["services"]["optimove"]["credentials"]["api_key"] != keys[0]
    assert of(lines, "key", "action", "ends") == [("rotated", "2026-03-02T07:00:00.000Z")]


def test_a_bridge_that_is_killed_comes_back_when_it_has_been_down_long_enough(play: Play) -> None:
    """Killed after it registered, it registers again a quarter of an hour later, and the run goes on."""
    top = "faults:\n  - {fault: kill, webhook: optimove.13, when: before, down: 15 minutes}\n"
    recorded, lines = play("  - advance: 2 hours\n", top=top)
    registered = of(lines, "listener", "at")
    assert recorded.trouble is None
    assert of(lines, "fault", "fault", "name") == [("kill", "13")]
    assert registered == ["2026-03-02T06:00:00.000Z", "2026-03-02T06:45:00.000Z"]


def test_each_client_has_a_sandbox_and_a_history_of_its_own(play: Play) -> None:
    """One clock counts for both, and both are told in one handover."""
    code = PARKING.replace("told =", "both =").replace("optimove =", "told = both['clients'][0]\noptimove =")
    recorded, lines = play("", top="clients: [north, south]\n", code=code)
    told = json.loads((recorded.folder / "handover.json").read_text())["clients"]
    assert [file.parent.name for file in recorded.histories] == ["north", "south"]
    assert [one["client"] for one in told] == ["north", "south"]
    assert told[0]["clock_url"] == told[1]["clock_url"]
    assert lines[0]["seed"] == 7
