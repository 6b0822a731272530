"""The keeper of one program: it ends the program, and every process that it started, when its harness ends.

`kept_process` runs `main` with the standard library alone, because it starts before every program. Its arguments are:

    ORDERS REPORTS TEMPORARY LOG COMMAND...

ORDERS is the reading end of a pipe to the harness. No other process has its writing end, so it closes when the harness
ends, also by SIGKILL. Its lines are `stop SECONDS` and `kill`. To REPORTS the keeper writes `pid N` or `error ERRNO`,
and `status N` when the program has ended (-N: signal N). It closes REPORTS when no process is left. If the harness
ends without an order, the keeper also removes what the harness left in the place for temporary folders, TEMPORARY
(`scratch`). It copies the output of the program to the file LOG, unless that is empty text, and keeps the file within
its limit.

A signal of the terminal does not reach the keeper, which has a session of its own. On Linux it is the subreaper of the
program: a process whose parent has ended becomes a child of the keeper, whatever session it has. Elsewhere, such a
process is found only through its process group.
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

from sendproof_harness.run.keeping.bounded_log import BoundedLog

# The harness is gone, so no result of the program matters any more.
_ORPHANED_GRACE_S = 1.0
# After the program itself, for processes that it left behind.
_REST_GRACE_S = 0.5
# For other processes of a run to end, whose temporary folders are also abandoned then.
_LAST_FOLDERS_S = 0.5
# A process in an uninterruptible wait cannot be killed.
_KILL_LIMIT_S = 5.0
_POLL_S = 0.02
# What the program wrote before its end is in the log when the end is reported. Its child processes may go on writing.
_LAST_OUTPUT_S = 1.0
_BLOCK_BYTES = 256 * 1024

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_RESET_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE, signal.SIGCHLD)


class Keeper:
    """One program, the pipes to the harness, and the end of both."""

    def __init__(self, orders: int, reports: int, log: BoundedLog | None) -> None:
        """`orders` and `reports` are file descriptors."""
        self._orders, self._reports, self._log = orders, reports, log
        self._output: int | None = None
        self._unread = b""
        self._program = 0
        self._has_ended = False
        self._is_orphaned = False
        self._got_sigterm = False
        self._wakes, wake = os.pipe()
        os.set_blocking(self._wakes, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def keep(self, command: list[str]) -> bool:
        """Run the command until it is over; return False if the end was not the harness's order."""
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        # A handler, because the program would inherit an ignored signal.
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, self._note_signal)
        if not self._start(command):
            return True
        while (order := self._next_order()) is None:
            self._wait(None)
        self._end(order)
        return not self._is_orphaned and not self._got_sigterm

    def _note_signal(self, number: int, _: object) -> None:
        self._got_sigterm = self._got_sigterm or number == signal.SIGTERM

    def _start(self, command: list[str]) -> bool:
        keeper = os.getpid()
        self._output, output = (None, None) if self._log is None else os.pipe()

        def prepare() -> None:
            for number in _RESET_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            # The keeper may have ended before the call above.
            if os.getppid() != keeper:
                os._exit(1)

        try:
            self._program = self._spawn(command, output, prepare)
        except OSError as error:
            self._report(f"error {error.errno or 0}")
            return False
        finally:
            if output is not None:
                os.close(output)
        self._report(f"pid {self._program}")
        return True

    def _spawn(self, command: list[str], output: int | None, prepare: Callable[[], None]) -> int:
        """Start the program in a session of its own, which is a new process group, and return its id."""
        # The keeper has one thread, so a function before `exec` is safe.
        process = subprocess.Popen(  # noqa: S603 - the purpose is to run the user's command
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=prepare,  # noqa: PLW1509 - see above
        )
        # Only `_reap` may wait for it, after everything else: until then no other process can get its id.
        process.returncode = 0
        return process.pid

    def _wait(self, seconds: float | None) -> None:
        """Wait for an order, output, a signal or the end of a child, for at most `seconds`."""
        watched = [self._wakes, *([] if self._is_orphaned else [self._orders])]
        ready, _, _ = select.select([*watched, *([] if self._output is None else [self._output])], [], [], seconds)
        if self._output in ready:
            self._copy_output()
            if not set(watched).intersection(ready):
                # A program that writes much must not wait for a look at all processes after each block.
                return
        if self._wakes in ready:
            with suppress(BlockingIOError):
                os.read(self._wakes, 4096)
        if self._orders in ready:
            block = os.read(self._orders, 4096)
            self._unread += block
            self._is_orphaned = not block
        self._reap()

    def _copy_output(self) -> None:
        """Copy one block that is ready."""
        if self._output is None or self._log is None:
            return
        block = os.read(self._output, _BLOCK_BYTES)
        if block:
            self._log.write(block)
        else:
            os.close(self._output)
            self._output = None

    def _copy_last_output(self) -> None:
        """Copy all that is ready."""
        limit = monotonic() + _LAST_OUTPUT_S
        while self._output is not None and monotonic() < limit and select.select([self._output], [], [], 0)[0]:
            self._copy_output()

    def _next_order(self) -> bytes | None:
        line, newline, rest = self._unread.partition(b"\n")
        if newline:
            self._unread = rest
            return line
        return b"stop %g" % _ORPHANED_GRACE_S if self._is_orphaned or self._got_sigterm else None

    def _reap(self) -> None:
        """Take note of the program's end, and remove ended processes that the keeper inherited."""
        if not self._has_ended and (status := _ended_status(self._program)) is not None:
            self._has_ended = True
            self._copy_last_output()
            self._report(f"status {status}")
        if sys.platform == "linux":
            for child in [pid for pid, parent in _parents().items() if parent == os.getpid() and pid != self._program]:
                with suppress(ChildProcessError):
                    os.waitpid(child, os.WNOHANG)

    def _end(self, order: bytes) -> None:
        """End every process: with SIGTERM first, unless the order is `kill`."""
        word, _, seconds = order.partition(b" ")
        if word == b"stop":
            self._signal_group(signal.SIGTERM)
            self._wait_while(lambda: not self._has_ended, float(seconds))
            self._signal_rest(signal.SIGTERM)
            self._wait_while(lambda: bool(self._rest()), _REST_GRACE_S)
        self._wait_while(self._kill_all, _KILL_LIMIT_S)
        self._copy_last_output()
        with suppress(ChildProcessError):
            os.waitpid(self._program, os.WNOHANG)

    def _kill_all(self) -> bool:
        """Kill every process; return True if one is left."""
        self._signal_group(signal.SIGKILL)
        self._signal_rest(signal.SIGKILL)
        self._reap()
        return not self._has_ended or bool(self._rest())

    def _wait_while(self, condition: Callable[[], bool], seconds: float) -> None:
        """Wait while the condition holds, for at most `seconds`, and for less if the harness ends meanwhile."""
        limit, was_orphaned = monotonic() + seconds, self._is_orphaned
        while condition() and monotonic() < limit:
            self._wait(_POLL_S)
            if self._is_orphaned and not was_orphaned:
                limit, was_orphaned = min(limit, monotonic() + _ORPHANED_GRACE_S), True

    def _signal_group(self, number: signal.Signals) -> None:
        # The program is not reaped yet, so the group cannot belong to another program.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._program, number)

    def _signal_rest(self, number: signal.Signals) -> None:
        for pid in self._rest():
            _signal_descendant(pid, number)

    def _rest(self) -> list[int]:
        """Return the processes below the keeper, without the program itself."""
        return [pid for pid in _descendants(os.getpid()) if pid != self._program]

    def _report(self, line: str) -> None:
        with suppress(BrokenPipeError):
            os.write(self._reports, line.encode() + b"\n")


def _ended_status(pid: int) -> int | None:
    """Return the exit status of a child (-N: signal N) without reaping it; None while it runs."""
    if not hasattr(os, "waitid"):
        ended, status = os.waitpid(pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if ended else None
    result = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if result is None:
        return None
    return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status


def _signal_descendant(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process below this one, and to no other that has got its id meanwhile."""
    if not hasattr(os, "pidfd_open"):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
        return
    with suppress(ProcessLookupError, PermissionError):
        handle = os.pidfd_open(pid)
        try:
            # The handle stays with the process that it was opened for. Only now the question whose process that is.
            if pid in _descendants(os.getpid()):
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)


def _descendants(root: int) -> list[int]:
    """Return all processes that `root` started, directly or through others."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    found = list(children.get(root, ()))
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def _parents() -> dict[int, int]:
    """Return the parent of every process of the machine."""
    return dict(_proc_parents() if os.path.isdir("/proc/self") else _ps_parents())  # noqa: PTH112 - pathlib is slow


def _proc_parents() -> Iterator[tuple[int, int]]:
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib is slow
        if name.isdigit():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - pathlib is slow
                # The name of the program is in parentheses, and may contain some itself.
                yield int(name), int(file.read().rpartition(b")")[2].split()[1])


def _ps_parents() -> Iterator[tuple[int, int]]:
    with subprocess.Popen(["/bin/ps", "-A", "-o", "pid=,ppid="], stdout=subprocess.PIPE) as ps:
        listed, _ = ps.communicate()
    for pid, parent in (map(int, line.split()) for line in listed.splitlines()):
        if pid != ps.pid:
            yield pid, parent


def _prctl(option: int, value: int) -> None:
    """Call `prctl` of Linux; other systems have none."""
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 - other systems do not need it

    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def main(arguments: list[str], keeper: type[Keeper] = Keeper) -> None:
    """Keep the program of the command line."""
    orders, reports, place, log, *command = arguments
    try:
        bounded = BoundedLog(Path(log)) if log else None
    except OSError as error:
        with suppress(BrokenPipeError):
            os.write(int(reports), b"error %d\n" % (error.errno or 0))
        return
    is_ordered = keeper(int(orders), int(reports), bounded).keep(command)
    if not is_ordered:
        _remove_abandoned_folders(Path(place))


def _remove_abandoned_folders(place: Path) -> None:
    from sendproof_harness.scratch import remove_abandoned_folders  # noqa: PLC0415 - the usual end does not need it

    remove_abandoned_folders(place)
    select.select([], [], [], _LAST_FOLDERS_S)
    remove_abandoned_folders(place)
