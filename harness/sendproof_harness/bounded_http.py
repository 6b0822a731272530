"""Sessions and bodies with limits: no response takes longer, or more memory, than a correct one could need.

Libraries limit each read only, so a response that arrives byte by byte would never end, in its body or in its headers.
"""

import io
import re
from http import HTTPStatus
from http.client import HTTPResponse
from socket import socket
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

#: Decompressed. The report about a campaign of a million customers is smaller.
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_CONTINUE, _SWITCHING_PROTOCOLS, _OK = HTTPStatus.CONTINUE, HTTPStatus.SWITCHING_PROTOCOLS, HTTPStatus.OK
# A response may be silent once for as long as the read timeout allows, not again and again.
_TOTAL_PER_READ = 2


class TooLargeError(Exception):
    """The body of a response is larger than the limit."""


def check_url(option: str, url: str, example: str) -> None:
    """Raise `ValueError` with the name of the option if the URL is not one of HTTP with a host."""
    if not _is_url(url):
        hint = "" if "://" in url or not url else "; put http:// in front"
        raise ValueError(f"{option}: expected a URL such as {example}, got {url!r}{hint}")


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        url.encode()
        # No part of a name may be empty or longer than 63 characters. A lookup would raise the same error.
        host = (parts.hostname or "").encode("idna")
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and parts.port != 0 and not any(map(str.isspace, url))


def bounded_session() -> requests.Session:
    """Return a session whose responses are complete within twice their read timeout, or raise a timeout.

    It ignores the environment: no proxies, no .netrc. It follows no redirects.
    """
    session = _DirectSession()
    session.trust_env = False
    session.mount("http://", _BoundedAdapter())
    session.mount("https://", _BoundedAdapter())
    return session


def read_body(reply: requests.Response, limit: int = MAX_RESPONSE_BYTES) -> bytes:
    """Return the whole decompressed body of a streamed response.

    Raises `TooLargeError` for more than `limit` bytes, and `requests.RequestException` if the body breaks off.
    """
    body = bytearray()
    try:
        # Read each chunk as it arrives: `iter_content` would wait until one is full.
        while chunk := reply.raw.read1(_CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > limit:
                raise TooLargeError
    except (urllib3.exceptions.ReadTimeoutError, TimeoutError) as error:
        raise requests.ReadTimeout(error) from error
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(error) from error
    return bytes(body)


def decode_json(body: bytes) -> Any:
    """Return the decoded value; `ValueError` if it is not JSON, or nested too deeply."""
    try:
        return msgspec.json.decode(body)
    except RecursionError as error:
        raise ValueError("JSON that is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"text that is not JSON, at {_position(body, str(error))}") from error


def _position(body: bytes, error: str) -> str:
    """Return line and column of a syntax error: the end of the text if the error names no byte."""
    found = re.search(r"byte ([0-9]+)", error)
    before = body[: int(found[1])] if found else body
    lines = before.split(b"\n")
    return f"line {len(lines):,}, column {len(lines[-1]) + 1:,}"


class _DirectSession(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Take a redirect as the response: the base class reads its body without a limit, whether it follows it or not.

        Also, another server may be on a network that only this machine can reach.
        """
        del resp


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

    def begin(self) -> None:
        """Read the head of the final response. The base class takes any interim one but 100 for it."""
        super().begin()
        while _CONTINUE < self.status < _OK and self.status != _SWITCHING_PROTOCOLS:
            self.headers = self.msg = None  # type: ignore[assignment] # it means that no head has been read
            super().begin()


class _TimedReader(io.RawIOBase):
    """The bytes of a socket, until a deadline."""

    def __init__(self, sock: socket, raw: io.RawIOBase) -> None:
        self._socket, self._raw = sock, raw
        self._silence = sock.gettimeout()
        self._deadline = None if self._silence is None else monotonic() + _TOTAL_PER_READ * self._silence

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
