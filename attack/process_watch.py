"""The processes under attack: their memory at every moment, and how long they have waited for a processor."""

import asyncio
import os
from pathlib import Path

from attack_report import ProcessMemory
from ports import AttackError
from sendproof_harness.run.processes import processor_wait_s

_PAUSE_S = 0.5
# A rise of the most memory, in MB, that is put down to a request.
_RISE_MB = 5.0


class ProcessWatch:
    """The resident memory of processes by name, and the time for which all processes waited for a processor.

    Where the kernel keeps the most memory, no short peak is missed.
    """

    def __init__(self, pids: dict[str, int]) -> None:
        """Start with the memory that the processes have now."""
        self._pids = pids
        self._most_kind = "VmHWM" if all(map(_starts_again, pids.values())) else "VmRSS"
        self._before = {name: memory_mb(pid, "VmRSS") for name, pid in pids.items()}
        self._most = dict(self._before)
        self._during = dict.fromkeys(pids, "")
        self.waited_s = processor_wait_s(os.getpid()) or 0.0

    async def run(self) -> None:
        """Measure the waiting time until cancelled."""
        while True:
            await asyncio.sleep(_PAUSE_S)
            self.waited_s = processor_wait_s(os.getpid()) or 0.0

    def sample(self, during: str) -> None:
        """Look at the most memory of each process, and remember the request during which it rose."""
        for name, pid in self._pids.items():
            most = memory_mb(pid, self._most_kind)
            if during and most > self._most[name] + _RISE_MB:
                self._during[name] = during
            self._most[name] = max(most, self._most[name])

    def result(self) -> list[ProcessMemory]:
        """Return the figures of each process."""
        self.sample("")
        return [
            ProcessMemory(
                name=name,
                before_mb=self._before[name],
                most_mb=self._most[name],
                end_mb=memory_mb(pid, "VmRSS"),
                during=self._during[name],
            )
            for name, pid in self._pids.items()
        ]


def _starts_again(pid: int) -> bool:
    """Let the kernel start again to keep the most memory of a process; return False if it cannot."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")
        return "VmHWM:" in Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return False


def memory_mb(pid: int, kind: str) -> float:
    """Return the resident memory of a process in MB, now (VmRSS) or at most (VmHWM); `AttackError` if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError as error:
        raise AttackError(f"expected process {pid} to run, but it has ended") from error
    line = next((line for line in status.splitlines() if line.startswith(f"{kind}:")), None)
    if line is None:
        raise AttackError(f"expected process {pid} to run, but it has ended")
    return int(line.split()[1]) / 1024
