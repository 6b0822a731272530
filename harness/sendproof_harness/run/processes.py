"""Child processes, each with its own log. None of them outlives this process, however it ends (`keeping`)."""

import os
import shlex
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from sendproof_harness.interruption import end_if_interrupted, is_interrupted
from sendproof_harness.run.keeping.forked_process import ForkedProcess
from sendproof_harness.run.keeping.kept_process import KeptProcess, StartError
from sendproof_harness.suggestions import closest

# Enough to finish a request and close a database; a process that takes longer is stuck.
STOP_TIMEOUT_S = 5.0
# The same after an interrupt, because the whole program must end within 10 s.
_INTERRUPTED_STOP_S = 1.0
_POLL_S = 0.02
_CONNECT_S = 2.0
TAIL_LINES = 15
_LINE_MAX = 1_000
# More than all lines that a message quotes.
_END_BYTES = 1_000_000

# The system assigns higher ports (Linux from 32768, others from 49152) to any outgoing connection, so such a port may
# be in use before the bridge listens on it. Parallel runs begin at different positions.
_PORTS = range(20_000, 32_768)
_positions = count(97 * os.getpid())


class ProcessError(Exception):
    """A program did not start, or ended while it was needed. The message names it and quotes its log."""


class CommandError(ProcessError):
    """A command line that cannot be started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to start: its name in messages, its command line, its log, and additions to the environment.

    `folder` is the current folder of the program, by default that of this process. `template` is the address of a
    process that has imported the program.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    folder: Path | None = None
    template: Path | None = None


class Child:
    """One running program. The end of the `with` block stops it and every process that it started."""

    def __init__(self, program: Program, stop_timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Start the program; `ProcessError` if it does not exist. `stop` waits `stop_timeout_s` real seconds."""
        self.program = program
        self._stop_timeout_s = stop_timeout_s
        # Also for a program that cannot be started. An earlier process may have written to the same log.
        program.log.touch()
        self._log_start = program.log.stat().st_size
        try:
            self._process = _kept_process(program)
        except StartError as error:
            raise ProcessError(
                f"{program.name} could not be started: {error}: {shlex.join(program.command)}"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """The exit status, None while the program runs; a negative number is the signal that ended it."""
        return self._process.status

    def tail(self) -> str:
        """Return the last lines of the log."""
        return "\n".join(line[:_LINE_MAX] for line in self._end().splitlines()[-TAIL_LINES:]).rstrip()

    def output(self) -> str:
        """Return the last part of what this process has written to its log."""
        return self._end(self._log_start)

    def _end(self, start: int = 0) -> str:
        """Return the last part of the log; of a log that was cut meanwhile, from any position."""
        with self.program.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(start if start <= size else 0, size - _END_BYTES))
            return log.read().decode("utf-8", "replace")

    def check_running(self) -> None:
        """Raise `ProcessError` if the program has ended."""
        if self.exit_status is not None:
            ending = exit_text(self.exit_status)
            raise ProcessError(f"{self.program.name} ended by itself with {ending}; {self.log_excerpt()}")

    def log_excerpt(self) -> str:
        """Return the end of the log, for a message."""
        tail = self.tail()
        if not tail:
            return f"its log {self.program.log} is empty"
        return f"the end of {self.program.log}:\n{tail}"

    def kill(self) -> None:
        """Kill the program and all of its child processes, as a power cut would; return when they are gone."""
        self._process.kill()

    def stop(self) -> None:
        """Send SIGTERM, and kill the program after the timeout; return when it and its child processes are gone."""
        timeout_s = self._stop_timeout_s
        self._process.stop(min(timeout_s, _INTERRUPTED_STOP_S) if is_interrupted() else timeout_s)


def _kept_process(program: Program) -> KeptProcess:
    places = program.log, program.folder
    if program.template is None:
        return KeptProcess(program.command, program.environment, *places)
    return ForkedProcess(program.template, program.command, program.environment, *places)


def exit_text(status: int) -> str:
    """Return `exit status 2` or `signal SIGKILL`."""
    return f"exit status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"


def pause(seconds: float) -> None:
    """Wait in real time while other processes start and end. An interrupt ends it in any thread."""
    end_if_interrupted()
    threading.Event().wait(seconds)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until the condition holds, for at most `seconds` in real time; return False if it did not."""
    limit = monotonic() + seconds
    while not condition():
        if monotonic() > limit:
            return False
        pause(_POLL_S)
    return True


def listens(host: str, port: int) -> bool:
    """Return True if a server accepts connections at the address."""
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_S):
            return True
    except OSError:
        return False


def free_port(host: str) -> int:
    """Return a port without a server, outside the range that the system assigns itself."""
    for _ in _PORTS:
        port = _PORTS[next(_positions) % len(_PORTS)]
        with socket.socket() as probe, suppress(OSError):
            probe.bind((host, port))
            return port
    raise ProcessError(f"expected a free port from {_PORTS.start} to {_PORTS[-1]} on {host}, got none")


def split_command(command: str, option: str = "--command") -> list[str]:
    """Return the words of a command line; `CommandError` names the option if its quotes or its program are wrong."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise CommandError(f"{option}: expected a command line, got {command!r}: {error}") from error
    if not words or shutil.which(words[0]) is None:
        if words and Path(words[0]).is_file() and "/" in words[0]:
            raise CommandError(f"{option}: {words[0]} is not executable; run: chmod +x {shlex.quote(words[0])}")
        raise CommandError(f"{option}: expected a program that exists, got {command!r}{_near_program(words[:1])}")
    return words


def _near_program(words: Sequence[str]) -> str:
    """Return the hint for a program that does not exist: a file with a similar name in the same folder."""
    for word in words:
        folder = Path(word).parent
        match = closest(Path(word).name, [path.name for path in _entries(folder) if path.is_file()])
        if match:
            return f"; did you mean {folder / match if folder.name else f'./{match}'}?"
    return ""


def processor_wait_s(pid: int) -> float | None:
    """Return how long the threads of a process and of its children have waited for a processor, in seconds.

    None if the system does not say: only Linux does, in `/proc/PID/task/TID/schedstat`.
    """
    waits = list(_thread_waits_ns(pid))
    return sum(waits) / 1e9 if waits else None


def _thread_waits_ns(pid: int) -> Iterator[int]:
    for task in _entries(Path(f"/proc/{pid}/task")):
        try:
            yield int((task / "schedstat").read_text().split()[1])
            children = (task / "children").read_text().split()
        except (OSError, ValueError, IndexError):
            # The thread has ended, or the kernel keeps no such numbers.
            continue
        for child in children:
            yield from _thread_waits_ns(int(child))


def _entries(folder: Path) -> Sequence[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return ()
