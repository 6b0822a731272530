"""HTTP to the outside: one kept-alive session a thread, and every failure told apart by whether it had an effect."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3

from sendproof_bridge.clock import real_now
from sendproof_bridge.outbound.errors import (
    CredentialsRefusedError,
    NotDoneError,
    RateLimitedError,
    RefusedError,
    UnknownOutcomeError,
)

_CONNECT_SECONDS = 5.0
# The vendor's own Textlocal client waits so long; observed: https://github.com/scottybo/textlocal
_READ_SECONDS = 60.0
# A limit of the library is for each read only, so an answer that drips would never end.
_ALL_OF_IT = 2
_PIECE = 64 * 1024

_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 401, 403, 429
_SUCCESS, _TURNED_AWAY = range(200, 300), range(300, 500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `what` names the call, for messages."""

    what: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The decoded body; `UnknownOutcomeError` when it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise UnknownOutcomeError(
                f"{self.what}: expected JSON, got {len(self.body)} bytes of another kind"
            ) from error


class Wire:
    """Calls. Nothing is taken from the environment: no proxies, no .netrc."""

    def __init__(self, *, read_seconds: float = _READ_SECONDS) -> None:
        """`read_seconds` is how long an answer may keep silent in real time; all of it may take twice as long."""
        self._timeout = (_CONNECT_SECONDS, read_seconds)
        self._whole_seconds = _ALL_OF_IT * read_seconds
        self._local = threading.local()

    def call(  # noqa: PLR0913 the parts of a request
        self,
        what: str,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        form: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """Make one call and read all of its answer, whatever its status. `raw` is a body that is sent as it is."""
        end = real_now() + self._whole_seconds
        try:
            with self._session().request(
                method,
                url,
                params=query,
                headers=headers,
                json=body,
                data=form if raw is None else raw,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as reply:
                return Answer(what=what, status=reply.status_code, headers=reply.headers, body=_body(reply, end))
        except (requests.RequestException, urllib3.exceptions.HTTPError, TimeoutError) as error:
            raise _lost(what, error) from error

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        return session


def _body(reply: requests.Response, end: float) -> bytes:
    """All of the answer; `TimeoutError` when that takes too long."""
    body = bytearray()
    # Each piece as it comes: `iter_content` would wait until one is full.
    while piece := reply.raw.read1(_PIECE, decode_content=True):
        body += piece
        if real_now() > end:
            raise TimeoutError
    return bytes(body)


def _lost(what: str, error: Exception) -> NotDoneError | UnknownOutcomeError:
    # The texts of these exceptions hold addresses with tokens, so only their kind is told.
    if _never_connected(error):
        return NotDoneError(f"{what}: no connection ({type(error).__name__})")
    return UnknownOutcomeError(f"{what}: no answer ({type(error).__name__})")


def _never_connected(error: Exception) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError))


def check_status(answer: Answer) -> Answer:
    """Raise the fitting error unless the status is one of success.

    A 5xx leaves open whether the service had done its work before it failed.
    """
    status, what = answer.status, answer.what
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        raise CredentialsRefusedError(f"{what}: credentials refused ({status})")
    if status == _TOO_MANY:
        raise RateLimitedError(f"{what}: too many requests ({status})", retry_after(answer))
    if status in _TURNED_AWAY:
        raise RefusedError(f"{what}: refused with {status}: {answer.body[:200].decode('utf-8', 'replace')}")
    if status not in _SUCCESS:
        raise UnknownOutcomeError(f"{what}: the service failed ({status})")
    return answer


def retry_after(answer: Answer) -> int | None:
    """The milliseconds that the service asked to wait; None when it did not say so in seconds."""
    text = answer.headers.get("Retry-After", "")
    return max(1, int(text)) * 1000 if text.isascii() and text.isdigit() else None
