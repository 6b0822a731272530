"""Processor time and memory of a command and all its child processes, by role and over time."""

import os
import subprocess
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

# The system counts processor time in steps of 10 ms.
_INTERVAL_S = 0.02
# A list of all processes is expensive, and children are few.
_CHILDREN_EVERY = 10
_MB = 1_000_000
#: Roles in the order of tables. A process has the first role with its word in the command line.
ROLES = {"bridge": "sendproof_bridge", "simulators": "sendproof_simulators", "harness": ""}


class CommandFailedError(Exception):
    """A measured command ended with a wrong status. The message has the end of its output."""


@dataclass(slots=True)
class Usage:
    """Samples of one role: times (seconds since the epoch), processor seconds until then, and the highest memory."""

    times: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    def until(self, at: float) -> float:
        """Return the processor seconds until a time, interpolated between two samples."""
        right = bisect_left(self.times, at)
        if right == 0:
            return 0.0
        if right == len(self.times):
            return self.seconds[-1]
        before, after = self.times[right - 1], self.times[right]
        share = (at - before) / (after - before)
        return self.seconds[right - 1] + share * (self.seconds[right] - self.seconds[right - 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One command that ended: its start and end (seconds since the epoch), and the usage of each role.

    `cpu_s` is the processor time of the command and of all its children, as the system counted it at their end.
    """

    began: float
    ended: float
    cpu_s: float
    usages: Mapping[str, Usage]


def measure(line: Sequence[str], environment: Mapping[str, str], log: Path, statuses: Sequence[int] = (0,)) -> Measured:
    """Run a command to its end. Raises `CommandFailedError` for a status that is not among `statuses`."""
    began, usages = time.time(), {role: Usage() for role in ROLES}
    with log.open("wb") as output:
        process = subprocess.Popen(line, env=dict(environment), stdout=output, stderr=subprocess.STDOUT)
        finished = threading.Event()
        sampler = threading.Thread(target=_sample, args=(process.pid, usages, finished), daemon=True)
        sampler.start()
        _, status, used = os.wait4(process.pid, 0)
        finished.set()
        sampler.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in statuses:
        end = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
        raise CommandFailedError(f"{' '.join(line)}: expected status 0, got {process.returncode}:\n{end}")
    return Measured(began=began, ended=time.time(), cpu_s=used.ru_utime + used.ru_stime, usages=usages)


def _sample(pid: int, usages: Mapping[str, Usage], finished: threading.Event) -> None:
    """Sample until the command has ended. The time of processes that have ended still counts."""
    known: dict[int, tuple[str, psutil.Process]] = {}
    seconds: dict[int, float] = {}
    round_number = 0
    while not finished.wait(_INTERVAL_S):
        if round_number % _CHILDREN_EVERY == 0:
            known |= _new_processes(pid, known)
        round_number += 1
        memory: defaultdict[str, float] = defaultdict(float)
        for child, (role, process) in known.items():
            with suppress(psutil.Error):
                times = process.cpu_times()
                seconds[child] = times.user + times.system
                memory[role] += process.memory_info().rss / _MB
        now = time.time()
        for role, usage in usages.items():
            usage.times.append(now)
            usage.seconds.append(sum(seconds.get(child, 0.0) for child, (owner, _) in known.items() if owner == role))
            usage.peak_mb = max(usage.peak_mb, memory[role])


def _new_processes(pid: int, known: Mapping[int, object]) -> dict[int, tuple[str, psutil.Process]]:
    found = {}
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            if process.pid not in known:
                with suppress(psutil.Error):
                    line = " ".join(process.cmdline())
                    found[process.pid] = (next(role for role, word in ROLES.items() if word in line), process)
    return found
