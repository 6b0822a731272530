"""A program that a template has imported (`template.py`): kept like any other, and started by a fork."""

import json
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sendproof_harness.run.keeping.kept_process import KeptProcess, StartError

_TEMPLATE = "import sys; from sendproof_harness.run.keeping.template import main; main(sys.argv[1:])"
# For a template on a busy machine to accept the connection.
_CONNECT_S = 60.0


def template_command(address: Path, modules: Sequence[str]) -> list[str]:
    """Return the command line of a template that imports the modules, and then listens at the address.

    `PACKAGE.*` is the modules in a package.
    A module that the programs run with `-m` cannot be one of them: it runs in each program. So the modules are those
    that it imports.
    """
    # Unbuffered, because the programs write to their logs as if they had been started with that option.
    return [sys.executable, "-u", "-c", _TEMPLATE, str(address), *modules]


def send_start(connection: socket.socket, start: Mapping[str, object], pipes: Sequence[int]) -> None:
    """Send a start to a template as one line of JSON, with the descriptors of the pipes to its keeper."""
    message = json.dumps(start).encode() + b"\n"
    sent = socket.send_fds(connection, [message], list(pipes))
    # To send nothing fails if the template has read it all and has closed the connection.
    if sent < len(message):
        connection.sendall(message[sent:])


class ForkedProcess(KeptProcess):
    """A program of a template, with a keeper of its own. Its command is `PYTHON -m MODULE ARGUMENT...`."""

    def __init__(
        self,
        template: Path,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path | None,
        folder: Path | None = None,
    ) -> None:
        """`template` is the address at which the template listens; the rest is as for `KeptProcess`."""
        self._template = template
        super().__init__(command, environment, log, folder)

    def _start_keeper(
        self, orders: int, reports: int, words: Sequence[str], environment: Mapping[str, str], folder: Path | None
    ) -> None:
        start = {"words": list(words), "environment": dict(environment), "folder": str(folder or Path.cwd())}
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_CONNECT_S)
                connection.connect(str(self._template))
                send_start(connection, start, [orders, reports])
                # Until it closes, only the template holds the pipes.
                connection.recv(1)
        except OSError as error:
            raise StartError(f"the template does not respond: {error}") from error

    def _wait_for_keeper(self) -> None:
        """Return: the keeper is a child of the template."""
