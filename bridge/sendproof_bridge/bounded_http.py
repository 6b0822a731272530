"""Sessions and bodies with limits: no response takes longer, or more memory, than a correct one could need.

Libraries limit each read only, so a response that arrives byte by byte would never end, in its body or in its headers.
"""

import io
from functools import partial
from http.client import HTTPResponse
from socket import socket
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager

#: Decompressed. A page of 10,000 customers with a hundred attributes each is smaller.
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024


class TooLargeError(Exception):
    """The body of a response is larger than the limit."""


def bounded_session(total_seconds: float) -> requests.Session:
    """Return a session whose responses are complete within `total_seconds`, or raise a timeout.

    It ignores the environment: no proxies, no .netrc.
    """
    session = requests.Session()
    session.trust_env = False
    adapter = _BoundedAdapter(total_seconds)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def read_body(reply: requests.Response, limit: int = MAX_RESPONSE_BYTES) -> bytes:
    """Return the whole decompressed body of a streamed response; raise `TooLargeError` for more than `limit` bytes."""
    body = bytearray()
    # Read each chunk as it arrives: `iter_content` would wait until one is full.
    while chunk := reply.raw.read1(_CHUNK_BYTES, decode_content=True):
        body += chunk
        if len(body) > limit:
            raise TooLargeError
    return bytes(body)


class _BoundedAdapter(HTTPAdapter):
    def __init__(self, total_seconds: float) -> None:
        self._total_seconds = total_seconds
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager: PoolManager
        self.poolmanager.pool_classes_by_scheme = {
            "http": _pool_class(HTTPConnectionPool, self._total_seconds),
            "https": _pool_class(HTTPSConnectionPool, self._total_seconds),
        }


def _pool_class(pool: type[HTTPConnectionPool], total_seconds: float) -> type[HTTPConnectionPool]:
    """Return the pool with connections whose responses have a deadline."""
    response_class = partial(_TimedResponse, total_seconds=total_seconds)
    connection = type("_Connection", (pool.ConnectionCls,), {"response_class": response_class})
    return type("_Pool", (pool,), {"ConnectionCls": connection})


class _TimedResponse(HTTPResponse):
    """A response with a deadline for all of it, headers included."""

    def __init__(self, sock: socket, method: str | None = None, *, total_seconds: float) -> None:
        super().__init__(sock, method=method)
        unbounded: Any = self.fp
        self.fp = io.BufferedReader(_TimedReader(sock, unbounded.detach(), monotonic() + total_seconds))


class _TimedReader(io.RawIOBase):
    """The bytes of a socket, until a deadline."""

    def __init__(self, sock: socket, raw: io.RawIOBase, deadline: float) -> None:
        self._socket, self._raw, self._deadline = sock, raw, deadline
        self._silence = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the response did not end")
        self._socket.settimeout(left if self._silence is None else min(self._silence, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
