"""A process that has imported the programs of Sendproof, and forks a process for each start of one of them.

`forked_program` runs this file and sends the starts. The forked process does what `python -m MODULE` does after the
imports, which take most of the time of a short command.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import select
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn

#: The programs, and what many of their commands import when they begin.
MODULES = (
    "sendproof_bridge.cli",
    "sendproof_harness.cli.commands",
    "sendproof_harness.comparison.bridges",
    "sendproof_harness.explain",
    "sendproof_harness.judge.checks",
    "sendproof_harness.preflight.checks",
    "sendproof_harness.scenario.load",
    "sendproof_harness.session",
    "sendproof_simulators.server.app",
)
#: The variables with folders of contracts, simulators and providers.
FOLDERS = frozenset(
    {"SENDPROOF_BRIDGE_PROVIDERS", "SENDPROOF_CONTRACTS", "SENDPROOF_HARNESS_PROVIDERS", "SENDPROOF_SIMULATORS"}
)
_BLOCK_BYTES = 65_536
_STANDARD_STREAMS = 3


def serve(listener: socket.socket, tests: int) -> None:
    """Fork a process for each connection, which sends one start, until the pipe from the tests closes."""
    for module in MODULES:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, _reap)
    # Ctrl-C in a terminal is for the programs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while tests not in select.select([listener.fileno(), tests], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            os.close(tests)
            _report_program(connection)
        connection.close()


def _reap(*_signal: object) -> None:
    """Wait for the processes that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _report_program(connection: socket.socket) -> NoReturn:
    """Fork the program, and send its process id, and at its end the status. This process waits for it, like a shell."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, streams, _, _ = socket.recv_fds(connection, _BLOCK_BYTES, _STANDARD_STREAMS)
    while not message.endswith(b"\n"):
        message += connection.recv(_BLOCK_BYTES)
    program = os.fork()
    if program == 0:
        connection.close()
        _become_program(json.loads(message), streams)
    for stream in streams:
        os.close(stream)
    # Tests that were killed read nothing.
    with contextlib.suppress(OSError):
        connection.sendall(b"%d\n" % program)
        _, status = os.waitpid(program, 0)
        connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become_program(start: dict[str, Any], streams: list[int]) -> NoReturn:
    """Run the module in this process, and exit with its status."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(_STANDARD_STREAMS, max(streams) + 1)
        os.chdir(start["folder"])
        if _read_at_import(start["environment"]) != _read_at_import(os.environ):
            command = [sys.executable, "-m", start["module"], *start["arguments"]]
            os.execve(sys.executable, command, start["environment"])
        os.environ.clear()
        os.environ.update(start["environment"])
        assert isinstance(sys.stdout, io.TextIOWrapper)
        sys.stdout.reconfigure(line_buffering=os.isatty(1), write_through="PYTHONUNBUFFERED" in os.environ)
        sys.argv = [start["module"], *start["arguments"]]
        runpy.run_module(start["module"], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _read_at_import(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that decide what an interpreter or an import does: a fork would come too late for others."""
    return {
        name: value
        for name, value in environment.items()
        if (name.startswith("PYTHON") and name != "PYTHONUNBUFFERED") or name in FOLDERS
    }


if __name__ == "__main__":
    # The programs find the packages of the environment, and none of the helpers of tests.
    del sys.path[0]
    serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
