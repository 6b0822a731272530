"""One HTTP call of the doctor: what came back, or why nothing did.

Every call carries a header that says whose it is. Simulators then journal it as an examination, not as a call of the
bridge, and count it against no rate limit; any other service does not know the header. The alternative, a second key
for the doctor, would show that the second key works: of the key that the bridge was given, nothing would be known, and
only Optimove has keys to give. The price is that the simulators have to know a header; see
`simulators/sendproof_simulators/server/pipeline.py` for why a bridge gains nothing by sending it.
"""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Self
from urllib.parse import urlsplit

import requests

from sendproof_harness.control_client import reason

#: Also in `sendproof_simulators/service.py`: the two programs share nothing but the wire.
HEADER = "Sendproof-Preflight"
# Of a live service across an ocean; those on this machine answer in milliseconds.
ANSWER_S = 10.0
CONNECT_S = 3.0
# What an answer may hold. A thousand attributes of Optimove are a tenth of this.
MOST_BYTES = 5_000_000
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """`status` is None when there was no answer; then `text` says why. `date` is the time that the service tells."""

    status: int | None
    text: str
    json: Any = None
    date: str = ""

    @property
    def said(self) -> str:
        """The answer in few words."""
        if self.status is None:
            return self.text
        text = " ".join(self.text.split())
        return f"status {self.status}" + (f", {text[:120]}" if text else "")


class PreflightClient:
    """Makes calls; a service that did not answer once is not waited for again."""

    def __init__(self) -> None:
        self._http = requests.Session()
        # A proxy of the environment must not come between two processes of one machine; .netrc holds no keys of ours.
        self._http.trust_env = False
        self._http.headers[HEADER] = "1"
        self._silent: dict[str, HttpResponse] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: object = None,
    ) -> HttpResponse:
        """Ask once, follow no redirection, and read the answer as JSON if it is some."""
        origin = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
        if origin in self._silent:
            return self._silent[origin]
        try:
            with self._http.request(
                method,
                url,
                params=query,
                headers=headers,
                data=form,
                json=body,
                timeout=(CONNECT_S, ANSWER_S),
                allow_redirects=False,
                stream=True,
            ) as reply:
                return _answer(reply)
        except (requests.RequestException, UnicodeError) as error:
            answer = HttpResponse(status=None, text=reason(error))
            self._silent[origin] = answer
            return answer


def _answer(reply: requests.Response) -> HttpResponse:
    limit, raw = monotonic() + ANSWER_S, b""
    for part in reply.iter_content(64 * 1024):
        raw += part
        if len(raw) > MOST_BYTES or monotonic() > limit:
            return HttpResponse(
                status=None, text=f"an answer that does not end within {MOST_BYTES:,} bytes and {ANSWER_S} s"
            )
    text, date = raw.decode("utf-8", "replace"), reply.headers.get("Date", "")
    try:
        return HttpResponse(status=reply.status_code, text=text, date=date, json=json.loads(text))
    except (ValueError, RecursionError):
        return HttpResponse(status=reply.status_code, text=text, date=date)


def connects(host: str, port: int) -> str | None:
    """None when something takes connections there, else why not."""
    try:
        with socket.create_connection((host, port), timeout=CONNECT_S):
            return None
    except (OSError, UnicodeError) as error:
        return getattr(error, "strerror", None) or str(error)


def resolves(host: str) -> bool:
    """Whether the name stands for an address."""
    try:
        return bool(socket.getaddrinfo(host, None))
    except (OSError, UnicodeError):
        return False


def address_of(url: str) -> tuple[str, int] | None:
    """Host and port of an http or https URL; None when it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return None if parts.scheme not in _PORTS or not parts.hostname or port is None else (parts.hostname, port)
