"""Law: two runs with one seed give the same history, byte for byte, in canonical form."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from canonical_history import canonical
from command_line import FIRST, scaled_down, sendproof
from running import RunningSimulators
from stand_in import StandIn, stand_in

BURST = FIRST.parents[1] / "triggered" / "burst.yaml"


def history_of_run(folder: Path, *options: str) -> list[bytes]:
    """Run the first scenario with 300 customers in fresh processes; its history in canonical form."""
    folder.mkdir()
    return history_of(scaled_down(folder, 300), folder, *options)


def history_of(scenario: Path, folder: Path, *options: str) -> list[bytes]:
    """Run a scenario in fresh processes; its history in canonical form."""
    said = sendproof("run", scenario, "--results", folder, *options)
    assert said.status == 0, said.out + said.err
    (history,) = folder.glob("*/history.ndjson")
    with history.open("rb") as lines:
        return list(canonical(lines))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The history of one run."""
    return history_of_run(tmp_path_factory.mktemp("first") / "run")


def test_one_seed_gives_one_history(first: list[bytes], tmp_path: Path) -> None:
    """Other ports, other processes, another order of threads: nothing of it may show."""
    assert first == history_of_run(tmp_path / "second")


@pytest.mark.slow
def test_a_bridge_is_asked_the_same_about_its_contract(tmp_path: Path) -> None:
    """What is made up, in which order it is posted, and what the bridge does upon it."""
    histories = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        said = sendproof("contract", "--results", folder, "--examples", "5")
        assert said.status == 0, said.out + said.err
        with (folder / "contract" / "history.ndjson").open("rb") as lines:
            histories.append(list(canonical(lines)))
    assert histories[0] == histories[1]
    assert any(b'"kind":"probe"' in line for line in histories[0])


@pytest.mark.slow
def test_one_seed_gives_one_history_of_a_burst_of_triggers(tmp_path: Path) -> None:
    """Three hundred at one instant: which of them the bridge sends together does not depend on how they came in."""
    only = ("--provider", "textlocal")
    one, two = (history_of(BURST, tmp_path / name, *only) for name in ("one", "two"))
    assert one == two


@pytest.mark.slow
def test_another_seed_gives_another_history(first: list[bytes], tmp_path: Path) -> None:
    """The seed reaches all the way down: no customer keeps the same number."""
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


def history_of_struck_calls(simulators: RunningSimulators, listener: StandIn) -> list[bytes]:
    """Send eight messages, with and without trouble, and let an hour pass; the history in canonical form."""
    wanted = {"name": "same", "seed": 5, "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}}
    service = simulators.call("POST", "/sandboxes", wanted)["services"]["textlocal"]
    simulators.call("POST", "/sandboxes/same/faults", FAULTS)
    for custom in range(1, 9):
        form = {"apikey": service["credentials"]["apikey"], "numbers": "447555000000", "message": "Hi"}
        told = {"custom": str(custom), "receipt_url": listener.url + "/receipts"}
        with suppress(requests.RequestException):
            requests.post(service["url"] + "/send", data=form | told, timeout=60)
    simulators.call("POST", "/sandboxes/same/clock/advance", {"by_ms": 3_600_000})
    lines = simulators.history("same")
    simulators.call("DELETE", "/sandboxes/same")
    return list(canonical(json.dumps(line).encode() for line in lines))


def test_faults_strike_one_seed_in_the_same_places(simulators: RunningSimulators) -> None:
    """And change its history in the same way: each of them has struck, and both histories say the same."""
    with stand_in() as listener:
        one, two = (history_of_struck_calls(simulators, listener) for _ in range(2))
    assert one == two
    assert {json.loads(line)["id"] for line in one if b'"kind":"fault"' in line} == {f"f{n}" for n in range(1, 8)}
