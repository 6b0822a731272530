"""The client of the control API (`openapi/control.yaml`): one method per operation, JSON values in and out.

ControlError             the simulators rejected the request (`status`, and `detail` from the problem document), or
├── UnreachableError     there was no response
├── NotControlApiError   another server responded
└── NotQuietError        an advance timed out because a participant was not parked
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Self
from urllib.parse import quote, urlencode

import requests

from sendproof_harness.bounded_http import (
    MAX_RESPONSE_BYTES,
    TooLargeError,
    bounded_session,
    check_url,
    decode_json,
    read_body,
)

# Most responses take milliseconds, a report over a million customers a few seconds.
_RESPONSE_S = 60.0
_CONNECT_S = 30.0
# The simulators end an advance themselves; this is the extra time for their response to arrive.
_GRACE_S = 15.0
# The simulators compute all expectations before the first byte of a history.
_HISTORY_S = 300.0
_CHUNK = 1 << 20
# The journal of a run without any look at it; later reads only get what is new.
MAX_JOURNAL_BYTES = 1 << 30

# Off loopback, the URL of the control API contains its token (openapi/control.yaml).
_TOKEN = re.compile(r"(?<=/token/)[^/\s'\"]+")

# In JSON, the halves of a character outside the first 65,536. Only together are they text.
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
_SHOWN_BEFORE = 40

Json = Mapping[str, object]


def without_token(text: str) -> str:
    """Return a text without the tokens in URLs of the control API, for messages and results."""
    return _TOKEN.sub("***", text)


@dataclass(frozen=True, slots=True)
class Csv:
    """A request body in CSV."""

    text: str


class ControlError(Exception):
    """The control API did not do what was requested. `status` is None if there was no response.

    `detail` is the reason alone; the message also names the request.
    """

    def __init__(self, message: str, status: int | None, detail: str = "") -> None:
        super().__init__(without_token(message))
        self.status = status
        self.detail = without_token(detail or message)


class UnreachableError(ControlError):
    """There was no response at the address."""


class NotControlApiError(ControlError):
    """The server at the address is not the control API."""


class NotQuietError(ControlError):
    """Virtual time stood still because a participant was not parked; the message names it.

    `answering` is the number of requests that the simulators themselves had not answered.
    """

    def __init__(self, message: str, status: int | None, detail: str = "", answering: int = 0) -> None:
        super().__init__(message, status, detail)
        self.answering = answering


class ControlClient:
    """The control API at one address. Not for several threads at once; create one client for each thread."""

    def __init__(self, url: str) -> None:
        """`url` is that of the control port, such as `http://127.0.0.1:4100`, with or without `/control`.

        `ControlError` if it is no URL of HTTP.
        """
        try:
            check_url("--control-url", url, "http://127.0.0.1:4100")
        except ValueError as error:
            raise ControlError(str(error), None) from None
        self.url = url.rstrip("/").removesuffix("/control")
        self._http = bounded_session()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    # -- simulators ------------------------------------------------------------------------------------

    def health(self) -> dict[str, Any]:
        """Return status, version, process id and the times of the simulators, as the contract says.

        `NotControlApiError` if another server responds.
        """
        health = self._object("GET", "/health")
        if "version" not in health:
            raise self._not_control_api(f"{self.url}/control", repr(health))
        return health

    def fault_catalogue(self) -> list[dict[str, Any]]:
        """Return the kinds of faults, each `{"fault", "on", "when", "summary", "fields"}`."""
        return self._list("GET", "/faults")

    def dialects(self) -> dict[str, Any]:
        """Return the dialects by service, each `{"name", "question", "options"}`; the first option is the default."""
        return self._object("GET", "/dialects")

    def unauthenticated_requests(self) -> list[dict[str, Any]]:
        """Return the newest requests to any service without a credential of any sandbox."""
        requests_: list[dict[str, Any]] = self._object("GET", "/unauthenticated-requests")["requests"]
        return requests_

    # -- sandboxes -------------------------------------------------------------------------------------

    def create_sandbox(self, settings: Json) -> dict[str, Any]:
        """Create a sandbox; return its id, its services with credentials, and its channels."""
        return self._object("POST", "/sandboxes", settings)

    def sandbox(self, sandbox: str) -> dict[str, Any]:
        """Return the same as `create_sandbox`, for an existing sandbox."""
        return self._object("GET", _path(sandbox))

    def sandboxes(self) -> list[dict[str, Any]]:
        """Return all sandboxes, each as `create_sandbox` does."""
        return self._list("GET", "/sandboxes")

    def reset_sandbox(self, sandbox: str) -> dict[str, Any]:
        """Set a sandbox back to its beginning; return it."""
        return self._object("POST", f"{_path(sandbox)}/reset")

    def snapshots(self, sandbox: str) -> list[dict[str, Any]]:
        """Return the snapshots of a sandbox, each `{"name", "at", "n"}`."""
        return self._list("GET", f"{_path(sandbox)}/snapshots")

    def create_snapshot(self, sandbox: str, name: str) -> dict[str, Any]:
        """Keep the present state of a sandbox under a name."""
        return self._object("POST", f"{_path(sandbox)}/snapshots", {"name": name})

    def restore_snapshot(self, sandbox: str, name: str) -> None:
        """Set a sandbox back to a snapshot."""
        self._call("POST", f"{_path(sandbox)}/snapshots/{_segment(name)}/restore")

    def delete_snapshot(self, sandbox: str, name: str) -> None:
        """Delete a snapshot."""
        self._call("DELETE", f"{_path(sandbox)}/snapshots/{_segment(name)}")

    def delete_sandbox(self, sandbox: str) -> None:
        """Delete a sandbox."""
        self._call("DELETE", _path(sandbox))

    def state(self, sandbox: str) -> dict[str, Any]:
        """Return `{"listeners", "channel_templates", "counts"}`."""
        return self._object("GET", f"{_path(sandbox)}/state")

    def compute_verdict(self, sandbox: str) -> dict[str, Any]:
        """Judge a sandbox as it is now; return `{"computed_at", "n", "verdict"}`."""
        return self._object("POST", f"{_path(sandbox)}/verdict", response_s=_HISTORY_S)

    def service_overview(self, sandbox: str, service: str) -> dict[str, Any]:
        """Return the state of a service: what its users have set so far."""
        return self._object("GET", f"{_path(sandbox)}/services/{_segment(service)}")

    # -- providers -------------------------------------------------------------------------------------

    def add_templates(self, sandbox: str, provider: str, templates: Iterable[Json]) -> list[dict[str, Any]]:
        """Add templates `{"title", "body"}` to a provider; return them with their ids."""
        return self._list("POST", f"{_provider_path(sandbox, provider)}/templates", list(templates))

    def templates(self, sandbox: str, provider: str) -> list[dict[str, Any]]:
        """Return the templates of a provider, each `{"id", "title", "body"}`."""
        return self._list("GET", f"{_provider_path(sandbox, provider)}/templates")

    def change_template(self, sandbox: str, provider: str, template: object, change: Mapping[str, str]) -> None:
        """Change the `title` or `body` of a template."""
        self._call("PATCH", f"{_provider_path(sandbox, provider)}/templates/{template}", change)

    def delete_template(self, sandbox: str, provider: str, template: object) -> None:
        """Delete a template."""
        self._call("DELETE", f"{_provider_path(sandbox, provider)}/templates/{template}")

    def replace_settings(self, sandbox: str, provider: str, settings: Json) -> None:
        """Replace the account settings of a provider; a missing setting gets its default."""
        self._call("PUT", f"{_provider_path(sandbox, provider)}/settings", settings)

    def preview(self, sandbox: str, service: str, wanted: Json) -> dict[str, Any]:
        """Return what a service would do, such as the text of a template for one customer, without doing it."""
        return self._object("POST", f"{_provider_path(sandbox, service)}/preview", wanted)

    # -- campaigns, triggers and customers -------------------------------------------------------------

    def campaigns(self, sandbox: str) -> list[dict[str, Any]]:
        """Return all campaigns, with the metrics that were reported."""
        return self._list("GET", f"{_path(sandbox)}/campaigns")

    def campaign_report(self, sandbox: str, campaign: int) -> dict[str, Any]:
        """Return one campaign: target group, executions, metrics, and everything else that was reported."""
        return self._object("GET", f"{_path(sandbox)}/campaigns/{campaign}/report")

    def schedule_campaign(self, sandbox: str, campaign: Json) -> dict[str, Any]:
        """Schedule a campaign."""
        return self._object("POST", f"{_path(sandbox)}/campaigns", campaign)

    def cancel_campaign(self, sandbox: str, campaign: int) -> dict[str, Any]:
        """Cancel a campaign now."""
        return self._object("POST", f"{_path(sandbox)}/campaigns/{campaign}/cancel")

    def add_trigger(self, sandbox: str, trigger: Json) -> dict[str, Any]:
        """Define a trigger."""
        return self._object("POST", f"{_path(sandbox)}/triggers", trigger)

    def record_customer_events(self, sandbox: str, events: Sequence[Json]) -> dict[str, Any]:
        """Record up to 10,000 customer events, each now or at a later instant; return `{"events", "triggered"}`."""
        return self._object("POST", f"{_path(sandbox)}/events", list(events))

    def upload_batch_file(self, sandbox: str, service: str, text: str) -> dict[str, Any]:
        """Upload a batch file of the client, in CSV."""
        content = self._call("POST", f"{_path(sandbox)}/services/{_segment(service)}/batch", Csv(text))
        return content if isinstance(content, dict) else {}

    def put_attribute(self, sandbox: str, name: str, fields: Json) -> None:
        """Add a customer attribute, or change whether vendors may sync it."""
        self._call("PUT", f"{_path(sandbox)}/attributes/{_segment(name)}", fields)

    # -- keys ------------------------------------------------------------------------------------------

    def keys(self, sandbox: str, service: str) -> list[dict[str, Any]]:
        """Return the keys of a service, each with its `name` and, unless it is a login, its value as `key`."""
        return self._list("GET", f"{_path(sandbox)}/services/{_segment(service)}/keys")

    def change_key(self, sandbox: str, service: str, name: str, change: Json) -> dict[str, Any]:
        """Rotate, disable or enable a key; return it after the change."""
        return self._object("PATCH", f"{_path(sandbox)}/services/{_segment(service)}/keys/{_segment(name)}", change)

    # -- webhooks and faults ---------------------------------------------------------------------------

    def webhooks(self, sandbox: str, service: str | None = None, event: str | None = None) -> list[dict[str, Any]]:
        """Return the webhooks so far, the oldest first of each service, each with its `key`; None: of all."""
        return self._list("GET", f"{_path(sandbox)}/webhooks{_query(service=service, event=event)}")

    def resend_webhook(self, sandbox: str, service: str, key: str) -> dict[str, Any]:
        """Send a webhook again; return `{"service", "key", "copy"}`."""
        return self._object("POST", f"{_path(sandbox)}/webhooks/resend", {"service": service, "key": key})

    def faults(self, sandbox: str) -> list[dict[str, Any]]:
        """Return the active faults in the order of their addition, each with its `id` and `injected`."""
        return self._list("GET", f"{_path(sandbox)}/faults")

    def add_faults(self, sandbox: str, faults: Sequence[Json]) -> list[dict[str, Any]]:
        """Add faults: all of them, or none. Return the active ones."""
        return self._list("POST", f"{_path(sandbox)}/faults", list(faults))

    def remove_fault(self, sandbox: str, fault: str) -> None:
        """Remove one fault."""
        self._call("DELETE", f"{_path(sandbox)}/faults/{_segment(fault)}")

    def clear_faults(self, sandbox: str) -> None:
        """Remove all faults."""
        self._call("DELETE", f"{_path(sandbox)}/faults")

    def pending_kill(self, sandbox: str) -> dict[str, Any] | None:
        """Wait for a kill that the harness has to carry out; None after a while without one."""
        content = self._call("GET", f"{_path(sandbox)}/pending-kill")
        return content if isinstance(content, dict) else None

    def complete_fault(self, sandbox: str, fault: str) -> None:
        """Report that a kill was carried out; the simulators then release the call or webhook that they hold."""
        self._call("POST", f"{_path(sandbox)}/faults/{_segment(fault)}/completed")

    # -- activity --------------------------------------------------------------------------------------

    def request_log(self, sandbox: str, **filters: object) -> dict[str, Any]:
        """Return a page of requests to the services, the newest first: `{"items", "next", "total"}`."""
        return self._object("GET", f"{_path(sandbox)}/requests{_query(**filters)}")

    def request(self, sandbox: str, number: int) -> dict[str, Any]:
        """Return one request by its number in the journal, with headers and bodies, and with its response."""
        return self._object("GET", f"{_path(sandbox)}/requests/{number}")

    def messages(self, sandbox: str, **filters: object) -> dict[str, Any]:
        """Return a page of messages that the providers accepted, the newest first: `{"items", "next", "total"}`."""
        return self._object("GET", f"{_path(sandbox)}/messages{_query(**filters)}")

    def message(self, sandbox: str, provider: str, message: str) -> dict[str, Any]:
        """Return one message with its states and receipts."""
        return self._object("GET", f"{_path(sandbox)}/messages/{_segment(provider)}/{_segment(message)}")

    def customers(self, sandbox: str, **filters: object) -> dict[str, Any]:
        """Return a page of customers in the order of the audience: `{"items", "next", "total"}`."""
        return self._object("GET", f"{_path(sandbox)}/customers{_query(**filters)}")

    def customer(self, sandbox: str, customer: str) -> dict[str, Any]:
        """Return one customer: attributes, consent, obligations, messages, and the story."""
        return self._object("GET", f"{_path(sandbox)}/customers/{_segment(customer)}")

    def changes(self, sandbox: str, since: str, timeout_s: float) -> dict[str, Any]:
        """Wait until a part differs from the version `since`: `{"version", "clock", "counts", "parts"}`."""
        path = f"{_path(sandbox)}/changes{_query(since=since, timeout_s=timeout_s)}"
        return self._object("GET", path, response_s=timeout_s + _GRACE_S)

    # -- clock -----------------------------------------------------------------------------------------

    def clock(self, sandbox: str) -> dict[str, Any]:
        """Return `{"now", "participants", "in_flight", ...}`."""
        return self._object("GET", f"{_path(sandbox)}/clock")

    def set_clock_rate(self, sandbox: str, rate: float | None) -> None:
        """Let virtual time also pass by itself, in seconds per real second; None stops it again."""
        self._call("PATCH", f"{_path(sandbox)}/clock", {"rate": rate})

    def park(self, sandbox: str, participant: str, until: str | None, since: int) -> dict[str, Any]:
        """Park as a participant until an instant; return `{"now", "delivered", "reason"}`."""
        parked = {"participant": participant, "until": until, "since": since}
        return self._object("POST", f"{_path(sandbox)}/clock/park", parked)

    def leave_clock(self, sandbox: str, participant: str) -> None:
        """Remove a participant from the clock."""
        self._call("DELETE", f"{_path(sandbox)}/clock/participants/{_segment(participant)}")

    def advance(self, sandbox: str, target: Json, timeout_s: float) -> dict[str, Any]:
        """Advance virtual time (`{"by_ms": n}` or `{"to": iso}`); `NotQuietError` after `timeout_s` real seconds."""
        body = {**target, "timeout_s": timeout_s}
        return self._object("POST", f"{_path(sandbox)}/clock/advance", body, response_s=timeout_s + _GRACE_S)

    # -- history ---------------------------------------------------------------------------------------

    def journal(self, sandbox: str, start: int) -> bytes:
        """Return whole lines of the journal from its byte `start` on; empty if there is nothing new."""
        with self._send("GET", f"{_path(sandbox)}/journal?start={start}", None, _HISTORY_S) as response:
            return self._read(response, MAX_JOURNAL_BYTES)

    def save_history(self, sandbox: str, file: Path, within_s: float | None = None, *, at_once: bool = False) -> None:
        """Write the history to `file` as it arrives, whatever its size; `UnreachableError` if that takes too long.

        `at_once`: it is that of one instant, also if the sandbox is in use.
        """
        limit = None if within_s is None else monotonic() + within_s
        query = "?at_once=true" if at_once else ""
        response = self._send("GET", f"{_path(sandbox)}/history{query}", None, within_s or _HISTORY_S)
        try:
            with response, file.open("wb") as out:
                for chunk in response.iter_content(_CHUNK):
                    out.write(chunk)
                    if limit is not None and monotonic() > limit:
                        raise UnreachableError(f"the history needs more than {within_s:g} s", None)
        except requests.RequestException as error:
            raise UnreachableError(f"the history broke off: {reason(error)}", None) from error

    # -- requests --------------------------------------------------------------------------------------

    def _object(
        self, method: str, path: str, body: object = None, *, response_s: float = _RESPONSE_S
    ) -> dict[str, Any]:
        content = self._call(method, path, body, response_s=response_s)
        if not isinstance(content, dict):
            raise ControlError(f"{method} {self.url}/control{path}: expected a JSON object, got {content!r:.80}", None)
        return content

    def _list(self, method: str, path: str, body: object = None) -> list[dict[str, Any]]:
        content = self._call(method, path, body)
        if not isinstance(content, list):
            raise ControlError(f"{method} {self.url}/control{path}: expected a JSON array, got {content!r:.80}", None)
        return content

    def _call(self, method: str, path: str, body: object = None, *, response_s: float = _RESPONSE_S) -> object:
        with self._send(method, path, body, response_s) as response:
            content = self._read(response)
        if not content:
            return None
        try:
            return decode_json(content)
        except ValueError as error:
            raise self._not_control_api(response.url, _shown(response, content)) from error

    def _read(self, response: requests.Response, limit: int = MAX_RESPONSE_BYTES) -> bytes:
        try:
            return read_body(response, limit)
        except TooLargeError as error:
            raise self._not_control_api(response.url, f"more than {limit:,} bytes") from error
        except requests.RequestException as error:
            raise self._unreachable(error) from error

    def _send(self, method: str, path: str, body: object, response_s: float) -> requests.Response:
        """Make a request, and return the response before its body is read."""
        url = f"{self.url}/control{path}"
        arguments = _body_arguments(body)
        try:
            response = self._http.request(method, url, **arguments, timeout=(_CONNECT_S, response_s), stream=True)
        except requests.RequestException as error:
            raise self._unreachable(error) from error
        if response.ok and not response.is_redirect:
            return response
        with response:
            content = self._read(response)
        problem = _problem(content)
        if problem is None:
            raise self._not_control_api(response.url, _shown(response, content))
        detail = _problem_detail(problem)
        message = f"{method} {url} responded with {response.status_code}: {detail}"
        if response.status_code == requests.codes.gateway_timeout:
            raise NotQuietError(message, response.status_code, detail, int(problem.get("answering", 0)))
        raise ControlError(message, response.status_code, detail)

    def _unreachable(self, error: requests.RequestException) -> UnreachableError:
        message = (
            f"expected simulators at {self.url}, got no response ({reason(error)}); "
            "start them with `sendproof up`, or name their control port with --control-url"
        )
        return UnreachableError(message, None)

    def _not_control_api(self, url: str, got: str) -> NotControlApiError:
        message = f"expected the control API of Sendproof at {url}, got {got}; name the control port with --control-url"
        return NotControlApiError(message, None)


def _path(sandbox: str) -> str:
    return f"/sandboxes/{_segment(sandbox)}"


def _segment(name: str) -> str:
    """Return a name as a part of a path; `ControlError` for one that would lead to another path, such as "" or ".."."""
    if name in {"", ".", ".."}:
        raise ControlError(f"expected a name or id, got {name!r}", None)
    try:
        return quote(name, safe="")
    except UnicodeEncodeError:
        raise ControlError(f"expected a name or id in UTF-8, got {name!r}", None) from None


def _query(**filters: object) -> str:
    """Return the query of a request, without the filters that are None."""
    words = {name: filter_ for name, filter_ in filters.items() if filter_ is not None}
    return f"?{urlencode(words)}" if words else ""


def _provider_path(sandbox: str, provider: str) -> str:
    return f"{_path(sandbox)}/providers/{_segment(provider)}"


def _body_arguments(body: object) -> dict[str, Any]:
    """Return the arguments of `requests.Session.request` for a body; `ControlError` for text that is no Unicode.

    An option with bytes outside UTF-8 gives such text.
    """
    try:
        if isinstance(body, Csv):
            return {"data": body.text.encode(), "headers": {"Content-Type": "text/csv"}}
        if body is not None and _HALF_CHARACTER.search(content := json.dumps(body)):
            json.dumps(json.loads(content), ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        text = error.object[max(0, error.start - _SHOWN_BEFORE) : error.end]
        raise ControlError(f"expected text in UTF-8, got {text!r}", None) from None
    return {"json": body}


def _shown(response: requests.Response, content: bytes) -> str:
    """Return the status, and the target of a redirect or the beginning of the body."""
    if response.is_redirect:
        return f"{response.status_code}, a redirect to {response.headers['location']!r:.200}"
    return f"{response.status_code} {content.decode('utf-8', 'replace')!r:.80}"


def _problem(content: bytes) -> dict[str, Any] | None:
    """Return a problem document, None if the content is another one."""
    try:
        problem = decode_json(content)
    except ValueError:
        return None
    return problem if isinstance(problem, dict) and "detail" in problem else None


def _problem_detail(problem: Mapping[str, Any]) -> str:
    """Return the detail of a problem document with each violation."""
    detail = str(problem["detail"])
    violations = [
        f"{violation.get('where')}: {violation.get('message')}"
        for violation in problem.get("violations", ())
        # The detail may quote it already.
        if str(violation.get("message")) not in detail
    ]
    return "; ".join([detail, *violations])


def reason(error: BaseException) -> str:
    """Return the innermost cause of an error: requests wraps a refused connection four times."""
    cause = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
