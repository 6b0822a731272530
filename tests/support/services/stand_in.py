"""A stand-in for any service: a real HTTP server that responds as a test defines."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass(frozen=True)
class ReceivedRequest:
    """A request that arrived. `body` is decoded JSON or a decoded form, a mail as bytes, else None."""

    method: str
    operation: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """A response. Bytes are sent unchanged, other bodies as JSON."""

    body: Any = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> Response:
        raw = (
            self.body if isinstance(self.body, bytes) else b"" if self.body is None else json.dumps(self.body).encode()
        )
        return Response(raw, self.status, dict(self.headers), "application/json")


ReplySource = Reply | Callable[[ReceivedRequest], Reply]


class StandIn:
    """Identifies operations by the last part of the path. The last reply of an operation repeats without end."""

    def __init__(self) -> None:
        self.url = ""
        self.received: list[ReceivedRequest] = []
        self._replies: dict[str, list[ReplySource]] = {}

    def respond(self, operation: str, *replies: ReplySource) -> None:
        """Set the replies to an operation; without any, it gets an empty 200."""
        self._replies[operation] = list(replies)

    def calls(self, operation: str) -> list[ReceivedRequest]:
        return [request for request in self.received if request.operation == operation]

    async def handle(self, request: Request) -> Response:
        received = await _received_request(request)
        self.received.append(received)
        replies = self._replies.get(received.operation, [Reply()])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        return (reply if isinstance(reply, Reply) else reply(received)).response()


async def _received_request(request: Request) -> ReceivedRequest:
    raw = await request.body()
    kind = request.headers.get("content-type", "")
    body = json.loads(raw) if "json" in kind else dict(parse_qsl(raw.decode())) if "form" in kind else None
    body = raw if kind == "message/rfc822" else body
    operation = request.url.path.strip("/").rpartition("/")[2]
    return ReceivedRequest(request.method, operation, dict(request.query_params), dict(request.headers), body)


class StandInServer:
    """A server that outlives its stand-ins: starting a server takes longer than most tests."""

    def __init__(self) -> None:
        self.current = StandIn()

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{rest:path}", self._handle, methods=["GET", "POST", "DELETE"])])

    async def _handle(self, request: Request) -> Response:
        return await self.current.handle(request)


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """Run a stand-in on its own port."""
    server = StandInServer()
    with serving(server.app()) as url:
        server.current.url = url
        yield server.current


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Run an ASGI application on a free port of this machine; yield its URL."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        pause = threading.Event()
        while not server.started:
            pause.wait(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
