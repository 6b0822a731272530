"""A real server behind the connection guard, whose seconds pass when a test says so."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any

import uvicorn

from sendproof_simulators.server.connection_guard import IDLE, Bounds, ConnectionGuard, guarded

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


class GuardedServer:
    """A server whose responses are the lengths of the bodies.

    `/parked` waits for `release`, `/early` does not wait for the body, and `/long` has a long response.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.guard = ConnectionGuard(bounds)
        self.released = asyncio.Event()
        self.headers: list[tuple[bytes, bytes]] = []
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            http=guarded(self.guard),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        self.uvicorn = uvicorn.Server(config)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.port = 0

    async def serve(self, bound: socket.socket) -> None:
        self.loop = asyncio.get_running_loop()
        self.port = bound.getsockname()[1]
        await self.uvicorn.serve(sockets=[bound])

    def pass_seconds(self, seconds: int) -> None:
        """Sweep once for each second."""
        self.run(self._sweep(seconds))

    def release(self) -> None:
        self.run(self._release())

    def run(self, work: Any) -> Any:
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=60)

    def connect(self, *sent: bytes, stage: str = IDLE) -> socket.socket:
        """Return a connection that has sent some bytes, once the server has reached this stage of it."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        client.sendall(b"".join(sent))
        address = client.getsockname()
        until(lambda: any(it.client == address and it.stage == stage for it in self.connections()))
        return client

    def connections(self) -> list[Any]:
        """Return the open connections."""
        return list(self.uvicorn.server_state.connections)

    def exchange(self, *sent: bytes) -> bytes:
        """Return everything that the server sends in response to these bytes, after which the client ends its side."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            client.sendall(b"".join(sent))
            client.shutdown(socket.SHUT_WR)
            return received(client)

    def serves_others(self) -> bool:
        """Return True if another client gets a response."""
        return self.exchange(HEAD, b"\r\n").startswith(b"HTTP/1.1 200")

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        size, more = 0, True
        while more and scope["path"] != "/early":
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size, more = size + len(message["body"]), message.get("more_body", False)
        if scope["path"] == "/parked":
            await self.released.wait()
        self.headers = scope["headers"]
        body = b"x" * 50_000_000 if scope["path"] == "/long" else b"%d" % size
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})

    async def _sweep(self, seconds: int) -> None:
        for _ in range(seconds):
            self.guard.sweep(self.connections())

    async def _release(self) -> None:
        self.released.set()


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is met, for at most a minute."""
    pause = threading.Event()
    for _ in range(6_000):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("expected the condition within a minute")


def response_of(client: socket.socket) -> tuple[int, bytes]:
    """Return status and body of the next response on a connection."""
    with HTTPResponse(client) as response:
        response.begin()
        return response.status, response.read()


def received(client: socket.socket) -> bytes:
    """Return everything until the server closes the connection."""
    blocks = []
    try:
        while block := client.recv(65_536):
            blocks.append(block)
    except ConnectionError:
        pass
    return b"".join(blocks)


@contextmanager
def guarded_server(**bounds: int) -> Iterator[GuardedServer]:
    """Run a server with these bounds; the others are the usual ones."""
    server = GuardedServer(Bounds(**bounds))
    bound = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(bound)), daemon=True)
    thread.start()
    until(lambda: server.uvicorn.started)
    try:
        yield server
    finally:
        server.uvicorn.should_exit = True
        thread.join(60)
        assert not thread.is_alive()
