"""The one ASGI application of the simulators: which service is meant, and HTTP on either side of it.

Every service answers at a port of its own, as its own host would, and under its name at the control port.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from sendproof_simulators.control import Control
from sendproof_simulators.core.clock.wall_clock import SystemWallClock, WallClock
from sendproof_simulators.core.http import FaultyResponse, Request, Response, StreamedResponse
from sendproof_simulators.core.sandboxes import Sandboxes
from sendproof_simulators.core.webhooks.sender import WebhookSender
from sendproof_simulators.server.addresses import Addresses
from sendproof_simulators.server.faulty_response import CONNECTION, head_of, until_gone, write_struck
from sendproof_simulators.server.pipeline import Service
from sendproof_simulators.services.discovery import CONTRACTS, discover

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

STREAM_BLOCK = 64 * 1024
_LENGTHS = (b"content-length", b"transfer-encoding")


class TooLargeError(Exception):
    """A body went beyond its limit."""


class DisconnectedError(Exception):
    """The client went away before its request was complete."""


class Simulators:
    """All services and the control API. Use it as an async context: it holds connections."""

    def __init__(self, wall: WallClock | None = None) -> None:
        self.addresses = Addresses()
        self._sender = WebhookSender()
        providers = discover()
        self.sandboxes = Sandboxes(providers, wall or SystemWallClock(), self._sender)
        self.services = {name: Service(p, CONTRACTS, self.sandboxes) for name, p in providers.items()}
        self.control = Control(CONTRACTS, self.sandboxes, self.services, self.addresses, wall or SystemWallClock())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.sandboxes.close()
        await self._sender.__aexit__(kind, error, trace)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            return
        service, path = self._locate(scope)
        try:
            if service is None:
                await self._serve_control(scope, path, receive, send)
            else:
                await _answer(scope, receive, send, await self._serve(service, scope, path, receive))
        except DisconnectedError:
            return

    def _locate(self, scope: Scope) -> tuple[Service | None, str]:
        """The service by its port, else by the first step of the path; None is the control API."""
        path: str = scope["path"]
        named = self.addresses.ports.get(scope["server"][1]) if scope.get("server") else None
        if named is not None:
            return self.services[named], path
        step, _, rest = path.removeprefix("/").partition("/")
        return (self.services[step], "/" + rest) if step in self.services else (None, path)

    async def _serve(self, service: Service, scope: Scope, path: str, receive: Receive) -> Response:
        try:
            body = await _read(scope, receive, service.provider.body_limit)
        except TooLargeError:
            return service.too_large()
        return await service.answer(_request(scope, path, body))

    async def _serve_control(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        try:
            body = await _read(scope, receive, self.control.body_limit)
        except TooLargeError:
            await _send(send, self.control.too_large())
            return
        answer = asyncio.ensure_future(self.control.answer(_request(scope, path, body)))
        gone = asyncio.ensure_future(until_gone(receive))
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not answer.done():
            answer.cancel()
            await asyncio.wait((answer,))
            return
        await _send(send, answer.result())


def _request(scope: Scope, path: str, body: bytes) -> Request:
    return Request(
        method=scope["method"],
        path=path,
        query=_query(scope["query_string"]),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


@lru_cache(maxsize=1024)
def _query(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Decode a query string. Clients repeat theirs, and decoding costs as much as serving."""
    return tuple(parse_qsl(raw.decode("latin-1"), keep_blank_values=True, errors="replace"))


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body, whether it came with a length or in chunks."""
    if not any(name in _LENGTHS for name, _ in scope["headers"]):
        return b""
    blocks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        blocks.append(message.get("body", b""))
        size += len(blocks[-1])
        if size > limit:
            raise TooLargeError
        more = message.get("more_body", False)
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


async def _answer(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    if isinstance(response, FaultyResponse):
        await write_struck(response, scope["extensions"][CONNECTION], receive, send)
    else:
        await _send(send, response)


async def _send(send: Send, response: Response) -> None:
    headers = head_of(response)
    if isinstance(response, StreamedResponse):
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await _stream(send, response)
        return
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _stream(send: Send, response: StreamedResponse) -> None:
    block: list[bytes] = []
    size = 0
    for line in response.lines:
        block.append(line)
        size += len(line)
        if size > STREAM_BLOCK:
            await send({"type": "http.response.body", "body": b"\n".join(block) + b"\n", "more_body": True})
            block, size = [], 0
    await send({"type": "http.response.body", "body": b"\n".join([*block, b""]), "more_body": False})
