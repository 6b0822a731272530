"""Programs of Sendproof in processes of their own, each forked from a process that has imported them (`fork_server`).

A test of what happens before `main`, such as imports, starts `python -m MODULE` instead. In a shell script,
`python FILE ADDRESS MODULE ARGUMENTS` with this file does what `python -m MODULE ARGUMENTS` does.
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
_STDIN, _STDOUT, _STDERR = range(3)

Stream = int | IO[str] | IO[bytes]


class ForkedProgram:
    """A running program, with the part of the interface of `subprocess.Popen` that tests use."""

    def __init__(
        self,
        module: str,
        *arguments: str | Path,
        stdout: Stream | None = None,
        stderr: Stream | None = None,
        environment: Mapping[str, str] | None = None,
        address: str | None = None,
    ) -> None:
        """Start `python -m MODULE ARGUMENTS` with additional environment variables, by the server at an address."""
        start = {
            "module": module,
            "arguments": [*map(str, arguments)],
            "environment": {**os.environ, **(environment or {})},
            "folder": os.getcwd(),  # noqa: PTH109 - text
        }
        streams = [_STDIN, _descriptor(stdout, _STDOUT), _descriptor(stderr, _STDERR)]
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(address or fork_server())
        message = json.dumps(start).encode() + b"\n"
        sent = socket.send_fds(self._connection, [message], streams)
        self._connection.sendall(message[sent:])
        self._reports = self._connection.makefile()
        self.pid = int(self._reports.readline())
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit status, or the negative number of the signal that ended it."""
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = int(self._reports.readline())
            self._reports.close()
            self._connection.close()
        return self.returncode

    def poll(self) -> int | None:
        """Return the exit status if the program has ended."""
        has_ended = self.returncode is not None or select.select([self._connection], [], [], 0)[0]
        return self.wait() if has_ended else None

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the program has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the program, unless it has ended."""
        self.send_signal(signal.SIGKILL)


def _descriptor(stream: Stream | None, default: int) -> int:
    if stream is None:
        return default
    return stream if isinstance(stream, int) else stream.fileno()


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


@cache
def fork_server() -> str:
    """Start the server of this process, which ends with it. Return its address."""
    folder = tempfile.TemporaryDirectory()
    address = str(Path(folder.name) / "server")
    reading, writing = os.pipe()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        numbers = (listener.fileno(), reading)
        command = [sys.executable, str(_SERVER), *map(str, numbers)]
        process = subprocess.Popen(command, pass_fds=numbers, stdin=subprocess.DEVNULL)
    os.close(reading)
    atexit.register(folder.cleanup)
    atexit.register(process.wait)
    atexit.register(os.close, writing)
    return address


def main(address: str, module: str, *arguments: str) -> None:
    """Run a program to its end with the streams of this process, pass signals on, and exit with its status."""
    program = ForkedProgram(module, *arguments, address=address)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: program.send_signal(number))
    status = program.wait()
    # As a shell reports a signal.
    os._exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main(*sys.argv[1:])
