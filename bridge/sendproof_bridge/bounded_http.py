"""HTTP requests with limits: no response takes longer, or more memory, than a correct one could need.

Libraries limit each read only, so a response that arrives byte by byte would never end, in its body or in its headers.
"""

import io
import re
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPResponse
from socket import socket
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import certifi
import urllib3
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import make_headers

from sendproof_bridge import __version__

#: Decompressed. A page of 10,000 customers with a hundred attributes each is smaller.
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
#: What `Session.request` raises if no complete response arrives. Their messages may contain URLs with tokens.
TRANSPORT_ERRORS = (urllib3.exceptions.HTTPError, TimeoutError, ValueError)
_CHUNK_BYTES = 64 * 1024
_CONTINUE, _SWITCHING_PROTOCOLS, _OK = HTTPStatus.CONTINUE, HTTPStatus.SWITCHING_PROTOCOLS, HTTPStatus.OK
_ORIGIN = re.compile(r"[^:/?#]+://[^/?#]+")
# A response may be silent once for as long as the read timeout allows, not again and again.
TOTAL_PER_READ = 2
_HEADERS = {
    "User-Agent": f"sendproof-bridge/{__version__}",
    "Accept-Encoding": make_headers(accept_encoding=True)["accept-encoding"],
    "Accept": "*/*",
    "Connection": "keep-alive",
}


class TooLargeError(Exception):
    """The body of a response is larger than the limit."""


class BoundedResponse(NamedTuple):
    """A complete response, with a decompressed body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Session:
    """Kept-alive connections of one thread.

    It ignores the environment (no proxies, no .netrc), follows no redirects, and keeps no cookies.
    """

    def __init__(self) -> None:
        """Open no connection yet."""
        self._manager = PoolManager(ca_certs=certifi.where(), cert_reqs="CERT_REQUIRED")
        self._manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
        # The connections to each scheme, host and port. The manager would parse each URL for that, at a third of the
        # price of a small request.
        self._pools: dict[str, HTTPConnectionPool] = {}

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: tuple[float, float],
        limit: int = MAX_RESPONSE_BYTES,
    ) -> BoundedResponse:
        """Make a request and read the response. `timeout` has the seconds to connect and those between two reads.

        Raises one of `TRANSPORT_ERRORS`, among them a timeout after twice the time between two reads, or
        `TooLargeError` for a body of more than `limit` bytes.
        """
        origin, target = _split(url)
        reply = self._pool(origin).urlopen(
            method,
            target,
            redirect=False,
            retries=False,
            headers={**_HEADERS, **_credentials(url), **(headers or {})},
            body=body,
            timeout=urllib3.Timeout(connect=timeout[0], read=timeout[1]),
            preload_content=False,
        )
        try:
            return BoundedResponse(reply.status, reply.headers, _read_body(reply, limit))
        finally:
            reply.close()
            reply.release_conn()

    def _pool(self, origin: str) -> HTTPConnectionPool:
        pool = self._pools.get(origin)
        if pool is None:
            pool = self._pools[origin] = self._manager.connection_from_url(origin)
        return pool


def never_connected(error: Exception) -> bool:
    """Return True if the request of this error was never sent."""
    return isinstance(error, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError))


def _split(url: str) -> tuple[str, str]:
    """Return scheme, host and port of a URL, and the target of a request to it."""
    found = _ORIGIN.match(url)
    if found is None:
        raise ValueError("expected an absolute URL")
    target = url[found.end() :]
    return found.group(), target if target.startswith("/") else f"/{target}"


def _credentials(url: str) -> dict[str, str]:
    parts = urlsplit(url) if "@" in url else None
    if parts is None or parts.username is None or parts.password is None:
        return {}
    login = make_headers(basic_auth=f"{unquote(parts.username)}:{unquote(parts.password)}")
    return {"Authorization": login["authorization"]}


def _read_body(reply: urllib3.BaseHTTPResponse, limit: int) -> bytes:
    body = bytearray()
    # Read each chunk as it arrives: `stream` would wait until one is full.
    while chunk := reply.read1(_CHUNK_BYTES, decode_content=True):
        body += chunk
        if len(body) > limit:
            raise TooLargeError
    return bytes(body)


class _TimedResponse(HTTPResponse):
    """A response with a deadline for all of it, headers included."""

    def __init__(self, sock: socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        unbounded: Any = self.fp
        self.fp = io.BufferedReader(TimedReader(sock, unbounded.detach()))

    def begin(self) -> None:
        """Read the head of the final response. The base class takes any interim one but 100 for it."""
        super().begin()
        while _CONTINUE < self.status < _OK and self.status != _SWITCHING_PROTOCOLS:
            self.headers = self.msg = None  # type: ignore[assignment] # it means that no head has been read
            super().begin()


class TimedReader(io.RawIOBase):
    """The bytes of a socket, until a deadline: `TOTAL_PER_READ` times the timeout of the socket."""

    def __init__(self, sock: socket, raw: io.RawIOBase) -> None:
        """Start the time. `raw` reads the socket without a buffer."""
        self._socket, self._raw = sock, raw
        self._silence = sock.gettimeout()
        self.restart()

    def restart(self) -> None:
        """Start the time again, for the next response on the same connection."""
        self._deadline = None if self._silence is None else monotonic() + TOTAL_PER_READ * self._silence

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what has arrived, at least one byte; `TimeoutError` after the deadline. Changes the socket's timeout."""
        if self._silence is not None and self._deadline is not None:
            left = self._deadline - monotonic()
            if left <= 0:
                raise TimeoutError("the response did not end")
            self._socket.settimeout(min(self._silence, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Close the raw reader, too."""
        self._raw.close()
        super().close()


class _HttpConnection(HTTPConnection):
    """A connection that writes each request at once: head and body in turn would wake the server twice."""

    response_class = _TimedResponse
    # The parts of the request that is being written.
    _parts: list[bytes] | None = None

    def request(self, *arguments: Any, **options: Any) -> None:
        parts: list[bytes] = []
        self._parts = parts
        try:
            super().request(*arguments, **options)
        finally:
            self._parts = None
        self.send(b"".join(parts))

    def send(self, data: Any) -> None:
        if self._parts is None:
            super().send(data)
        else:
            self._parts.append(data)


class _HttpsConnection(_HttpConnection, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection
