"""Sandboxes are isolated: each journal is independent of the requests to other sandboxes."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import tries
from instants import SIX, StillWallClock
from sendproof_simulators.core.audience.audience import AudienceRecipe
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.sandbox import DEFAULT_CHANNELS, Sandbox, SandboxSettings
from sendproof_simulators.core.sandboxes import Sandboxes
from sendproof_simulators.core.webhooks.sender import WebhookSender
from sendproof_simulators.server.pipeline import ServicePipeline
from sendproof_simulators.services.discovery import discover, service_contracts

Step = tuple[str, int]

# The services that the steps use.
SERVICES = ("optimove", "textlocal")

STEPS = st.tuples(st.sampled_from(["templates", "list", "send", "balance", "metrics"]), st.integers(1, 5))


def request_for(step: Step, sandbox: Sandbox) -> tuple[str, Request]:
    """Return the service and the request of a step."""
    action, n = step
    key = {"x-api-key": sandbox.credentials["optimove"]["api_key"], "content-type": "application/json"}
    apikey = (("apikey", sandbox.credentials["textlocal"]["apikey"]),)
    form = {"content-type": "application/x-www-form-urlencoded"}
    optimove = "/current/integrations/"
    query = (("ChannelID", "505"),)
    template = [{"TemplateID": n, "TemplateName": f"Template {n}"}]
    metric = [{"ChannelID": 505, "CampaignID": n, "TemplateID": n, "MetricID": 1, "MetricValue": n}]
    message = urlencode({"numbers": f"44710000000{n}", "message": f"Hello {n}"})
    return {
        "templates": ("optimove", _post(optimove + "AddChannelTemplates", query, key, json.dumps(template))),
        "list": ("optimove", Request(method="GET", path=optimove + "GetChannelTemplates", query=query, headers=key)),
        "send": ("textlocal", _post("/send", apikey, form, message)),
        "balance": ("textlocal", Request(method="GET", path="/balance", query=apikey)),
        "metrics": ("optimove", _post(optimove + "UpdateCampaignMetrics", (), key, json.dumps(metric))),
    }[action]


def _post(path: str, query: tuple[tuple[str, str], ...], headers: dict[str, str], body: str) -> Request:
    return Request(method="POST", path=path, query=query, headers=headers, body=body.encode())


@dataclass
class Process:
    """The services of one process, created once, because each takes a third of a second."""

    runner: asyncio.Runner
    sandboxes: Sandboxes
    services: dict[str, ServicePipeline]

    def journals(self, turns: list[tuple[int, Step]]) -> list[list[dict[str, Any]]]:
        """Return the journals of two new sandboxes after these turns."""
        return self.runner.run(self._journals(turns))

    async def _journals(self, turns: list[tuple[int, Step]]) -> list[list[dict[str, Any]]]:
        created = [self.sandboxes.create(settings_of(name, seed)) for seed, name in enumerate(("left", "right"), 1)]
        for index, step in turns:
            service, request = request_for(step, created[index])
            await self.services[service].respond(request)
        recorded = [[msgspec.json.decode(line) for line in sandbox.journal.lines()] for sandbox in created]
        for sandbox in created:
            await self.sandboxes.delete(sandbox.id)
        return recorded


CONTRACTS = service_contracts()


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    """Create one process for all examples."""
    sandboxes = Sandboxes(discover(), CONTRACTS, StillWallClock(), WebhookSender())
    services = {name: ServicePipeline(discover()[name], CONTRACTS[name], sandboxes) for name in SERVICES}
    with asyncio.Runner() as runner:
        yield Process(runner, sandboxes, services)


def settings_of(name: str, seed: int) -> SandboxSettings:
    """Return the settings of a small sandbox in virtual time."""
    audience = AudienceRecipe(customers=20, opted_out=0.1, unusable_numbers=0.1)
    return SandboxSettings(name=name, seed=seed, start=SIX, rate=None, audience=audience, channels=DEFAULT_CHANNELS)


@settings(max_examples=tries(50))
@given(turns=st.lists(st.tuples(st.integers(0, 1), STEPS), max_size=12))
def test_interleaved_requests_leave_the_journals_of_sequential_ones(process, turns: list[tuple[int, Step]]) -> None:
    sequential = sorted(turns, key=lambda turn: turn[0])
    assert process.journals(turns) == process.journals(sequential)


def test_sandboxes_with_one_seed_have_different_credentials() -> None:
    async def run() -> list[set[str]]:
        async with WebhookSender() as sender:
            sandboxes = Sandboxes(discover(), CONTRACTS, StillWallClock(), sender)
            created = [sandboxes.create(settings_of(name, 7)) for name in ("left", "right")]
            return [{v for values in sandbox.credentials.values() for v in values.values()} for sandbox in created]

    left, right = asyncio.run(run())
    assert left
    assert left.isdisjoint(right)
