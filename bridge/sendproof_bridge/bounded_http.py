"""Sessions and bodies with limits: no response takes longer, or more memory, than a correct one could need.

Libraries limit each read only, so a response that arrives byte by byte would never end, in its body or in its headers.
"""

import io
from http.client import HTTPResponse
from socket import socket
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

#: Decompressed. A page of 10,000 customers with a hundred attributes each is smaller.
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
# A response may be silent once for as long as the read timeout allows, not again and again.
TOTAL_PER_READ = 2


class TooLargeError(Exception):
    """The body of a response is larger than the limit."""


def bounded_session() -> requests.Session:
    """Return a session whose responses are complete within twice their read timeout, or raise a timeout.

    It ignores the environment: no proxies, no .netrc.
    """
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", _BoundedAdapter())
    session.mount("https://", _BoundedAdapter())
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
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager: PoolManager
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


class _TimedResponse(HTTPResponse):
    """A response with a deadline for all of it, headers included."""

    def __init__(self, sock: socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        unbounded: Any = self.fp
        self.fp = io.BufferedReader(_TimedReader(sock, unbounded.detach()))


class _TimedReader(io.RawIOBase):
    """The bytes of a socket, until a deadline."""

    def __init__(self, sock: socket, raw: io.RawIOBase) -> None:
        self._socket, self._raw = sock, raw
        self._silence = sock.gettimeout()
        self._deadline = None if self._silence is None else monotonic() + TOTAL_PER_READ * self._silence

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._silence is not None and self._deadline is not None:
            left = self._deadline - monotonic()
            if left <= 0:
                raise TimeoutError("the response did not end")
            self._socket.settimeout(min(self._silence, left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _HttpConnection(HTTPConnection):
    response_class = _TimedResponse


class _HttpsConnection(HTTPSConnection):
    response_class = _TimedResponse


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection
