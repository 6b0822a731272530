"""HTTP requests to a listener: each on its own connection, without redirects and proxies."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import requests

from sendproof_harness.bounded_http import TooLargeError, bounded_session, read_body
from sendproof_harness.conformance.requests import ListenerRequest
from sendproof_harness.control_client import reason
from sendproof_harness.judge.checks.listeners.probed import is_failed_response

MAX_BODY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerResponse:
    """The status and the body, or the error if there is none.

    `timed_out`: no response in time; `refused`: no connection.
    """

    status: int | None = None
    body: bytes = b""
    error: str | None = None
    timed_out: bool = False
    refused: bool = False


def send(request: ListenerRequest, timeout_s: float) -> ListenerResponse:
    """Send one request. Its connection is not reused: a server may close an idle connection at any moment."""
    headers: Mapping[str, str | None] = {"Content-Type": request.content_type, "Connection": "close"}
    with bounded_session() as session:
        try:
            response = session.request(
                request.method,
                request.url,
                data=request.body,
                headers=headers,
                timeout=timeout_s,
                allow_redirects=False,
                stream=True,
            )
            # The body only must not contain credentials. A response that does not end in time is none.
            body = b""
            with suppress(TooLargeError):
                body = read_body(response, MAX_BODY_BYTES)
        except requests.Timeout:
            return ListenerResponse(error=f"no response within {timeout_s:g} s", timed_out=True)
        except requests.RequestException as error:
            return ListenerResponse(error=f"the connection failed: {reason(error)}", refused=_is_refused(error))
    return ListenerResponse(status=response.status_code, body=body)


def is_failure(request: ListenerRequest, response: ListenerResponse) -> bool:
    """Return True if the response does not meet the expectation of the request."""
    return is_failed_response(request.expects, request.method, response.status, timed_out=response.timed_out)


def _is_refused(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ConnectionRefusedError):
            return True
        error = error.__cause__ or error.__context__
    return False
