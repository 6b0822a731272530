"""Writing of faulty responses: late, slow, twice, truncated, or not at all.

Connection faults bypass the HTTP server and use the `Connection` that server.py puts into the scope of each request.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from http.client import responses
from typing import Any, Protocol

from sendproof_simulators.core.clock.virtual_clock import VirtualClock
from sendproof_simulators.core.faults.spec import FaultedResponse
from sendproof_simulators.core.http import KEPT, PLAIN, RESET, FaultyResponse, Response, Transmission

# The key of a request's connection in the `extensions` of its scope.
CONNECTION = "sendproof.connection"

# Number of pieces of a slow response.
PIECES = 10

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Connection(Protocol):
    """The client's connection, below HTTP. `has_ended` is True if the client sends nothing more."""

    has_ended: bool

    def write(self, block: bytes) -> None:
        """Send raw bytes."""

    def close(self) -> None:
        """Close the connection after everything is sent."""

    def reset(self) -> None:
        """Reset the connection at once; the client gets a TCP RST."""


async def write_faulty(response: FaultyResponse, connection: Connection, receive: Receive, send: Send) -> None:
    """Write a response with its transmission, as long as the client is connected."""
    try:
        if await _stays_connected(receive, connection, response.transmission.wait_s):
            await _write(response, response.transmission, connection, receive, send)
        else:
            await close(connection, receive)
    finally:
        response.on_written()


async def until_disconnected(receive: Receive, connection: Connection) -> None:
    """Wait until the client has disconnected, or has ended its side of the connection."""
    while not connection.has_ended and (await receive())["type"] != "http.disconnect":
        pass


async def close(connection: Connection, receive: Receive) -> None:
    """Close the connection. For the HTTP server, a request is unanswered until it sees the end of the connection."""
    connection.close()
    await _until_closed(receive)


async def _until_closed(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def encode_headers(response: Response) -> list[tuple[bytes, bytes]]:
    """Return the headers of a response, without its length."""
    headers = [(b"content-type", response.content_type.encode())] if response.content_type else []
    return headers + [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]


async def _write(
    response: FaultyResponse, transmission: Transmission, connection: Connection, receive: Receive, send: Send
) -> None:
    if transmission.ending != KEPT:
        connection.write(_raw_share(response, transmission.share))
        (connection.reset if transmission.ending == RESET else connection.close)()
        await _until_closed(receive)
        return
    for _ in range(1, transmission.copies):
        connection.write(_raw_share(response, 1.0))
    length = (b"content-length", str(len(response.body)).encode())
    headers = [*encode_headers(response), length]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    pieces = list(_pieces(response.body)) if transmission.drip_s else []
    for piece in pieces:
        if not await _stays_connected(receive, connection, transmission.drip_s / len(pieces)):
            await close(connection, receive)
            return
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"" if pieces else response.body})


async def _stays_connected(receive: Receive, connection: Connection, seconds: float) -> bool:
    """Wait and return True if the client is still connected after `seconds` of real time."""
    if not seconds:
        return True
    try:
        async with asyncio.timeout(seconds):
            await until_disconnected(receive, connection)
    except TimeoutError:
        return True
    return False


def _pieces(body: bytes) -> Iterator[bytes]:
    size = max(1, -(-len(body) // PIECES))
    for start in range(0, max(1, len(body)), size):
        yield body[start : start + size]


def _raw_share(response: Response, share: float) -> bytes:
    """Return the first part of a response on the wire: a share of its body, or of its head if it has no body."""
    if not share:
        return b""
    headers = [*encode_headers(response), (b"content-length", str(len(response.body)).encode())]
    start = f"HTTP/1.1 {response.status} {responses.get(response.status, '')}"
    lines = [start.encode(), *(name + b": " + value for name, value in headers)]
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    if len(response.body) > 1:
        return head + response.body[: int(len(response.body) * share)]
    return (head + response.body)[: int(len(head + response.body) * share)]


def with_transmission(response: Response, faulted: FaultedResponse | None, clock: VirtualClock[Any]) -> Response:
    """Return the response with the transmission of its fault; time does not move until it is written."""
    if faulted is None or faulted.transmission is PLAIN:
        return response
    clock.enter()
    return FaultyResponse(
        status=response.status,
        body=response.body,
        content_type=response.content_type,
        headers=response.headers,
        transmission=faulted.transmission,
        on_written=clock.leave,
    )
