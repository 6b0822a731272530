"""The bridge of a run: the reference bridge, a command, or a bridge that runs already.

The run can restart a bridge that it started: after a kill, and to give it a new key.
"""

import math
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from sendproof_harness.handover.format import PLATFORM, VARIABLE, clients_of, optimove_key_name
from sendproof_harness.handover.reference_bridge import write_settings
from sendproof_harness.handover.write import write_handover
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.error_excerpt import crash_errors, headline
from sendproof_harness.run.keeping.bounded_log import is_cut
from sendproof_harness.run.log_secrets import leaked_secrets
from sendproof_harness.run.processes import (
    Child,
    ProcessError,
    Program,
    exit_text,
    listens,
    processor_wait_s,
    split_command,
    wait_until,
)
from sendproof_harness.run.progress import ProgressListener

#: The package of the reference bridge.
REFERENCE = "sendproof_bridge"
#: The modules that it imports when it starts, which takes most of the time of a start.
REFERENCE_IMPORTS = (f"{REFERENCE}.cli", f"{REFERENCE}.outbound.providers.*")
LOG = "bridge.log"
RESET_LOG = "reset.log"
# Enough to start a container or a Java program on a busy machine.
RESET_TIMEOUT_S = 120.0


@dataclass(kw_only=True)
class Bridge:
    """One bridge, with the content of its handover file in `folder`.

    `url` is that of a bridge that runs already, `command` starts another one; without both it is the reference bridge.
    `reset` is a command that makes the one at `url` start anew. `environment` is added to that of either command.
    `database` is the folder for data that the reference bridge keeps across restarts, `template` the address of a
    process that has imported the reference bridge. A disk with less than `least_free_bytes` is full.
    """

    handover: dict[str, Any]
    folder: Path
    command: str | None
    url: str | None
    database: Path
    reset: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    template: Path | None = None
    least_free_bytes: int = 1_000_000
    _stack: ExitStack = field(default_factory=ExitStack, init=False)
    _child: Child | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def is_started_by_run(self) -> bool:
        """True if the run starts the bridge, and so can kill and restart it."""
        return self.url is None

    @property
    def pid(self) -> int | None:
        """The process id, if the run started the bridge."""
        return None if self._child is None else self._child.pid

    @property
    def must_join_clock(self) -> bool:
        """True if the bridge must take part in virtual time, as the reference bridge does."""
        return self.url is None and self.command is None

    @property
    def listen(self) -> dict[str, Any]:
        """The `host` and `port` at which the bridge must listen."""
        listen: dict[str, Any] = clients_of(self.handover)[0]["listen"]
        return listen

    @property
    def handover_file(self) -> Path:
        """The absolute path of the handover file."""
        return self._file.resolve()

    def listens(self) -> bool:
        """Return True if a server accepts connections where the bridge must listen."""
        return listens(self.listen["host"], self.listen["port"])

    def write_handover(self) -> None:
        """Write the handover file."""
        write_handover(self.handover, self._file)

    def start_or_announce(self, progress: ProgressListener) -> None:
        """Start the bridge, or print the path of the handover file for a bridge that runs already."""
        if self.is_started_by_run:
            self.start()
            return
        if self.reset is not None:
            progress.phase("resetting the bridge")
            self._run_reset(self.reset)
            return
        progress.note(
            f"The handover file is {self.handover_file}.\nWaiting until the bridge at {self.url} uses the sandbox."
        )
        if not self.listens():
            progress.note(f"There is no server at {self.url} yet.")

    def start(self) -> None:
        """Start the bridge with the current handover."""
        self._child = self._stack.enter_context(Child(self._program()))

    def kill(self) -> None:
        """Kill the bridge as a power cut would. It need not run until it is started again."""
        if self._child is not None:
            self._child.kill()
        self._child = None

    def stop(self) -> None:
        """Ask the bridge to stop. It need not run until it is started again."""
        if self._child is not None:
            self._child.stop()
        self._child = None

    def update_credentials(self, sandbox: str, service: str, credentials: Mapping[str, str]) -> None:
        """Replace credentials in the handover of the client with this sandbox, and write the file."""
        for client in clients_of(self.handover):
            if client["sandbox"] == sandbox:
                client["services"][service]["credentials"].update(credentials)
        self.write_handover()

    def optimove_key(self, sandbox: str) -> tuple[str, str]:
        """Return name and value of the Optimove key that the bridge presents for the client with this sandbox."""
        client = next(client for client in clients_of(self.handover) if client["sandbox"] == sandbox)
        name = optimove_key_name(client)
        return name, client["services"][PLATFORM]["credentials"][name]

    def check_running(self) -> None:
        """Raise `RunAbortedError` if the bridge has ended by itself."""
        status = None if self._child is None else self._child.exit_status
        if self._child is not None and status is not None:
            full = _full_disk([self.database, self.folder, Path()], self.least_free_bytes)
            raise RunAbortedError(_ended(self._child, status, full))

    def log_excerpt(self) -> str:
        """Return the end of the bridge's log for a message; empty if the run did not start it."""
        return "" if self._child is None else self._child.log_excerpt()

    def state_text(self) -> str:
        """Return what is known about a bridge that does not go on, for a message; empty if that is nothing."""
        if self._child is not None:
            return self._child.log_excerpt()
        is_gone = self.url is not None and not self.listens()
        return f"no server listens at {self.url} any more: the bridge has ended" if is_gone else ""

    def processor_wait_s(self) -> float | None:
        """Return how long the bridge has waited for a processor, in seconds; None if that is not known."""
        return None if self._child is None else processor_wait_s(self._child.pid)

    def leaked_secrets(self, client: Mapping[str, Any]) -> list[dict[str, object]] | None:
        """Return the credentials of a client of the handover in the log; None if the run did not start the bridge."""
        log = self.folder / LOG
        return leaked_secrets(log, client) if self.is_started_by_run and log.exists() else None

    def has_cut_log(self) -> bool:
        """Return True if the run started the bridge, and left out the middle of its log."""
        log = self.folder / LOG
        return self.is_started_by_run and log.exists() and is_cut(log)

    @property
    def _file(self) -> Path:
        return self.folder / "handover.json"

    def _run_reset(self, command: str) -> None:
        """Run the command that resets the bridge, to its end; `ProcessError` if it fails or does not end.

        What it leaves running, such as the bridge, runs until the end of this run.
        """
        environment = {**self.environment, VARIABLE: str(self.handover_file)}
        log = self.folder / RESET_LOG
        program = Program(name="the reset", command=split_command(command), log=log, environment=environment)
        child = self._stack.enter_context(Child(program))
        has_ended = wait_until(lambda: child.exit_status is not None, RESET_TIMEOUT_S)
        if not has_ended or child.exit_status:
            ending = exit_text(child.exit_status or 0) if has_ended else f"no end within {RESET_TIMEOUT_S:.0f} s"
            raise ProcessError(f"--reset: expected exit status 0, got {ending}; {child.log_excerpt()}")

    def _program(self) -> Program:
        environment = {**self.environment, VARIABLE: str(self.handover_file), "PYTHONUNBUFFERED": "1"}
        if self.command is not None:
            command = split_command(self.command)
        else:
            settings = self.folder / "bridge.toml"
            environment |= write_settings(self.handover, settings, self.database / "bridge.sqlite")
            command = [sys.executable, "-m", REFERENCE, "serve", "--config", str(settings)]
        return Program(
            name="the bridge",
            command=command,
            log=self.folder / LOG,
            environment=environment,
            template=None if self.command is not None else self.template,
        )


def _ended(child: Child, status: int, full: Path | None) -> RunAborted:
    """Return the reason for the end of a run after its bridge ended; `full` is a folder on a disk without space."""
    return _ended_by_itself(child, status) if full is None else _ended_on_full_disk(child, status, full)


def _ended_by_itself(child: Child, status: int) -> RunAborted:
    """Return the first error of the bridge, with all that belongs to it."""
    errors = crash_errors(child.output())
    said = f" after {headline(errors[0])}" if errors else ""
    names = (f"the first error in {child.program.log}", "the last one")
    shown = [f"{name}:\n{error}" for name, error in zip(names, errors, strict=False)] or [child.log_excerpt()]
    return RunAborted(
        blame="bridge",
        reason="ended",
        cause=f"the bridge ended with {exit_text(status)}{said}",
        expected="a bridge that keeps running until the end of the run",
        got="; ".join([exit_text(status), *shown]),
        remedy=f"repair what the output of the bridge shows: {child.program.log}",
    )


def _full_disk(folders: Sequence[Path], least_bytes: int) -> Path | None:
    """Return a folder that a bridge may write to, on a disk without space."""
    # An image that can only be read has no free space either.
    usable = [folder.absolute() for folder in folders if os.access(folder, os.W_OK)]
    return next((folder for folder in usable if _free_bytes(folder) < least_bytes), None)


def _free_bytes(folder: Path) -> float:
    """Return the free bytes of a disk, or infinity if the folder has disappeared."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return math.inf


def _ended_on_full_disk(child: Child, status: int, folder: Path) -> RunAborted:
    """Return that the bridge had no space: its end says nothing about it."""
    return RunAborted(
        blame="harness",
        reason="ended",
        cause=f"the bridge ended with {exit_text(status)}, and a disk is full",
        expected="space for the data of the bridge",
        got=f"no space on the disk of {folder}; {child.log_excerpt()}",
        remedy="free some space on that disk, and run the scenario again",
    )
