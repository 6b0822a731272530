"""The bounds of the bridge's port, in a real process."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from running import RunningSimulators
from running_bridge import BridgeProcess, Sandbox


@pytest.fixture
def bridge(tmp_path: Path, simulators: RunningSimulators) -> Iterator[BridgeProcess]:
    """Return a running bridge."""
    process = BridgeProcess(tmp_path, Sandbox(simulators, 10))
    process.start()
    try:
        yield process
    finally:
        process.clean_up()


def exchange(port: int, request: bytes) -> bytes:
    """Send bytes, end the client's side of the connection, and return everything that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_bridge_bounds_the_head_and_answers_clients_that_ended(bridge: BridgeProcess) -> None:
    start = b"POST /webhooks/optimove/acme/wrong HTTP/1.1\r\n"
    assert exchange(bridge.port, start + b"Host: x\r\nX: " + b"a" * 70_000).startswith(b"HTTP/1.1 431 ")
    assert exchange(bridge.port, start + b"\r\n").startswith(b"HTTP/1.1 400 ")
    assert exchange(bridge.port, start + b"Host: x\r\nContent-Length: 0\r\n\r\n").startswith(b"HTTP/1.1 404 ")


def test_bridge_stops_while_a_request_is_incomplete(bridge: BridgeProcess) -> None:
    with socket.create_connection(("127.0.0.1", bridge.port), timeout=60) as connection:
        connection.sendall(b"POST /webhooks/optimove/acme/wrong HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        assert bridge.stop() == 0
