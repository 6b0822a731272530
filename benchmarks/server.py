"""A server under measurement: its process, its URL, and the processor time and memory that it has used."""

import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_MB = 1_000_000


class BenchmarkError(Exception):
    """The benchmark cannot run. The message explains why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: its URL, the headers that it needs, its process, and the kinds of cases that it can serve."""

    name: str
    url: str
    pid: int
    headers: Mapping[str, str] = field(default_factory=dict)
    serves: frozenset[str] = frozenset({"small", "page", "pages", "post"})

    def processes(self) -> list[psutil.Process]:
        """Return the process and all its children."""
        root = psutil.Process(self.pid)
        return [root, *root.children(recursive=True)]

    def cpu_s(self) -> float:
        """Return the processor seconds that the server has used since its start."""
        total = 0.0
        for process in self.processes():
            with suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def memory_mb(self) -> float:
        """Return the resident memory."""
        memory = 0
        for process in self.processes():
            with suppress(psutil.Error):
                memory += process.memory_info().rss
        return memory / _MB


@contextmanager
def running(line: Sequence[str], output: int = subprocess.DEVNULL, cwd: Path | None = None) -> Iterator["Process"]:
    """Run a server as a child process until the block ends."""
    with subprocess.Popen(line, stdout=output, stderr=subprocess.DEVNULL, text=True, cwd=cwd) as process:
        try:
            yield process
        finally:
            process.terminate()


Process = subprocess.Popen[str]


def free_port() -> int:
    """Return a port that no program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
