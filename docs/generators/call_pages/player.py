"""Carrying out the steps of the pages with running simulators, and recording what went over the wire."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import requests

from call_pages.steps import Call, Control, Page, Place, Step, Until, Webhook
from sendproof_harness.control_client import ControlClient
from sendproof_harness.judge.verdict import judge
from sendproof_harness.run.simulator_process import start_simulators
from sendproof_harness.session.running_sandbox import running_history

#: The address of the bridge in the handover file, and the secret in the URLs that it registers.
BRIDGE, TOKEN = "127.0.0.1:9000", "WEBHOOK_TOKEN"
BRIDGE_URL = f"http://{BRIDGE}/{TOKEN}"
#: A URL of `account_webhooks` of the handover file, as a run writes it for the client `sendproof`.
ACCOUNT_URL = f"http://{BRIDGE}/webhooks/{{provider}}/sendproof/{TOKEN}"
START = "2026-03-02T06:00:00Z"
_FIRST_PORT = 4101
# Members of an entry of `listRequests`.
_MISTAKES = ("violations", "near_miss", "refused", "fault")
_TIMEOUT_S = 120.0
# Of each message; they differ between clients, or change with time.
_LEFT_OUT = frozenset({"date", "server", "content-length", "connection", "accept", "accept-encoding", "user-agent"})


@dataclass(frozen=True, slots=True)
class Message:
    """A request or a response: its first line, headers and body."""

    first_line: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A step with the request and the response that it had; None for a step without them."""

    step: Step
    request: Message | None = None
    response: Message | None = None


class WrongCallError(Exception):
    """A page shows a call that a bridge should not make, or a webhook that did not come."""


@contextmanager
def running_simulators() -> Iterator[ControlClient]:
    """Run simulators of their own; return a client of their control API."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        yield stack.enter_context(ControlClient(start_simulators(folder / "simulators.log", stack)))


def record(control: ControlClient, page: Page) -> list[Recorded]:
    """Carry out the steps of a page in a sandbox of its own; return what went over the wire."""
    sandbox = control.create_sandbox(_sandbox_settings(page))
    try:
        with _listener() as listener:
            player = _Player(control, sandbox, listener)
            recorded = [player.carry_out(step) for step in page.steps]
        _check_calls(control, page)
    finally:
        control.delete_sandbox(page.name)
    return recorded


def _sandbox_settings(page: Page) -> dict[str, object]:
    individuals = [{"customer": index, **person} for index, person in enumerate(page.people)]
    return {
        "name": page.name,
        "seed": 7,
        "clock": {"mode": "virtual", "start": START},
        "audience": {
            "customers": len(individuals),
            "country": page.country,
            "consent": "attribute",
            "individuals": individuals,
            **page.audience,
        },
        "channels": [{"id": page.channel, "provider": page.provider, "kind": page.kind, "message": page.message}],
        "strict": True,
    }


def _check_calls(control: ControlClient, page: Page) -> None:
    """Raise `WrongCallError` if a call violates its contract, or if the judge finds anything in them."""
    calls = [step for step in page.steps if isinstance(step, Call)]
    items = control.request_log(page.name, limit=1000)["items"]
    wrong = [item for item in items if any(item[name] for name in _MISTAKES)]
    if wrong or len(items) != len(calls):
        raise WrongCallError(f"{page.name}: expected {len(calls)} calls without mistakes, got {len(items)}: {wrong}")
    verdict = judge(running_history(control.url, page.name))
    findings = [
        f"{finding.check}: {finding.cause}"
        for result in verdict.results
        if result.status == "fail"
        for finding in result.findings
    ]
    if findings:
        raise WrongCallError(f"{page.name}: expected the calls of a correct bridge, got {findings}")


# -- the bridge ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Listener:
    url: str
    received: list[Message]


@contextmanager
def _listener() -> Iterator[_Listener]:
    """Answer every webhook with 200, as soon as it is read."""
    received: list[Message] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append(Message(self.requestline, dict(self.headers), body))
            self.send_response(requests.codes.ok)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the library
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield _Listener(f"http://127.0.0.1:{server.server_port}", received)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Player:
    """The bridge and the marketer of one sandbox."""

    def __init__(self, control: ControlClient, sandbox: Mapping[str, Any], listener: _Listener) -> None:
        self._control = control
        self._name = sandbox["sandbox"]
        self._services = sandbox["services"]
        self._listener = listener
        self._kept: dict[str, object] = {}
        self._documented = _documented_values(sandbox, control.sandbox("default"))
        self._documented[listener.url.removeprefix("http://")] = BRIDGE

    def carry_out(self, step: Step) -> Recorded:
        """Carry out the step; return it with the request and the response, in the documented form."""
        match step:
            case Call():
                return self._call(step)
            case Webhook():
                return Recorded(step, self._shown(self._received(step)), Message("HTTP/1.1 200 OK", {}, ""))
            case Control():
                self._do(step)
            case Until():
                self._control.advance(self._name, {"to": step.time}, _TIMEOUT_S)
            case _:
                pass
        return Recorded(step)

    def _call(self, call: Call) -> Recorded:
        request = self._request(call)
        with requests.Session() as http:
            reply = http.send(request, timeout=_TIMEOUT_S)
        if reply.status_code != call.status:
            raise WrongCallError(f"{call.title}: expected {call.status}, got {reply.status_code}: {reply.text}")
        for name, place in call.keeps.items():
            self._kept[name] = _at(reply.json(), place)
        for name, place in call.keeps_base_36.items():
            self._kept[name] = int(str(_at(reply.json(), place)), 36)
        sent = Message(
            f"{request.method} {request.path_url} HTTP/1.1",
            {"Host": str(request.url).split("/")[2], **request.headers},
            _text(request.body),
        )
        got = Message(f"HTTP/1.1 {reply.status_code} {reply.reason}", reply.headers, reply.text)
        return Recorded(call, self._shown(sent), self._shown(got))

    def _request(self, call: Call) -> requests.PreparedRequest:
        service = self._services[call.service]
        url = (
            service["url"]
            + self._filled(call.path)
            + ("?" + urlencode(self._filled(call.query), safe=";$") if call.query else "")
        )
        headers, json_body, form = _with_credential(
            call, service["credentials"], self._filled(call.json), self._filled(call.form)
        )
        request = requests.Request(call.method, url, headers=headers, json=json_body, data=form or None)
        return request.prepare()

    def _do(self, step: Control) -> None:
        url = f"{self._control.url}/control/sandboxes/{self._name}{step.path}"
        reply = requests.request(step.method, url, json=self._filled(step.body), timeout=_TIMEOUT_S)
        if not reply.ok:
            raise WrongCallError(f"{step.path}: {reply.status_code}: {reply.text}")

    def _received(self, webhook: Webhook) -> Message:
        for message in self._listener.received:
            if all(word in message.first_line + message.body for word in webhook.contains):
                return message
        raise WrongCallError(f"{webhook.title}: expected {webhook.contains}, got {self._listener.received}")

    def _filled(self, value: Any) -> Any:
        """Return the value with what earlier replies had, and with the address of the listener."""
        if isinstance(value, Mapping):
            return {name: self._filled(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._filled(item) for item in value]
        if not isinstance(value, str):
            return value
        if value.removeprefix("<<").removesuffix(">>") in self._kept and value.startswith("<<"):
            return self._kept[value[2:-2]]
        for name, kept in self._kept.items():
            value = value.replace(f"<<{name}>>", str(kept))
        return value.replace(f"http://{BRIDGE}", self._listener.url)

    def _shown(self, message: Message) -> Message:
        names = sorted((name for name in message.headers if name.lower() not in _LEFT_OUT), key=_header_order)
        return Message(
            self._with_documented(message.first_line),
            {_header_name(name): self._with_documented(message.headers[name]) for name in names},
            self._with_documented(message.body),
        )

    def _with_documented(self, text: str) -> str:
        for own, documented in self._documented.items():
            text = text.replace(own, documented).replace(own.replace(":", "%3A"), documented.replace(":", "%3A"))
        return text


def _with_credential(
    call: Call, credentials: Mapping[str, str], json_body: Any, form: Mapping[str, str]
) -> tuple[dict[str, str], Any, Mapping[str, str]]:
    """Return headers, JSON and form of a call, with the credential of its service."""
    match call.service:
        case "optimove":
            return {"X-API-KEY": credentials[call.credential or "api_key"]}, json_body, form
        case "textlocal":
            return {}, json_body, {"apikey": credentials["apikey"], **form}
        case "xtremepush":
            return {}, {"apptoken": credentials["apptoken"], **json_body}, form
        case _:
            return {"x-account-id": credentials["account_id"], "x-api-key": credentials["api_key"]}, json_body, form


def _documented_values(sandbox: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, str]:
    """Return, by address or credential of this sandbox, the one that `sendproof up` prints."""
    values: dict[str, str] = {}
    # As `sendproof up` does: services with a second port come last.
    order = sorted(sandbox["services"].items(), key=lambda item: ("mail_url" in item[1], item[0]))
    for position, (name, service) in enumerate(order):
        values[service["url"].split("/")[2]] = f"127.0.0.1:{_FIRST_PORT + position}"
        values |= {
            own: default["services"][name]["credentials"].get(key, key) for key, own in service["credentials"].items()
        }
    return values


def _at(reply: Any, place: Place) -> object:
    for key in place:
        reply = reply[key]
    return reply


def _text(body: object) -> str:
    return body.decode() if isinstance(body, bytes) else str(body or "")


def _header_order(name: str) -> tuple[bool, bool, str]:
    """Put the host first, and credentials before the rest."""
    return name.lower() != "host", not name.lower().startswith("x-"), name.lower()


def _header_name(name: str) -> str:
    """Return the name as its owner writes it; servers of HTTP often write all of it in small letters."""
    return name.title() if name.islower() and not name.startswith("x-") else name
