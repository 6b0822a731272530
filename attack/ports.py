"""The ports under attack: valid requests to each, a digest of the state behind it, and a client that behaves well."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import yaml

from hostile_requests import FORM, JSON, ValidRequest
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.reference.examples import ExampleRequest, example_requests
from sendproof_simulators.services.optimove_metrics.signing import SIGNATURE_HEADER, sign
from sendproof_simulators.services.smtp.auth import PASSWORD_HEADER, USER_HEADER
from wire import HttpResponse, parse_responses

ROOT = Path(__file__).parents[1]
CONTRACTS = ROOT / "openapi"
#: Operations whose response waits for something; they are attacked less often.
WAITING = frozenset({"parkClock", "getPendingKill", "advanceClock"})
# An operation of each service that a well-behaved client calls.
_HARMLESS = {
    "optimove": "GetRegisteredEventListeners",
    "textlocal": "balance",
    "delivyr": "listTemplates",
    "xtremepush": "list_campaign",
    "optimove-metrics": "saveEvent",
    "smtp": "listTemplates",
}
_EXAMPLES = ROOT / "simulators" / "sendproof_simulators" / "server" / "example_data.yaml"
_EXAMPLES_START = "2026-03-02T09:59:30Z"
# Real seconds, of a busy machine as well.
_TIMEOUT_S = 300
_HTTP_ERROR = 400
# A delivery status notification (RFC 3464), as a contract has no example of a whole mail.
_NOTIFICATION = """\
From: MAILER-DAEMON@relay.example\r
To: bounces@acme.example\r
Subject: Undelivered Mail\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; relay.example\r
\r
Final-Recipient: rfc822; somebody@customer.example\r
Action: failed\r
Status: 5.1.1\r
\r
--b\r
Content-Type: text/rfc822-headers\r
\r
Message-ID: <7001@acme.example>\r
\r
--b--\r
"""
# The example sandbox of the simulators has these credentials; each sandbox of an attack has its own.
_DEFAULT = "default"


class AttackError(Exception):
    """The attack could not be prepared or continued. The message gives the reason."""


class Port(Protocol):
    """One port under attack."""

    name: str
    address: tuple[str, int]
    requests: tuple[ValidRequest, ...]
    intended_errors: frozenset[tuple[str, int]]

    async def renew(self) -> None:
        """Start again with fresh state and known data."""

    async def digest(self) -> str:
        """Return a digest of the state that a request to this port could change."""

    def health(self) -> ValidRequest:
        """Return a request of another client, which must be served at any time."""


async def fetch(url: str, method: str = "GET", body: object = None) -> HttpResponse:
    """Send one request on a connection of its own, and return the response; `AttackError` without one."""
    parts = urlsplit(url)
    content = b"" if body is None else json.dumps(body).encode()
    target = parts.path + ("?" + parts.query if parts.query else "")
    head = f"{method} {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
    if content:
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(head.encode() + b"\r\n" + content)
            received = await reader.read()
            writer.close()
    except (OSError, TimeoutError) as error:
        raise AttackError(f"{method} {url}: {type(error).__name__}: {error}") from error
    responses, _ = parse_responses(received, has_body=True)
    if not responses:
        raise AttackError(f"{method} {url}: expected a response, got {received[:200]!r}")
    return responses[0]


@dataclass
class Control:
    """The control API of the simulators, with the URLs of the services."""

    url: str
    services: Mapping[str, Any]

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the control API and return the JSON of the response; `AttackError` for an error response."""
        response = await fetch(f"{self.url}/control{path}", method, body)
        if response.status >= _HTTP_ERROR:
            raise AttackError(f"{method} {path}: {response.status} {response.body[:500]!r}")
        return json.loads(response.body) if response.body else None


@dataclass
class SandboxData:
    """A sandbox with the data that the examples of the contracts name."""

    control: Control
    name: str
    created: dict[str, Any] = field(default_factory=dict)

    def credentials(self, service: str) -> Mapping[str, str]:
        """Return the credentials of a service."""
        credentials: Mapping[str, str] = self.created["services"][service]["credentials"]
        return credentials

    def url(self, service: str) -> str:
        """Return the URL of a service."""
        return str(self.created["services"][service]["url"])

    async def create(self) -> None:
        """Create the sandbox anew, and send the requests of `sendproof up --examples`."""
        known = [sandbox["sandbox"] for sandbox in await self.control.call("GET", "/sandboxes")]
        if self.name in known:
            await self.control.call("DELETE", f"/sandboxes/{self.name}")
        settings = {
            "name": self.name,
            "seed": 1,
            "clock": {"mode": "virtual", "start": _EXAMPLES_START},
            # A request above the limit would be refused before anything reads it.
            "rate_limits": False,
        }
        self.created = await self.control.call("POST", "/sandboxes", settings)
        for step in _example_steps():
            if "sandboxes/default" in step["call"] or step["service"] != "control":
                await self._send(step)
        # The data needs time that passes; without it, nothing changes by itself.
        await self.control.call("PATCH", f"/sandboxes/{self.name}/clock", {"rate": None})

    async def _send(self, step: Mapping[str, Any]) -> None:
        method, _, path = step["call"].partition(" ")
        service = step["service"]
        base = self.control.url if service == "control" else self.url(service)
        path = path.replace(f"/sandboxes/{_DEFAULT}/", f"/sandboxes/{self.name}/")
        own = self.own_values()
        replaced = json.loads(_replace_all(json.dumps({**step, "call": ""}), own))
        parts = urlsplit(base)
        host, port = str(parts.hostname), int(parts.port or 80)
        query = urlencode(replaced.get("query", {}))
        is_form = "form" in replaced
        body = urlencode(replaced["form"]).encode() if is_form else json.dumps(replaced.get("body")).encode()
        headers = {"Content-Type": FORM if is_form else JSON, **replaced.get("headers", {})}
        lines = [f"{method} {parts.path}{path}{'?' + query if query else ''} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["Connection: close", f"Content-Length: {len(body)}", "", ""]
        reader, writer = await asyncio.open_connection(host, port)
        writer.write("\r\n".join(lines).encode() + body)
        async with asyncio.timeout(_TIMEOUT_S):
            responses, _ = parse_responses(await reader.read(), has_body=True)
        writer.close()
        if not responses or responses[0].status >= _HTTP_ERROR or b'"failure"' in responses[0].body:
            raise AttackError(f"{self.name}: expected success of {step['call']}, got {responses}")

    def own_values(self) -> dict[str, str]:
        """Return the credentials of this sandbox by those of the default sandbox."""
        return {
            default: self.credentials(service)[name]
            for service, values in self.control.services.items()
            for name, default in values["credentials"].items()
        }


@cache
def _example_steps() -> Sequence[Mapping[str, Any]]:
    steps: Sequence[Mapping[str, Any]] = yaml.load(_EXAMPLES.read_bytes(), Loader=yaml.CSafeLoader)
    return steps


def _replace_all(text: str, values: Mapping[str, str]) -> str:
    # The longest first: one default credential may be the beginning of another.
    for old in sorted(values, key=len, reverse=True):
        text = text.replace(json.dumps(old)[1:-1], values[old])
    return text


class SimulatorPort:
    """The port of a simulated service, or of the control API, with a sandbox of its own."""

    def __init__(self, name: str, control: Control, stranger: SandboxData) -> None:
        """`stranger` is a sandbox whose credentials are mixed with those of this port's sandbox."""
        self.name = name
        self._control = control
        self._stranger = stranger
        self._data = SandboxData(control, f"attack-{name}")
        self._file = CONTRACTS / f"{name}.yaml"
        url = control.url if name == "control" else control.services[name]["url"]
        parts = urlsplit(url)
        self.address = (str(parts.hostname), int(parts.port or 80))
        self._host = parts.netloc
        self.requests: tuple[ValidRequest, ...] = ()
        self.intended_errors = _documented_errors(self._file)

    async def renew(self) -> None:
        """Create the sandbox anew, and delete those that hostile requests created."""
        keep = {_DEFAULT, "second", "bystander", "stranger"}
        if self.name == "control":
            for sandbox in await self._control.call("GET", "/sandboxes"):
                name = sandbox["sandbox"]
                if name not in keep and not name.startswith("attack-"):
                    await self._control.call("DELETE", f"/sandboxes/{name}")
        await self._data.create()
        self.requests = tuple(self._valid_requests(self._data))

    async def digest(self) -> str:
        """Return the digest of the sandbox; that of the control port includes the list of all sandboxes."""
        response = await fetch(f"{self._control.url}/control/sandboxes/{self._data.name}/digest")
        if self.name != "control":
            return response.body.decode()
        listed = await self._control.call("GET", "/sandboxes")
        names = sorted(sandbox["sandbox"] for sandbox in listed if not sandbox["sandbox"].startswith("attack-"))
        return response.body.decode() + json.dumps(names)

    def health(self) -> ValidRequest:
        """Return a request of another client to this port."""
        if self.name == "control":
            return ValidRequest(operation="getHealth", method="GET", path="/control/health", host=self._host)
        return next(r for r in self._valid_requests(self._stranger) if r.operation == _HARMLESS[self.name])

    def _valid_requests(self, data: SandboxData) -> Iterator[ValidRequest]:
        for example in example_requests(
            load_contract(self._file), credentials={"x-account-id", USER_HEADER, PASSWORD_HEADER}
        ):
            if not example.missing:
                yield self._valid_request(example, data)

    def _valid_request(self, example: ExampleRequest, data: SandboxData) -> ValidRequest:
        body, headers, query = example.body, dict(example.headers), dict(example.query)
        path = example.path
        if self.name == "control":
            for name in (_DEFAULT, "second"):
                path = path.replace(f"/sandboxes/{name}", f"/sandboxes/{data.name}")
            return self._request(example, path, body, headers, query, {})
        own = data.credentials(self.name)
        theirs = self._stranger.credentials(self.name)
        sign_body: Callable[[bytes], Mapping[str, str]] | None = None
        if self.name == "optimove" and example.needs_credential:
            headers["x-api-key"] = own["admin_key"]
        elif self.name == "textlocal":
            query["apikey"] = own["apikey"]
        elif self.name == "delivyr":
            headers |= {"x-api-key": own["api_key"], "x-account-id": own["account_id"]}
        elif self.name == "smtp":
            headers |= {USER_HEADER: own["smtp_user"], PASSWORD_HEADER: own["smtp_password"]}
        elif self.name == "xtremepush" and isinstance(body, dict):
            body = {**body, "apptoken": own["apptoken"]}
        elif self.name == "optimove-metrics":
            path = urlsplit(data.url(self.name)).path + path
            token = own["tenant_token"]
            sign_body = lambda content: {SIGNATURE_HEADER: sign(content, token)}  # noqa: E731 - it is passed on
        others = {own[name]: theirs[name] for name in own if own[name] != theirs[name]}
        request = self._request(example, path, body, headers, query, others)
        return replace(request, sign=sign_body)

    def _request(
        self,
        example: ExampleRequest,
        path: str,
        body: object,
        headers: Mapping[str, str],
        query: Mapping[str, object],
        others: Mapping[str, str],
    ) -> ValidRequest:
        return ValidRequest(
            operation=example.operation,
            method=example.method,
            path=path,
            host=self._host,
            query=tuple((name, str(value)) for name, value in query.items()),
            headers=tuple(headers.items()),
            media=example.media,
            body=body,
            others=others,
        )


class BridgePort:
    """The inbound port of the reference bridge with one provider."""

    def __init__(self, provider: str, handover: Mapping[str, Any], database: Callable[[], Path]) -> None:
        self.name = f"bridge {provider}"
        self.address = (handover["listen"]["host"], handover["listen"]["port"])
        self._provider = provider
        self._handover = handover
        self._database = database
        self.requests = tuple(self._valid_requests())
        self.intended_errors: frozenset[tuple[str, int]] = frozenset()

    async def renew(self) -> None:
        """Keep the database: a bridge cannot forget."""

    async def digest(self) -> str:
        """Return a digest of what webhooks stored."""
        return await asyncio.to_thread(_stored_digest, self._database())

    def health(self) -> ValidRequest:
        """Return a harmless event of Optimove."""
        return self._event({"EventTypeID": 1, "TimeStamp": "2026-03-02 06:00:00", "CampaignID": 1})

    def _event(self, body: object) -> ValidRequest:
        client, token = self._handover["client"], self._handover["webhook_token"]
        return self._request("receiveEvent", f"/webhooks/optimove/{client}/{token}", JSON, body)

    def _request(self, operation: str, path: str, media: str, body: object) -> ValidRequest:
        host = f"{self.address[0]}:{self.address[1]}"
        token = self._handover["webhook_token"]
        return ValidRequest(
            operation=operation,
            method="POST" if media else "GET",
            path=path,
            host=host,
            media=media,
            body=body,
            others={token: "0" * len(token)},
            # It may have any public name.
            checks_host=False,
        )

    def _valid_requests(self) -> Iterator[ValidRequest]:
        contract = yaml.safe_load((CONTRACTS / "bridge.yaml").read_text("utf-8"))
        content = contract["paths"]["/webhooks/optimove/{client}/{token}"]["post"]["requestBody"]["content"]
        channel = self._handover["channels"][0]["id"]
        for example in content[JSON]["examples"].values():
            event = {name: channel if name.lower() == "channelid" else v for name, v in example["value"].items()}
            yield self._event(event)
        client, token = self._handover["client"], self._handover["webhook_token"]
        name = "textlocal-receipts" if self._provider == "textlocal" else f"{self._provider}-webhooks"
        webhooks = yaml.safe_load((CONTRACTS / f"{name}.yaml").read_text("utf-8"))
        for item in webhooks["paths"].values():
            ((media, described),) = item["post"]["requestBody"]["content"].items()
            examples = [example["value"] for example in described.get("examples", {}).values()]
            for body in examples or [described.get("example", _NOTIFICATION)]:
                account = f"/webhooks/{self._provider}/{client}/{token}"
                yield self._request("receiveMessage", account, media, body)
                yield self._request("receiveReceipt", f"{account}/{channel}-7001-0-0", media, body)
        yield self._request("getHealth", "/health", "", None)


def _stored_digest(database: Path) -> str:
    """Hash the rows that only the inbound app inserts."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=_TIMEOUT_S)
    try:
        queries = (
            "SELECT count(*), max(rowid) FROM event",
            "SELECT count(*), max(id) FROM trigger",
            "SELECT count(*), max(id) FROM receipt",
            "SELECT count(*) FROM opt_out",
        )
        rows = [connection.execute(query).fetchall() for query in queries]
    finally:
        connection.close()
    return sha256(repr(rows).encode()).hexdigest()


def _documented_errors(file: Path) -> frozenset[tuple[str, int]]:
    """Return (operation, status) of the documented server errors, without those that only a fault may cause."""
    contract = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    return frozenset(
        (operation["operationId"], int(status))
        for item in contract["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and "operationId" in operation
        for status in operation["responses"]
        if str(status).startswith("5") and (str(status) != "500" or operation["operationId"].startswith("Login"))
    )
