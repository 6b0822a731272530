"""The Flask example, run as a vendor runs their own bridge: by command and by URL."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from command_line import FIRST, scaled_down, sendproof
from judged_run import run_scenario
from repository import ROOT
from running import RunningSimulators
from running_bridge import wait_until
from sendproof_harness.handover.format import Listen
from sendproof_harness.handover.write import handover_content, write_handover
from sendproof_harness.run.processes import Child, Program, free_port

APP = ROOT / "bridge" / "examples" / "flask_bridge" / "app.py"
COMMAND = shlex.join([sys.executable, str(APP)])
COMMAND_WITH_REAL_CLOCK = shlex.join(["env", "FLASK_BRIDGE_CLOCK=machine", sys.executable, str(APP)])

# Turns the first scenario into one of seconds: announced after 2 s, all messages due within 3 s after that.
QUICK = {
    "06:30:00Z": "06:00:02Z",
    "09:00:00Z": "06:00:04Z",
    "13:30:00Z": "06:00:04Z",
    "18:00:00Z": "06:00:05Z",
    "3 hours": "7 seconds",
    "  - advance: 7 days # receipts and reports\n": "",
}

TRIGGERED: dict[str, Any] = {
    "seed": 7,
    "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"},
    "audience": {"customers": 100, "opted_out": 0.2},
    "channels": [{"id": 250, "provider": "textlocal", "kind": "triggered"}],
}
COME_BACK = {"title": "Come back", "body": "Hello {{FIRST_NAME}}, see {{page}} again."}
TRIGGER = {"trigger": "Visit", "campaign": 8001, "channel": 250, "template": "Come back"} | {
    "criteria": [{"event": "page_visit", "count": 1}]
}
VISIT = {"event": "page_visit", "parameters": {"page": "/offers"}}


def example(handover: Path, log: Path) -> Program:
    """Return the bridge with the path of its handover file, which need not exist yet."""
    command = [sys.executable, str(APP)]
    return Program(name="the example", command=command, log=log, environment={"SENDPROOF_HANDOVER": str(handover)})


def dialects(personal_info: str) -> dict[str, str]:
    """Return dialects that put attributes into event 11 or not, and that allow to fetch them."""
    return {"optimove.personal_info": personal_info, "optimove.unlisted_functions": "allowed"}


def ready(state: dict[str, Any]) -> bool:
    """Return True if the bridge has registered its listener and template."""
    return bool(state["listeners"] and state["channel_templates"].get("250"))


@pytest.mark.slow
def test_flask_bridge_passes_the_first_scenario(tmp_path: Path) -> None:
    """The bridge shares no code with the reference bridge."""
    run = run_scenario(scaled_down(tmp_path, 600), "--command", COMMAND)
    assert run.command.status == 0, run.command.out + run.command.err
    assert run.not_passed() == {}


@pytest.mark.slow
def test_running_bridge_passes(tmp_path: Path) -> None:
    """It was started first, waits for its handover file, and listens at the address in it."""
    program = example(tmp_path / "results" / "first_campaign" / "handover.json", tmp_path / "bridge.log")
    with Child(program):
        run = run_scenario(scaled_down(tmp_path, 200), "--bridge", f"http://127.0.0.1:{free_port('127.0.0.1')}")
    assert run.command.status == 0, run.command.out + run.command.err + program.log.read_text()
    assert run.not_passed() == {}


@pytest.mark.slow
@pytest.mark.parametrize("personal_info", ["present", "absent"])
def test_triggered_messages_are_sent_promptly(
    simulators: RunningSimulators, personal_info: str, tmp_path: Path
) -> None:
    """The text needs the event and, if attributes are absent, a lookup."""
    created = simulators.call("POST", "/sandboxes", TRIGGERED | {"dialects": dialects(personal_info)})
    path = f"/sandboxes/{created['sandbox']}"
    simulators.call("POST", f"{path}/providers/textlocal/templates", [COME_BACK])
    listen = Listen(host="127.0.0.1", port=free_port("127.0.0.1"))
    write_handover(handover_content(simulators.control, created, listen), tmp_path / "handover.json")
    with Child(example(tmp_path / "handover.json", tmp_path / "bridge.log")) as bridge:
        wait_until(lambda: ready(simulators.call("GET", f"{path}/state")), "listener and template", bridge.program.log)
        simulators.call("POST", f"{path}/triggers", TRIGGER)
        visits = [VISIT | {"customer": f"C{index:07d}"} for index in range(40)]
        simulators.call("POST", f"{path}/events", visits)
        simulators.call("POST", f"{path}/clock/advance", {"by_ms": 48 * 60 * 60 * 1000})
    history = requests.get(f"{simulators.control}/control{path}/history", timeout=60)
    (tmp_path / "history.ndjson").write_bytes(history.content)
    assert sendproof("judge", tmp_path / "history.ndjson", "--results", tmp_path).status == 0
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    recipient_counts = {name: count for name, count in verdict["ledger"].items() if count}
    assert (recipient_counts.keys(), sum(recipient_counts.values())) == ({"ok", "withheld"}, 40)
    assert {check["verdict"] for check in verdict["checks"]} == {"pass"}


@pytest.mark.slow
def test_bridge_outside_virtual_time_has_unknown_timing_checks(tmp_path: Path) -> None:
    """It sends every message, but no send time can be judged, so the verdict is not pass."""
    run = run_scenario(scaled_down(tmp_path, 100), "--command", COMMAND_WITH_REAL_CLOCK)
    assert run.command.status == 2, run.command.out + run.command.err
    assert run.not_passed() == {"R404": "unknown", "R501": "unknown", "R503": "unknown"}


@pytest.mark.slow
def test_bridge_outside_virtual_time_is_judged_at_clock_rate_1(tmp_path: Path) -> None:
    """At rate 1, virtual time equals real time. Only the checks that need a week stay unknown."""
    quick = FIRST.read_text().replace("customers: 10000", "customers: 100")
    for long, short in QUICK.items():
        assert long in quick
        quick = quick.replace(long, short)
    (tmp_path / "quick.yaml").write_text(quick)
    run = run_scenario(tmp_path / "quick.yaml", "--command", COMMAND_WITH_REAL_CLOCK, "--clock-rate", "1")
    assert run.command.status == 2, run.command.out + run.command.err
    assert set(run.not_passed().values()) == {"unknown"}
    assert run.checks["R401"] == run.checks["R404"] == "pass"
