"""Starting and ending the processes of the workers.

Each is a fork of the front. So the contracts are compiled once, and the processes share the memory for them. A fork is
safe before the event loop runs: at most one other thread exists then, that of the `sendproof` command, which waits for
signals and holds no lock.
"""

import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

# A worker ends as soon as its end of the socket pair does. One that computes a large page needs seconds.
_END_S = 10

Main = Callable[[socket.socket], None]


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """A process, and the front's end of the socket pair."""

    process: BaseProcess
    end: socket.socket

    def status(self) -> str:
        """Return in words how the process ended."""
        self.process.join(_END_S)
        status = self.process.exitcode
        if status is None:
            return "it closed its connection"
        return f"signal {-status}" if status < 0 else f"status {status}"


@contextmanager
def worker_processes(number: int, main: Main) -> Iterator[Sequence[WorkerProcess]]:
    """Start processes that call `main` with their end of a socket pair; the end of the block ends them."""
    started: list[WorkerProcess] = []
    try:
        while len(started) < number:
            started.append(_start(main, [worker.end for worker in started]))
        yield started
    finally:
        for worker in started:
            worker.end.close()
        for worker in started:
            _end(worker.process)


def _start(main: Main, ends_of_front: Sequence[socket.socket]) -> WorkerProcess:
    ours, theirs = socket.socketpair()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_run, args=(main, theirs, [*ends_of_front, ours]), daemon=True)
    with theirs:
        process.start()
    return WorkerProcess(process, ours)


def _run(main: Main, end: socket.socket, ends_of_front: Sequence[socket.socket]) -> None:
    """Run a worker, which notices the end of the front by the end of its connection."""
    # In a session of its own: Ctrl-C must reach the front alone, which then ends its workers in order.
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    for copy in ends_of_front:
        copy.close()
    main(end)


def _end(process: BaseProcess) -> None:
    process.join(_END_S)
    if process.exitcode is None:
        process.kill()
        process.join()
