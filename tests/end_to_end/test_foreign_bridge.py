"""A bridge that is not ours, run as a vendor runs theirs: the example in Flask, by command and by address."""

import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from command_line import FIRST, Said, scaled_down, sendproof
from repository import ROOT
from running import RunningSimulators
from running_bridge import wait_until
from sendproof_harness.handover.format import Listen
from sendproof_harness.handover.write import handover_content, write_handover
from sendproof_harness.run.processes import Child, Program, free_port

APP = ROOT / "bridge" / "examples" / "flask_bridge" / "app.py"
COMMAND = shlex.join([sys.executable, str(APP)])
BY_THE_MACHINE = shlex.join(["env", "FLASK_BRIDGE_CLOCK=machine", sys.executable, str(APP)])

# The first scenario in seconds: announced 2 s after the beginning, due 3 s later at the latest.
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


@dataclass(frozen=True)
class Ran:
    """What the command said, and the verdict of each check by its requirement."""

    said: Said
    checks: dict[str, str]

    def not_passed(self) -> dict[str, str]:
        return {number: verdict for number, verdict in self.checks.items() if verdict != "pass"}


def ran(scenario: Path, *words: str | Path) -> Ran:
    """Run a scenario against a bridge and read its verdict."""
    results = scenario.parent / "results"
    said = sendproof("run", scenario, "--results", results, *words)
    verdict = json.loads((results / scenario.stem / "verdict.json").read_text())
    return Ran(said, {check["requirement"]["number"]: check["verdict"] for check in verdict["checks"]})


def example(told: Path, log: Path) -> Program:
    """The bridge, and where its handover is or will be."""
    words = [sys.executable, str(APP)]
    return Program(name="the example", command=words, log=log, environment={"SENDPROOF_HANDOVER": str(told)})


def dialects(personal_info: str) -> dict[str, str]:
    """Event 11 with attributes or without; keys may ask for them."""
    return {"optimove.personal_info": personal_info, "optimove.unlisted_functions": "allowed"}


def ready(state: dict[str, Any]) -> bool:
    """Whether a trigger can be met."""
    return bool(state["listeners"] and state["channel_templates"].get("250"))


def test_a_bridge_by_another_hand_passes(tmp_path: Path) -> None:
    """A week of virtual time, every check observed and passed, by code that shares nothing with ours."""
    done = ran(scaled_down(tmp_path, 600), "--command", COMMAND)
    assert done.said.status == 0, done.said.out + done.said.err
    assert done.not_passed() == {}


@pytest.mark.slow
def test_a_bridge_that_runs_already_passes(tmp_path: Path) -> None:
    """It was started first, waits for its handover, and listens where it is said to."""
    program = example(tmp_path / "results" / "first_campaign" / "handover.json", tmp_path / "bridge.log")
    with Child(program):
        done = ran(scaled_down(tmp_path, 200), "--bridge", f"http://127.0.0.1:{free_port('127.0.0.1')}")
    assert done.said.status == 0, done.said.out + done.said.err + program.log.read_text()
    assert done.not_passed() == {}


@pytest.mark.parametrize("personal_info", ["present", pytest.param("absent", marks=pytest.mark.slow)])
def test_triggers_are_answered_at_once(simulators: RunningSimulators, personal_info: str, tmp_path: Path) -> None:
    """Forty customers visit a page: each gets their text at that instant, of the event and what is looked up."""
    made = simulators.call("POST", "/sandboxes", TRIGGERED | {"dialects": dialects(personal_info)})
    path = f"/sandboxes/{made['sandbox']}"
    simulators.call("POST", f"{path}/providers/textlocal/templates", [COME_BACK])
    listen = Listen(host="127.0.0.1", port=free_port("127.0.0.1"))
    write_handover(handover_content(simulators.control, made, listen), tmp_path / "handover.json")
    with Child(example(tmp_path / "handover.json", tmp_path / "bridge.log")) as bridge:
        wait_until(lambda: ready(simulators.call("GET", f"{path}/state")), "listener and template", bridge.program.log)
        simulators.call("POST", f"{path}/triggers", TRIGGER)
        visits = [VISIT | {"customer": f"C{index:07d}"} for index in range(40)]
        simulators.call("POST", f"{path}/events", visits)
        simulators.call("POST", f"{path}/clock/advance", {"by_ms": 60 * 60 * 1000})
    history = [json.dumps(line) for line in simulators.history(made["sandbox"])]
    (tmp_path / "history.ndjson").write_text("\n".join(history))
    assert sendproof("judge", tmp_path / "history.ndjson", "--results", tmp_path).status == 0
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    fates = {name: count for name, count in verdict["ledger"].items() if count}
    assert (fates.keys(), sum(fates.values())) == ({"ok", "withheld"}, 40)
    assert {check["verdict"] for check in verdict["checks"]} == {"pass"}


@pytest.mark.skipif(os.name != "posix", reason="env sets the variable")
def test_a_bridge_without_the_clock_is_unknown_where_time_counts(tmp_path: Path) -> None:
    """Everybody gets the right text once; when they would have got it, nobody can say, so it is no pass."""
    done = ran(scaled_down(tmp_path, 20), "--command", BY_THE_MACHINE)
    assert done.said.status == 2, done.said.out + done.said.err
    assert done.not_passed() == {"R404": "unknown", "R501": "unknown"}


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="env sets the variable")
def test_a_bridge_without_the_clock_is_judged_in_real_time(tmp_path: Path) -> None:
    """At rate 1 the machine's clock is the sandbox's: send times are right, and only the week is still to come."""
    quick = FIRST.read_text().replace("customers: 10000", "customers: 100")
    for long, short in QUICK.items():
        assert long in quick
        quick = quick.replace(long, short)
    (tmp_path / "quick.yaml").write_text(quick)
    done = ran(tmp_path / "quick.yaml", "--command", BY_THE_MACHINE, "--clock-rate", "1")
    assert done.said.status == 2, done.said.out + done.said.err
    assert set(done.not_passed().values()) == {"unknown"}
    assert done.checks["R401"] == done.checks["R404"] == "pass"
