"""A thin client of the control API (`openapi/control.yaml`): one method a call, plain JSON values in and out.

ControlError             the simulators refused (`status`, and the problem's own words), or
├── UnreachableError     nothing answered at all
└── NotQuietError        an advance ran out of time: somebody did not come to rest
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import requests

# An answer of the control API takes milliseconds; only a hung process takes longer than this.
_ANSWER_S = 30.0
# How much longer than an advance may take its answer is waited for.
_GRACE_S = 15.0
# Before the first byte of a history everything that is owed to everybody is worked out, for large audiences at length.
_HISTORY_S = 300.0
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Csv:
    """A body that is no JSON."""

    text: str


class ControlError(Exception):
    """The control API did not do what was asked. `status` is None when there was no answer."""

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message)
        self.status = status


class UnreachableError(ControlError):
    """Nothing answered at the address."""


class NotQuietError(ControlError):
    """Virtual time stood still because somebody was not at rest; the message says who."""


class ControlClient:
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
        """`{"status": "ok", "version": ..., "pid": ..., "real": ...}`."""
        return self._object("GET", "/health")

    def dialects(self) -> dict[str, Any]:
        """By service, the open questions about it, each `{"name", "question", "options"}`; the first is the default."""
        return self._object("GET", "/dialects")

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

    def templates(self, sandbox: str, provider: str) -> list[dict[str, Any]]:
        """What a provider holds, each `{"id", "title", "body"}`."""
        return self._list("GET", f"/sandboxes/{sandbox}/providers/{provider}/templates")

    def change_template(self, sandbox: str, provider: str, template: object, change: Mapping[str, str]) -> None:
        """Give a template another `title` or `body`."""
        self._call("PATCH", f"/sandboxes/{sandbox}/providers/{provider}/templates/{template}", change)

    def delete_template(self, sandbox: str, provider: str, template: object) -> None:
        """Delete a template at its provider."""
        self._call("DELETE", f"/sandboxes/{sandbox}/providers/{provider}/templates/{template}")

    def replace_settings(self, sandbox: str, provider: str, settings: Mapping[str, object]) -> None:
        """Set what the user of a provider sets on its website; what is left out gets its default."""
        self._call("PUT", f"/sandboxes/{sandbox}/providers/{provider}/settings", settings)

    def schedule_campaign(self, sandbox: str, campaign: Mapping[str, object]) -> dict[str, Any]:
        """Schedule a campaign."""
        return self._object("POST", f"/sandboxes/{sandbox}/campaigns", campaign)

    def cancel_campaign(self, sandbox: str, campaign: int) -> dict[str, Any]:
        """Cancel a campaign now."""
        return self._object("POST", f"/sandboxes/{sandbox}/campaigns/{campaign}/cancel")

    def add_trigger(self, sandbox: str, trigger: Mapping[str, object]) -> dict[str, Any]:
        """Define a trigger."""
        return self._object("POST", f"/sandboxes/{sandbox}/triggers", trigger)

    def record_customer_events(self, sandbox: str, events: Sequence[Mapping[str, object]]) -> dict[str, Any]:
        """Let customers do something, now or at an instant to come; 10,000 at most."""
        return self._object("POST", f"/sandboxes/{sandbox}/events", list(events))

    def upload_batch_file(self, sandbox: str, service: str, text: str) -> dict[str, Any]:
        """Upload a CSV file of the client's daily batch."""
        content = self._call("POST", f"/sandboxes/{sandbox}/services/{service}/batch", Csv(text))
        return content if isinstance(content, dict) else {}

    def keys(self, sandbox: str, service: str) -> list[dict[str, Any]]:
        """The keys of a service, each with its `name` and its value as `key`."""
        return self._list("GET", f"/sandboxes/{sandbox}/services/{service}/keys")

    def change_key(self, sandbox: str, service: str, name: str, change: Mapping[str, object]) -> dict[str, Any]:
        """Rotate, disable or enable a key; answers it as it is now."""
        return self._object("PATCH", f"/sandboxes/{sandbox}/services/{service}/keys/{name}", change)

    def service_overview(self, sandbox: str, service: str) -> dict[str, Any]:
        """What a service was told by its users, as it stands now."""
        return self._object("GET", f"/sandboxes/{sandbox}/services/{service}")

    def webhooks(self, sandbox: str, service: str, event: str) -> list[dict[str, Any]]:
        """The notifications of one event so far, the oldest first, each with its `key`."""
        return self._list("GET", f"/sandboxes/{sandbox}/webhooks?service={service}&event={event}")

    def resend_webhook(self, sandbox: str, service: str, key: str) -> None:
        """Send a notification once more."""
        self._call("POST", f"/sandboxes/{sandbox}/webhooks/resend", {"service": service, "key": key})

    def add_faults(self, sandbox: str, faults: Sequence[Mapping[str, object]]) -> None:
        """Let things go wrong: all of the entries, or none."""
        self._call("POST", f"/sandboxes/{sandbox}/faults", list(faults))

    def pending_kill(self, sandbox: str) -> dict[str, Any] | None:
        """Wait for a kill that the harness has to carry out; None when there was none for a while."""
        content = self._call("GET", f"/sandboxes/{sandbox}/faults/pending-kill")
        return content if isinstance(content, dict) else None

    def complete_fault(self, sandbox: str, fault: str) -> None:
        """Say that a kill is carried out; the simulators let go of the exchange that they hold."""
        self._call("POST", f"/sandboxes/{sandbox}/faults/{fault}/completed")

    def unauthenticated_requests(self) -> list[dict[str, Any]]:
        """The newest requests to any service that showed no credential of any sandbox."""
        unknown: list[dict[str, Any]] = self._object("GET", "/unauthenticated-requests")["requests"]
        return unknown

    def state(self, sandbox: str) -> dict[str, Any]:
        """`{"listeners", "channel_templates", "counts"}`."""
        return self._object("GET", f"/sandboxes/{sandbox}/state")

    def clock(self, sandbox: str) -> dict[str, Any]:
        """`{"now", "participants", "in_flight", ...}`."""
        return self._object("GET", f"/sandboxes/{sandbox}/clock")

    def park(self, sandbox: str, participant: str, until: str | None, since: int) -> dict[str, Any]:
        """Take part in the clock: wait until an instant; answers `{"now", "delivered", "reason"}`."""
        parked = {"participant": participant, "until": until, "since": since}
        return self._object("POST", f"/sandboxes/{sandbox}/clock/park", parked)

    def leave_clock(self, sandbox: str, participant: str) -> None:
        """Say that somebody takes part in the clock no more."""
        self._call("DELETE", f"/sandboxes/{sandbox}/clock/participants/{participant}")

    def advance(self, sandbox: str, target: Mapping[str, object], timeout_s: float) -> dict[str, Any]:
        """Move virtual time (`{"by_ms": n}` or `{"to": iso}`); `NotQuietError` after `timeout_s` real seconds."""
        body = {**target, "timeout_s": timeout_s}
        return self._object("POST", f"/sandboxes/{sandbox}/clock/advance", body, answer_s=timeout_s + _GRACE_S)

    def expectations(self, sandbox: str) -> Iterator[bytes]:
        """The lines of the history that tell what was announced and what is owed to whom, as they arrive."""
        reply = self._send("GET", f"/sandboxes/{sandbox}/expectations", None, _HISTORY_S, stream=True)
        try:
            with reply:
                yield from reply.iter_lines(_CHUNK)
        except requests.RequestException as error:
            raise UnreachableError(f"the expectations broke off: {reason(error)}", None) from error

    def journal(self, sandbox: str, start: int) -> bytes:
        """Whole lines of what has happened, from the byte `start` of all of them on; empty when nothing is new."""
        reply = self._send("GET", f"/sandboxes/{sandbox}/journal?start={start}", None, _ANSWER_S, stream=False)
        return reply.content

    def save_history(self, sandbox: str, file: Path) -> None:
        """Write the history to `file` as it arrives, so that its size does not matter."""
        reply = self._send("GET", f"/sandboxes/{sandbox}/history", None, _HISTORY_S, stream=True)
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

    def _list(self, method: str, path: str) -> list[dict[str, Any]]:
        content = self._call(method, path)
        if not isinstance(content, list):
            raise ControlError(f"{method} {self.url}/control{path}: expected a JSON array, got {content!r:.80}", None)
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
        given = _body(body)
        try:
            reply = self._http.request(method, url, **given, timeout=(_ANSWER_S, answer_s), stream=stream)
        except requests.RequestException as error:
            message = f"no answer from the simulators at {self.url} ({reason(error)}); are they up?"
            raise UnreachableError(message, None) from error
        if reply.ok:
            return reply
        kind = NotQuietError if reply.status_code == requests.codes.gateway_timeout else ControlError
        raise kind(f"{method} {url} answered {reply.status_code}: {_detail(reply)}", reply.status_code)


def _body(body: object) -> dict[str, Any]:
    """How requests is told what to send."""
    if isinstance(body, Csv):
        return {"data": body.text.encode(), "headers": {"Content-Type": "text/csv"}}
    return {"json": body}


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
