"""The memory of the programs under attack, and how long they have waited for a processor.

Two figures, because neither is sufficient alone:

* Each process for itself: the most resident memory that the kernel noted, so no peak is missed, however short.
* Each program with all its processes: the sum of their proportional memory (PSS, which counts a shared page once),
  measured every half second. A shorter peak is missed, but those of several processes seldom meet.

Both are growth over the memory after the warm-up, and both are limited.
"""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic

import psutil

from attack_report import ProcessMemory
from ports import AttackError
from sendproof_harness.run.processes import processor_wait_s

#: What happens before the memory is measured for the first time.
WARM_UP = "2,000 usual requests to each port, which fill its record of requests"
_PAUSE_S = 0.5
_TURN_S = 0.05
# A rise of the most memory, in MB, that is put down to a request.
_RISE_MB = 5.0
_MB = 1024 * 1024


class OwnDelay:
    """How long the attack has kept its own clients from sending and reading, in seconds: making bodies takes time."""

    def __init__(self) -> None:
        """Start without a delay."""
        self.total_s = self.longest_s = 0.0

    async def run(self) -> None:
        """Measure until cancelled: how late this task gets each of its turns."""
        while True:
            began = monotonic()
            await asyncio.sleep(_TURN_S)
            late_s = monotonic() - began - _TURN_S
            self.total_s += late_s
            self.longest_s = max(self.longest_s, late_s)


class ProcessWatch:
    """The memory of programs by name, with that of each process, and the time for which all waited for a processor."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        """Start with the memory that the programs have now. `pids` are those of their first processes."""
        self._pids = pids
        self._processes: dict[str, list[psutil.Process]] = {}
        self._own: dict[tuple[str, int], _Figures] = {}
        self._together: dict[str, _Figures] = {}
        self._find_processes()
        pids_found = [process.pid for processes in self._processes.values() for process in processes]
        self._kind = "VmHWM" if all(map(_starts_again, pids_found)) else "VmRSS"
        self.waited_s = 0.0
        self.measure()
        self.sample("")

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            await asyncio.sleep(_PAUSE_S)
            self.measure()

    def measure(self) -> None:
        """Measure how long processes have waited, and the programs with all their processes."""
        self.waited_s = processor_wait_s(os.getpid()) or 0.0
        self._find_processes()
        for program, processes in self._processes.items():
            shares = sum(map(_share_mb, processes))
            self._together.setdefault(program, _Figures(shares)).note(shares, shares, "")

    def sample(self, during: str) -> None:
        """Look at the most memory of each process, and remember the request during which it rose."""
        for program, processes in self._processes.items():
            for process in processes:
                found = memory_mb(process.pid, "VmRSS", self._kind)
                if found is not None:
                    now, most = found
                    self._own.setdefault((program, process.pid), _Figures(now)).note(now, most, during)
                elif process is processes[0]:
                    raise AttackError(f"expected {program} (process {process.pid}) to run, but it has ended")

    def result(self) -> list[ProcessMemory]:
        """Return the figures of each process, and of each program with several."""
        self.measure()
        self.sample("")
        found = []
        for program, first in self._pids.items():
            pids = [pid for known, pid in self._own if known == program]
            for pid in pids:
                name = program if pid == first else f"{program}, process {pid}"
                found.append(self._own[program, pid].result(name))
            if len(pids) > 1:
                found.append(self._together[program].result(f"{program}, all processes"))
        return found

    def _find_processes(self) -> None:
        """Look for the processes of each program, which may start others at any time."""
        for program, pid in self._pids.items():
            with suppress(psutil.Error):
                first = psutil.Process(pid)
                self._processes[program] = [first, *first.children(recursive=True)]


class _Figures:
    """The memory of a process or program in MB: before the attack, the most, and at the end."""

    def __init__(self, before: float) -> None:
        self._before = self._most = self._end = before
        self._during = ""

    def note(self, now: float, most: float, during: str) -> None:
        """Note the memory now, and the most so far."""
        if during and most > self._most + _RISE_MB:
            self._during = during
        self._most, self._end = max(most, self._most), now

    def result(self, name: str) -> ProcessMemory:
        """Return the figures under a name."""
        return ProcessMemory(
            name=name, before_mb=self._before, most_mb=self._most, end_mb=self._end, during=self._during
        )


def _share_mb(process: psutil.Process) -> float:
    """Return the proportional memory of a process, 0 if it has ended."""
    with suppress(psutil.Error, OSError):
        return float(getattr(process.memory_full_info(), "pss", process.memory_info().rss)) / _MB
    return 0.0


def _starts_again(pid: int) -> bool:
    """Let the kernel start again to keep the most memory of a process; return False if it cannot."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")
        return "VmHWM:" in Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return False


def memory_mb(pid: int, *kinds: str) -> list[float] | None:
    """Return the resident memory of a process in MB by kind, now (VmRSS) or at most (VmHWM); None if it has ended."""
    with suppress(OSError, KeyError):
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
        figures = {name: figure for name, _, figure in (line.partition(":") for line in lines)}
        return [int(figures[kind].split()[0]) / 1024 for kind in kinds]
    return None
