"""The end of all processes that tests start, also if the tests themselves are killed.

A watcher process holds the reading end of a pipe, which closes with the process of the tests. Then it kills every
process with the mark of these tests in its environment. All children inherit it.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

MARK = "SENDPROOF_TESTS"
# Processes that have just been started may start others.
ROUNDS = 20


def end_with_these_tests() -> None:
    """Start the watcher of this process. Other systems than Linux do not show the environment of processes."""
    if sys.platform != "linux":
        return
    os.environ[MARK] = f"{os.getpid()}.{time.monotonic_ns()}"
    reading, _writing = os.pipe()
    os.set_inheritable(reading, True)
    command = [sys.executable, "-I", "-S", __file__, str(reading), f"{MARK}={os.environ[MARK]}"]
    # A worker of pytest-xdist talks to its parent through its standard input and output.
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    os.posix_spawn(sys.executable, command, os.environ, file_actions=quiet, setsid=True)
    os.close(reading)


def watch(reading: int, mark: bytes) -> None:
    """Wait until the pipe closes, and kill what has the mark."""
    os.read(reading, 1)
    for _ in range(ROUNDS):
        entries = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        found = [int(entry.name) for entry in entries if has_mark(entry, mark)]
        if not found:
            return
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def has_mark(entry: Path, mark: bytes) -> bool:
    """Return True if another process than this one, at an entry of /proc, has the mark in its environment."""
    with suppress(OSError):
        return entry.name != str(os.getpid()) and mark in (entry / "environ").read_bytes().split(b"\0")
    return False


if __name__ == "__main__":
    watch(int(sys.argv[1]), sys.argv[2].encode())
