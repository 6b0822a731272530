"""A program below a keeper (`keeper.py`), and the pipes to that keeper."""

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import RLock
from time import monotonic

# Isolated, and without the packages of this installation, which would take half a second to find.
_PACKAGE = Path(__file__).parents[3]
_KEEPER = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from sendproof_harness.run.keeping.keeper import main; main(sys.argv[2:])"
)
# For the keeper to kill what is left after the time of an order.
_KILL_S = 10.0
_BLOCK = 4096


class StartError(Exception):
    """The program could not be started; the message is the reason."""


class KeptProcess:
    """One program that ends with this process, however that ends. Several threads may wait for it."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path | None,
        folder: Path | None = None,
    ) -> None:
        """Start the program in `folder`, or else in that of this process; `StartError` if that is impossible.

        Its output goes to `log`, or else where that of this process goes. The keeper removes the temporary folders of
        this process if it is killed.
        """
        if sys.platform == "win32":
            raise StartError("expected Linux or macOS, got Windows")
        self._reported: dict[str, int] = {}
        self._unread = b""
        self._is_over = False
        # One thread or greenlet reads at a time: two would both find the end, and close the pipe of reports twice. The
        # main thread may be interrupted right after it takes the lock; then it takes it again to stop the program.
        self._reading = RLock()
        self._orders: int | None
        # No other process gets the writing end of the orders, so the pipe closes with this process.
        orders, self._orders = os.pipe()
        self._reports, reports = os.pipe()
        try:
            places = [tempfile.gettempdir(), "" if log is None else str(log.absolute())]
            self._start_keeper(orders, reports, [*places, *command], {**os.environ, **environment}, folder)
            os.close(orders)
            os.close(reports)
            self.pid = self._started_pid()
        except BaseException:
            # An interrupt may have come between any two lines.
            self._close()
            raise

    def _start_keeper(
        self, orders: int, reports: int, words: Sequence[str], environment: Mapping[str, str], folder: Path | None
    ) -> None:
        """Start the keeper with its ends of the pipes; `words` are the other arguments of its `main`."""
        keeper = [sys.executable, "-I", "-S", "-c", _KEEPER, str(_PACKAGE)]
        self._keeper = subprocess.Popen(  # noqa: S603  # the purpose is to run the user's command
            [*keeper, str(orders), str(reports), *words],
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            pass_fds=(orders, reports),
            # Signals of the terminal reach this process alone.
            start_new_session=True,
        )

    def _wait_for_keeper(self) -> None:
        self._keeper.wait()

    @property
    def status(self) -> int | None:
        """The exit status of the program (-N: signal N), None while it runs."""
        self._read_reports(0)
        # The keeper itself can only be killed; then the program is killed, too.
        return self._reported.get("status", -9 if self._is_over else None)

    def wait(self) -> int:
        """Wait for the end of the program and return its exit status."""
        while self.status is None:
            self._read_reports(None)
        return self.status

    def stop(self, seconds: float) -> None:
        """Send SIGTERM, kill after `seconds`, and return when no process below the keeper is left."""
        self._end(f"stop {seconds:g}", seconds)

    def kill(self) -> None:
        """Kill all processes below the keeper, and return when none is left."""
        self._end("kill", 0.0)

    def _started_pid(self) -> int:
        while not self._reported and not self._is_over:
            self._read_reports(None)
        if "pid" in self._reported:
            return self._reported["pid"]
        while not self._is_over:
            self._read_reports(None)
        raise StartError(os.strerror(self._reported["error"]) if self._reported else "its keeper ended")

    def _end(self, order: str, seconds: float) -> None:
        if self._orders is None:
            return
        try:
            with suppress(BrokenPipeError):
                os.write(self._orders, f"{order}\n".encode())
            limit = monotonic() + seconds + _KILL_S
            while not self._is_over and (left := limit - monotonic()) > 0:
                self._read_reports(left)
        finally:
            self._close()

    def _close(self) -> None:
        """Close the pipe of orders, which ends everything, even after an interrupt in any line above."""
        if self._orders is not None:
            orders, self._orders = self._orders, None
            os.close(orders)

    def _read_reports(self, seconds: float | None) -> None:
        """Read what the keeper reports within `seconds`, or let another thread do so in that time."""
        if self._reading.acquire(timeout=-1 if seconds is None else seconds):
            try:
                self._read_alone(seconds)
            finally:
                self._reading.release()

    def _read_alone(self, seconds: float | None) -> None:
        if self._is_over or not select.select([self._reports], [], [], seconds)[0]:
            return
        block = os.read(self._reports, _BLOCK)
        *lines, self._unread = (self._unread + block).split(b"\n")
        for line in lines:
            word, _, number = line.decode().partition(" ")
            self._reported[word] = int(number)
        if not block:
            self._is_over = True
            os.close(self._reports)
            self._wait_for_keeper()
