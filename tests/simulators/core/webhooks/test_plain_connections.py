"""Plain connections and aiohttp send the same bytes, and read the same from every response."""

import asyncio
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from fuzzing import tries
from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.webhooks.aiohttp_client import AiohttpClient
from sendproof_simulators.core.webhooks.attempt_rules import AttemptError
from sendproof_simulators.core.webhooks.dispatcher import AttemptResult
from sendproof_simulators.core.webhooks.sender import TIMEOUT_SECONDS, WebhookSender

PATHS = st.text(alphabet="/aZ09._~%-+!$&'()*,;=:@[]", max_size=12)
VALUES = st.text(alphabet="aZ09 =/+\t", max_size=20)
HEADERS = st.lists(st.tuples(st.sampled_from(["Authorization", "X-Signature", "Accept"]), VALUES), max_size=2)
URLS = st.builds("{}?{}#{}".format, PATHS.map("/{}".format), PATHS, PATHS)

HEADS = (
    *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 302 Found\r\n"),
    *(b"HTTP/1.1 503 Busy\r\n", b"HTTP/1.1 200 \n", b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"),
    *(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad\r\n", b"HTP/1.1 200 OK\r\n", b"HTTP/1.1 20 OK\r\n"),
)
FIELDS = (
    *(b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Server: any\n", b"X Y: 1\r\n", b"X:\r\n", b": 1\r\n"),
    *(b"Content-Encoding: gzip\r\n", b"Content-Length: many\r\n"),
)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
# The field that states the length of a body, and the body: some end too early.
FRAMES = (
    *((b"", b""), (b"", b"ok"), (b"Content-Length: 2\r\n", b"ok"), (b"content-length: 7\r\n", b"ok")),
    *(
        (b"Transfer-Encoding: chunked\r\n", chunks)
        for chunks in (b"2 \r\nok\r\n0\r\nA: b\r\n\r\n", b"2\r\nok\r\n", b"2\r\nokk")
    ),
)
RESPONSES = st.builds(
    lambda head, fields, frame: head + b"".join(fields) + frame[0] + b"\r\n" + frame[1],
    st.sampled_from(HEADS),
    st.lists(st.sampled_from(FIELDS), max_size=2, unique=True),
    st.sampled_from(FRAMES),
)


@dataclass
class Listener:
    """A listener that responds with given bytes in two parts, and then closes the connection or waits."""

    response: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    split: int = 0
    closes: bool = False
    requests: list[bytes] = field(default_factory=list)
    connections: list[asyncio.Task[None]] = field(default_factory=list)

    def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                for part in (self.response[: self.split], self.response[self.split :]):
                    writer.write(part)
                    await writer.drain()
                if self.closes:
                    break
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def results(listener: Listener, webhook: Webhook) -> tuple[str, str]:
    """Send a webhook with the sender, and then with aiohttp; return the status or `None` of both."""
    async with await asyncio.start_server(listener, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        sent = with_address(webhook, address)
        async with WebhookSender() as sender:
            plain = str((await sender.send(sent, allow_remote=False))[0])
        client = AiohttpClient(TIMEOUT_SECONDS)
        other = await aiohttp_result(client, sent)
        await client.close()
        await asyncio.gather(*listener.connections)
        return plain, other


def with_address(webhook: Webhook, address: str) -> Webhook:
    """Return the webhook to an address."""
    return Webhook(url=address + webhook.url, key="k", event="13", body=webhook.body, headers=webhook.headers)


async def aiohttp_result(client: AiohttpClient, webhook: Webhook) -> str:
    """Return the status of a webhook that aiohttp sends, or None."""
    try:
        return str(await client.post(webhook, allow_remote=False))
    except (AttemptError, OSError, ValueError):
        return "None"


@given(url=URLS, headers=HEADERS, body=st.binary(max_size=20))
@settings(max_examples=tries(60), deadline=None, derandomize=True)
def test_request_is_that_of_aiohttp(url: str, headers: list[tuple[str, str]], body: bytes) -> None:
    webhook = Webhook(url=url, key="k", event="13", body=body, headers=tuple(dict(headers).items()))
    listener = Listener()

    asyncio.run(results(listener, webhook))

    mine, other = listener.requests
    assert mine == other


@example(response=b"HTTP/1.1 204 No Content\r\n\r\n", split=0)
@given(response=RESPONSES, split=st.integers(0, 80))
@settings(max_examples=tries(150), deadline=None, derandomize=True)
def test_response_means_the_same_to_aiohttp(response: bytes, split: int) -> None:
    webhook = Webhook(url="/", key="k", event="13", body=b"{}")

    mine, other = asyncio.run(results(Listener(response, split, closes=True), webhook))

    assert mine == other


def respond_once(server: socket.socket, closed: threading.Event) -> None:
    """Respond to the first request of two connections, and then close them."""
    for _ in range(2):
        client, _ = server.accept()
        with client:
            client.recv(65_536)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        closed.set()


def test_connection_that_was_closed_meanwhile_is_not_used_again() -> None:
    """While the simulators are busy, they do not notice that a listener closes idle connections."""
    closed = threading.Event()

    async def run(url: str) -> list[AttemptResult]:
        webhook = Webhook(url=url, key="k", event="13", body=b"{}")
        async with WebhookSender() as sender:
            first = await sender.send(webhook, allow_remote=False)
            closed.wait(60)
            return [first, await sender.send(webhook, allow_remote=False)]

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=respond_once, args=(server, closed), daemon=True)
        thread.start()
        assert asyncio.run(run(f"http://127.0.0.1:{server.getsockname()[1]}/")) == [(200, None)] * 2
        thread.join()


def test_connection_with_excess_bytes_is_not_used_again() -> None:
    """The response is complete and counts. What follows it could pass for the response to the next webhook."""
    webhook = Webhook(url="/", key="k", event="13", body=b"{}")
    listener = Listener(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 Late\r\n")

    async def run() -> list[AttemptResult]:
        async with await asyncio.start_server(listener, "127.0.0.1", 0) as server, WebhookSender() as sender:
            sent = with_address(webhook, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            statuses = [await sender.send(sent, allow_remote=False) for _ in range(3)]
            await asyncio.gather(*listener.connections)
            return statuses

    assert asyncio.run(run()) == [(200, None)] * 3
    assert len(listener.connections) == 3
