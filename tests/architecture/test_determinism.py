"""Two runs with one seed give the same canonical history, byte for byte."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests

from canonical_history import canonical
from command_line import FIRST, scaled_down, sendproof_in_new_interpreter
from running import RunningSimulators
from stand_in import StandIn, stand_in

BURST = FIRST.parents[1] / "triggered" / "burst.yaml"


def history_of_run(folder: Path, *options: str) -> list[bytes]:
    """Run the first scenario with 300 customers in new processes; return its canonical history."""
    folder.mkdir()
    return history_of(scaled_down(folder, 300), folder, *options)


def history_of(scenario: Path, folder: Path, *options: str) -> list[bytes]:
    """Run a scenario in new processes; return its canonical history."""
    output = sendproof_in_new_interpreter("run", scenario, "--results", folder, *options)
    assert output.status == 0, output.out + output.err
    (history,) = folder.glob("*/history.ndjson")
    with history.open("rb") as lines:
        return list(canonical(lines))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Return the history of one run."""
    return history_of_run(tmp_path_factory.mktemp("first") / "run")


@pytest.mark.slow
def test_one_seed_gives_one_history(first: list[bytes], tmp_path: Path) -> None:
    """Ports, processes and the order of threads differ between the runs."""
    assert first == history_of_run(tmp_path / "second")


@pytest.mark.slow
def test_history_does_not_depend_on_the_number_of_processes(
    first: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDPROOF_WORKERS", "3")
    assert first == history_of_run(tmp_path / "run")


@pytest.mark.exhaustive
def test_one_seed_gives_one_conformance_history(tmp_path: Path) -> None:
    histories = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        output = sendproof_in_new_interpreter("contract", "--results", folder, "--examples", "5")
        assert output.status == 0, output.out + output.err
        with (folder / "contract" / "history.ndjson").open("rb") as lines:
            histories.append(list(canonical(lines)))
    assert histories[0] == histories[1]
    assert any(b'"kind":"probe"' in line for line in histories[0])


@pytest.mark.exhaustive
def test_one_seed_gives_one_history_of_a_burst(tmp_path: Path) -> None:
    """The messages that the bridge sends together do not depend on the order of arrival."""
    only = ("--provider", "textlocal")
    one, two = (history_of(BURST, tmp_path / name, *only) for name in ("one", "two"))
    assert one == two


@contextmanager
def busy_machine() -> Iterator[None]:
    """Keep every core busy twice over."""
    loop = [sys.executable, "-c", "while True: pass"]
    with ExitStack() as stack:
        for _ in range(2 * (os.cpu_count() or 1)):
            stack.callback(stack.enter_context(subprocess.Popen(loop)).kill)
        yield


@pytest.mark.exhaustive
def test_one_seed_gives_one_history_on_a_busy_machine(first: list[bytes], tmp_path: Path) -> None:
    """Readiness is a state of the bridge. If it were a pause, a slow bridge would shift virtual time by a minute."""
    with busy_machine():
        assert first == history_of_run(tmp_path / "busy")


@pytest.mark.slow
def test_other_seed_gives_another_history(first: list[bytes], tmp_path: Path) -> None:
    another = history_of_run(tmp_path / "another", "--seed", "2")
    assert not {line for line in first if b'"kind":"obligation"' in line} & set(another)


FAULTS = [
    {"fault": "status", "call": "textlocal.send", "nth": 2, "when": "after"},
    {"fault": "connection_reset", "call": "textlocal.send", "nth": 3},
    {"fault": "truncated_response", "call": "textlocal.send", "where": {"custom": "5"}},
    {"fault": "drop_webhook", "webhook": "textlocal.receipt", "where": {"customid": "1"}},
    {"fault": "duplicate_webhook", "webhook": "textlocal.receipt", "where": {"customid": "2"}},
    {"fault": "reorder_webhook", "webhook": "textlocal.receipt", "where": {"customid": "4"}},
    {"fault": "delay_webhook", "webhook": "textlocal.receipt", "nth": 5, "times": "all", "spread": 60_000},
]


def history_with_faults(simulators: RunningSimulators, listener: StandIn) -> list[bytes]:
    """Send eight messages, some with faults, and advance an hour; return the canonical history."""
    settings = {"name": "same", "seed": 5, "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}}
    service = simulators.call("POST", "/sandboxes", settings)["services"]["textlocal"]
    simulators.call("POST", "/sandboxes/same/faults", FAULTS)
    for custom in range(1, 9):
        form = {"apikey": service["credentials"]["apikey"], "numbers": "447555000000", "message": "Hi"}
        receipts = {"custom": str(custom), "receipt_url": listener.url + "/receipts"}
        with suppress(requests.RequestException):
            requests.post(service["url"] + "/send", data=form | receipts, timeout=60)
    simulators.call("POST", "/sandboxes/same/clock/advance", {"by_ms": 3_600_000})
    lines = simulators.history("same")
    simulators.call("DELETE", "/sandboxes/same")
    return list(canonical(json.dumps(line).encode() for line in lines))


def test_one_seed_injects_faults_in_the_same_places(simulators: RunningSimulators) -> None:
    with stand_in() as listener:
        one, two = (history_with_faults(simulators, listener) for _ in range(2))
    assert one == two
    assert {json.loads(line)["id"] for line in one if b'"kind":"fault"' in line} == {f"f{n}" for n in range(1, 8)}
