"""A process that has imported the programs of Sendproof, and forks a process for each start of one of them.

`forked_program` runs this file and sends the starts. The forked process does what `python -m MODULE` does after the
imports, which take most of the time of a short command.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import traceback
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
_BLOCK_BYTES = 65_536
# Standard output, standard error, and the pipe for the process id and the status.
_DESCRIPTORS = 3


def serve(server: socket.socket) -> None:
    """Fork a process for each start, until the tests have ended. A start is one line of JSON with descriptors."""
    for module in MODULES:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, reap)
    # Ctrl-C in a terminal is for the programs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        message, descriptors, _, _ = socket.recv_fds(server, _BLOCK_BYTES, _DESCRIPTORS)
        if not message:
            return
        while not message.endswith(b"\n"):
            message += server.recv(_BLOCK_BYTES)
        if os.fork() == 0:
            server.close()
            _report_program(json.loads(message), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def reap(*_signal: object) -> None:
    """Wait for the processes that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _report_program(start: dict[str, Any], descriptors: list[int]) -> NoReturn:
    """Fork the program, and report its process id and its status. This process waits for it, like a shell."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output, errors, report = descriptors
    program = os.fork()
    if program == 0:
        os.close(report)
        _become_program(start, output, errors)
    os.close(output)
    os.close(errors)
    os.write(report, b"%d\n" % program)
    _, status = os.waitpid(program, 0)
    with contextlib.suppress(BrokenPipeError):
        os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become_program(start: dict[str, Any], output: int, errors: int) -> NoReturn:
    """Run the module in this process, and exit with its status."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, descriptor in enumerate([os.open(os.devnull, os.O_RDONLY), output, errors]):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.chdir(start["folder"])
        os.environ.clear()
        os.environ.update(start["environment"])
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


if __name__ == "__main__":
    # As `python -m` does: the programs see the folder of the tests, and none of their helpers.
    sys.path[0] = os.getcwd()  # noqa: PTH109 - text
    serve(socket.socket(fileno=int(sys.argv[1])))
