"""A thin client of the control API (`openapi/control.yaml`): one method a call, plain JSON values in and out.

ControlError             the simulators refused (`status`, and the problem's own words), or
├── UnreachableError     nothing answered at all
└── NotQuietError        an advance ran out of time: somebody did not come to rest
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import requests

# An answer of the control API takes milliseconds; only a hung process takes longer than this.
_ANSWER_S = 30.0
# How much longer than an advance may take its answer is waited for.
_GRACE_S = 15.0
_CHUNK = 1 << 20


class ControlError(Exception):
    """The control API did not do what was asked. `status` is None when there was no answer."""

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message)
        self.status = status


class UnreachableError(ControlError):
    """Nothing answered at the address."""


class NotQuietError(ControlError):
    """Virtual time stood still because somebody was not at rest; the message says who."""


class Control:
    """The control API at one address. Not for several threads at once; make one for each."""

    def __init__(self, url: str) -> None:
        """`url` is that of the control port, such as `http://127.0.0.1:4100`, with or without `/control`."""
        self.url = url.rstrip("/").removesuffix("/control")
        self._http = requests.Session()
        # A proxy of the environment must not come between two processes of one machine.
        self._http.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def health(self) -> dict[str, Any]:
        """`{"status": "ok", "version": ...}`."""
        return self._object("GET", "/health")

    def create_sandbox(self, settings: Mapping[str, object]) -> dict[str, Any]:
        """Make a sandbox; answers its id, its services with credentials, and its channels."""
        return self._object("POST", "/sandboxes", settings)

    def sandbox(self, sandbox: str) -> dict[str, Any]:
        """What `create_sandbox` answered."""
        return self._object("GET", f"/sandboxes/{sandbox}")

    def delete_sandbox(self, sandbox: str) -> None:
        """End a sandbox."""
        self._call("DELETE", f"/sandboxes/{sandbox}")

    def add_templates(self, sandbox: str, provider: str, templates: Iterable[Mapping[str, str]]) -> None:
        """Let a provider hold templates, each `{"title", "body"}`."""
        self._call("POST", f"/sandboxes/{sandbox}/providers/{provider}/templates", list(templates))

    def plan(self, sandbox: str, campaign: Mapping[str, object]) -> dict[str, Any]:
        """Schedule a campaign."""
        return self._object("POST", f"/sandboxes/{sandbox}/campaigns", campaign)

    def unattributed(self) -> list[dict[str, Any]]:
        """The newest requests to any service that showed no credential of any sandbox."""
        unknown: list[dict[str, Any]] = self._object("GET", "/unattributed")["requests"]
        return unknown

    def state(self, sandbox: str) -> dict[str, Any]:
        """`{"listeners", "channel_templates", "counts"}`."""
        return self._object("GET", f"/sandboxes/{sandbox}/state")

    def clock(self, sandbox: str) -> dict[str, Any]:
        """`{"now", "participants", "in_flight", ...}`."""
        return self._object("GET", f"/sandboxes/{sandbox}/clock")

    def advance(self, sandbox: str, target: Mapping[str, object], timeout_s: float) -> dict[str, Any]:
        """Move virtual time (`{"by_ms": n}` or `{"to": iso}`); `NotQuietError` after `timeout_s` real seconds."""
        body = {**target, "timeout_s": timeout_s}
        return self._object("POST", f"/sandboxes/{sandbox}/clock/advance", body, answer_s=timeout_s + _GRACE_S)

    def save_history(self, sandbox: str, file: Path) -> None:
        """Write the history to `file` as it arrives, so that its size does not matter."""
        reply = self._send("GET", f"/sandboxes/{sandbox}/history", None, _ANSWER_S, stream=True)
        try:
            with reply, file.open("wb") as out:
                for chunk in reply.iter_content(_CHUNK):
                    out.write(chunk)
        except requests.RequestException as error:
            raise UnreachableError(f"the history broke off: {reason(error)}", None) from error

    def _object(self, method: str, path: str, body: object = None, *, answer_s: float = _ANSWER_S) -> dict[str, Any]:
        content = self._call(method, path, body, answer_s=answer_s)
        if not isinstance(content, dict):
            raise ControlError(f"{method} {self.url}/control{path}: expected a JSON object, got {content!r:.80}", None)
        return content

    def _call(self, method: str, path: str, body: object = None, *, answer_s: float = _ANSWER_S) -> object:
        reply = self._send(method, path, body, answer_s, stream=False)
        if not reply.content:
            return None
        try:
            return reply.json()
        except requests.JSONDecodeError as error:
            message = (
                f"{method} {reply.url}: expected JSON, got {reply.text!r:.80}; is this a Sendproof control address?"
            )
            raise ControlError(message, reply.status_code) from error

    def _send(self, method: str, path: str, body: object, answer_s: float, *, stream: bool) -> requests.Response:
        url = f"{self.url}/control{path}"
        try:
            reply = self._http.request(method, url, json=body, timeout=(_ANSWER_S, answer_s), stream=stream)
        except requests.RequestException as error:
            message = f"no answer from the simulators at {self.url} ({reason(error)}); are they up?"
            raise UnreachableError(message, None) from error
        if reply.ok:
            return reply
        kind = NotQuietError if reply.status_code == requests.codes.gateway_timeout else ControlError
        raise kind(f"{method} {url} answered {reply.status_code}: {_detail(reply)}", reply.status_code)


def _detail(reply: requests.Response) -> str:
    """The problem's own words, with each violation; else the start of whatever came."""
    try:
        problem = reply.json()
    except requests.JSONDecodeError:
        return f"{reply.text!r:.200}"
    if not isinstance(problem, dict) or "detail" not in problem:
        return f"{problem!r:.200}"
    broken = [f"{v.get('where')}: {v.get('message')}" for v in problem.get("violations", ())]
    return "; ".join([str(problem["detail"]), *broken])


def reason(error: BaseException) -> str:
    """The innermost cause: requests wraps a refused connection four times."""
    cause = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
