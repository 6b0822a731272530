"""How busy processes are, and how much they hold in memory, by the operating system."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psutil

from sendproof_harness.load.model import Role

_MB = 1_000_000
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and its children have used so far: seconds of processors, and megabytes that they hold now."""

    cpu_seconds: float
    memory_mb: float


@dataclass(slots=True)
class WatchedProcess:
    """One process that takes part, with its children unless it counts `alone`. What has ended is still counted."""

    role: Role
    name: str
    pid: int
    alone: bool = False
    _seen: dict[int, float] = field(default_factory=dict)

    def measure(self) -> Usage | None:
        """What it has used; None when it is gone, or somebody else's."""
        memory = 0.0
        with suppress(psutil.Error):
            root = psutil.Process(self.pid)
            for process in (root, *([] if self.alone else root.children(recursive=True))):
                memory += self._look_at(process)
        return Usage(sum(self._seen.values()), memory / _MB) if memory else None

    def _look_at(self, process: psutil.Process) -> float:
        with suppress(psutil.Error):
            times = process.cpu_times()
            self._seen[process.pid] = times.user + times.system
            held: float = process.memory_info().rss
            return held
        return 0.0


def own_usage() -> Usage:
    """Of this process alone."""
    process = psutil.Process(os.getpid())
    times = process.cpu_times()
    return Usage(times.user + times.system, process.memory_info().rss / _MB)


def machine_usage() -> float:
    """The share of all processors in use since this was asked last; 0 the first time."""
    return min(1.0, psutil.cpu_percent() / 100)


def is_local(url: str) -> bool:
    """Whether an address is on this machine, so that its processes can be looked at."""
    return urlsplit(url).hostname in _HERE


def listening_pid(port: int) -> int | None:
    """The id of the process that listens on a port of this machine; None when that cannot be seen."""
    with suppress(psutil.Error):
        for one in psutil.net_connections(kind="tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port:
                return one.pid
    return None


def cores_between(before: Mapping[str, Usage], after: Mapping[str, Usage], seconds: float) -> dict[str, float]:
    """By name, how many processors were in use on average over so many seconds."""
    return {
        name: max(0.0, (usage.cpu_seconds - before[name].cpu_seconds) / seconds)
        for name, usage in after.items()
        if name in before and seconds > 0
    }
