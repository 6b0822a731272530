"""HTTP client with one kept-alive session per thread. Each error states whether the call may have had an effect."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3

from sendproof_bridge import __version__
from sendproof_bridge.clock import real_now
from sendproof_bridge.outbound.errors import (
    NotSentError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    UnauthorizedError,
)

_CONNECT_SECONDS = 5.0
# The vendor's own Textlocal client waits this long; observed: https://github.com/scottybo/textlocal
_READ_SECONDS = 60.0
# The library limits each read only, so a response that arrives byte by byte would never end.
_TOTAL_PER_READ = 2
_CHUNK_BYTES = 64 * 1024

_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY_REQUESTS = 401, 403, 429
_SUCCESS, _TURNED_AWAY = range(200, 300), range(300, 500)
_MAX_SHOWN_BYTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete response. `operation` names the call in error messages."""

    operation: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the decoded body; raise `OutcomeUnknownError` if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise OutcomeUnknownError(
                f"{self.operation}: expected JSON, got {len(self.body)} bytes of another kind"
            ) from error


class HttpClient:
    """Makes calls. It ignores the environment: no proxies, no .netrc."""

    def __init__(self, *, read_seconds: float = _READ_SECONDS) -> None:
        """`read_seconds` is the longest silence within a response, in real time; the whole may take twice as long."""
        self._timeout = (_CONNECT_SECONDS, read_seconds)
        self._total_seconds = _TOTAL_PER_READ * read_seconds
        self._local = threading.local()

    def request(  # noqa: PLR0913 the parts of a request
        self,
        operation: str,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Response:
        """Make one call and read the whole response, whatever its status.

        `body` is sent as JSON, `form` as a form, and `content` without any change.
        """
        deadline = real_now() + self._total_seconds
        try:
            with self._session().request(
                method,
                url,
                params=query,
                headers=headers,
                json=body,
                data=form if content is None else content,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as reply:
                received = _read_body(reply, deadline)
                return Response(operation=operation, status=reply.status_code, headers=reply.headers, body=received)
        except (requests.RequestException, urllib3.exceptions.HTTPError, TimeoutError) as error:
            raise _transport_error(operation, error) from error

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
            session.headers["User-Agent"] = f"sendproof-bridge/{__version__}"
        return session


def _read_body(reply: requests.Response, deadline: float) -> bytes:
    """Return the whole body; raise `TimeoutError` after the deadline."""
    body = bytearray()
    # Read each chunk as it arrives: `iter_content` would wait until one is full.
    while chunk := reply.raw.read1(_CHUNK_BYTES, decode_content=True):
        body += chunk
        if real_now() > deadline:
            raise TimeoutError
    return bytes(body)


def _transport_error(operation: str, error: Exception) -> NotSentError | OutcomeUnknownError:
    # The messages of these exceptions contain URLs with tokens, so only their type is reported.
    if _never_connected(error):
        return NotSentError(f"{operation}: no connection ({type(error).__name__})")
    return OutcomeUnknownError(f"{operation}: no response ({type(error).__name__})")


def _never_connected(error: Exception) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError))


def check_status(response: Response) -> Response:
    """Return the response if its status is a success, else raise the matching error.

    After a 5xx the outcome is unknown: the service may have failed after it had done the work.
    """
    status, operation = response.status, response.operation
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        raise UnauthorizedError(f"{operation}: credentials refused ({status})")
    if status == _TOO_MANY_REQUESTS:
        raise RateLimitedError(f"{operation}: too many requests ({status})", retry_after_ms(response))
    if status in _TURNED_AWAY:
        shown = response.body[:_MAX_SHOWN_BYTES].decode("utf-8", "replace")
        raise RejectedError(f"{operation}: refused with {status}: {shown}")
    if status not in _SUCCESS:
        raise OutcomeUnknownError(f"{operation}: the service failed ({status})")
    return response


def retry_after_ms(response: Response) -> int | None:
    """Return the requested delay in milliseconds; None if there is no `Retry-After` in seconds."""
    text = response.headers.get("Retry-After", "")
    return max(1, int(text)) * 1000 if text.isascii() and text.isdigit() else None
