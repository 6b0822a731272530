"""The command line: `sendproof-bridge COMMAND --config FILE`."""

import argparse
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.exc import OperationalError

from sendproof_bridge import __version__
from sendproof_bridge.cli import examinations, given_up, processes
from sendproof_bridge.cli.migrate import migrate
from sendproof_bridge.cli.output import print_collected
from sendproof_bridge.config import Config, ConfigError, load
from sendproof_bridge.config_fields import SettingError, host_and_port
from sendproof_bridge.inbound.listening import AddressUnusableError
from sendproof_bridge.log_format import one_line
from sendproof_bridge.outbound import providers
from sendproof_bridge.storage.store import DatabaseUnusableError, sentence_on

MISUSED = 2
_WINDOWS = "Sendproof does not run on Windows; run it in the Windows Subsystem for Linux (WSL 2) or in a container."

_EPILOG = """example: sendproof-bridge serve --config bridge.toml

Exit status: 0 after a stop by Ctrl-C or SIGTERM, or if a command finds nothing wrong;
1 after a failure, if `status` lists a job, or if `audit` finds a wrong total; 2 if a setting or an option is
invalid, if the database cannot be used (another bridge uses it, or a newer bridge
created it), if the port is taken, or if the machine does not permit something else, such
as to write the output."""


class _Command(NamedTuple):
    run: Callable[[Config, argparse.Namespace], int]
    help: str


COMMANDS = {
    "serve": _Command(processes.serve, "Run the bridge until it is stopped."),
    "work": _Command(processes.work, "Run a worker without webhooks, next to `serve --no-worker`."),
    "status": _Command(given_up.status, "List the jobs that fail or were given up."),
    "retry": _Command(given_up.retry, "Try failed jobs again, at once."),
    "drop": _Command(given_up.drop, "End jobs that were given up, and drop their messages."),
    "check": _Command(examinations.check, "Check the settings and the environment."),
    "migrate": _Command(migrate, "Create or upgrade the tables of the database, as each start does."),
    "audit": _Command(examinations.audit, "Count all messages, and compare the kept totals."),
}

_SERVING = frozenset({"serve", "work"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Return 0 after success or a clean stop, 1 after a failure, 2 for invalid settings."""
    if sys.platform == "win32":
        sys.stderr.write(f"{_WINDOWS}\n")
        return MISUSED
    options = parser().parse_args(arguments)
    collected = io.StringIO()
    with redirect_stdout(collected):
        status = _run(options)
    lost = print_collected(collected.getvalue())
    if lost is None:
        return status
    sys.stderr.write(f"the output could not be written: {lost}\n")
    return MISUSED


def _run(options: argparse.Namespace) -> int:
    """Run a command. An error of the machine, such as too many open files, is one sentence."""
    try:
        config = load(options.config, os.environ, providers.providers())
        return COMMANDS[options.command].run(config, options)
    except (ConfigError, DatabaseUnusableError, AddressUnusableError) as error:
        sys.stderr.write(f"{error}\n")
    except OperationalError as error:
        sys.stderr.write(f"{sentence_on(error)}\n")
    except OSError as error:
        sys.stderr.write(f"{one_line(str(error))}\n")
    except Exception:  # noqa: BLE001 - Python's own status 1 would say that a job failed or a total is wrong
        traceback.print_exc()
        return processes.FAILED if options.command in _SERVING else MISUSED
    return MISUSED


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; the reference page is generated from it."""
    arguments = argparse.ArgumentParser(
        prog="sendproof-bridge",
        description="Send Optimove campaigns through a message provider, and report the results back.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    arguments.add_argument("--version", action="version", version=__version__)
    commands = arguments.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        options = commands.add_parser(name, help=command.help, description=command.help)
        options.add_argument("--config", type=Path, required=True, metavar="FILE", help="settings, in TOML")
        _add_options(name, options)
    return arguments


def _add_options(command: str, options: argparse.ArgumentParser) -> None:
    if command == "serve":
        options.add_argument("--no-worker", action="store_true", help="only store webhooks; `work` does the work")
    if command == "work":
        address = "address for health and status; without it, there is none"
        options.add_argument("--listen", type=_address, metavar="HOST:PORT", help=address)
    if command == "status":
        options.add_argument("--json", action="store_true", help="print what `/status` returns")
    if command in {"retry", "drop"}:
        options.add_argument("jobs", nargs="*", metavar="JOB", help="the id of a job, as `status` lists it")
        options.add_argument("--all", action="store_true", help="all of them, except those with an unknown effect")
    if command == "retry":
        options.add_argument(
            "--had-no-effect",
            action="store_true",
            help="also retry jobs with an unknown effect, if you know that there was none",
        )


def _address(value: str) -> tuple[str, int]:
    try:
        return host_and_port(value)
    except SettingError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
