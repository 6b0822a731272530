"""A sandbox of real simulators whose calls and webhooks can be struck."""

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
# Delivered three seconds later, and told then.
NUMBER = "447555000000"


@dataclass
class Bench:
    """One sandbox in virtual time, a client of its Textlocal, and somebody who hears of its receipts."""

    simulators: RunningSimulators
    made: dict[str, Any]
    listener: StandIn

    @property
    def name(self) -> str:
        return str(self.made["sandbox"])

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The control API, on this sandbox."""
        return self.simulators.call(method, f"/sandboxes/{self.name}{path}", body)

    def strike(self, fault: str, **entry: object) -> str:
        """Put one fault in force, on `send` unless it says otherwise; answers its id."""
        where = {} if {"call", "webhook"} & entry.keys() else {"call": "textlocal.send"}
        (added,) = self.call("POST", "/faults", [{"fault": fault, **where, **entry}])
        return str(added["id"])

    def form(self, **more: str) -> dict[str, str]:
        """What a message to one number takes."""
        apikey = self.made["services"]["textlocal"]["credentials"]["apikey"]
        told = {"receipt_url": self.listener.url + "/receipts"}
        return {"apikey": apikey, "numbers": NUMBER, "message": "Hi", **told, **more}

    def send(self, *, read_timeout: float = 60, **more: str) -> requests.Response:
        """Send one message."""
        url = self.made["services"]["textlocal"]["url"]
        return requests.post(url + "/send", data=self.form(**more), timeout=(60, read_timeout))

    def raw(self) -> bytes:
        """Send one message, and read the connection to its end."""
        url = urlsplit(self.made["services"]["textlocal"]["url"])
        body = urlencode(self.form())
        head = f"POST /send HTTP/1.1\r\nhost: {url.netloc}\r\nconnection: close\r\ncontent-length: {len(body)}\r\n"
        kind = "content-type: application/x-www-form-urlencoded\r\n\r\n"
        with socket.create_connection((url.hostname, url.port), timeout=60) as connection:
            connection.sendall((head + kind + body).encode())
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def advance(self, by_ms: int) -> None:
        """Let time pass."""
        self.call("POST", "/clock/advance", {"by_ms": by_ms})

    def lines(self, *kinds: str) -> list[dict[str, Any]]:
        """The lines of the history that are of these kinds."""
        return [line for line in self.simulators.history(self.name) if line["kind"] in kinds]

    def told(self) -> list[tuple[str, bool, str, int]]:
        """What the history says of each struck call: (fault, effect, reply, status)."""
        struck = [line for line in self.lines("request") if "fault" in line]
        return [
            (line["fault"]["fault"], line["fault"]["effect"], line["fault"]["response"], line["status"])
            for line in struck
        ]


@pytest.fixture(scope="package")
def simulators(tmp_path_factory) -> Iterator[RunningSimulators]:
    """One process for all of these tests; a client that has gone is nothing for it to complain of."""
    complaints = tmp_path_factory.mktemp("simulators") / "complaints"
    with complaints.open("w") as errors, running_simulators(errors=errors) as running:
        yield running
    assert complaints.read_text() == ""


@pytest.fixture
def listener() -> Iterator[StandIn]:
    """Somebody who hears of receipts."""
    with stand_in() as listening:
        yield listening


@pytest.fixture
def bench(simulators: RunningSimulators, listener: StandIn) -> Bench:
    """A sandbox without rate limits."""
    settings = {"seed": 3, "clock": {"mode": "virtual", "start": START}, "rate_limits": False}
    return Bench(simulators, simulators.call("POST", "/sandboxes", settings), listener)


@pytest.fixture
def limited(simulators: RunningSimulators, listener: StandIn) -> Bench:
    """A sandbox whose Textlocal takes ten calls a second."""
    settings = {"seed": 3, "clock": {"mode": "virtual", "start": START}, "dialects": {"textlocal.rate_limit": "10"}}
    return Bench(simulators, simulators.call("POST", "/sandboxes", settings), listener)
