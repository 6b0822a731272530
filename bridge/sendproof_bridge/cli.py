"""The command line: `sendproof-bridge --config FILE`."""

import argparse
import gc
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from socket import socket

import uvicorn
from sqlalchemy.exc import OperationalError

from sendproof_bridge import __version__
from sendproof_bridge.clock import Clock, SandboxClock, SystemClock
from sendproof_bridge.config import BridgeConfig, Config, ConfigError, load
from sendproof_bridge.domain.accounts import Bridge, open_account, open_bridge
from sendproof_bridge.inbound.app import WebhookApp
from sendproof_bridge.inbound.connection_guard import TICKS_PER_SECOND, ConnectionGuard, server_bounds
from sendproof_bridge.inbound.fast_path import webhook_protocol
from sendproof_bridge.inbound.listening import AddressUnusableError, listen
from sendproof_bridge.log_format import PlainFormatter
from sendproof_bridge.outbound import providers
from sendproof_bridge.outbound.http import HttpClient
from sendproof_bridge.storage import message_counts
from sendproof_bridge.storage.open_store import lock, open_store
from sendproof_bridge.storage.store import DatabaseUnusableError, sentence_on
from sendproof_bridge.worker import Worker

OK, FAILED, MISUSED = 0, 1, 2

# Webhook app and worker share the interpreter. With the default of 5 ms, a thread that has waited for the disk would
# wait that long again before it continues.
_SWITCH_SECONDS = 0.0005

# Jobs create tens of thousands of objects at a time, none of them in cycles. With its defaults, the garbage collector
# takes a tenth of the time of a large campaign to look at them, and at all that was created at the start.
_COLLECTOR_THRESHOLDS = (50_000, 20, 20)

_EPILOG = """example: sendproof-bridge --config bridge.toml

Exit status: 0 after a stop by Ctrl-C or SIGTERM, or if --check or --audit finds no
mistake; 1 after a failure, or if --audit finds a wrong total; 2 if a setting is invalid,
if the database cannot be used (another bridge uses it, or a bridge of another version
created it), or if the port is taken."""

# Together less than the ten seconds after which many supervisors kill a process.
_STOP_SECONDS = 5.0
_CONNECTIONS_CLOSE_SECONDS = 2

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bridge until it is stopped. Return 0 after a clean stop, 1 after a failure, 2 for invalid settings."""
    options = parser().parse_args(arguments)
    try:
        config = load(options.config, os.environ, providers.providers())
        if options.check:
            return _check(config)
        return _audit(config) if options.audit else _run(config)
    except (ConfigError, DatabaseUnusableError, AddressUnusableError) as error:
        sys.stderr.write(f"{error}\n")
        return MISUSED
    except OperationalError as error:
        sys.stderr.write(f"{sentence_on(error)}\n")
        return MISUSED


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; the reference page is generated from it."""
    arguments = argparse.ArgumentParser(
        prog="sendproof-bridge",
        description="Send Optimove campaigns through a message provider, and report the results back.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    arguments.add_argument("--config", type=Path, required=True, metavar="FILE", help="settings, in TOML")
    arguments.add_argument("--check", action="store_true", help="only check the settings and the environment")
    arguments.add_argument("--audit", action="store_true", help="only count all messages, and compare the kept totals")
    arguments.add_argument("--version", action="version", version=__version__)
    return arguments


def _check(config: Config) -> int:
    """Open every account, which calls no service and writes nothing, and print a summary."""
    for client in config.clients:
        for channel in client.channels:
            open_account(client, channel, HttpClient())
    channels = sum(len(client.channels) for client in config.clients)
    sys.stdout.write(f"ok: clients {len(config.clients)}, channels {channels}\n")
    return OK


def _audit(config: Config) -> int:
    """Print each kept number of messages that differs from the messages. The bridge may run meanwhile."""
    path = config.bridge.database
    if isinstance(path, Path) and not path.exists():
        raise DatabaseUnusableError(f"{path}: expected the database of a bridge, got no file: start the bridge first")
    with closing(open_store(path)) as database, database.read() as tx:
        wrong = message_counts.wrong_counts(tx)
    for row in wrong:
        of = f"client {row.client}: channel {row.channel}: campaign {row.campaign}: template {row.template}"
        sys.stdout.write(f"{of}: {row.counted} messages were reported as {row.state}, but {row.kept} are kept\n")
    sys.stdout.write("" if wrong else "ok: the kept totals equal the messages\n")
    return FAILED if wrong else OK


def _run(config: Config) -> int:
    _set_up_logging(config.bridge.log)
    sys.setswitchinterval(_SWITCH_SECONDS)
    with (
        lock(config.bridge.database),
        closing(open_store(config.bridge.database)) as database,
        ExitStack() as listening,
    ):
        sockets = [listening.enter_context(bound) for bound in listen(*config.bridge.listen)]
        clock: Clock = SandboxClock(config.bridge.clock_url) if config.bridge.clock_url else SystemClock()
        bridge = open_bridge(config, database, clock, HttpClient())
        gc.freeze()
        gc.set_threshold(*_COLLECTOR_THRESHOLDS)
        return _serve(config.bridge, bridge, sockets)


def _serve(config: BridgeConfig, bridge: Bridge, sockets: list[socket]) -> int:
    worker = Worker(bridge, config.threads)
    bridge.store.listen(worker.wake)
    with closing(WebhookApp(bridge, worker.wake, config.operator_token)) as app:
        guard = ConnectionGuard(server_bounds())
        server = _Server(_uvicorn_config(config, app, guard), guard, worker)
        server.run(sockets)
        status = OK if server.started and not server.worker_failed else FAILED
        if not worker.stop(_STOP_SECONDS):
            _abandon_calls(status)
    return status


def _abandon_calls(status: int) -> None:
    """End the process although calls have no response yet: the next start looks them up, as after a kill."""
    logger.warning("stopped without the responses of some calls; the next start looks them up")
    logging.shutdown()
    os._exit(status)


def _uvicorn_config(config: BridgeConfig, app: WebhookApp, guard: ConnectionGuard) -> uvicorn.Config:
    host, port = config.listen
    return uvicorn.Config(
        app.router(),
        host=host,
        port=port,
        http=webhook_protocol(app, guard),
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        timeout_graceful_shutdown=_CONNECTIONS_CLOSE_SECONDS,
    )


class _Server(uvicorn.Server):
    """Listens before the worker starts, because the first jobs register the webhook URL with Optimove."""

    def __init__(self, config: uvicorn.Config, guard: ConnectionGuard, worker: Worker) -> None:
        super().__init__(config)
        self._guard = guard
        self.worker_failed = False
        self._worker = worker

    async def startup(self, *arguments: object, **named: object) -> None:
        """Listen, then start the worker."""
        await super().startup(*arguments, **named)  # type: ignore[arg-type]
        if self.started:
            # A parked worker waits for the sandbox for up to 5 s; it can safely be abandoned there.
            threading.Thread(target=self._work, name="worker", daemon=True).start()

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

    def _work(self) -> None:
        try:
            self._worker.run()
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


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _set_up_logging(log_format: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonFormatter() if log_format == "json" else PlainFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Its "connection pool" warnings contain URLs with tokens.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    # A warning of each invalid request would let clients fill the log.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
