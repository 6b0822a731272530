"""Sandboxes on one clock share time and participants, and have separate journals."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from running import RunningSimulators

START = "2026-03-02T06:00:00Z"
HOUR = 3_600_000
DAY = 24 * HOUR
# Delivered after an hour.
NUMBER = "447555000001"


@pytest.fixture
def pair(simulators: RunningSimulators) -> tuple[str, str]:
    """Return two sandboxes, the second on the clock of the first."""
    first = create(simulators, {"mode": "virtual", "start": START})
    return first, create(simulators, {"mode": "shared", "with": first})


def create(simulators: RunningSimulators, clock: dict[str, Any]) -> str:
    """Create a sandbox with a clock; return its name."""
    return str(simulators.call("POST", "/sandboxes", {"seed": 1, "clock": clock})["sandbox"])


def send(simulators: RunningSimulators, sandbox: str) -> None:
    """Send one message, which is delivered an hour later."""
    service = simulators.call("GET", f"/sandboxes/{sandbox}")["services"]["textlocal"]
    form = {"apikey": service["credentials"]["apikey"], "numbers": NUMBER, "message": "Hi"}
    assert requests.post(service["url"] + "/send", data=form, timeout=60).json()["status"] == "success"


def times(simulators: RunningSimulators, sandbox: str, kind: str) -> list[str]:
    """Return the times of a sandbox's history lines of a kind."""
    return [line["at"][11:16] for line in simulators.history(sandbox) if line["kind"] == kind]


def test_advance_of_one_sandbox_advances_the_other(simulators, pair):
    """Each item is fired in its own sandbox."""
    first, second = pair
    send(simulators, first)
    simulators.call("POST", f"/sandboxes/{second}/clock/advance", {"by_ms": HOUR // 2})
    send(simulators, second)
    now = simulators.call("POST", f"/sandboxes/{first}/clock/advance", {"by_ms": 2 * HOUR})["now"]
    assert simulators.call("GET", f"/sandboxes/{second}/clock")["now"] == now
    assert [times(simulators, name, "delivery_status") for name in pair] == [["07:00"], ["07:30"]]


def test_participant_is_in_both_sandboxes_and_journals(simulators, pair):
    first, second = (f"/sandboxes/{name}/clock" for name in pair)
    simulators.call("POST", f"{first}/park", {"participant": "bridge", "until": START, "since": 0})
    assert [participant["name"] for participant in simulators.call("GET", second)["participants"]] == ["bridge"]
    simulators.call("DELETE", f"{second}/participants/bridge")
    actions = [[line["action"] for line in simulators.history(name) if line["kind"] == "clock"] for name in pair]
    assert actions == [["joined", "left"]] * 2


def test_kill_at_a_call_of_one_sandbox_is_in_the_journal_of_the_other(simulators, pair):
    """One bridge serves both, so it was down for both. Each sandbox numbers its own faults."""
    first, _ = pair
    kill = {"fault": "kill", "call": "textlocal.send", "down": HOUR, "within_s": 600}
    simulators.call("POST", f"/sandboxes/{first}/faults", [kill])
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send, simulators, first)
        while simulators.call("GET", f"/sandboxes/{first}/pending-kill") is None:
            pass
        simulators.call("POST", f"/sandboxes/{first}/faults/f1/completed")
        assert isinstance(sending.exception(), requests.ConnectionError)
    faults = [[line for line in simulators.history(name) if line["kind"] == "fault"] for name in pair]
    assert [[(line["id"], line["fault"], line.get("down")) for line in lines] for lines in faults] == [
        [("f1", "kill", None)],
        [(f"{first}/f1", "kill", HOUR)],
    ]


def test_second_sandbox_starts_at_the_current_instant(simulators):
    first = create(simulators, {"mode": "virtual", "start": START})
    simulators.call("POST", f"/sandboxes/{first}/clock/advance", {"by_ms": HOUR})
    second = create(simulators, {"mode": "shared", "with": first})
    header = simulators.history(second)[0]
    assert (header["at"], header["clock"]["start"]) == ("2026-03-02T07:00:00.000Z",) * 2
    assert (header["clock"]["mode"], header["clock"]["rate"]) == ("virtual", None)


@pytest.mark.parametrize("deleted", [0, 1])
def test_deleting_one_sandbox_does_not_stop_the_other(simulators, pair, deleted):
    for name in pair:
        send(simulators, name)
    simulators.call("DELETE", f"/sandboxes/{pair[deleted]}")
    simulators.call("POST", f"/sandboxes/{pair[1 - deleted]}/clock/advance", {"by_ms": 2 * HOUR})
    assert times(simulators, pair[1 - deleted], "delivery_status") == ["07:00"]


WRONG = (
    {"mode": "shared"},
    {"mode": "virtual", "with": "default"},
    {"mode": "shared", "with": "default", "rate": 2},
)


@pytest.mark.parametrize(
    ("clock", "status", "message"),
    [
        *[(clock, 400, "clock: `with` names a sandbox exactly when") for clock in WRONG],
        ({"mode": "shared", "with": "nobody"}, 409, "clock: no sandbox is named 'nobody'; there are: default"),
    ],
)
def test_invalid_shared_clock_is_refused_with_the_reason(simulators, clock, status, message):
    response = requests.post(f"{simulators.control}/control/sandboxes", json={"seed": 1, "clock": clock}, timeout=60)
    assert (response.status_code, response.json()["detail"].startswith(message)) == (status, True)


def test_virtual_clock_with_a_rate_runs_and_is_advanced(simulators):
    """As the default sandbox of `sendproof up`: time passes as on the machine, and users can jump."""
    name = create(simulators, {"mode": "virtual", "start": START, "rate": 1})
    clock = simulators.call("POST", f"/sandboxes/{name}/clock/advance", {"by_ms": 7 * DAY})
    assert (clock["mode"], clock["rate"], clock["now"] >= "2026-03-09T06:00:00.000Z") == ("virtual", 1, True)
    paused = simulators.call("PATCH", f"/sandboxes/{name}/clock", {"rate": None})
    assert simulators.call("GET", f"/sandboxes/{name}/clock")["now"] == paused["now"]


def test_rate_of_one_sandbox_is_recorded_in_both(simulators, pair):
    """The judge of each client must know that time passed by itself."""
    first, second = pair
    clock = simulators.call("PATCH", f"/sandboxes/{first}/clock", {"rate": 1})
    assert (clock["mode"], clock["rate"]) == ("virtual", 1)
    lines = [line for line in simulators.history(second) if line["kind"] == "clock"]
    assert [(line["action"], line["rate"]) for line in lines] == [("rate", 1)]
