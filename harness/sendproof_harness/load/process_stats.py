"""Processor and memory usage of processes, from the operating system."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

import psutil

from sendproof_harness.load.model import Role

_MB = 1_000_000
_LIST_EVERY = 5


@dataclass(frozen=True, slots=True)
class Usage:
    """Usage of a process and its children: processor seconds so far, and current memory in millions of bytes.

    `descriptors` is the number of open file descriptors (handles on Windows), 0 if it is not known.
    """

    cpu_seconds: float
    memory_mb: float
    descriptors: int = 0


@dataclass(slots=True)
class WatchedProcess:
    """Process of a load test, with its children unless `alone`. Children that have ended still count.

    Children are listed with the first measurement and every fifth one after it: a list reads all processes of the
    machine. The time that a child used before it was listed counts afterwards.
    """

    role: Role
    name: str
    pid: int
    alone: bool = False
    _measurements: int = 0
    _known: dict[int, psutil.Process] = field(default_factory=dict)
    _cpu_seconds: dict[int, float] = field(default_factory=dict)

    def measure(self) -> Usage | None:
        """Return the usage; None if the process has ended or belongs to another user."""
        if self._measurements % _LIST_EVERY == 0:
            self._list_processes()
        self._measurements += 1
        memory = sum(self._measure_memory(process) for process in self._known.values())
        descriptors = sum(_descriptors(process) for process in self._known.values())
        return Usage(sum(self._cpu_seconds.values()), memory / _MB, descriptors) if memory else None

    def _list_processes(self) -> None:
        with suppress(psutil.Error):
            root = psutil.Process(self.pid)
            processes = [root, *([] if self.alone else root.children(recursive=True))]
            self._known = {process.pid: process for process in processes}

    def _measure_memory(self, process: psutil.Process) -> float:
        """Store the processor time of a process, and return its memory in bytes."""
        with suppress(psutil.Error), process.oneshot():
            times = process.cpu_times()
            self._cpu_seconds[process.pid] = times.user + times.system
            memory: float = process.memory_info().rss
            return memory
        return 0.0


def _descriptors(process: psutil.Process) -> int:
    count = getattr(process, "num_fds", None) or getattr(process, "num_handles", None)
    with suppress(psutil.Error):
        return 0 if count is None else int(count())
    return 0


def simulator_processes(pid: int) -> list[WatchedProcess]:
    """Return the processes of simulators, each of its own: one can be busy while the others have time.

    Simulators with several workers have a child process for each.
    """
    workers: list[psutil.Process] = []
    with suppress(psutil.Error):
        workers = psutil.Process(pid).children()
    children = [
        WatchedProcess("simulators", f"simulators' worker {number}", worker.pid, alone=True)
        for number, worker in enumerate(workers, start=1)
    ]
    return [WatchedProcess("simulators", "simulators", pid, alone=bool(children)), *children]


def own_usage() -> Usage:
    """Return the usage of this process, without children."""
    process = psutil.Process(os.getpid())
    times = process.cpu_times()
    return Usage(times.user + times.system, process.memory_info().rss / _MB)


def machine_usage() -> float:
    """Return the share of all processors in use since the previous call; 0 for the first call."""
    return min(1.0, psutil.cpu_percent() / 100)


def is_local(url: str) -> bool:
    """Return True if a URL is on this machine, by its address or its name, so that its processes can be measured."""
    return is_loopback(url) or urlsplit(url).hostname == socket.gethostname().lower()


def is_loopback(url: str) -> bool:
    """Return True if only this machine reaches a URL."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listening_pid(port: int) -> int | None:
    """Return the id of the process that listens on a port of this machine; None if it is not visible."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
                return connection.pid
    return None


def cores_between(before: Mapping[str, Usage], after: Mapping[str, Usage], seconds: float) -> dict[str, float]:
    """Return, by name, the average number of processors in use between two measurements."""
    return {
        name: max(0.0, (usage.cpu_seconds - before[name].cpu_seconds) / seconds)
        for name, usage in after.items()
        if name in before and seconds > 0
    }
