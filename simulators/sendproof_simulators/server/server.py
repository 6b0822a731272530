"""The server process: binds a port for the control API and one for each service, and serves them until interrupted."""

import asyncio
import errno
import gc
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import uvicorn

from sendproof_simulators.control.sandboxes import sandbox_json
from sendproof_simulators.core.audience.audience import AudienceRecipe
from sendproof_simulators.core.clock.wall_clock import Instant, SystemWallClock
from sendproof_simulators.core.sandbox import DEFAULT_CHANNELS, Sandbox, SandboxSettings
from sendproof_simulators.core.sandboxes import DEFAULT
from sendproof_simulators.server.access import access_rules, credential_seed
from sendproof_simulators.server.addresses import Listening
from sendproof_simulators.server.app import Simulators
from sendproof_simulators.server.connection_guard import (
    TICKS_PER_SECOND,
    ConnectionGuard,
    GuardedProtocol,
    guarded,
    server_bounds,
)
from sendproof_simulators.server.example_data import EXAMPLES_START, add_example_data
from sendproof_simulators.server.faulty_response import CONNECTION
from sendproof_simulators.server.memory import return_free_pages, return_large_blocks

# Parked bridges are released at once; this is for clients that read slowly.
GRACE_SECONDS = 3
# Real seconds between two returns of free memory to the system.
_RETURN_SECONDS = 10

# SO_LINGER with a timeout of 0: closing such a socket resets the connection.
_NO_LINGER = struct.pack("ii", 1, 0)


# More than any head. Larger writes are passed on at once, so that a writer notices when the client is too slow.
_BUFFER_LIMIT = 16 * 1024


class BufferedTransport:
    """A transport that combines the writes of one turn of the event loop in one system call.

    uvicorn writes head and body of a response separately, and a system call costs more than most of our responses.
    """

    __slots__ = ("_blocks", "_loop", "_size", "_transport", "has_ended")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._blocks: list[bytes] = []
        self._size = 0
        self.has_ended = False

    def write(self, block: bytes) -> None:
        self._blocks.append(block)
        self._size += len(block)
        if self._size > _BUFFER_LIMIT:
            self.flush()
        elif len(self._blocks) == 1:
            self._loop.call_soon(self.flush)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def reset(self) -> None:
        self._blocks.clear()
        if not self._transport.is_closing():
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self._transport.abort()

    def write_eof(self) -> None:
        self.flush()
        self._transport.write_eof()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def flush(self) -> None:
        """Send what is combined so far."""
        blocks, self._blocks, self._size = self._blocks, [], 0
        if blocks:
            self._transport.writelines(blocks)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Protocol(GuardedProtocol):
    """The guarded protocol, with the connection in the scope of each request: some faults bypass HTTP."""

    transport: BufferedTransport  # type: ignore[assignment] # it has all methods that uvicorn uses

    def connection_made(self, transport: Any) -> None:
        connection = BufferedTransport(transport)
        self._extensions: dict[str, Any] = {CONNECTION: connection}
        super().connection_made(connection)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._extensions

    def eof_received(self) -> bool:  # type: ignore[override] # the return value of asyncio's Protocol
        self.transport.flush()
        self.transport.has_ended = super().eof_received()
        if self.transport.has_ended:
            # Wakes a response that waits until the client gives up.
            self.cycle.message_event.set()
        return self.transport.has_ended


class _Server(uvicorn.Server):
    """uvicorn's server, which reports when it is ready, and releases parked bridges before it waits for connections."""

    def __init__(
        self, config: uvicorn.Config, guard: ConnectionGuard, simulators: Simulators, ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._guard = guard
        self._simulators = simulators
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_PER_SECOND == 0:
            self._guard.sweep(self.server_state.connections)
        if counter % (_RETURN_SECONDS * TICKS_PER_SECOND) == 0:
            # In a thread: a heap of hundreds of MB takes longer than a request may wait.
            asyncio.get_running_loop().run_in_executor(None, return_free_pages)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._simulators.sandboxes.close()
        await super().shutdown(sockets)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultSandbox:
    """The settings of the sandbox that exists from the start."""

    seed: int
    customers: int
    allow_remote_webhooks: bool
    rate_limits: bool
    examples: bool

    def settings(self, start: Instant) -> SandboxSettings:
        """Return the settings of a sandbox with the time of the machine, until its users advance or pause it."""
        return SandboxSettings(
            name=DEFAULT,
            seed=self.seed,
            start=start,
            # The data of the examples ends with the start of the clock.
            rate=None if self.examples else 1.0,
            audience=AudienceRecipe(customers=self.customers, opted_out=0.04, unusable_numbers=0.02),
            channels=DEFAULT_CHANNELS,
            rate_limits=self.rate_limits,
            allow_remote_webhooks=self.allow_remote_webhooks,
        )


def serve(
    listening: Listening, announce: Callable[[dict[str, Any]], None], default: DefaultSandbox, *, strict: bool
) -> Mapping[str, int]:
    """Serve until interrupted. The control API uses the first port and the services the next ones.

    `announce` is called with the URLs and the working credentials of the default sandbox, once all services are ready.
    `OSError` names a port that is in use, `ValueError` an invalid host name or token. With `strict`, return how
    responses and webhooks violated their contracts, each with its number.
    """
    return_large_blocks()
    url_host = listening.url_host()
    access = access_rules(listening.host, listening.public_host, listening.allowed_hosts, listening.control_token)
    simulators = None
    # Users stop the server with Ctrl-C; everything is closed by then.
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        simulators = Simulators(access=access, strict=strict)
        simulators.sandboxes.credential_seed = credential_seed(listening.host)
        runner.run(_serve(simulators, listening, url_host, default, announce))
    return {} if simulators is None else simulators.watch.found


async def create_default_sandbox(simulators: Simulators, default: DefaultSandbox) -> Sandbox:
    """Create the default sandbox, and fill it with the data of the examples if `default` says so.

    `ValueError` names the error in the data.
    """
    start = EXAMPLES_START if default.examples else int(SystemWallClock().time() * 1000)
    sandbox = simulators.sandboxes.create(default.settings(start))
    if default.examples:
        await add_example_data(simulators)
    return sandbox


async def _serve(
    simulators: Simulators,
    listening: Listening,
    url_host: str,
    default: DefaultSandbox,
    announce: Callable[[dict[str, Any]], None],
) -> None:
    async with simulators:
        names = ["control", *simulators.services]
        sockets = bind(listening.host, listening.port, names)
        _set_addresses(simulators, url_host, names, sockets)
        # Only now: compiling the contracts took seconds, by which the sandbox's clock would be slow for ever.
        sandbox = await create_default_sandbox(simulators, default)
        control = simulators.access.address(simulators.addresses.control)
        page = control["url"] + "/"
        addresses = {"control": control, "page": page, "services": _services_json(simulators, sandbox)}
        guard = ConnectionGuard(server_bounds())
        config = uvicorn.Config(
            simulators,
            http=guarded(guard, _Protocol),
            ws="none",
            # A warning of each invalid request would let clients fill the log.
            log_level="error",
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        _settle_heap()
        await _Server(config, guard, simulators, lambda: announce(addresses)).serve(sockets)


def _services_json(simulators: Simulators, sandbox: Sandbox) -> dict[str, Any]:
    """Return the URL of each service, and its credentials without those that it refuses."""
    services: dict[str, Any] = {}
    for name, service in sandbox_json(simulators.control_context, sandbox)["services"].items():
        refused = simulators.control_context.simulators[name].refused_credentials(
            sandbox.states[name], sandbox.clock.now()
        )
        working = {key: value for key, value in service["credentials"].items() if key not in refused}
        services[name] = {**service, "credentials": working}
    return services


def bind(host: str, port: int, names: Sequence[str]) -> list[socket.socket]:
    """Return a socket for each name, on ports from `port` on (0: any free ones); `OSError` names one that is in use."""
    sockets: list[socket.socket] = []
    for offset, name in enumerate(names):
        number = port + offset if port else 0
        bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, number))
        except (OSError, OverflowError) as error:
            for opened in (*sockets, bound):
                opened.close()
            reason = error.strerror if isinstance(error, OSError) else "ports end at 65535"
            is_about_host = isinstance(error, socket.gaierror) or getattr(error, "errno", 0) == errno.EADDRNOTAVAIL
            if is_about_host:
                raise OSError(f"cannot listen on {host}: {reason}; choose another with --host") from None
            raise OSError(f"cannot use port {number} for {name}: {reason}; choose another with --port") from None
        sockets.append(bound)
    return sockets


def _set_addresses(simulators: Simulators, host: str, names: Sequence[str], sockets: Sequence[socket.socket]) -> None:
    for name, bound in zip(names, sockets, strict=True):
        port = bound.getsockname()[1]
        url = f"http://{host}:{port}"
        if name == "control":
            simulators.addresses.control = url
        else:
            simulators.addresses.services[name] = url
            simulators.addresses.ports[port] = name


def _settle_heap() -> None:
    """Exempt everything created so far from garbage collection: it lives as long as the process."""
    # Without a collection before: it takes a tenth of the start, and finds a few hundred objects.
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 20)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop  # noqa: PLC0415 - other commands start faster without it

    return uvloop.new_event_loop
