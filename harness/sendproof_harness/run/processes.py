"""Child processes: started with a log of their own, and ended by their own id."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

# Time to finish a request and close a database; what takes longer is stuck.
END_S = 5.0
_LOOK_EVERY_S = 0.02
_CONNECT_S = 2.0
TAIL_LINES = 15

# Systems hand out ports from above these (Linux from 32768, others from 49152), also to whoever only calls somebody:
# one of those may be gone before the bridge listens on it. Runs beside each other begin at different places.
_PORTS = range(20_000, 32_768)
_turns = count(97 * os.getpid())


class ProcessError(Exception):
    """A program could not be started, or ended when it should have run. The message names it and quotes its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to start: its name in messages, its words, what is added to the environment, and where its output goes."""

    name: str
    words: Sequence[str]
    log: Path
    environment: Mapping[str, str]


class Child:
    """One running program. Leaving the `with` block ends it, and whatever it started in its turn."""

    def __init__(self, program: Program, end_s: float = END_S) -> None:
        """Start it; `ProcessError` when there is no such program. It gets `end_s` real seconds to end when asked to."""
        self.program = program
        self._end_s = end_s
        with program.log.open("ab") as log:
            try:
                # A session of its own makes a group of its own, so that `npm start` ends with all that it started.
                self._process = subprocess.Popen(  # noqa: S603  # running what the user names is the purpose
                    list(program.words),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **program.environment},
                    start_new_session=True,
                )
            except OSError as error:
                raise ProcessError(
                    f"{program.name} could not be started: {error.strerror}: {shlex.join(program.words)}"
                ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, None while it runs; minus the signal when one ended it."""
        return self._process.poll()

    def tail(self) -> str:
        """The last lines of its log."""
        with self.program.log.open(encoding="utf-8", errors="replace") as log:
            return "".join(deque(log, TAIL_LINES)).rstrip()

    def must_run(self) -> None:
        """Raise `ProcessError` when it has ended."""
        if self.status is not None:
            raise ProcessError(f"{self.program.name} ended by itself with {ending(self.status)}; {self.last_words()}")

    def last_words(self) -> str:
        """Its log, for a message."""
        tail = self.tail()
        if not tail:
            return f"its log {self.program.log} is empty"
        return f"the end of {self.program.log}:\n{tail}"

    def kill(self) -> None:
        """End it as a power cut would, with all that it started; return when it is gone."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        """Ask it to end, then make it; return when it is gone."""
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(self._end_s)
        # Also after it ended well: what it started may still run.
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            # Gone. (macOS answers EPERM for a group that has only an ended process in it.)
            return


def ending(status: int) -> str:
    """`exit status 2`, or `signal SIGKILL`."""
    return f"exit status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"


def pause(seconds: float) -> None:
    """Let real time pass: processes of other people start and end in it."""
    threading.Event().wait(seconds)


def until(done: Callable[[], bool], seconds: float) -> bool:
    """Look until `done()` or so many real seconds are over; whether it was done."""
    limit = monotonic() + seconds
    while not done():
        if monotonic() > limit:
            return False
        pause(_LOOK_EVERY_S)
    return True


def listens(host: str, port: int) -> bool:
    """Whether something takes connections there."""
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_S):
            return True
    except OSError:
        return False


def free_port(host: str) -> int:
    """A port that nothing listens on, and that the system gives to nobody of itself."""
    for _ in _PORTS:
        port = _PORTS[next(_turns) % len(_PORTS)]
        with socket.socket() as probe, suppress(OSError):
            probe.bind((host, port))
            return port
    raise ProcessError(f"expected a free port from {_PORTS.start} to {_PORTS[-1]} on {host}, got none")


def split_command(command: str) -> list[str]:
    """The words of a command line; `ProcessError` when it is empty or its quotes do not match."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ProcessError(f"the command {command!r} cannot be read: {error}") from error
    if not words or shutil.which(words[0]) is None:
        raise ProcessError(f"the command {command!r} names no program that can be found")
    return words
