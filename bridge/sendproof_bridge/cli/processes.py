"""The processes of the bridge: webhooks and worker in one, or each in its own."""

import argparse
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any, NamedTuple, TypeVar

import uvicorn
from sqlalchemy.exc import OperationalError
from starlette.routing import Router

from sendproof_bridge.clock import MINUTE, PARTICIPANT, SECOND, Clock, SandboxClock, SystemClock, real_now
from sendproof_bridge.config import BridgeConfig, Config, secrets
from sendproof_bridge.config_fields import PostgresUrl
from sendproof_bridge.domain.accounts import Bridge, open_bridge
from sendproof_bridge.inbound.app import WebhookApp
from sendproof_bridge.inbound.connection_guard import TICKS_PER_SECOND, ConnectionGuard, GuardedProtocol, server_bounds
from sendproof_bridge.inbound.fast_path import webhook_protocol
from sendproof_bridge.inbound.listening import listen
from sendproof_bridge.inbound.operator import OperatorRoutes
from sendproof_bridge.log_format import JsonFormatter, PlainFormatter
from sendproof_bridge.outbound.http import HttpClient
from sendproof_bridge.storage.open_store import lock, lock_worker, open_store
from sendproof_bridge.storage.store import DatabaseAwayError, sentence_on
from sendproof_bridge.worker import Worker

_Opened = TypeVar("_Opened")

OK, FAILED = 0, 1

# Webhook app and worker share the interpreter. With the default of 5 ms, a thread that has waited for the disk would
# wait that long again before it continues.
_SWITCH_SECONDS = 0.0005

# Jobs create tens of thousands of objects at a time, none of them in cycles. With its defaults, the garbage collector
# takes a tenth of the time of a large campaign to look at them, and at all that was created at the start.
_COLLECTOR_THRESHOLDS = (50_000, 20, 20)

# How often a worker looks for work that another process has stored, in milliseconds.
_POLL_INTERVAL = SECOND

# How long a start waits for a server that is away, and how often it tries again.
_AWAY_SECONDS, _RECONNECT_SECONDS = 30.0, 0.5

# Together less than the ten seconds after which many supervisors kill a process.
_STOP_SECONDS = 5.0
_CONNECTIONS_CLOSE_SECONDS = 2
_JOBS_RUN = "stopped while jobs were running; the next start looks up the results of their calls"
_WEBHOOKS_WAIT = "stopped while webhooks were being stored; their clients repeat the requests"

logger = logging.getLogger(__name__)


class Process(NamedTuple):
    """What a process of the bridge does, and the address that it listens on, if any."""

    address: tuple[str, int] | None
    has_webhooks: bool = True
    has_worker: bool = True


def serve(config: Config, options: argparse.Namespace) -> int:
    """Run the bridge until it is stopped. Return 0 after a clean stop, 1 after a failure."""
    return _run(config, Process(config.bridge.listen, has_worker=not options.no_worker))


def work(config: Config, options: argparse.Namespace) -> int:
    """Run a worker next to `serve --no-worker` until it is stopped. Return as `serve` does."""
    return _run(config, Process(options.listen, has_webhooks=False))


def open_clock(config: BridgeConfig, process: Process | None = None) -> Clock:
    """Return the clock of the sandbox, or that of the machine, for a process or a command."""
    if config.clock_url:
        return SandboxClock(config.clock_url, parks=process is not None and process.has_worker)
    is_woken = process is not None and process.has_webhooks
    return SystemClock(longest_park=MINUTE if is_woken else _POLL_INTERVAL)


def _run(config: Config, process: Process) -> int:
    _set_up_logging(config)
    sys.setswitchinterval(_SWITCH_SECONDS)
    setting = config.bridge.database
    with ExitStack() as held:
        _lock(config.bridge, process, held)
        database = held.enter_context(closing(_when_available(setting, lambda: open_store(setting))))
        sockets = [held.enter_context(bound) for bound in listen(*process.address)] if process.address else []
        bridge = open_bridge(config, database, open_clock(config.bridge, process), HttpClient())
        gc.freeze()
        gc.set_threshold(*_COLLECTOR_THRESHOLDS)
        worker = None
        if process.has_worker:
            worker = _when_available(setting, lambda: Worker(bridge, config.bridge.threads))
            database.listen(worker.on_added_jobs)
            if isinstance(bridge.clock, SandboxClock) and database.is_server:
                bridge.clock.participant = f"{PARTICIPANT}-{worker.name}"
        return _serve(config.bridge, bridge, process, worker, sockets)


def _when_available(database: Path | PostgresUrl, open_: Callable[[], _Opened]) -> _Opened:
    """Return what `open_` returns. Wait half a minute for a server that is away: both may start at the same time."""
    last, logged = real_now() + _AWAY_SECONDS, ""
    while True:
        try:
            return open_()
        except (DatabaseAwayError, OperationalError) as error:
            if isinstance(database, Path) or real_now() >= last:
                raise
            reason = sentence_on(error) if isinstance(error, OperationalError) else str(error)
        if reason != logged:
            logged = reason
            logger.warning("%s; trying again for %.0f s", reason, last - real_now())
        threading.Event().wait(_RECONNECT_SECONDS)


def _lock(config: BridgeConfig, process: Process, held: ExitStack) -> None:
    """Keep off other bridges, and other workers of this bridge."""
    is_whole = process.has_webhooks and process.has_worker
    held.enter_context(lock(config.database, shared=not is_whole))
    if process.has_worker:
        held.enter_context(lock_worker(config.database))


def _serve(config: BridgeConfig, bridge: Bridge, process: Process, worker: Worker | None, sockets: list[socket]) -> int:
    operator = OperatorRoutes(bridge, config.operator_token, worker.problem if worker else lambda: None)
    with closing(WebhookApp(bridge, worker.wake if worker else lambda: None, operator)) as app:
        guard = ConnectionGuard(server_bounds())
        protocol = webhook_protocol(app, guard) if process.has_webhooks else partial(GuardedProtocol, guard)
        router = app.router() if process.has_webhooks else operator.router()
        server = _Server(_uvicorn_config(router, protocol), guard, worker)
        server.run(sockets)
        status = OK if server.started and not server.worker_failed else FAILED
        last = real_now() + _STOP_SECONDS
        stopped = [
            worker is None or worker.stop(_STOP_SECONDS) or _warn(_JOBS_RUN),
            app.stop(max(0.0, last - real_now())) or _warn(_WEBHOOKS_WAIT),
        ]
        if worker and isinstance(bridge.clock, SandboxClock):
            bridge.clock.leave()
        if not all(stopped):
            _end_at_once(status)
    return status


def _warn(text: str) -> bool:
    """Log what has not ended; return False."""
    logger.warning(text)
    return False


def _end_at_once(status: int) -> None:
    """End the process although threads are busy. The next start goes on as after a kill."""
    logging.shutdown()
    os._exit(status)


def _uvicorn_config(router: Router, protocol: Any) -> uvicorn.Config:
    return uvicorn.Config(
        router,
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        timeout_graceful_shutdown=_CONNECTIONS_CLOSE_SECONDS,
    )


class _Server(uvicorn.Server):
    """Listens before the worker starts, because the first jobs register the webhook URL with Optimove."""

    def __init__(self, config: uvicorn.Config, guard: ConnectionGuard, worker: Worker | None) -> None:
        super().__init__(config)
        self._guard = guard
        self.worker_failed = False
        self._worker = worker

    async def startup(self, *arguments: object, **named: object) -> None:
        """Listen, then start the worker."""
        await super().startup(*arguments, **named)  # type: ignore[arg-type]
        if self.started and self._worker:
            # A parked worker waits for the sandbox for up to 5 s; it can safely be abandoned there.
            threading.Thread(target=self._work, args=[self._worker], name="worker", daemon=True).start()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Finish the responses, and log those that cannot be finished in time: uvicorn counts its own tasks only."""
        await super().shutdown(sockets)
        if owed := len(self.server_state.connections):
            logger.warning("%d connections were closed without a response; their clients repeat the requests", owed)

    async def on_tick(self, counter: int) -> bool:
        """Sweep the connections once a second."""
        if counter % TICKS_PER_SECOND == 0:
            self._guard.sweep(self.server_state.connections)
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM. The base class would raise the signal again, and so kill the running jobs."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _work(self, worker: Worker) -> None:
        try:
            worker.run()
        except OperationalError as error:
            # A traceback would hide the only thing to know: the disk is full, or the file is gone.
            logger.error("%s; the bridge stops, and continues from here at its next start", sentence_on(error))  # noqa: TRY400
            self._fail()
        except Exception:
            logger.exception("the worker failed: the bridge stops, and continues from here at its next start")
            self._fail()

    def _fail(self) -> None:
        self.worker_failed = True
        self.should_exit = True


def _set_up_logging(config: Config) -> None:
    handler = logging.StreamHandler()
    formatter = JsonFormatter if config.bridge.log == "json" else PlainFormatter
    handler.setFormatter(formatter(secrets(config)))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Its "connection pool" warnings contain URLs with tokens.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # A traceback for each connection that a server has closed would hide the warning of those who used it.
    for name in ("sqlalchemy.pool", "psycopg"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # A warning of each invalid request would let clients fill the log.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").addFilter(_is_no_count_of_tasks)


def _is_no_count_of_tasks(record: logging.LogRecord) -> bool:
    """Return False for uvicorn's line on a stop that takes too long: `_Server` says what it means."""
    return not str(record.msg).startswith("Cancel %s running task")
