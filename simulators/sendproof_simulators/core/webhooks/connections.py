"""Persistent connections to listeners that speak plain HTTP: the cheap way of a million receipts.

httptools, the parser of uvicorn and of aiohttp, reads the responses. A connection carries one request at a time.
"""

import asyncio
import re
import select
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from sendproof_simulators.core.webhooks.attempt_rules import (
    CONNECTIONS_PER_HOST,
    KEEP_ALIVE_SECONDS,
    MAX_BODY_BYTES,
    AttemptError,
    is_address,
)

# A response that has arrived while this process was busy still counts.
_GRACE_SECONDS = 0.05
_MAX_HEAD_BYTES = 65_536
_CONTINUE, _UPGRADE, _OK = 100, 101, 200
# The fields of a head that say where the body ends.
_LENGTH = re.compile(rb"^(content-length|transfer-encoding):", re.IGNORECASE | re.MULTILINE)
# Listeners that no request uses are forgotten beyond this number.
_MAX_UNUSED = 1_000

#: Host and port: an IP address or `localhost`.
Address = tuple[str, int]


class ListenerConnection(asyncio.Protocol):
    """One connection to a listener. It is either idle, or waits for the response to one request."""

    def __init__(self, timeout_seconds: float, idle: list["ListenerConnection"]) -> None:
        """Give up a response after `timeout_seconds`; `idle` are the idle connections to the same listener."""
        self._timeout_seconds = timeout_seconds
        self._idle = idle
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._is_readable: Callable[[], bool] = lambda: False
        self._parser = _response_parser(self)
        self._response: asyncio.Future[int] | None = None
        self._head = b""
        self._body_bytes = 0
        self._is_in_body = False
        self._timer: asyncio.TimerHandle | None = None
        # The instant at which the response is given up, or the idle connection closed.
        self._deadline = 0.0

    async def post(self, request: bytes) -> int:
        """Send a request, and return the status of its response; `TimeoutError` or `AttemptError` without one."""
        assert self._transport is not None  # noqa: S101 - a connection is made before it is used
        self._response = self._loop.create_future()
        self._head, self._body_bytes, self._is_in_body = b"", 0, False
        self._transport.write(request)
        self._set_deadline(self._timeout_seconds)
        try:
            status = await self._response
        except BaseException:
            self.close()
            raise
        finally:
            self._response = None
        if not self._transport.is_closing():
            self._set_deadline(KEEP_ALIVE_SECONDS)
            self._idle.append(self)
        return status

    def is_usable(self) -> bool:
        """Return True if the listener has neither closed the idle connection nor sent anything on it.

        The event loop may not have noticed either yet, and a request on such a connection would fail.
        """
        assert self._transport is not None  # noqa: S101 - as in `post`
        if self._transport.is_closing():
            return False
        # A look costs as much as the rest of a request. It is not needed if the last response came in this very turn.
        is_fresh = self._deadline == self._loop.time() + KEEP_ALIVE_SECONDS
        return is_fresh or not self._is_readable()

    def close(self) -> None:
        """Close the connection at once."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()

    # -- events of the transport -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Those of uvloop do not derive from the class.
        self._transport = cast("asyncio.Transport", transport)
        self._is_readable = _readiness(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        if self._response is None or self._response.done():
            # Nothing was asked: what belongs to which request would be unclear.
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._end(self._parser.get_status_code())
            self.close()
        except HttpParserError as error:
            self._fail(AttemptError(f"{type(error).__name__}: {error}"))
            self.close()
        else:
            if not self._response.done():
                self._check_bounds(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._idle:
            self._idle.remove(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._is_in_body and not _LENGTH.search(self._head):
            # Its end is the end of the connection.
            self._end(self._parser.get_status_code())
        elif self._is_in_body:
            self._fail(AttemptError("ClientPayloadError: Response payload is not completed"))
        elif error is not None:
            self._fail(AttemptError(f"ClientOSError: {error}"))
        else:
            self._fail(AttemptError("ServerDisconnectedError: Server disconnected"))

    # -- events of the parser --------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Close the connection after a response that another one follows: only one was asked for."""
        if self._response is None or self._response.done():
            self.close()

    def on_headers_complete(self) -> None:
        """Note that the status is known."""
        self._is_in_body = True

    def on_message_complete(self) -> None:
        """Pass the status on. An interim response is not the last one."""
        status = self._parser.get_status_code()
        if _CONTINUE <= status < _OK and status != _UPGRADE:
            self._is_in_body = False
            return
        self._end(status)
        if not self._parser.should_keep_alive():
            self.close()

    # -- the end of a response -------------------------------------------------------------------

    def _end(self, status: int) -> None:
        if self._response is not None and not self._response.done():
            self._response.set_result(status)

    def _fail(self, error: Exception) -> None:
        if self._response is not None and not self._response.done():
            self._response.set_exception(error)

    def _check_bounds(self, data: bytes) -> None:
        """Bound an unfinished response; the time for the body begins with its first part."""
        if not self._body_bytes:
            self._head += data
            if not self._is_in_body:
                if len(self._head) > _MAX_HEAD_BYTES:
                    self._fail(AttemptError(f"expected a head of at most {_MAX_HEAD_BYTES:,} bytes, got a longer one"))
                return
            self._set_deadline(self._timeout_seconds)
        self._body_bytes += len(data)
        if self._body_bytes > MAX_BODY_BYTES:
            self._end(self._parser.get_status_code())
            self.close()

    # -- time ------------------------------------------------------------------------------------

    def _set_deadline(self, seconds: float) -> None:
        """Set the deadline. Only an earlier one needs another timer, so most requests need none."""
        self._deadline = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._on_timer)

    def _on_timer(self) -> None:
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._on_timer)
        else:
            self._timer = self._loop.call_later(_GRACE_SECONDS, self._on_deadline, self._deadline)

    def _on_deadline(self, deadline: float) -> None:
        self._timer = None
        if deadline != self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._on_timer)
        elif self._response is None:
            self.close()
        else:
            self._fail(TimeoutError())


@dataclass(slots=True)
class _Listener:
    """The connections to one address; `used` counts the requests that wait for one, or for a response."""

    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS_PER_HOST))
    idle: list[ListenerConnection] = field(default_factory=list)
    used: int = 0


class ListenerConnections:
    """All connections of a process to listeners, at most `CONNECTIONS_PER_HOST` to each address."""

    def __init__(self, timeout_seconds: float, check: Callable[[str, str], None]) -> None:
        """Give up a connection or a response after `timeout_seconds`.

        `check(host, address)` raises `OSError` for an address of `host` that must not be connected to.
        """
        self._timeout_seconds = timeout_seconds
        self._check = check
        self._listeners: dict[Address, _Listener] = {}

    async def post(self, address: Address, request: bytes) -> int:
        """Send a request on an idle or a new connection; return the status of its response.

        `TimeoutError`, `OSError` or `AttemptError` if there is none.
        """
        listener = self._listeners.get(address) or self._add(address)
        listener.used += 1
        try:
            async with listener.free:
                connection = _usable(listener) or await self._connect(address, listener)
                return await connection.post(request)
        finally:
            listener.used -= 1

    def close(self) -> None:
        """Close all idle connections."""
        for address in list(self._listeners):
            self._forget(address)

    def _add(self, address: Address) -> _Listener:
        unused = [known for known, listener in self._listeners.items() if not listener.used]
        for known in unused[:-_MAX_UNUSED]:
            self._forget(known)
        listener = self._listeners[address] = _Listener()
        return listener

    def _forget(self, address: Address) -> None:
        for connection in self._listeners.pop(address).idle:
            connection.close()

    async def _connect(self, address: Address, listener: _Listener) -> ListenerConnection:
        """Connect to the first address of the host that accepts a connection."""
        host, port = address
        failures = []
        async with asyncio.timeout(self._timeout_seconds):
            for found in await _addresses(host, port):
                self._check(host, found)
                try:
                    return await self._connect_to(found, port, listener)
                except OSError:
                    failures.append(f"Connect call failed {(found, port)!r}")
        raise AttemptError(
            f"ClientConnectorError: Cannot connect to host {host}:{port} ssl:default [{', '.join(failures)}]"
        )

    async def _connect_to(self, address: str, port: int, listener: _Listener) -> ListenerConnection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: ListenerConnection(self._timeout_seconds, listener.idle), address, port
        )
        return connection


def _usable(listener: _Listener) -> ListenerConnection | None:
    """Take an idle connection, and close those that the listener has closed."""
    while listener.idle:
        connection = listener.idle.pop()
        if connection.is_usable():
            return connection
        connection.close()
    return None


def _readiness(connected: socket.socket) -> Callable[[], bool]:
    """Return a function that tells at once whether there is something to read, such as the end."""
    if not hasattr(select, "poll"):
        return lambda: bool(select.select([connected], [], [], 0)[0])
    poll = select.poll()
    poll.register(connected.fileno(), select.POLLIN)
    return lambda: bool(poll.poll(0))


async def _addresses(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host, which may be one itself."""
    if is_address(host):
        return [host]
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _response_parser(connection: ListenerConnection) -> HttpResponseParser:
    """Return a parser that accepts what aiohttp accepts of a server."""
    parser = HttpResponseParser(connection)
    parser.set_dangerous_leniencies(
        lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
    )
    return parser
