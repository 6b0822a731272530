"""Webhooks are delivered over real HTTP, and only to allowed addresses."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import pytest
from aiohttp import web

from raw_server import dripping_header, endless_body, endless_header, raw_server
from repository import ROOT
from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.webhooks.aiohttp_client import LoopbackResolver
from sendproof_simulators.core.webhooks.attempt_rules import CONNECTIONS_PER_HOST
from sendproof_simulators.core.webhooks.sender import TIMEOUT_SECONDS, WebhookSender

CERTIFICATES = ROOT / "tests" / "support" / "certificates"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Attempt = tuple[int | None, str | None]


def attempt(handler: Handler, timeout_seconds: float = TIMEOUT_SECONDS) -> Attempt:
    """Send one webhook to a real server with this handler."""
    (only,) = attempts(handler, 1, timeout_seconds=timeout_seconds)
    return only


def attempts(
    handler: Handler,
    rounds: int,
    each: int = 1,
    timeout_seconds: float = TIMEOUT_SECONDS,
    host: str = "127.0.0.1",
    allowed: Sequence[bool] = (False,),
) -> list[Attempt]:
    """Send `each` webhooks at once, in several rounds, to a real server with this handler.

    The rounds are repeated for each of `allowed`, whether webhooks to other machines are allowed.
    """

    async def run() -> list[Attempt]:
        app = web.Application()
        app.router.add_post("/hook", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, host, 0)
        await site.start()
        port = runner.addresses[0][1]
        webhook = Webhook(url=f"http://{host}:{port}/hook", key="13:7001:505", event="13", body=b'{"EventTypeID":13}')
        results: list[Attempt] = []
        async with WebhookSender(timeout_seconds) as sender:
            for allow_remote in [allow for allow in allowed for _ in range(rounds)]:
                sends = [sender.send(webhook, allow_remote=allow_remote) for _ in range(each)]
                results += await asyncio.gather(*sends)
        await runner.cleanup()
        return results

    return asyncio.run(run())


def test_webhook_arrives_with_body_and_content_type() -> None:
    seen: list[tuple[bytes, str]] = []

    async def hook(request: web.Request) -> web.Response:
        seen.append((await request.read(), request.content_type))
        return web.Response(status=202)

    assert attempt(hook) == (202, None)
    assert seen == [(b'{"EventTypeID":13}', "application/json")]


def test_connection_is_used_again() -> None:
    peers: set[object] = set()

    async def hook(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(body=b"thank you")

    assert attempts(hook, rounds=20) == [(200, None)] * 20
    assert len(peers) == 1


def test_connections_per_host_are_limited() -> None:
    """The other webhooks wait for a connection, and none is lost."""
    full, peers = asyncio.Event(), set[object]()

    async def hook(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        if len(peers) == CONNECTIONS_PER_HOST:
            full.set()
        await full.wait()
        return web.Response()

    count = 10 * CONNECTIONS_PER_HOST
    assert attempts(hook, rounds=1, each=count) == [(200, None)] * count
    assert len(peers) == CONNECTIONS_PER_HOST


def test_redirect_is_not_followed() -> None:
    async def hook(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"location": "http://192.0.2.1/"})

    assert attempt(hook) == (302, None)


def test_endless_response_is_given_up() -> None:
    """Virtual time would stand still until its end."""

    async def hook(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), 0.05)
            await response.write(b".")
        return response

    assert attempt(hook, timeout_seconds=0.3) == (None, "no response within 0 s")


def send_to(url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> Attempt:
    """Send one webhook to a URL."""

    async def run() -> Attempt:
        async with WebhookSender(timeout_seconds) as sender:
            return await sender.send(Webhook(url=url, key="k", event="13", body=b"{}"), allow_remote=False)

    return asyncio.run(run())


def test_endless_header_is_given_up() -> None:
    """Each read is quick enough, but there is always another one."""
    with raw_server(dripping_header(), pause=0.02) as url:
        assert send_to(url, timeout_seconds=0.3) == (None, "no response within 0 s")


def test_body_without_an_end_leaves_the_status() -> None:
    """What a listener responds with is of no use, and a long text is no defect."""
    with raw_server(endless_body()) as url:
        assert send_to(url) == (200, None)


def test_error_quotes_a_part_of_what_a_listener_sent() -> None:
    with raw_server(endless_header()) as url:
        status, error = send_to(url)

    assert (status, len(error or "") <= 500) == (None, True)


def test_refused_connection_is_an_error_text() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def run() -> tuple[int | None, str | None]:
        async with WebhookSender() as sender:
            return await sender.send(
                Webhook(url=f"http://127.0.0.1:{port}/", key="k", event="13", body=b""), allow_remote=False
            )

    status, error = asyncio.run(run())
    assert status is None
    assert error is not None
    assert error.startswith("ClientConnectorError")


def test_remote_address_is_refused_without_a_connection() -> None:
    async def run() -> tuple[int | None, str | None]:
        async with WebhookSender() as sender:
            return await sender.send(
                Webhook(url="http://192.0.2.1/", key="k", event="13", body=b""), allow_remote=False
            )

    status, error = asyncio.run(run())
    assert status is None
    assert error is not None
    assert "expected a host on this machine, got 192.0.2.1" in error


def test_address_of_another_machine_can_be_allowed() -> None:
    """A sandbox that may not reach it gets no connection of one that may. `0.0.0.0` is no loopback address."""

    async def hook(request: web.Request) -> web.Response:
        del request
        return web.Response()

    (allowed, refused) = attempts(hook, rounds=1, host="0.0.0.0", allowed=(True, False))
    assert allowed == (200, None)
    assert refused[0] is None
    assert "expected a host on this machine, got 0.0.0.0" in str(refused[1])


def test_name_is_checked_by_its_addresses() -> None:
    async def run() -> set[str]:
        resolver = LoopbackResolver()
        found = await resolver.resolve("localhost", 80)
        await resolver.close()
        return {result["host"] for result in found}

    assert asyncio.run(run()) == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("certificate", "reasons"),
    [
        ("self_signed", ["self-signed certificate"]),
        ("expired", ["self-signed certificate", "certificate has expired"]),
        ("wrong_name", ["self-signed certificate", "certificate is not valid for '127.0.0.1'"]),
    ],
)
def test_every_defect_of_a_certificate_is_named(certificate: str, reasons: list[str]) -> None:
    """A client reports only the first one: an expired certificate of one's own looks self-signed, no more."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")

    async def run() -> Attempt:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        webhook = Webhook(url=f"https://127.0.0.1:{port}/hook", key="k", event="13", body=b"{}")
        async with server, WebhookSender() as sender:
            return await sender.send(webhook, allow_remote=False)

    status, error = asyncio.run(run())
    assert status is None
    assert [reason for reason in reasons if reason not in str(error)] == []
