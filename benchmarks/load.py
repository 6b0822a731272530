"""A load generator with little overhead: one thread, many connections, and responses that are counted and dropped.

The tools from npm and pip spend more time on a page of 1.4 MB than the servers do, so they would measure themselves.
For example, autocannon reaches about 250 requests per second where this generator reaches 2,800.
"""

import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

CONNECTIONS = 16
BLOCK = 1 << 20
_ASK_EVERY_S = 0.1


class LoadError(Exception):
    """A server responded with another status than 200 under load, or closed a connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The responses of a load, and its duration."""

    responses: int
    seconds: float


@dataclass(slots=True)
class _Connection:
    """One connection: the index of the next request, and the missing bytes of the current response."""

    socket: socket.socket
    next: int = 0
    missing: int = 0


def requests_of(url: str, method: str, paths: Sequence[str], headers: dict[str, str], body: bytes) -> list[bytes]:
    """Return complete encoded requests."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    rest = "\r\n".join([f"Host: {urlsplit(url).netloc}", *lines, "", ""]).encode()
    return [f"{method} {path} HTTP/1.1\r\n".encode() + rest + body for path in paths]


def load(
    url: str,
    requests: Sequence[bytes],
    seconds: float,
    connections: int = CONNECTIONS,
    is_enough: Callable[[], bool] = lambda: True,
) -> Load:
    """Return the responses. Each connection sends the requests in turn, after the previous response.

    The load lasts `seconds`, and then until `is_enough`, which is asked about ten times a second.
    """
    address = urlsplit(url)
    buffer = memoryview(bytearray(BLOCK))
    responses = 0
    with selectors.DefaultSelector() as selector:
        for number in range(connections):
            client = socket.create_connection((address.hostname, address.port), timeout=60)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(client, selectors.EVENT_READ, connection := _Connection(client, number % len(requests)))
            _send(connection, requests)
        began = time.perf_counter()
        until = seconds
        while (spent := time.perf_counter() - began) < until or not is_enough():
            if spent >= until:
                until = spent + _ASK_EVERY_S
            for key, _ in selector.select(timeout=1):
                if _receive(key.data, buffer):
                    responses += 1
                    _send(key.data, requests)
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    return Load(responses=responses, seconds=spent)


def _send(connection: _Connection, requests: Sequence[bytes]) -> None:
    connection.socket.sendall(requests[connection.next])
    connection.next = (connection.next + 1) % len(requests)


def _receive(connection: _Connection, buffer: memoryview) -> bool:
    """Receive available bytes. Return True if they complete a response."""
    got = connection.socket.recv_into(buffer)
    if not got:
        raise LoadError("the server closed a connection")
    if not connection.missing:
        head, _, _ = bytes(buffer[: min(got, 4096)]).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise LoadError(f"expected status 200, got {head[:60].decode(errors='replace')!r}")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        connection.missing = len(head) + 4 + length
    connection.missing -= got
    return not connection.missing
