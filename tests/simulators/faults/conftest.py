"""A sandbox of real simulators, with faults in its calls and webhooks."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from running import RunningSimulators, running_simulators
from stand_in import StandIn, stand_in

START = "2026-03-02T06:00:00Z"
# Delivered after three seconds, with a receipt.
NUMBER = "447555000000"


@dataclass
class Bench:
    """One sandbox in virtual time, a client of its Textlocal, and a listener for its receipts."""

    simulators: RunningSimulators
    made: dict[str, Any]
    listener: StandIn

    @property
    def name(self) -> str:
        return str(self.made["sandbox"])

    def guest(self, **audience: object) -> "Bench":
        """Create another sandbox on the clock of this one: another client of the same bridge."""
        clock = {"mode": "shared", "with": self.name}
        settings = {"seed": 4, "clock": clock, "rate_limits": False, "audience": {"customers": 1, **audience}}
        return Bench(self.simulators, self.simulators.call("POST", "/sandboxes", settings), self.listener)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the control API for this sandbox."""
        return self.simulators.call(method, f"/sandboxes/{self.name}{path}", body)

    def inject(self, fault: str, **entry: object) -> str:
        """Add one fault, by default at `send`, and return its id."""
        target = {} if {"call", "webhook"} & entry.keys() else {"call": "textlocal.send"}
        (added,) = self.call("POST", "/faults", [{"fault": fault, **target, **entry}])
        return str(added["id"])

    def pending_kill(self) -> dict[str, Any]:
        """Return the kill that waits for the harness; poll until a call or webhook meets it."""
        while (pending := self.call("GET", "/pending-kill")) is None:
            pass
        return dict(pending)

    def form(self, **more: str) -> dict[str, str]:
        """Return the form of a message to one number."""
        apikey = self.made["services"]["textlocal"]["credentials"]["apikey"]
        receipts = {"receipt_url": self.listener.url + "/receipts"}
        return {"apikey": apikey, "numbers": NUMBER, "message": "Hi", **receipts, **more}

    def send(self, *, read_timeout: float = 60, **more: str) -> requests.Response:
        """Send one message."""
        url = self.made["services"]["textlocal"]["url"]
        return requests.post(url + "/send", data=self.form(**more), timeout=(60, read_timeout))

    def raw(self) -> bytes:
        """Send one message, and return everything until the end of the connection."""
        url = urlsplit(self.made["services"]["textlocal"]["url"])
        body = urlencode(self.form())
        head = f"POST /send HTTP/1.1\r\nhost: {url.netloc}\r\nconnection: close\r\ncontent-length: {len(body)}\r\n"
        kind = "content-type: application/x-www-form-urlencoded\r\n\r\n"
        with socket.create_connection((url.hostname, url.port), timeout=60) as connection:
            connection.sendall((head + kind + body).encode())
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def advance(self, by_ms: int) -> None:
        """Advance the clock."""
        self.call("POST", "/clock/advance", {"by_ms": by_ms})

    def lines(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the lines of the history of these kinds."""
        return [line for line in self.simulators.history(self.name) if line["kind"] in kinds]

    def injections(self) -> list[tuple[str, bool, str, int]]:
        """Return (fault, effect, response, status) of each call with a fault, from the history."""
        lines = [line for line in self.lines("request") if "fault" in line]
        return [(*(line["fault"][key] for key in ("fault", "effect", "response")), line["status"]) for line in lines]


@pytest.fixture(scope="package")
def simulators(tmp_path_factory) -> Iterator[RunningSimulators]:
    """Start one process for all of these tests; it must log no errors about disconnected clients."""
    log = tmp_path_factory.mktemp("simulators") / "log"
    with log.open("w") as errors, running_simulators(errors=errors) as running:
        yield running
    assert log.read_text() == ""


@pytest.fixture
def listener() -> Iterator[StandIn]:
    """Start a listener for receipts."""
    with stand_in() as server:
        yield server


@pytest.fixture
def bench(simulators: RunningSimulators, listener: StandIn) -> Bench:
    """Create a sandbox without rate limits."""
    settings = {"seed": 3, "clock": {"mode": "virtual", "start": START}, "rate_limits": False}
    return Bench(simulators, simulators.call("POST", "/sandboxes", settings), listener)


@pytest.fixture
def limited(simulators: RunningSimulators, listener: StandIn) -> Bench:
    """Create a sandbox where Textlocal accepts ten calls a second."""
    settings = {"seed": 3, "clock": {"mode": "virtual", "start": START}, "dialects": {"textlocal.rate_limit": "10"}}
    return Bench(simulators, simulators.call("POST", "/sandboxes", settings), listener)
