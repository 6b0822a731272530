"""Refusals of the control API, and failures of handlers."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import requests

from instants import SIX, StillWallClock
from running import RunningSimulators
from sendproof_simulators.core.audience.audience import AudienceRecipe
from sendproof_simulators.core.http import Request
from sendproof_simulators.core.sandbox import DEFAULT_CHANNELS, SandboxSettings
from sendproof_simulators.core.sandboxes import DEFAULT, Sandboxes
from sendproof_simulators.core.webhooks.sender import WebhookSender
from sendproof_simulators.server.pipeline import ServicePipeline
from sendproof_simulators.services.discovery import discover, service_contracts


def test_target_after_2999_and_equal_channel_ids_are_refused(simulators: RunningSimulators) -> None:
    base = f"{simulators.control}/control/sandboxes"
    sms = {"id": 505, "provider": "textlocal"}
    twice = requests.post(base, json={"seed": 1, "channels": [sms, sms]}, timeout=60)
    late = {"seed": 1, "name": "late", "clock": {"mode": "virtual", "start": "2999-12-31T23:00:00Z"}}
    requests.post(base, json=late, timeout=60)
    beyond = requests.post(f"{base}/late/clock/advance", json={"by_ms": 3_600_000}, timeout=60)
    assert (twice.status_code, twice.json()["detail"]) == (409, "channels: expected each id once, got [505, 505]")
    assert beyond.status_code == 409
    assert beyond.json()["detail"] == "expected a target before the year 3000, got one 1 ms later"


def test_failing_handler_is_a_500_in_the_journal() -> None:
    """So no bridge is blamed for a bug of the simulator."""

    def broken(call: Any) -> Any:
        raise LookupError(f"no handler for {call.operation}")

    async def run() -> tuple[int, list[dict[str, Any]]]:
        async with WebhookSender() as sender:
            sandboxes = Sandboxes(discover(), service_contracts(), StillWallClock(), sender)
            audience = AudienceRecipe(customers=1)
            settings = SandboxSettings(
                name=DEFAULT, seed=1, start=SIX, rate=None, audience=audience, channels=DEFAULT_CHANNELS
            )
            journal = sandboxes.create(settings).journal
            service = ServicePipeline(discover()["textlocal"], service_contracts()["textlocal"], sandboxes)
            service.handlers = {**service.handlers, "balance_get": broken}
            response = await service.respond(
                Request(method="GET", path="/balance", query=(("apikey", "sendproof-textlocal-key"),))
            )
            return response.status, [msgspec.json.decode(line) for line in journal.lines()]

    status, events = asyncio.run(run())
    recorded = [SimpleNamespace(**event) for event in events if event["kind"] == "request"]
    assert status == 500
    assert [(request.operation, request.status) for request in recorded] == [("balance_get", 500)]
