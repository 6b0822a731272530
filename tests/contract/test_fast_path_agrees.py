"""The fast path and Connexion give equal responses to all requests, and leave equal journals."""

import asyncio
import json
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis.core import NotSet

from credential_helpers import PresentedCredentials, present
from fuzzing import BUDGET, tries
from instants import NINE, SIX, StillWallClock
from sendproof_simulators.core.audience.audience import AudienceRecipe
from sendproof_simulators.core.faults.parsing import Targets, parse_faults
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.core.plans import CampaignPlan, ChannelPlan, Split
from sendproof_simulators.core.recording.newest_records import NewestRecords
from sendproof_simulators.core.sandbox import DEFAULT_CHANNELS, SandboxSettings
from sendproof_simulators.core.sandboxes import DEFAULT, Sandboxes
from sendproof_simulators.core.webhooks.sender import WebhookSender
from sendproof_simulators.server.pipeline import ServicePipeline
from sendproof_simulators.services.discovery import contract_file, discover, service_contracts

SETTINGS = SandboxSettings(
    name=DEFAULT,
    seed=11,
    start=SIX,
    rate=None,
    audience=AudienceRecipe(customers=50, opted_out=0.1, unusable_numbers=0.1),
    channels=DEFAULT_CHANNELS,
    rate_limits=False,
)


@dataclass
class Twin:
    """One service with its sandbox, with or without the fast path."""

    service: ServicePipeline
    sandboxes: Sandboxes

    async def respond(self, request: Request) -> tuple[Response, list[dict[str, Any]]]:
        """Return the response and the new entries of the journal, or of the requests without a sandbox."""
        journal = self.sandboxes.get(DEFAULT).journal
        before = journal.counts.total()
        self.service.unauthenticated = NewestRecords()
        response = await self.service.respond(request)
        events = [msgspec.json.decode(line) for line in list(journal.lines())[before:]]
        return response, [*events, *map(dict, self.service.unauthenticated)]


# The smallest contracts of those that need a credential and of those that look as if they did not.
QUICK = ("smtp", "xtremepush")
# Services by name and path, built once: Connexion's routes take longer to build than all the requests.
CONTRACTS = service_contracts()
BUILT: dict[tuple[str, bool], ServicePipeline] = {}


def twin(name: str, sender: WebhookSender, *, fast_path_enabled: bool) -> Twin:
    """Return a service in a sandbox with an announced campaign and a template."""
    sandboxes = Sandboxes(discover(), CONTRACTS, StillWallClock(), sender)
    sandbox = sandboxes.create(SETTINGS)
    if (name, fast_path_enabled) not in BUILT:
        BUILT[name, fast_path_enabled] = ServicePipeline(discover()[name], CONTRACTS[name], sandboxes)
    service = BUILT[name, fast_path_enabled]
    service.fast_path_enabled, service.sandboxes = fast_path_enabled, sandboxes
    splits = (Split(share=1.0, template=1, title="t", body="b", send_at=NINE),)
    plan = CampaignPlan(
        campaign=1, name="c", customers=50, first_customer=0, announce_at=SIX,
        parts=(ChannelPlan(channel=505, provider="textlocal", splits=splits, render=lambda body, _: body),),
    )  # fmt: skip
    campaigns = discover()["optimove"].campaigns
    assert campaigns is not None
    state = sandbox.states["optimove"]
    for timer in campaigns.schedule(sandbox.contexts["optimove"], state, SIX, plan).timers:
        discover()["optimove"].on_timer(sandbox.contexts["optimove"], state, timer, SIX)
    return Twin(service, sandboxes)


@cache
def requests_of(name: str) -> st.SearchStrategy[Request]:
    """Return a strategy for valid and invalid requests."""
    simulator = discover()[name]
    schema = schemathesis.openapi.from_path(contract_file(simulator))
    cases = st.one_of(
        [
            operation.ok().as_strategy(generation_mode=mode)
            for operation in schema.get_all_operations()
            for mode in schemathesis.GenerationMode
        ]
    )
    known = present(schema.raw_schema, simulator.default_credentials)
    return st.builds(
        to_request,
        cases,
        st.just(known),
        st.sampled_from(
            ["plain", "plain", "plain", "odd case", "slash", "extra", "wrong type", "anonymous", "stranger"]
        ),
    )


def to_request(case: Any, known: PresentedCredentials, peculiarity: str) -> Request:
    """Return a generated case as a request, with one peculiarity."""
    query = [(n, v if isinstance(v, str) else json.dumps(v)) for n, v in (case.query or {}).items()]
    headers = {str(n).lower(): str(v) for n, v in (case.headers or {}).items()}
    headers |= {name.lower(): value for name, value in known.header.items()}
    query = [(n, v) for n, v in query if n.lower() not in known.query] + list(known.query.items())
    body, media = b"", case.media_type
    if media is not None:
        headers["content-type"] = "text/plain" if peculiarity == "wrong type" else media
        sent = known.put_into(case.body)
        body = _body(_with_odd_members(sent) if peculiarity == "odd case" else sent, media)
    path = case.formatted_path
    if peculiarity == "odd case":
        path, query = path.swapcase(), [(n.swapcase(), v) for n, v in query]
    if peculiarity == "slash":
        path += "/"
    if peculiarity == "extra":
        query.append(("unheardOf", "1"))
    if peculiarity == "anonymous":
        query = [(n, v) for n, v in query if n not in known.query]
        headers = {n: v for n, v in headers.items() if n not in map(str.lower, known.header)}
    if peculiarity == "stranger":
        query = [(n, "unknown" if n in known.query else v) for n, v in query]
        headers = {n: "unknown" if n in map(str.lower, known.header) else v for n, v in headers.items()}
    return Request(method=case.method, path=path, query=tuple(query), headers=headers, body=body)


def _with_odd_members(value: Any) -> Any:
    """Return a value with the members of all its objects in another case."""
    if isinstance(value, list):
        return [_with_odd_members(item) for item in value]
    if isinstance(value, dict):
        return {str(name).swapcase(): _with_odd_members(item) for name, item in value.items()}
    return value


def _body(value: Any, media: str) -> bytes:
    if isinstance(value, NotSet):
        return b""
    if media == "application/json":
        return json.dumps(value, default=str).encode()
    return urlencode(value).encode() if isinstance(value, dict) else repr(value).encode()


def test_faults_are_equal_on_the_fast_path_and_connexion() -> None:
    """Before and after the effect, in an ordinary request and one that only Connexion can read."""
    apikey = discover()["textlocal"].default_credentials["apikey"]
    ordinary = Request(method="GET", path="/balance", query=(("apikey", apikey),))
    odd = replace(ordinary, query=(*ordinary.query, ("unheardOf", "1")))
    targets = Targets(calls={"textlocal": ("balance_get",)}, webhooks={})
    call = "textlocal.balance_get"
    entries = [
        {"fault": "status", "call": call, "times": 2},
        {"fault": "connection_reset", "call": call, "nth": 3, "times": 2, "when": "after"},
    ]

    async def run() -> None:
        async with WebhookSender() as sender:
            fast = twin("textlocal", sender, fast_path_enabled=True)
            full = twin("textlocal", sender, fast_path_enabled=False)
            for service in (fast, full):
                service.sandboxes.get(DEFAULT).faults.add(parse_faults(entries, targets))
            for request in (ordinary, odd) * 3:
                response, events = await fast.respond(request)
                assert (response, events) == await full.respond(request)
                assert [event["kind"] for event in events][-1] == "request"

    asyncio.run(run())


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in discover()]
)
def test_refusals_without_credential_are_equal_on_the_fast_path_and_connexion(name: str) -> None:
    """Each operation of each contract, with and without a body, which an operation that needs a credential ignores."""

    async def run() -> None:
        async with WebhookSender() as sender:
            fast = twin(name, sender, fast_path_enabled=True)
            full = twin(name, sender, fast_path_enabled=False)
            for operation in CONTRACTS[name].operations.values():
                plain = Request(method=operation.method, path=operation.path.replace("{", "").replace("}", ""))
                json_body = replace(plain, headers={"content-type": "application/json"}, body=b"[]")
                odd = replace(json_body, query=(("unheardOf", "1"), ("unheardOf", "2")), path=plain.path.upper() + "/")
                for request in (plain, json_body, odd):
                    assert await fast.respond(request) == await full.respond(request)

    asyncio.run(run())


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(discover()))
@settings(BUDGET, max_examples=tries(30))
@given(data=st.data())
def test_fast_path_and_connexion_give_equal_responses(name: str, data: st.DataObject) -> None:
    """Status, headers, body and journal are equal, request after request, in two equal sandboxes."""
    requests = data.draw(st.lists(requests_of(name), min_size=1, max_size=4))

    async def run() -> None:
        async with WebhookSender() as sender:
            fast = twin(name, sender, fast_path_enabled=True)
            full = twin(name, sender, fast_path_enabled=False)
            for request in requests:
                assert await fast.respond(request) == await full.respond(request)
            await fast.sandboxes.close()
            await full.sandboxes.close()

    asyncio.run(run())
