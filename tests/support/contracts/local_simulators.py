"""The simulators in this process, started from a folder with changed contracts, and sandboxes to send requests to."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from changed_contracts import contract_document
from credential_helpers import present
from sendproof_simulators.server.app import Simulators
from sendproof_simulators.server.faulty_response import CONNECTION
from sendproof_simulators.services.optimove_metrics.signing import SIGNATURE_HEADER, VERSION, VERSION_HEADER, sign

START = "2026-03-02T09:00:00Z"
_ONE_CLICK = "List-Unsubscribe: <http://127.0.0.1:9/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
MAIL = f"From: a@client.example\r\nSubject: Offer\r\n{_ONE_CLICK}\r\nHi"


@dataclass(frozen=True)
class Reply:
    """One response."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)


@dataclass
class LocalSimulators:
    """Running simulators without sockets. Requests are those of HTTP, passed to the ASGI application."""

    app: Simulators
    is_changed: bool
    runner: asyncio.Runner
    sandboxes: dict[tuple[tuple[str, str], ...], "LocalSandbox"] = field(default_factory=dict)
    # The requests of no sandbox that were read, by service.
    unknown: Counter[str] = field(default_factory=Counter)

    def send(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send one request and return its response."""
        return self.runner.run(send_to(self.app, method, path, query, headers, body))

    def sandbox(self, rate_limits: bool = False, **dialects: str) -> "LocalSandbox":
        """Create a sandbox of a few customers; names of dialects have two underscores in place of the dot."""
        names = {name.replace("__", ".").replace("_metrics.", "-metrics."): option for name, option in dialects.items()}
        settings = {
            "seed": 7,
            "clock": {"mode": "virtual", "start": START},
            "audience": {"customers": 40, "opted_out": 0, "unusable_numbers": 0},
            "channels": [{"id": 505, "provider": "textlocal"}],
            "rate_limits": rate_limits,
            "dialects": names,
        }
        return LocalSandbox(self, _control(self, "POST", "/sandboxes", settings))

    def shared_sandbox(self, **dialects: str) -> "LocalSandbox":
        """Return the one sandbox with these dialects, for requests without effects on each other."""
        key = tuple(sorted(dialects.items()))
        if key not in self.sandboxes:
            self.sandboxes[key] = self.sandbox(**dialects)
        return self.sandboxes[key]


@dataclass(frozen=True)
class LocalSandbox:
    """One sandbox. `made` is the control API's JSON of it; `prepared` names the data that it has."""

    simulators: LocalSimulators
    made: Mapping[str, Any]
    prepared: set[str] = field(default_factory=set)

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call the control API of the sandbox."""
        return _control(self.simulators, method, f"/sandboxes/{self.made['sandbox']}{path}", body)

    def wait(self, milliseconds: int) -> None:
        """Advance the clock."""
        self.control("POST", "/clock/advance", {"by_ms": milliseconds})

    def credentials(self, service: str) -> Mapping[str, str]:
        """Return the credentials of a service."""
        return self.made["services"][service]["credentials"]

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """Return the journal's entries of one kind."""
        sandbox = self.simulators.app.sandboxes.get(self.made["sandbox"])
        lines = (json.loads(line) for line in sandbox.journal.lines())
        return [line for line in lines if line["kind"] == kind]

    def last_request(self, service: str) -> dict[str, Any]:
        """Return the journal's entry of the last request to a service, with or without a known credential."""
        lines = list(self.simulators.app.sandboxes.get(self.made["sandbox"]).journal.lines())
        known = next((line for line in map(json.loads, reversed(lines)) if line["kind"] == "request"), None)
        unknown = self.simulators.app.services[service].unauthenticated
        seen, self.simulators.unknown[service] = self.simulators.unknown[service], unknown.count
        return [*unknown][-1] if unknown.count > seen else known

    def send(self, service: str, method: str, path: str, query: object = (), body: object = None, form: bool = False):
        """Send a request with the credentials of a service. `body` is JSON, or a form with `form`, or bytes."""
        content = body if isinstance(body, bytes) else _encoded(body, form=form)
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        headers = {"content-type": kind} if content or method != "GET" else {}
        pairs = list(query.items()) if isinstance(query, Mapping) else list(query)
        credentials = self.credentials(service)
        presented = present(contract_document(service), credentials)
        headers |= {name.lower(): value for name, value in presented.header.items()}
        if service == "optimove":
            headers["x-api-key"] = credentials["admin_key"]
        if service == "textlocal":
            pairs.append(("apikey", credentials["apikey"]))
        if service == "optimove-metrics":
            headers |= {VERSION_HEADER: VERSION, SIGNATURE_HEADER: sign(content, credentials["tenant_token"])}
            path = self.made["services"][service]["url"].rpartition("/")[2] + "/" + path.lstrip("/")
        return self.simulators.send(method, f"/{service}/{path.lstrip('/')}", urlencode(pairs), headers, content)

    def optimove(self, function: str, body: object = None, **query: object) -> Reply:
        """Call a function of Optimove, such as `customers/GetCustomerAttributes`."""
        names = {name.replace("S_", "$"): value for name, value in query.items()}
        return self.send("optimove", "GET" if body is None else "POST", f"/current/{function}", names, body)

    def textlocal(self, operation: str, **fields: object) -> Any:
        """Call a command as a form, or as a query if the operation ends in `_get`; return the JSON of the response."""
        command, is_get = operation.removesuffix("_get"), operation.endswith("_get")
        if is_get:
            return self.send("textlocal", "GET", f"/{command}", fields).json
        return self.send("textlocal", "POST", f"/{command}", (), fields, form=True).json

    def xtremepush(self, method: str, **fields: object) -> Reply:
        """Call a method such as `list/campaign`."""
        body = {"apptoken": self.credentials("xtremepush")["apptoken"], **fields}
        return self.send("xtremepush", "POST", f"/api/external/{method}", (), body)

    def delivyr(self, **fields: object) -> Reply:
        """Send one SMS with the template of the sandbox."""
        body = {"template_id": self.template, "phone_number": "+12125650100", **fields}
        return self.send("delivyr", "POST", "/partner/customer_io/send_sms", (), body)

    def smtp(self, **fields: object) -> Reply:
        """Submit a mail to a relay."""
        body = {"mail_from": "a@client.example", "rcpt_to": [{"address": "b@example.com"}], "content": MAIL, **fields}
        return self.send("smtp", "POST", "/messages", (), body)

    @cached_property
    def template(self) -> str:
        """The id of a template at Delivyr with one variable."""
        body = [{"title": "Offer", "body": "{{TEXT}}"}]
        return str(self.control("POST", "/providers/delivyr/templates", body)[0]["id"])


@contextmanager
def local_simulators(changed_contracts: Path | None = None, *, strict: bool = False) -> Iterator[LocalSimulators]:
    """Start the simulators, with the contracts of a folder before their own, and close them at the end."""
    with asyncio.Runner() as runner:
        app = Simulators(changed_contracts=changed_contracts, strict=strict)
        app.addresses.control = "http://127.0.0.1:4100"
        app.addresses.services |= {name: f"{app.addresses.control}/{name}" for name in app.services}
        yield LocalSimulators(app, changed_contracts is not None, runner)
        runner.run(app.__aexit__(None, None, None))


def _control(simulators: LocalSimulators, method: str, path: str, body: object = None) -> Any:
    headers = {"content-type": "application/json"}
    reply = simulators.send(method, f"/control{path}", "", headers, _encoded(body, form=False))
    assert reply.status < 300, f"{method} {path}: {reply.status} {reply.body!r}"
    return reply.json if reply.body else None


def _encoded(body: object, *, form: bool) -> bytes:
    if body is None:
        return b""
    return urlencode(body).encode() if form and isinstance(body, Mapping) else json.dumps(body).encode()


async def send_to(
    app: Simulators, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> Reply:
    """Send one request to the simulators of this event loop and return its response."""
    sent: list[dict[str, Any]] = []
    request = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        # A client that stays connected sends nothing more.
        return request.pop() if request else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    fields = {**headers, "content-length": str(len(body))} if body else headers
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        "server": None,
        "extensions": {CONNECTION: SimpleNamespace(has_ended=False)},
    }
    await app(scope, receive, send)
    return Reply(sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]))
