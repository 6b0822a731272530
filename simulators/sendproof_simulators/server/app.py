"""The ASGI application of the simulators: it finds the service of a request, and converts from and to ASGI.

Each service has its own port, as its own host would, and its name as a path prefix on the control port.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import aclosing
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import parse_qsl

from sendproof_simulators.control.api import ControlApi, problem_response
from sendproof_simulators.control.call import PLATFORM, ControlContext
from sendproof_simulators.control.states.judge_process import JudgeProcess, judge_command
from sendproof_simulators.core.clock.costly_work import next_turn
from sendproof_simulators.core.clock.wall_clock import SystemWallClock, WallClock
from sendproof_simulators.core.http import FaultyResponse, Problem, RelayedResponse, Request, Response, StreamedResponse
from sendproof_simulators.core.sandboxes import Sandboxes
from sendproof_simulators.core.strict.watch import Watch
from sendproof_simulators.core.webhooks.sender import WebhookSender
from sendproof_simulators.server.access import LOOPBACK, Access, without_token
from sendproof_simulators.server.addresses import Addresses
from sendproof_simulators.server.faulty_response import (
    CONNECTION,
    encode_headers,
    until_disconnected,
    write_faulty,
)
from sendproof_simulators.server.memory import LARGE_BODY_BYTES, Turn
from sendproof_simulators.server.near_misses.near_miss import Neighbour, Neighbours
from sendproof_simulators.server.pipeline import ServicePipeline
from sendproof_simulators.server.static_files import find_static, static_response
from sendproof_simulators.services.discovery import (
    contract_path,
    discover,
    read_contract,
    service_contracts,
    webhook_contracts,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

STREAM_BLOCK = 64 * 1024
# Real seconds. A shorter wait is carried out for a client that has already ended its side.
_SHORT_WAIT_S = 0.2
# Bytes. Longer query strings are not remembered: a hostile client could fill the memory with them.
_LONGEST_REPEATED_QUERY = 1024
# A hostile client could send any number of names.
_MAX_REPORTED = 20
_LENGTHS = (b"content-length", b"transfer-encoding")


log = logging.getLogger(__name__)


class TooLargeError(Exception):
    """A body above its limit."""


class DisconnectedError(Exception):
    """The client disconnected before its request was complete."""


class ServiceRoute(Protocol):
    """The way of a request to one service."""

    body_limit: int
    hosts: re.Pattern[str]

    async def respond(self, request: Request) -> Response:
        """Take a request through all stages and return its response."""

    async def too_large(self, request: Request) -> Response:
        """Return the response to a body above the service's limit, which is not part of `request`."""

    async def record_misdirected(self, request: Request, neighbour: Neighbour) -> str:
        """Record a request for the service that was sent to the control API; return what differs."""


class ControlRoute(Protocol):
    """The way of a request to the control API."""

    body_limit: int

    async def respond(self, request: Request) -> Response:
        """Respond to one request."""

    def waits(self, request: Request) -> bool:
        """Return True if the response can wait for an event."""

    def client_left(self) -> Response:
        """Return the response to a client that ended its side of the connection while its call waited."""

    def too_large(self) -> Response:
        """Return the response to a body above the limit."""


class Simulators:
    """All services and the control API. Use it as an async context manager: it holds connections."""

    def __init__(
        self,
        wall: WallClock | None = None,
        changed_contracts: Path | None = None,
        access: Access = LOOPBACK,
        *,
        strict: bool = False,
    ) -> None:
        """Compile all contracts. Those in `changed_contracts`, by default the folder in the environment, come first.

        `access`: the rules on who may send requests. `strict`: check every response and webhook of all sandboxes, and
        of the control API.
        `ValueError` names the error in a contract.
        """
        wall = wall or SystemWallClock()
        self.addresses = Addresses()
        self.access = access
        self._reported: set[str] = set()
        self._large_bodies = asyncio.Lock()
        self._sender = WebhookSender()
        simulators = discover()
        contracts = service_contracts(changed_contracts)
        control = read_contract(contract_path("control.yaml", changed=changed_contracts))
        self.watch = Watch(
            {**contracts, "control": control},
            lambda: webhook_contracts(changed_contracts),
            everywhere=strict,
        )
        self.sandboxes = Sandboxes(simulators, contracts, wall, self._sender, self.watch)
        self.neighbours = Neighbours(contracts, self.addresses.services)
        self.services = {
            name: ServicePipeline(simulator, contracts[name], self.sandboxes, self.neighbours)
            for name, simulator in simulators.items()
        }
        self.control_context = ControlContext(
            self.sandboxes,
            self.services,
            self.addresses,
            wall,
            control,
            JudgeProcess(judge_command()),
            lambda: self.access.address(self.addresses.control)["url"],
        )
        self.own_control = ControlApi(control, self.control_context)
        # With several processes, these lead to the one with the sandbox.
        self.routes: Mapping[str, ServiceRoute] = self.services
        self.control: ControlRoute = self.own_control
        #: Returns when there is room for the body of one more request. In one process, serving makes the room.
        self.room: Callable[[], Awaitable[None]] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
        await self._sender.__aexit__(kind, error, trace)

    async def close(self) -> None:
        """Delete all sandboxes, and give up the verdicts on them."""
        self.control_context.judge.end()
        await self.sandboxes.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request. A failure is reported in strict mode; the HTTP server responds to it with 500."""
        if scope["type"] != "http":
            return
        turn = Turn(self._large_bodies)
        try:
            service, path = self._find_service(scope)
            path, problem = self._admit(scope, service, path)
            if problem is not None:
                await _send_response(send, problem_response(problem))
                return
            body_limit = self.control.body_limit if service is None else service.body_limit
            try:
                body = await self._body(scope, receive, body_limit, turn) if _has_body(scope) else b""
            except DisconnectedError:
                return
            except TooLargeError:
                turn.end()
                refused = (
                    self.control.too_large() if service is None else await service.too_large(_request(scope, path, b""))
                )
                await _send_response(send, refused)
                return
            request = _request(scope, path, body)
            if service is None:
                await self._respond_control(request, scope, receive, send, turn)
                return
            turn.end_when_waiting()
            await _write(await service.respond(request), scope, receive, send)
        except Exception as error:
            if self.watch.everywhere:
                self.watch.report_failure("server", None, f"the server failed: {type(error).__name__}: {error}")
            raise
        finally:
            turn.end()

    async def _body(self, scope: Scope, receive: Receive, limit: int, turn: Turn) -> bytes:
        """Return the complete body of a request, once there is room for it."""
        if self.room is not None:
            await self.room()
        return await _read_body(scope, receive, limit, turn)

    def _admit(self, scope: Scope, service: ServiceRoute | None, path: str) -> tuple[str, Problem | None]:
        """Return the path without a token, and why the request is refused; None if it is not."""
        documented = None if service is None else service.hosts
        problem = self.access.refusal(scope["headers"], scope["server"][0] if scope.get("server") else "", documented)
        if problem is not None:
            self._report(problem)
            return path, problem
        return (path, None) if service is not None else self.access.control_path(path, scope["headers"])

    def _report(self, problem: Problem) -> None:
        """Print a refusal once: a vendor's bridge that uses an unknown name should not search for the reason."""
        if problem.detail not in self._reported and len(self._reported) < _MAX_REPORTED:
            self._reported.add(problem.detail)
            log.warning("refused a request: %s", problem.detail)

    def _find_service(self, scope: Scope) -> tuple[ServiceRoute | None, str]:
        """Return the service by port, else by path prefix, and the path within it; None is the control API."""
        path: str = scope["path"]
        name = self.addresses.ports.get(scope["server"][1]) if scope.get("server") else None
        if name is not None:
            return self.routes[name], path
        # The live page calls services by relative addresses, which may be below its token.
        prefix, _, rest = without_token(path).removeprefix("/").partition("/")
        return (self.routes[prefix], "/" + rest) if prefix in self.routes else (None, path)

    async def _respond_control(self, request: Request, scope: Scope, receive: Receive, send: Send, turn: Turn) -> None:
        """Respond to a request to the control port; stop waiting for an event if the client disconnects.

        A client that only ends its side of the connection looks the same, so it gets a response in any case.
        """
        page = _page_response(scope, request)
        if page is not None:
            await _send_response(send, page)
            return
        neighbour = self.neighbours.find(request)
        if neighbour is not None:
            # A bridge with the wrong address sends its calls here; they count as calls of the service.
            detail = await self.routes[neighbour.service].record_misdirected(request, neighbour)
            await _send_response(send, problem_response(Problem(kind="not_found", status=404, detail=detail)))
            return
        response = asyncio.ensure_future(self.control.respond(request))
        turn.end_when_waiting()
        await asyncio.wait((response,), timeout=_SHORT_WAIT_S)
        if not response.done() and self.control.waits(request):
            disconnected = asyncio.ensure_future(until_disconnected(receive, scope["extensions"][CONNECTION]))
            await asyncio.wait((response, disconnected), return_when=asyncio.FIRST_COMPLETED)
            disconnected.cancel()
            if not response.done():
                response.cancel()
                await asyncio.wait((response,))
        await _send_response(send, self.control.client_left() if response.cancelled() else await response)


def _page_response(scope: Scope, request: Request) -> Response | None:
    """Return the response to a request for a file of the live page, None for any other request."""
    if request.path in {"/docs", "/docs/"}:
        return _moved(scope["raw_path"].decode("latin-1").rstrip("/") + f"/{PLATFORM}")
    file = find_static(request.path)
    if file is None:
        return None
    if request.path == "/" and not scope["path"].endswith("/"):
        # The links in the page are relative, also below `/token/TOKEN/`.
        return _moved(scope["raw_path"].decode("latin-1") + "/")
    response = static_response(file, request)
    return problem_response(response) if isinstance(response, Problem) else response


def _moved(path: str) -> Response:
    return Response(status=308, content_type="", headers=(("location", path),))


def _request(scope: Scope, path: str, body: bytes) -> Request:
    return Request(
        method=scope["method"],
        path=path,
        query=_query(scope["query_string"]),
        # White space around a value is no part of it (RFC 9110, section 5.5), and the parser keeps that at its end.
        headers={name.decode("latin-1"): value.decode("latin-1").strip(" \t") for name, value in scope["headers"]},
        body=body,
    )


def _query(raw: bytes) -> tuple[tuple[str, str], ...]:
    return _read_query(raw) if len(raw) <= _LONGEST_REPEATED_QUERY else _read_query.__wrapped__(raw)


@lru_cache(maxsize=1024)
def _read_query(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Decode a query string. Clients repeat theirs, and decoding takes as long as serving."""
    return tuple(parse_qsl(raw.decode("latin-1"), keep_blank_values=True, errors="replace"))


def _has_body(scope: Scope) -> bool:
    return any(name in _LENGTHS for name, _ in scope["headers"])


async def _read_body(scope: Scope, receive: Receive, limit: int, turn: Turn) -> bytes:
    """Return the complete body, with a known length or in chunks; raise `TooLargeError` as early as possible."""
    length = next(value for name, value in scope["headers"] if name in _LENGTHS)
    if length.isdigit() and int(length) > limit:
        raise TooLargeError
    message = await _next_block(receive)
    body = message.get("body", b"")
    if not message.get("more_body", False):
        return _checked(body, limit)
    # It grows in place. Joined blocks would need the memory twice, and leave gaps between lasting objects.
    joined = BytesIO()
    joined.write(body)
    while message.get("more_body", False):
        if joined.tell() > limit:
            raise TooLargeError
        if joined.tell() > LARGE_BODY_BYTES:
            await turn.wait()
        message = await _next_block(receive)
        joined.write(message.get("body", b""))
    return _checked(joined.getvalue(), limit)


def _checked(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise TooLargeError
    return body


async def _next_block(receive: Receive) -> MutableMapping[str, Any]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise DisconnectedError
    return message


async def _write(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if isinstance(response, FaultyResponse):
        await write_faulty(response, scope["extensions"][CONNECTION], receive, send)
    else:
        await _send_response(send, response)


async def _send_response(send: Send, response: Response) -> None:
    headers = encode_headers(response)
    if isinstance(response, StreamedResponse | RelayedResponse):
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await _stream(send, response)
        return
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _stream(send: Send, response: StreamedResponse | RelayedResponse) -> None:
    if isinstance(response, StreamedResponse):
        for block in blocks_of(response.lines):
            await send({"type": "http.response.body", "body": block, "more_body": True})
            await next_turn()
    else:
        async with aclosing(response.blocks) as blocks:
            async for block in blocks:
                await send({"type": "http.response.body", "body": block, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def blocks_of(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines with their line ends, many in one block."""
    block: list[bytes] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size > STREAM_BLOCK:
            yield b"\n".join([*block, b""])
            block, size = [], 0
    if block:
        yield b"\n".join([*block, b""])
