"""HTTP requests of the preflight checks.

Every request carries a header that marks it. Simulators then record it as a preflight request instead of a request of
the bridge, and no rate limit counts it; real services ignore the header. The alternative, a second key for the doctor,
would only show that the second key works. It would say nothing about the bridge's key, and only Optimove can create
keys. The price is that the simulators must know a header. `simulators/sendproof_simulators/server/pipeline.py` explains
why a bridge gains nothing by sending it.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import requests

from sendproof_harness.bounded_http import TooLargeError, bounded_session, decode_json, read_body
from sendproof_harness.control_client import reason

#: Repeated in `sendproof_simulators/server/pipeline.py`: the two programs share no code.
HEADER = "Sendproof-Preflight"
# Long enough for a real service on another continent; local services respond in milliseconds.
RESPONSE_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 3.0
# A thousand attributes of Optimove take a tenth of this.
MAX_RESPONSE_BYTES = 5_000_000
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response, or the reason for its absence: then `status` is None and `text` is the reason.

    `json` is None for other content. `date` is the value of the Date header.
    """

    status: int | None
    text: str
    json: Any = None
    date: str = ""

    @property
    def summary(self) -> str:
        """The status and the beginning of the body, in one line."""
        if self.status is None:
            return self.text
        text = " ".join(self.text.split())
        return f"status {self.status}" + (f", {text[:120]}" if text else "")


class PreflightClient:
    """Client for marked requests. A service that did not respond once is not requested again."""

    def __init__(self) -> None:
        self._session = bounded_session()
        self._session.headers[HEADER] = "1"
        self._failures: dict[str, HttpResponse] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: object = None,
    ) -> HttpResponse:
        """Make one request without following redirects; `body` is sent as JSON, `form` as a form."""
        origin = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
        if origin in self._failures:
            return self._failures[origin]
        try:
            with self._session.request(
                method,
                url,
                params=query,
                headers=headers,
                data=form,
                json=body,
                timeout=(CONNECT_TIMEOUT_S, RESPONSE_TIMEOUT_S),
                allow_redirects=False,
                stream=True,
            ) as response:
                return _read(response)
        except (requests.RequestException, UnicodeError) as error:
            failure = HttpResponse(status=None, text=reason(error))
            self._failures[origin] = failure
            return failure


def _read(response: requests.Response) -> HttpResponse:
    try:
        raw = read_body(response, MAX_RESPONSE_BYTES)
    except TooLargeError:
        return HttpResponse(status=None, text=f"a response of more than {MAX_RESPONSE_BYTES:,} bytes")
    text, date = raw.decode("utf-8", "replace"), response.headers.get("Date", "")
    try:
        return HttpResponse(status=response.status_code, text=text, date=date, json=decode_json(raw))
    except ValueError:
        return HttpResponse(status=response.status_code, text=text, date=date)


def connection_error(host: str, port: int) -> str | None:
    """Return why no connection is possible, or None if one is."""
    try:
        with socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S):
            return None
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or str(error)


def is_resolvable(host: str) -> bool:
    """Return True if the host name has an address."""
    try:
        return bool(socket.getaddrinfo(host, None))
    except (OSError, UnicodeError):
        return False


def host_and_port(url: str) -> tuple[str, int] | None:
    """Return the host and the port of an http or https URL, or None if it is not one."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return None if parts.scheme not in _PORTS or not parts.hostname or port is None else (parts.hostname, port)
