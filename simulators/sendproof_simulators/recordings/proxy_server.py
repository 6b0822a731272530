"""The servers of `sendproof proxy`: one port for each endpoint that was named, in one event loop."""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from sendproof_simulators.core.clock.wall_clock import SystemWallClock, WallClock
from sendproof_simulators.recordings.forwarding import Forwarder, KeptBytes
from sendproof_simulators.recordings.har_file import HarFile
from sendproof_simulators.recordings.judging import CallJudge
from sendproof_simulators.recordings.known_contracts import Address
from sendproof_simulators.recordings.recorder import Recorder
from sendproof_simulators.server.access import page_refusal
from sendproof_simulators.server.connection_guard import (
    TICKS_PER_SECOND,
    ConnectionGuard,
    GuardedProtocol,
    guarded,
    server_bounds,
)
from sendproof_simulators.server.server import HangupServer, bind

GRACE_SECONDS = 10
# A body is passed on in blocks and never held, so its size has no bound here, and a slow one has an hour.
_BOUNDS = {"held_bytes": 2**62, "request_s": 3600, "unread_s": 3600}


class ProxyApp:
    """The ASGI application: a port names the endpoint, and a call to it is passed on and then recorded."""

    def __init__(self, forwarders: Mapping[int, Forwarder], recorder: Recorder, wall: WallClock) -> None:
        """Take the forwarders by port."""
        self._forwarders = forwarders
        self._recorder = recorder
        self._wall = wall

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one HTTP request, unless a web page sent it: it would be judged as the bridge's."""
        if scope["type"] != "http":
            return
        problem = page_refusal(scope["headers"])
        if problem is not None:
            await PlainTextResponse(problem.detail, problem.status)(scope, receive, send)
            return
        began_s, start = self._wall.time(), self._wall.monotonic()
        forwarder = self._forwarders[scope["server"][1]]
        call = forwarder.new_call(scope)
        try:
            await forwarder.forward(call, scope, receive, send)
        finally:
            self._recorder.put(call, began_s, self._wall.monotonic() - start)


class _Server(HangupServer):
    """uvicorn's server with the guard's sweep, which reports when it is ready."""

    def __init__(self, config: uvicorn.Config, guard: ConnectionGuard, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._guard = guard
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_PER_SECOND == 0:
            self._guard.sweep(self.server_state.connections)
        return await super().on_tick(counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """The endpoints, the address to listen on (port 0: any free ones), and the HAR file with the version to name."""

    addresses: Sequence[Address]
    host: str
    port: int
    har: Path
    version: str


def serve_proxy(
    settings: ProxySettings, judge: CallJudge, announce: Callable[[Mapping[int, Address]], None]
) -> Recorder | None:
    """Pass on calls until interrupted, and return the recorder; None if it never started.

    `announce` is called with the endpoints by port, once all are ready. `OSError` names a port that is in use, or a
    file that cannot be written.
    """
    recorders: list[Recorder] = []
    # Users stop the proxy with Ctrl-C; everything is recorded by then.
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(settings, judge, announce, recorders))
    return recorders[0] if recorders else None


async def _serve(
    settings: ProxySettings,
    judge: CallJudge,
    announce: Callable[[Mapping[int, Address]], None],
    recorders: list[Recorder],
) -> None:
    wall = SystemWallClock()
    names = [f"{address.service} ({address.role})" for address in settings.addresses]
    async with AsyncExitStack() as stack:
        sockets = bind(settings.host, settings.port, names)
        file = stack.enter_context(HarFile(settings.har, settings.version))
        recorder = Recorder(file, judge)
        recorders.append(recorder)
        ports = {bound.getsockname()[1]: address for bound, address in zip(sockets, settings.addresses, strict=True)}
        kept = KeptBytes()
        forwarders = {port: Forwarder(address, kept) for port, address in ports.items()}
        for forwarder in forwarders.values():
            stack.push_async_callback(forwarder.close)
        recording = asyncio.create_task(recorder.run())
        guard = ConnectionGuard(replace(server_bounds(), **_BOUNDS))
        config = uvicorn.Config(
            ProxyApp(forwarders, recorder, wall),
            http=guarded(guard, GuardedProtocol),
            ws="none",
            # A response that an endpoint does not complete is no error of this server.
            log_level="critical",
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        try:
            await _Server(config, guard, lambda: announce(ports)).serve(sockets)
        finally:
            recorder.stop()
            await asyncio.shield(recording)
