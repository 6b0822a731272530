"""The server process: binds a port for the control API and one for each service, and serves them until interrupted."""

import asyncio
import errno
import logging
import signal
import socket
import struct
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn

from sendproof_simulators.core.limits import Limits
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
from sendproof_simulators.server.default_sandbox import DefaultSandbox, create_default_sandbox, services_json
from sendproof_simulators.server.faulty_response import CONNECTION
from sendproof_simulators.server.memory import (
    RETURN_SECONDS,
    free_deleted,
    return_free_pages,
    return_large_blocks,
    settle_heap,
)
from sendproof_simulators.server.smtp.port import SmtpPort
from sendproof_simulators.server.workers.event_loop import loop_factory

if TYPE_CHECKING:
    from sendproof_simulators.server.workers.front import Front

# Parked bridges are released at once; this is for clients that read slowly.
GRACE_SECONDS = 3

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
        """Send what is combined so far, unless the client has gone in between."""
        blocks, self._blocks, self._size = self._blocks, [], 0
        if blocks and not self._transport.is_closing():
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


class HangupServer(uvicorn.Server):
    """uvicorn's server, which SIGHUP ends in the same way as SIGTERM.

    A handler that raises an exception would do so in any callback, and the event loop drops it there.
    """

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        with super().capture_signals():
            is_free = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
            if not (is_free and threading.current_thread() is threading.main_thread()):
                yield
                return
            before = signal.signal(signal.SIGHUP, self.handle_exit)
            try:
                yield
            finally:
                signal.signal(signal.SIGHUP, before)


class _Server(HangupServer):
    """uvicorn's server, which reports when it is ready, and releases parked bridges before it waits for connections."""

    def __init__(
        self, config: uvicorn.Config, guard: ConnectionGuard, served: "Simulators | Front", ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._guard = guard
        self._served = served
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def on_tick(self, counter: int) -> bool:
        if not isinstance(self._served, Simulators) and self._served.lost:
            self.should_exit = True
        if counter % TICKS_PER_SECOND == 0:
            self._guard.sweep(self.server_state.connections)
        if counter % (RETURN_SECONDS * TICKS_PER_SECOND) == 0:
            if isinstance(self._served, Simulators):
                free_deleted(self._served.sandboxes)
            # In a thread: a heap of hundreds of MB takes longer than a request may wait.
            asyncio.get_running_loop().run_in_executor(None, return_free_pages)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._served.close()
        await super().shutdown(sockets)


def serve(
    listening: Listening,
    announce: Callable[[dict[str, Any]], None],
    default: DefaultSandbox,
    *,
    strict: bool,
    workers: int = 1,
) -> Mapping[str, int]:
    """Serve until interrupted. The control API uses the first port and the services the next ones.

    `announce` is called with the URLs and the working credentials of the default sandbox, once all services are ready.
    `workers` is the number of processes with sandboxes; if it is 1, this one has them all.
    `OSError` names a port that is in use, or says that a worker has ended by itself; `ValueError` names an invalid host
    name or token. With `strict`, return how responses and webhooks violated their contracts, each with its number.
    """
    return_large_blocks()
    url_host = listening.url_host()
    access = access_rules(listening.host, listening.public_host, listening.allowed_hosts, listening.control_token)
    simulators = None
    with ExitStack() as stack:
        # Users stop the server with Ctrl-C; everything is closed by then.
        stack.enter_context(suppress(KeyboardInterrupt))
        simulators = Simulators(access=access, strict=strict)
        simulators.sandboxes.credential_seed = credential_seed(listening.host)
        front = _front(simulators, workers, stack)
        runner = stack.enter_context(asyncio.Runner(loop_factory=loop_factory()))
        runner.run(_serve(simulators, front, listening, url_host, default, announce))
    return {} if simulators is None else simulators.watch.found


def _is_no_end(record: logging.LogRecord) -> bool:
    """Return False for the traceback of a request that the end of the server has given up: that is no error."""
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)


def _front(simulators: Simulators, workers: int, stack: ExitStack) -> "Front | None":
    """Return the front of several workers, None for one: this process. The workers end with the stack."""
    if workers == 1:
        return None
    # Only here: one process needs none of it.
    from sendproof_simulators.server.workers.front import Front  # noqa: PLC0415
    from sendproof_simulators.server.workers.process import run_worker  # noqa: PLC0415
    from sendproof_simulators.server.workers.processes import worker_processes  # noqa: PLC0415

    # A collection would write to all the memory that the processes share.
    settle_heap()
    return Front(simulators, stack.enter_context(worker_processes(workers, partial(run_worker, simulators))))


async def _serve(
    simulators: Simulators,
    front: "Front | None",
    listening: Listening,
    url_host: str,
    default: DefaultSandbox,
    announce: Callable[[dict[str, Any]], None],
) -> None:
    async with simulators, AsyncExitStack() as stack:
        if front is not None:
            stack.push_async_callback(front.end)
        names, mail = _port_names(simulators)
        bound = bind(listening.host, listening.port, [*names, *(f"{name} (SMTP)" for name in mail)])
        sockets, mail_sockets = bound[: len(names)], bound[len(names) :]
        _set_addresses(simulators, url_host, names, sockets)
        ports = _smtp_ports(simulators, url_host, dict(zip(mail, mail_sockets, strict=True)))
        # Only now: compiling the contracts took seconds, by which the sandbox's clock would be slow for ever.
        services = await _open_default_sandbox(simulators, front, default)
        control = simulators.access.address(simulators.addresses.control)
        page = control["url"] + "/"
        addresses = {"control": control, "page": page, "services": services}
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
        logging.getLogger("uvicorn.error").addFilter(_is_no_end)
        settle_heap()
        for port, mail_socket in zip(ports, mail_sockets, strict=True):
            stack.push_async_callback(port.close)
            await port.open(mail_socket)
        await _Server(config, guard, front or simulators, lambda: announce(addresses)).serve(sockets)
        if front is not None and front.lost:
            raise OSError(front.lost)


def _port_names(simulators: Simulators) -> tuple[list[str], list[str]]:
    """Return the names of the HTTP ports, and those of the services with a port for SMTP.

    These services come last, and their second ports after all others: so the others keep their numbers.
    """
    mail = [name for name, simulator in simulators.control_context.simulators.items() if simulator.smtp is not None]
    return ["control", *(name for name in simulators.services if name not in mail), *mail], mail


def _smtp_ports(simulators: Simulators, host: str, sockets: Mapping[str, socket.socket]) -> list[SmtpPort]:
    """Note the addresses of the ports for SMTP, and return these ports."""
    ports = []
    for name, bound in sockets.items():
        service = simulators.services[name]
        access = service.simulator.smtp
        assert access is not None  # noqa: S101 - the names are those of services with such a port
        simulators.addresses.smtp[name] = f"smtp://{host}:{bound.getsockname()[1]}"
        limits = access.limits(service.simulator.read_limits(Limits(service.contract, {})))
        ports.append(SmtpPort(access, limits, simulators.routes[name].respond))
    return ports


async def _open_default_sandbox(
    simulators: Simulators, front: "Front | None", default: DefaultSandbox
) -> dict[str, Any]:
    """Create the default sandbox and return its services."""
    if front is not None:
        return await front.start(default)
    return services_json(simulators, await create_default_sandbox(simulators, default))


def bind(host: str, port: int, names: Sequence[str]) -> list[socket.socket]:
    """Return a socket for each name, on ports from `port` on (0: any free ones); `OSError` names one that is in use."""
    sockets: list[socket.socket] = []
    for offset, name in enumerate(names):
        number = port + offset if port else 0
        bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, number))
        except (OSError, OverflowError, TypeError, ValueError) as error:
            for opened in (*sockets, bound):
                opened.close()
            # The other two are those of the conversion of a name.
            is_no_name = isinstance(error, TypeError | ValueError)
            is_about_host = isinstance(error, socket.gaierror) or getattr(error, "errno", 0) == errno.EADDRNOTAVAIL
            reason = "no name of a host" if is_no_name else getattr(error, "strerror", "ports end at 65535")
            if is_about_host or is_no_name:
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
