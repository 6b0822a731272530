"""A template: a process that has imported what a Python program needs, and forks a keeper with it for each start.

`forked_process` runs `main` and sends the starts. Most of the time of a start of a Python program goes into imports, so
a fork takes a tenth of it. The forked program does what `python -m MODULE` does after the imports.
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from sendproof_harness.run.keeping.keeper import Keeper
from sendproof_harness.run.keeping.keeper import main as keep

_BLOCK_BYTES = 65_536
# More than a keeper has open.
_MOST_DESCRIPTORS = 256
_STDIN, _STDOUT, _STDERR, _FIRST_OTHER = range(4)


class ForkingKeeper(Keeper):
    """The keeper of a program that this process has imported. The command is `PYTHON -m MODULE ARGUMENT...`."""

    def _spawn(self, command: list[str], output: int | None, prepare: Callable[[], None]) -> int:
        program = os.fork()
        if program == 0:
            _become_program(command, output, prepare)
        return program


def _become_program(command: list[str], output: int | None, prepare: Callable[[], None]) -> NoReturn:
    """Run the module in this process, and exit with its status."""
    status = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        prepare()
        os.dup2(os.open(os.devnull, os.O_RDONLY), _STDIN)
        if output is not None:
            os.dup2(output, _STDOUT)
            os.dup2(output, _STDERR)
        # The pipes of the keeper close with the keeper alone.
        os.closerange(_FIRST_OTHER, _MOST_DESCRIPTORS)
        _, _, module, *arguments = command
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def main(arguments: list[str]) -> None:
    """Import modules, listen at the address of a socket, and fork a keeper for each connection, until the end."""
    address, *modules = arguments
    for module in modules:
        import_all(module)
    gc.collect()
    gc.freeze()
    # Nobody waits for the keepers.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = socket.socket(socket.AF_UNIX)
    # The address exists only when the server listens.
    server.bind(f"{address}.new")
    server.listen()
    os.rename(f"{address}.new", address)  # noqa: PTH104 - both are text here
    while True:
        connection, _ = server.accept()
        _fork_keeper(server, connection)


def import_all(name: str) -> None:
    """Import a module, or, for `PACKAGE.*`, the modules in a package."""
    package = importlib.import_module(name.removesuffix(".*"))
    if name.endswith(".*"):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)


def _fork_keeper(server: socket.socket, connection: socket.socket) -> None:
    """Fork a keeper for the start that a connection asks for. The connection closes when the keeper has begun."""
    message, pipes, _, _ = socket.recv_fds(connection, _BLOCK_BYTES, 2)
    while not message.endswith(b"\n"):
        message += connection.recv(_BLOCK_BYTES)
    if os.fork() == 0:
        server.close()
        connection.close()
        _become_keeper(json.loads(message), pipes)
    connection.close()
    for pipe in pipes:
        os.close(pipe)


def _become_keeper(start: dict[str, Any], pipes: list[int]) -> NoReturn:
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        if start["folder"]:
            os.chdir(start["folder"])
        os.environ.clear()
        os.environ.update(start["environment"])
        keep([*map(str, pipes), *start["words"]], ForkingKeeper)
    except BaseException:  # noqa: BLE001 - it must not return into the loop of the template
        traceback.print_exc()
    finally:
        os._exit(0)
