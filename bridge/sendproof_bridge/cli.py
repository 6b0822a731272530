"""The command line: `sendproof-bridge --config FILE`."""

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import uvicorn

from sendproof_bridge import __version__
from sendproof_bridge.clock import Clock, SandboxClock, SystemClock
from sendproof_bridge.config import BridgeConfig, Config, ConfigError, load
from sendproof_bridge.domain.accounts import Bridge, build, open_account
from sendproof_bridge.inbound.app import Door
from sendproof_bridge.outbound import providers
from sendproof_bridge.outbound.http import Wire
from sendproof_bridge.storage import store
from sendproof_bridge.storage.store import DatabaseInUseError, OtherVersionError, Store
from sendproof_bridge.worker import Worker

OK, FAILED, MISUSED = 0, 1, 2

# Door and worker share the interpreter; with the usual 5 ms, whoever waited for the disk waits as long again to go on.
_SWITCH_SECONDS = 0.0005

_EPILOG = """example: sendproof-bridge --config bridge.toml

Exit status: 0 after it was told to stop (Ctrl-C, SIGTERM), or when --check finds
nothing wrong; 1 when it failed; 2 when its settings are wrong, or another bridge
holds its database, or one of another version has made it."""

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bridge until it is told to stop. Answers 0 after a clean stop, 1 after a failure, 2 for bad settings."""
    options = parser().parse_args(arguments)
    try:
        config = load(options.config, os.environ, providers.providers())
        return _check(config) if options.check else _run(config)
    except (ConfigError, DatabaseInUseError, OtherVersionError) as error:
        sys.stderr.write(f"{error}\n")
        return MISUSED


def parser() -> argparse.ArgumentParser:
    """The command line, which the manual is printed from."""
    made = argparse.ArgumentParser(
        prog="sendproof-bridge",
        description="Carries Optimove campaigns to a message provider, and what became of them back.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--config", type=Path, required=True, metavar="FILE", help="settings, in TOML")
    made.add_argument("--check", action="store_true", help="only check the settings and the environment, and say so")
    made.add_argument("--version", action="version", version=__version__)
    return made


def _check(config: Config) -> int:
    """What can be wrong before anything is opened: each account is set up, and nothing is called or written."""
    for client in config.clients:
        for channel in client.channels:
            open_account(client, channel, Wire())
    accounts = sum(len(client.channels) for client in config.clients)
    sys.stdout.write(f"ok: clients {len(config.clients)}, channels {accounts}\n")
    return OK


def _run(config: Config) -> int:
    _set_up_logging(config.bridge.log)
    sys.setswitchinterval(_SWITCH_SECONDS)
    with store.lock(config.bridge.database), closing(Store(config.bridge.database)) as opened:
        clock: Clock = SandboxClock(config.bridge.clock_url) if config.bridge.clock_url else SystemClock()
        bridge = build(config, opened, clock, Wire())
        return _serve(config.bridge, bridge)


def _serve(config: BridgeConfig, bridge: Bridge) -> int:
    worker = Worker(bridge, config.threads)
    with closing(Door(bridge, worker.wake)) as door:
        server = _Server(_uvicorn(config, door), worker)
        # When it cannot listen it has said why, and then leaves by this way with a status of its own.
        with suppress(SystemExit):
            server.run()
        worker.stop()
    return OK if server.started and not server.worker_failed else FAILED


def _uvicorn(config: BridgeConfig, door: Door) -> uvicorn.Config:
    host, port = config.listen
    return uvicorn.Config(
        door.app(), host=host, port=port, log_config=None, access_log=False, lifespan="off", proxy_headers=False
    )


class _Server(uvicorn.Server):
    """Opens the door before work begins, because work begins with telling Optimove its address."""

    def __init__(self, config: uvicorn.Config, worker: Worker) -> None:
        super().__init__(config)
        self.worker_failed = False
        self._worker = worker

    async def startup(self, *arguments: object, **named: object) -> None:
        """Listen, then work."""
        await super().startup(*arguments, **named)  # type: ignore[arg-type]
        if self.started:
            # A parked worker waits on the far side for up to 20 s; it does no harm to leave it there.
            threading.Thread(target=self._work, name="worker", daemon=True).start()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM. The base class would then die of the signal, and with it the running jobs."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _work(self) -> None:
        try:
            self._worker.run()
        except Exception:
            logger.exception("the worker failed; the bridge stops, and goes on from here at its next start")
            self.worker_failed = True
            self.should_exit = True


class _JsonLines(logging.Formatter):
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


def _set_up_logging(form: str) -> None:
    handler = logging.StreamHandler()
    plain = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(_JsonLines() if form == "json" else plain)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Its "connection pool" warnings hold addresses with tokens.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
