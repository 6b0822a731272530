"""A stand-in for Optimove and Textlocal: a real HTTP server that answers as a test tells it to."""

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
class Seen:
    """One request that arrived. `body` is decoded JSON or form, or None."""

    method: str
    operation: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Says:
    """One answer."""

    body: Any = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> Response:
        raw = (
            self.body if isinstance(self.body, bytes) else b"" if self.body is None else json.dumps(self.body).encode()
        )
        return Response(raw, self.status, dict(self.headers), "application/json")


Script = Says | Callable[[Seen], Says]


class StandIn:
    """Operations are the last part of the path. The last answer of an operation's script is given again and again."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self._scripts: dict[str, list[Script]] = {}

    def say(self, operation: str, *answers: Script) -> None:
        self._scripts[operation] = list(answers)

    def calls(self, operation: str) -> list[Seen]:
        return [one for one in self.seen if one.operation == operation]

    async def answer(self, request: Request) -> Response:
        seen = await _seen(request)
        self.seen.append(seen)
        script = self._scripts.get(seen.operation, [Says()])
        answer = script.pop(0) if len(script) > 1 else script[0]
        return (answer if isinstance(answer, Says) else answer(seen)).response()


async def _seen(request: Request) -> Seen:
    raw = await request.body()
    kind = request.headers.get("content-type", "")
    body = json.loads(raw) if "json" in kind else dict(parse_qsl(raw.decode())) if "form" in kind else None
    operation = request.url.path.strip("/").rpartition("/")[2]
    return Seen(request.method, operation, dict(request.query_params), dict(request.headers), body)


class Stage:
    """A server that is kept while stand-ins come and go: starting one takes longer than most tests."""

    def __init__(self) -> None:
        self.now_playing = StandIn()

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{rest:path}", self._answer, methods=["GET", "POST"])])

    async def _answer(self, request: Request) -> Response:
        return await self.now_playing.answer(request)


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """One that answers on a port of its own."""
    stage = Stage()
    with serving(stage.app()) as url:
        stage.now_playing.url = url
        yield stage.now_playing


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """An ASGI application on a free port of this machine."""
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
