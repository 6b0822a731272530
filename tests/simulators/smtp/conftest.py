"""A relay of the running simulators, with customers of different outcomes."""

from collections.abc import Iterator
from typing import Any

import pytest

from running import RunningSimulators
from simulated_relay import Relay
from stand_in import stand_in

START = "2026-03-02T09:00:00Z"


def individuals() -> list[dict[str, Any]]:
    """Return the first customers, each with another outcome."""
    outcomes = [
        "delivered after 3 s",
        "invalid after 3 s",
        "landline",
        "queue full",
        "delivered, replies STOP",
        "delivered, reported before the response",
    ]
    # Customer 6 is unsubscribed.
    rows = [{"customer": place, "outcome": outcome, "address": "one"} for place, outcome in enumerate(outcomes)]
    late = {"customer": len(rows) + 1, "outcome": "delivered after 71 h", "address": "one"}
    return [*rows, {"customer": len(rows), "address": "unsubscribed"}, late]


@pytest.fixture
def relay(simulators: RunningSimulators) -> Iterator[Relay]:
    """Return a relay with the customers of `individuals`, and the bridge's URL in its settings."""
    settings = {
        "seed": 7,
        "clock": {"mode": "virtual", "start": START},
        "audience": {"customers": 20, "addresses": {}, "individuals": individuals()},
        "channels": [{"id": 504, "provider": "smtp", "message": "email"}],
    }
    sandbox = simulators.call("POST", "/sandboxes", settings)
    with stand_in() as bridge:
        relay = Relay(simulators, sandbox, bridge)
        relay.control("PUT", "/providers/smtp/settings", {"inbound_url": f"{bridge.url}/bounces"})
        yield relay
    simulators.call("DELETE", f"/sandboxes/{sandbox['sandbox']}")
