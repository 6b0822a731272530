"""Programs of Sendproof in processes of their own, each forked from a process that has imported them (`fork_server`).

A test of what happens before `main`, such as imports, starts `python -m MODULE` instead.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO

_SERVER = Path(__file__).with_name("fork_server.py")
# A guard against hanging only.
_GUARD_S = 600


class ForkedProgram:
    """A running program, with the part of the interface of `subprocess.Popen` that tests use."""

    def __init__(
        self,
        module: str,
        *arguments: str | Path,
        stdout: int | IO[str] | IO[bytes] | None = None,
        stderr: int | IO[str] | IO[bytes] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start `python -m MODULE ARGUMENTS` with additional environment variables."""
        start = {
            "module": module,
            "arguments": [*map(str, arguments)],
            "environment": {**os.environ, **(environment or {})},
            "folder": os.getcwd(),  # noqa: PTH109 - text
        }
        self._report, report = os.pipe()
        try:
            _send_start(start, [_descriptor(stdout, 1), _descriptor(stderr, 2), report])
        finally:
            os.close(report)
        self._reports = os.fdopen(self._report)
        self.pid = int(self._reports.readline())
        self.returncode: int | None = None

    def wait(self, timeout: float) -> int:
        """Wait for the end, and return the exit status, or the negative number of the signal that ended it."""
        if self.returncode is None:
            if not select.select([self._report], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            self.returncode = int(self._reports.readline())
            self._reports.close()
        return self.returncode

    def poll(self) -> int | None:
        """Return the exit status if the program has ended."""
        is_known = self.returncode is not None or select.select([self._report], [], [], 0)[0]
        return self.wait(0) if is_known else None

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the program has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the program, unless it has ended."""
        self.send_signal(signal.SIGKILL)


def run_program(
    module: str, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python -m MODULE ARGUMENTS` to its end."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        program = ForkedProgram(module, *arguments, stdout=output, stderr=errors, environment=environment)
        status = program.wait(_GUARD_S)
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess([module, *arguments], status, output.read(), errors.read())


def _descriptor(stream: int | IO[str] | IO[bytes] | None, standard: int) -> int:
    if stream is None:
        return standard
    return stream if isinstance(stream, int) else stream.fileno()


def _send_start(start: Mapping[str, object], descriptors: list[int]) -> None:
    server = _fork_server()
    message = json.dumps(start).encode() + b"\n"
    sent = socket.send_fds(server, [message], descriptors)
    server.sendall(message[sent:])


@cache
def _fork_server() -> socket.socket:
    """Start the server of this process, which ends with it."""
    own, of_server = socket.socketpair()
    with of_server:
        number = of_server.fileno()
        command = [sys.executable, str(_SERVER), str(number)]
        process = subprocess.Popen(command, pass_fds=[number], stdin=subprocess.DEVNULL)
    atexit.register(process.wait)
    atexit.register(own.close)
    return own
