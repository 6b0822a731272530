"""How many calls the simulators make for a request, and for one more message of it."""

import asyncio
import json
from typing import cast

import pytest

from counted_calls import assert_as_few_calls, calls_per_item, count_calls
from instants import SIX, StillWallClock
from local_simulators import local_simulators
from sendproof_simulators.core.audience.audience import AudienceRecipe
from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.sandbox import DEFAULT_CHANNELS, SandboxSettings
from sendproof_simulators.core.sandboxes import Sandboxes
from sendproof_simulators.core.webhooks.sender import WebhookSender
from sendproof_simulators.services.discovery import discover, service_contracts

REQUESTS = 20


@pytest.fixture(scope="module")
def sandbox():
    """Return a sandbox of simulators in this process."""
    with local_simulators() as simulators:
        yield simulators.sandbox()


def test_small_request_makes_few_calls(sandbox):
    """The first request prepares what the others use."""
    headers = {"x-api-key": sandbox.credentials("optimove")["api_key"]}
    path = "/optimove/current/integrations/GetChannelTemplates"
    request = lambda: sandbox.simulators.send("GET", path, "ChannelID=505", headers, b"")  # noqa: E731 - the work
    assert request().status == 200
    counted = count_calls(lambda: [request() for _ in range(REQUESTS)]) / REQUESTS
    assert_as_few_calls("simulators: small request", counted)


def test_message_makes_few_calls(sandbox):
    def prepare(messages: int):
        parts = [{"number": f"4471000{number:05d}", "text": f"Hello {number}"} for number in range(messages)]
        data = json.dumps({"sender": "Sendproof", "messages": parts})
        return lambda: sandbox.textlocal("bulk_json", data=data)

    assert prepare(1)()["status"] == "success"
    assert_as_few_calls("simulators: accept a message", calls_per_item(prepare, 50, 150))


class Listener(asyncio.Protocol):
    """A listener that acknowledges each webhook."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


async def send_receipts(count: int) -> None:
    """Send receipts of a new sandbox to a listener in this thread, one by one."""
    server = await asyncio.get_running_loop().create_server(Listener, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/receipts"
    settings = SandboxSettings(
        name="one", seed=1, start=SIX, rate=None, audience=AudienceRecipe(customers=1), channels=DEFAULT_CHANNELS
    )
    async with server, WebhookSender() as sender:
        sandbox = Sandboxes(discover(), service_contracts(), StillWallClock(), sender).create(settings)
        receipts = [Webhook(url=url, key=str(index), event="receipt", body=b"status=D") for index in range(count)]
        await sandbox.send_before_response("textlocal", receipts)
        assert sandbox.journal.counts == {"webhook": count}


def test_receipt_makes_few_calls():
    """The listener's own calls count, too: they are three."""
    asyncio.run(send_receipts(1))
    counted = calls_per_item(lambda receipts: lambda: asyncio.run(send_receipts(receipts)), 20, 220)
    assert_as_few_calls("simulators: send a receipt", counted)
