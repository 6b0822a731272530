"""Sandboxes on one clock: one time, one set of participants, journals apart."""

from typing import Any

import pytest
import requests

from running import RunningSimulators

START = "2026-03-02T06:00:00Z"
HOUR = 3_600_000
# Delivered an hour after it went out.
NUMBER = "447555000001"


@pytest.fixture
def pair(simulators: RunningSimulators) -> tuple[str, str]:
    """Two sandboxes, the second on the clock of the first."""
    first = create(simulators, {"mode": "virtual", "start": START})
    return first, create(simulators, {"mode": "shared", "with": first})


def create(simulators: RunningSimulators, clock: dict[str, Any]) -> str:
    """A sandbox with a clock; answers its name."""
    return str(simulators.call("POST", "/sandboxes", {"seed": 1, "clock": clock})["sandbox"])


def send(simulators: RunningSimulators, sandbox: str) -> None:
    """Send one message, whose receipt is due an hour later."""
    service = simulators.call("GET", f"/sandboxes/{sandbox}")["services"]["textlocal"]
    form = {"apikey": service["credentials"]["apikey"], "numbers": NUMBER, "message": "Hi"}
    assert requests.post(service["url"] + "/send", data=form, timeout=60).json()["status"] == "success"


def lines(simulators: RunningSimulators, sandbox: str, kind: str) -> list[str]:
    """When something of a kind happened, by a sandbox's history."""
    return [line["at"][11:16] for line in simulators.history(sandbox) if line["kind"] == kind]


def test_time_passes_for_both(simulators, pair):
    """Through whichever it is advanced; what is due happens in the sandbox that it belongs to."""
    first, second = pair
    send(simulators, first)
    simulators.call("POST", f"/sandboxes/{second}/clock/advance", {"by_ms": HOUR // 2})
    send(simulators, second)
    now = simulators.call("POST", f"/sandboxes/{first}/clock/advance", {"by_ms": 2 * HOUR})["now"]
    assert simulators.call("GET", f"/sandboxes/{second}/clock")["now"] == now
    assert [lines(simulators, one, "delivery_status") for one in pair] == [["07:00"], ["07:30"]]


def test_who_takes_part_does_so_in_both(simulators, pair):
    """Joining through one and leaving through the other; both journals tell of it."""
    first, second = (f"/sandboxes/{one}/clock" for one in pair)
    simulators.call("POST", f"{first}/park", {"participant": "bridge", "until": START, "since": 0})
    assert [one["name"] for one in simulators.call("GET", second)["participants"]] == ["bridge"]
    simulators.call("DELETE", f"{second}/participants/bridge")
    told = [[line["action"] for line in simulators.history(one) if line["kind"] == "clock"] for one in pair]
    assert told == [["joined", "left"]] * 2


def test_the_second_begins_when_it_is_made(simulators):
    """Its history starts at the present of the clock, whose mode it has."""
    first = create(simulators, {"mode": "virtual", "start": START})
    simulators.call("POST", f"/sandboxes/{first}/clock/advance", {"by_ms": HOUR})
    second = create(simulators, {"mode": "shared", "with": first})
    header = simulators.history(second)[0]
    assert (header["at"], header["clock"]["start"]) == ("2026-03-02T07:00:00.000Z",) * 2
    assert (header["clock"]["mode"], header["clock"]["rate"]) == ("virtual", None)


@pytest.mark.parametrize("gone", [0, 1])
def test_deleting_one_leaves_the_other_going(simulators, pair, gone):
    """What was due in the deleted one does not happen; what is due in the other does."""
    for one in pair:
        send(simulators, one)
    simulators.call("DELETE", f"/sandboxes/{pair[gone]}")
    simulators.call("POST", f"/sandboxes/{pair[1 - gone]}/clock/advance", {"by_ms": 2 * HOUR})
    assert lines(simulators, pair[1 - gone], "delivery_status") == ["07:00"]


@pytest.mark.parametrize(
    ("clock", "status", "message"),
    [
        ({"mode": "shared"}, 400, "clock: expected `with` to name a sandbox exactly when the mode is shared"),
        ({"mode": "virtual", "with": "default"}, 400, "clock: expected `with` to name a sandbox exactly when"),
        (
            {"mode": "shared", "with": "default", "rate": 2},
            400,
            "clock: `start` and `rate` cannot be set on a shared clock",
        ),
        ({"mode": "shared", "with": "nobody"}, 409, "clock: no sandbox is named 'nobody'; there are: default"),
    ],
)
def test_what_cannot_be_shared_is_told(simulators, clock, status, message):
    """With what was expected."""
    response = requests.post(f"{simulators.control}/control/sandboxes", json={"seed": 1, "clock": clock}, timeout=60)
    assert (response.status_code, response.json()["detail"].startswith(message)) == (status, True)
