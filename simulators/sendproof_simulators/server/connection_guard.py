"""Bounds on what a client may make a server hold: sizes of a request, time to send it, connections.

uvicorn bounds neither the head of a request nor the time to send one, and httptools joins the pieces of a long header
in quadratic time. The guard extends uvicorn's protocol, and uses its tick, once a second, instead of timers.

ARCHITECTURE.md compares it with other servers, by measurement.

Time counts in ticks of the running server: a process that was suspended blames no client for it. The time to answer is
never bounded, since a parked bridge may wait for a day.

`bridge/sendproof_bridge/inbound/connection_guard.py` and
`simulators/sendproof_simulators/server/connection_guard.py` are the same file, because the programs share no code.
"""

import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

try:
    import resource
except ImportError:  # Windows, which has no limit of open files
    resource = None  # type: ignore[assignment]


MOST_CONNECTIONS = 4096

#: How often uvicorn's server ticks (`Server.on_tick`).
TICKS_PER_SECOND = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds of one server: bytes, counts, and seconds of real time.

    `request_s` includes the head. `unread_s` is for a client that takes nothing of its response. `held_bytes` are the
    incomplete bodies of all connections together. `linger_s` is for reading a refusal.
    """

    head_bytes: int = 64 * 1024
    url_bytes: int = 32 * 1024
    headers: int = 100
    head_s: int = 20
    request_s: int = 120
    idle_s: int = 75
    unread_s: int = 300
    linger_s: int = 2
    connections: int = MOST_CONNECTIONS
    held_bytes: int = 64 * 1024 * 1024


IDLE, HEAD, BODY, REFUSED = "idle", "head", "body", "refused"

_TEXTS = {
    400: "the request is not valid HTTP/1.1, or does not have exactly one Host header",
    408: "the request was not complete in time",
    414: "the URL is too long",
    431: "the headers are too large or too many",
    503: "all connections are in use",
}


class _RefusedError(Exception):
    """Ends the parsing of a request that exceeds a bound."""


class ConnectionGuard:
    """The connections of one server. `waiting` are those that wait for their client, oldest first, with their age."""

    def __init__(self, bounds: Bounds) -> None:
        """Start without connections."""
        self.bounds = bounds
        self.waiting: dict[GuardedProtocol, int] = {}
        self.held = 0

    def sweep(self, connections: Iterable[Any]) -> None:
        """Close the connections whose client takes too long. Call it once a second with all connections."""
        limits = {
            IDLE: self.bounds.idle_s,
            HEAD: self.bounds.head_s,
            BODY: self.bounds.request_s,
            REFUSED: self.bounds.linger_s,
        }
        for connection, age in list(self.waiting.items()):
            if age >= limits[connection.stage]:
                connection.end_wait()
            else:
                self.waiting[connection] = age + 1
        for connection in list(connections):
            connection.check_unread()

    def make_room(self, open_connections: int) -> bool:
        """Return True if one more connection fits, after closing the one that has waited longest for its client."""
        if open_connections <= self.bounds.connections:
            return True
        oldest = next(iter(self.waiting), None)
        if oldest is None:
            return False
        oldest.evict()
        return True

    def relieve(self) -> None:
        """Give up the oldest incomplete request if all incomplete bodies together exceed the bound."""
        if self.held > self.bounds.held_bytes:
            oldest = next((connection for connection in self.waiting if connection.stage == BODY), None)
            if oldest is not None:
                oldest.evict()


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol within bounds. A client that ends its side after a request still gets the response."""

    def __init__(self, guard: ConnectionGuard, *arguments: Any, **named: Any) -> None:
        """Take the guard of the server, then uvicorn's own arguments."""
        super().__init__(*arguments, **named)
        self.stage = IDLE
        self.has_ended = False
        self._guard = guard
        self._refusal = 0
        # Complete requests whose response is not.
        self._owed = 0
        # Bytes of the current read, and of the reads since the parser last completed a part of a request.
        self._read = self._unparsed = 0
        self._held = 0
        self._unsent = self._unread_ticks = 0
        # The current read. Then, until they are parsed again: the head of a request that offers another protocol, and
        # what follows this head in the current read.
        self._data: bytes | memoryview = b""
        self._offer = b""
        self._rest: memoryview | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self._guard.make_room(len(self.connections)):
            self._guard.waiting[self] = 0
        else:
            self._refuse(503)

    def connection_lost(self, exc: Exception | None) -> None:
        self._guard.waiting.pop(self, None)
        self._release()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.stage == REFUSED:
            return
        was_idle = self.stage == IDLE
        self._parse(data)
        while self._rest is not None and self.stage != REFUSED:
            self._parse_without_offer(self._rest)
        if self.stage != IDLE:
            self._check_incomplete(was_idle=was_idle)

    def _parse(self, data: bytes | memoryview) -> None:
        self._data, self._read = data, len(data)
        super().data_received(data)  # type: ignore[arg-type] # the parser takes any buffer
        self._unparsed += self._read

    def _parse_without_offer(self, rest: memoryview) -> None:
        """Parse the head of a request again, without its offer of another protocol, and what follows the head."""
        offer, self._offer, self._rest = self._offer, b"", None
        self._unparsed = 0
        self._parse(offer)
        if self.stage != REFUSED:
            self._parse(rest)

    def _check_incomplete(self, *, was_idle: bool) -> None:
        if self.stage == REFUSED:
            return
        if was_idle and self._guard.waiting.pop(self, None) is not None:
            self._guard.waiting[self] = 0
        if self._unparsed > self._guard.bounds.head_bytes:
            self._refuse(self._unparsed_status())
        self._guard.relieve()

    def eof_received(self) -> bool:  # type: ignore[override] # the return value of asyncio's Protocol
        """Return True to keep the connection open for the responses to complete requests."""
        self.has_ended = self._owed > 0
        return self.has_ended

    # -- the parser's callbacks ------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.stage = HEAD
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._refusal = self._head_status()
        if self._refusal:
            raise _RefusedError
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._offer = self._head_without_offer()
            return
        # uvicorn raises an error for a target that it cannot read, which refuses the head.
        super().on_headers_complete()
        self.stage = BODY
        self._unparsed = -self._read
        # The parser also reports the fields after a chunked body here, which are no headers.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        self._unparsed = -self._read
        if not self.cycle.response_complete:
            self._held += len(body)
            self._guard.held += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._offer:
            return
        self.stage = IDLE
        self._unparsed = -self._read
        self._release()
        if not self.cycle.response_complete:
            self._owed += 1
            self._guard.waiting.pop(self, None)
        elif self in self._guard.waiting:
            self._guard.waiting[self] = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Start the next request of the pipeline, or wait for one; without uvicorn's timer for each idle connection."""
        self.server_state.total_requests += 1
        self._owed -= self._owed > 0
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._owed:
            return
        self._guard.waiting.setdefault(self, 0)
        if self.stage == REFUSED:
            self._write_refusal()
        elif self.has_ended:
            self.transport.close()

    # -- ends ------------------------------------------------------------------------------------

    def _unsupported_upgrade_warning(self) -> None:
        """Serve a request that offers another protocol as HTTP/1.1, with its body. uvicorn calls it.

        documented: RFC 9110, section 7.8: a server may ignore such an offer. The HTTP client of Java makes one by
        default (h2c), and the parser takes what follows the head for the other protocol.
        """
        upgrade = sys.exception()
        if isinstance(upgrade, HttpParserUpgrade):
            self._rest, self.parser = memoryview(self._data)[upgrade.args[0] :], HttpRequestParser(self)

    def _head_without_offer(self) -> bytes:
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        lines += [b"%b: %b" % (name, value) for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser did not accept. uvicorn calls it."""
        del msg
        self._refuse(self._refusal or 400)

    def shutdown(self) -> None:
        """Finish the responses, but do not wait for a request that is not complete."""
        super().shutdown()
        if not self._owed:
            self.transport.close()

    def end_wait(self) -> None:
        """Close the connection: its client has taken too long."""
        if self.stage in {HEAD, BODY}:
            self._refuse(408)
        elif self.stage == REFUSED or not self.transport.get_write_buffer_size():
            self.transport.abort()

    def evict(self) -> None:
        """Close the connection at once, in favour of others."""
        if self.stage in {HEAD, BODY}:
            self._refuse(408)
        self._guard.waiting.pop(self, None)
        self.transport.close()

    def check_unread(self) -> None:
        """Close the connection if its client takes nothing of a response."""
        unsent = self.transport.get_write_buffer_size()
        self._unread_ticks = self._unread_ticks + 1 if unsent and unsent == self._unsent else 0
        self._unsent = unsent
        if self._unread_ticks > self._guard.bounds.unread_s:
            self.transport.abort()

    def _refuse(self, status: int) -> None:
        """Respond with `status` to what is being read, after all responses before it, and read no more."""
        self._refusal, cycle = status, self.cycle
        is_reading_body, self.stage = self.stage == BODY, REFUSED
        if is_reading_body and not cycle.response_complete:
            # The application sees the end of the client, and does nothing.
            cycle.disconnected = True
            cycle.message_event.set()
            if self.pipeline and self.pipeline[0][0] is cycle:
                self.pipeline.popleft()
        self._release()
        if is_reading_body and cycle.response_started:
            self.transport.close()
        elif not self._owed:
            self._write_refusal()

    def _write_refusal(self) -> None:
        """Write the refusal, and read on for a moment: closing at once would reset it on its way."""
        text = _TEXTS[self._refusal].encode()
        phrase = HTTPStatus(self._refusal).phrase
        head = f"HTTP/1.1 {self._refusal} {phrase}\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
        self.transport.write(head.encode() + b"content-length: %d\r\n\r\n" % len(text) + text)
        self.transport.write_eof()
        self.flow.resume_reading()
        self._guard.waiting[self] = 0

    def _release(self) -> None:
        self._guard.held -= self._held
        self._held = 0

    def _head_status(self) -> int:
        """Return the status that refuses a complete head, or 0."""
        bounds, headers = self._guard.bounds, self.headers
        if len(self.url) > bounds.url_bytes:
            return 414
        if len(headers) > bounds.headers:
            return 431
        # One read is seldom that long; then it need not be counted.
        if self._unparsed + 2 * self._read > bounds.head_bytes and self._head_size() > bounds.head_bytes:
            return 431
        hosts = [name for name, _ in headers].count(b"host")
        return 0 if hosts == 1 or (not hosts and self.parser.get_http_version() == "1.0") else 400

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)

    def _unparsed_status(self) -> int:
        """Return the status for an incomplete part of a request that is too long."""
        if self.stage != HEAD:
            return 400
        return 431 if len(self.url) <= self._guard.bounds.url_bytes else 414


def guarded(guard: ConnectionGuard, protocol: type[GuardedProtocol] = GuardedProtocol) -> Any:
    """Return the protocol class for uvicorn's setting `http`, with its guard."""
    return partial(protocol, guard)


def server_bounds() -> Bounds:
    """Return the bounds of this process, with connections for at most half of the files that it may open."""
    return Bounds(connections=min(MOST_CONNECTIONS, _open_files() // 2))


def _open_files() -> int:
    """Return the number of files that this process may open, after raising it as far as needed and allowed."""
    wanted = 2 * MOST_CONNECTIONS
    if resource is None:
        return wanted
    soft, hard = (_finite(limit, wanted) for limit in resource.getrlimit(resource.RLIMIT_NOFILE))
    if soft < min(hard, wanted):
        with suppress(ValueError, OSError):
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (min(hard, wanted), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
            )
            return min(hard, wanted)
    return soft


def _finite(limit: int, wanted: int) -> int:
    return wanted if limit == resource.RLIM_INFINITY else limit
