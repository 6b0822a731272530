"""Writes replies that were struck: late, dripping, twice, cut off, or not at all.

What the client must see of a connection goes past the server's own writing, to the `Connection` that serve.py hands
over with each request.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from http.client import responses
from typing import Any, Protocol

from sendproof_simulators.core.http import KEPT, RESET, FaultyResponse, Response, Transmission

# Where serve.py puts the connection of a request, in the `extensions` of its scope.
CONNECTION = "sendproof.connection"

# So many pieces show that a reply drips, and cost nothing.
PIECES = 10

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Connection(Protocol):
    """The client's connection, below HTTP."""

    def write(self, block: bytes) -> None:
        """Send bytes as they are."""

    def close(self) -> None:
        """Close it when everything is sent."""

    def reset(self) -> None:
        """Tear it down at once; the client gets a TCP reset."""


async def write_struck(response: FaultyResponse, connection: Connection, receive: Receive, send: Send) -> None:
    """Write a reply in its manner, as long as the client is there."""
    try:
        if await _stays(receive, response.manner.wait_s):
            await _write(response, response.manner, connection, receive, send)
    finally:
        response.written()


async def until_gone(receive: Receive) -> None:
    """Wait for the end of the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def head_of(response: Response) -> list[tuple[bytes, bytes]]:
    """The headers of a reply, without its length."""
    headers = [(b"content-type", response.content_type.encode())] if response.content_type else []
    return headers + [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]


async def _write(
    response: FaultyResponse, manner: Transmission, connection: Connection, receive: Receive, send: Send
) -> None:
    if manner.ending != KEPT:
        connection.write(_part(response, manner.share))
        (connection.reset if manner.ending == RESET else connection.close)()
        # The server takes the request for unanswered until it has seen the end of the connection.
        await until_gone(receive)
        return
    for _ in range(1, manner.copies):
        connection.write(_part(response, 1.0))
    length = (b"content-length", str(len(response.body)).encode())
    await send({"type": "http.response.start", "status": response.status, "headers": [*head_of(response), length]})
    pieces = list(_pieces(response.body)) if manner.drip_s else []
    for piece in pieces:
        if not await _stays(receive, manner.drip_s / len(pieces)):
            return
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"" if pieces else response.body})


async def _stays(receive: Receive, seconds: float) -> bool:
    """Whether the client is still there after so many real seconds."""
    if not seconds:
        return True
    try:
        async with asyncio.timeout(seconds):
            await until_gone(receive)
    except TimeoutError:
        return True
    return False


def _pieces(body: bytes) -> Iterator[bytes]:
    size = max(1, -(-len(body) // PIECES))
    for start in range(0, max(1, len(body)), size):
        yield body[start : start + size]


def _part(response: Response, share: float) -> bytes:
    """The first part of a reply as it is on the wire: its share of the body, or of the head where there is no body."""
    if not share:
        return b""
    headers = [*head_of(response), (b"content-length", str(len(response.body)).encode())]
    start = f"HTTP/1.1 {response.status} {responses.get(response.status, '')}"
    lines = [start.encode(), *(name + b": " + value for name, value in headers)]
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    if len(response.body) > 1:
        return head + response.body[: int(len(response.body) * share)]
    return (head + response.body)[: int(len(head + response.body) * share)]
