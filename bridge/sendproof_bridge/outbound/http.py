"""HTTP client with one kept-alive session per thread. Each error states whether the call may have had an effect."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sendproof_bridge.bounded_http import (
    MAX_RESPONSE_BYTES,
    TRANSPORT_ERRORS,
    Session,
    TooLargeError,
    never_connected,
)
from sendproof_bridge.clock import real_now
from sendproof_bridge.json_body import decode_json
from sendproof_bridge.monitor import Monitor
from sendproof_bridge.outbound.errors import (
    NotSentError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    UnauthorizedError,
)
from sendproof_bridge.outbound.form_body import FORM_TYPE, form_body

_CONNECT_SECONDS = 5.0
# The vendor's own Textlocal client waits this long; observed: https://github.com/scottybo/textlocal
READ_SECONDS = 60.0
# The longest delay that a service can ask for: a longer one would stop the work of a client for good.
MAX_RETRY_AFTER_SECONDS = 24 * 60 * 60

_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY_REQUESTS = 401, 403, 429
# Not about the request itself: it arrived too slowly, or too early on a connection. RFC 9110, 15.5.9; RFC 8470, 5.2
_TURNED_AWAY_FOR_NOW = frozenset({408, 425})
_SUCCESS, _TURNED_AWAY = range(200, 300), range(300, 500)
_MAX_SHOWN_BYTES = 200
_MAX_NUMBER_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete response. `operation` names the call in error messages."""

    operation: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the decoded body; raise `OutcomeUnknownError` if it is not JSON, or not JSON that can be processed."""
        try:
            return decode_json(self.body)
        except ValueError as error:
            raise OutcomeUnknownError(
                f"{self.operation}: the service responded with {self.status} and {len(self.body):,} bytes: {error}"
            ) from error


class HttpClient:
    """Makes calls. It ignores the environment: no proxies, no .netrc."""

    def __init__(self, *, read_seconds: float = READ_SECONDS) -> None:
        """`read_seconds` is the longest silence within a response, in real time; the whole may take twice as long."""
        self.monitor = Monitor()
        self._timeout = (_CONNECT_SECONDS, read_seconds)
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
        if form is not None:
            headers, content = {**(headers or {}), "Content-Type": FORM_TYPE}, form_body(form)
        elif body is not None:
            headers, content = {**(headers or {}), "Content-Type": "application/json"}, json.dumps(body).encode()
        if query:
            url = f"{url}?{urlencode(query)}"
        began, result = real_now(), "failed"
        try:
            reply = self._session().request(method, url, headers=headers, body=content, timeout=self._timeout)
            result = _result(reply.status)
        except TooLargeError as error:
            raise OutcomeUnknownError(
                f"{operation}: the service responded with more than {MAX_RESPONSE_BYTES:,} bytes"
            ) from error
        except TRANSPORT_ERRORS as error:
            result = "no_connection" if never_connected(error) else "no_response"
            raise _transport_error(operation, error) from error
        finally:
            self.monitor.call_ended(operation, result, real_now() - began)
        return Response(operation=operation, status=reply.status, headers=reply.headers, body=reply.body)

    def _session(self) -> Session:
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = Session()
        return session


def _result(status: int) -> str:
    """Return the result of a call in measurements."""
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        return "unauthorized"
    if status == _TOO_MANY_REQUESTS:
        return "rate_limited"
    return "rejected" if status in _TURNED_AWAY else "ok" if status in _SUCCESS else "failed"


def _transport_error(operation: str, error: Exception) -> NotSentError | OutcomeUnknownError:
    # The messages of these exceptions contain URLs with tokens, so only their type is reported.
    if never_connected(error):
        return NotSentError(f"{operation}: no connection ({type(error).__name__})")
    return OutcomeUnknownError(f"{operation}: no response ({type(error).__name__})")


def check_status(response: Response) -> Response:
    """Return the response if its status is a success, else raise the matching error.

    After a 5xx the outcome is unknown: the service may have failed after it had done the work.
    """
    status, operation = response.status, response.operation
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        raise UnauthorizedError(f"{operation}: credentials refused ({status})")
    if status == _TOO_MANY_REQUESTS:
        raise RateLimitedError(f"{operation}: too many requests ({status})", retry_after_ms(response))
    if status in _TURNED_AWAY_FOR_NOW:
        raise NotSentError(f"{operation}: turned away for now ({status})", retry_after_ms(response))
    if status in _TURNED_AWAY:
        shown = response.body[:_MAX_SHOWN_BYTES].decode("utf-8", "replace")
        raise RejectedError(f"{operation}: refused with {status}: {shown}")
    if status not in _SUCCESS:
        raise OutcomeUnknownError(f"{operation}: the service failed ({status})")
    return response


def retry_after_ms(response: Response) -> int | None:
    """Return the requested delay in milliseconds; None if there is no `Retry-After` in seconds."""
    text = response.headers.get("Retry-After", "")
    if not (text.isascii() and text.isdigit()):
        return None
    # Python does not convert a number of thousands of digits.
    seconds = int(text) if len(text) < _MAX_NUMBER_DIGITS else MAX_RETRY_AFTER_SECONDS
    return min(max(1, seconds), MAX_RETRY_AFTER_SECONDS) * 1000
