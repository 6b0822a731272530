"""One process of the bridge, which can be killed and started again."""

import asyncio
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import psutil

# A worker names its run at its start.
_RUN = re.compile(rb"\b(run-\d+): took over")
# A longer line would end the reading, and the process would wait for its full pipe.
_LONGEST_LINE = 16 * 1024 * 1024


class SupervisedProcess:
    """A command of the bridge. Its log goes to the log of this process.

    `run` is the name of a worker's present run, which is another one after it lost the database. `participant` is its
    name on the clock, which stays that of the first run.
    `ended` is called if the process ends by itself, such as a worker that starts while the database is away.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        ended: Callable[["SupervisedProcess"], Awaitable[None]],
    ) -> None:
        self.name = name
        self.run: str | None = None
        self.participant: str | None = None
        self._arguments, self._environment, self._ended = arguments, environment, ended
        self._must_end = False
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, if it was started."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start it; return at once. A worker has no run until it says so."""
        self.run = self.participant = None
        self._must_end = False
        command = [sys.executable, "-m", "sendproof_bridge", *self._arguments]
        self._process = await asyncio.create_subprocess_exec(
            *command, env=self._environment, stderr=asyncio.subprocess.PIPE, limit=_LONGEST_LINE
        )
        self._reading = asyncio.get_running_loop().create_task(self._read(self._process))

    async def kill(self) -> None:
        """Kill it with SIGKILL, and wait until it has ended."""
        self._must_end = True
        self.send_signal(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()

    async def stop(self, seconds: float) -> None:
        """Stop it with SIGTERM, or kill it after some seconds."""
        self._must_end = True
        self.send_signal(signal.SIGCONT)
        self.send_signal(signal.SIGTERM)
        if self._process is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), seconds)
        await self.kill()

    def send_signal(self, number: int) -> None:
        """Send a signal if it still runs."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stderr is None:
            return
        async for line in process.stderr:
            sys.stderr.write(f"{self.name}: {line.decode(errors='replace')}")
            sys.stderr.flush()
            if match := _RUN.search(line):
                self.run = match[1].decode()
                self.participant = self.participant or f"bridge-{self.run}"
        await process.wait()
        if process is self._process and not self._must_end:
            await self._ended(self)


def own_process_of(
    transport: asyncio.Transport | None, processes: Sequence[SupervisedProcess]
) -> SupervisedProcess | None:
    """Return the process at the other end of a connection on this machine; None if it is none of these."""
    peer = None if transport is None else transport.get_extra_info("peername")
    for process in processes:
        with suppress(psutil.Error):
            ports = {c.laddr.port for c in psutil.Process(process.pid).net_connections("tcp4") if c.laddr}
            if peer is not None and peer[1] in ports:
                return process
    return None
