"""SIGINT, SIGTERM and SIGHUP: each ends the program in an orderly way, wherever it arrives, and within seconds.

The first signal raises `KeyboardInterrupt` in the main thread, and the program cleans up. Further ones are ignored: a
terminal, a shell and a CI server often send several. If the program has not ended after `DEADLINE_S`, it exits at once,
and the keepers of its child processes end those (`run/keeping`).

A signal belongs to the whole process, and so does the state of this module.
"""

import os
import queue
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

#: Real seconds from the first signal to the end. A child process then needs up to another second.
DEADLINE_S = 8.0
#: With this environment variable, a program ends when its standard input does (`end_with_stdin`).
LIFELINE_VARIABLE = "SENDPROOF_ENDS_WITH_STDIN"
# The status of a program that could not do its work.
_LIFELINE_LOST = 3
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@dataclass(kw_only=True)
class Interruption:
    """The first signal: its number, what the program did then, and what it keeps, as sentences."""

    number: int
    stage: str
    kept: list[str] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """The status that shells report for a program that the signal ended, such as 130 for Ctrl-C."""
        return 128 + self.number

    @property
    def is_ctrl_c(self) -> bool:
        """True for SIGINT, the usual end of a server in a terminal."""
        return self.number == signal.SIGINT

    @property
    def text(self) -> str:
        """The message for the user."""
        name = signal.Signals(self.number).name
        return "\n".join([f"sendproof: interrupted by {name} while {self.stage}", *(self.kept or ["Nothing is kept."])])


@dataclass
class _State:
    stage: str = "starting"
    interruption: Interruption | None = None


_state = _State()
# Safe in a signal handler, unlike other queues and locks.
_news: queue.SimpleQueue[int | None] = queue.SimpleQueue()


def end_with_stdin(before_exit: Callable[[], None]) -> None:
    """Exit at once when the standard input ends, if the program that started this one has set the variable.

    Only that program has the other end of the pipe, so it closes with it, after SIGKILL as well. Another thread calls
    `before_exit`.
    """
    if LIFELINE_VARIABLE in os.environ:
        threading.Thread(target=_exit_after_stdin, args=(before_exit,), daemon=True).start()


def _exit_after_stdin(before_exit: Callable[[], None]) -> None:
    with suppress(OSError):
        while os.read(0, 1):
            pass
    try:
        before_exit()
    finally:
        os._exit(_LIFELINE_LOST)


def enter_stage(text: str) -> None:
    """Note what the program does now, for the message, as in `starting the bridge`."""
    _state.stage = text


def interruption() -> Interruption | None:
    """Return the signal that ends the program; None without one.

    A signal can arrive where Python or a library turns its exception into another one, such as while a class is built.
    """
    return _state.interruption


def is_interrupted() -> bool:
    """Return True if a signal ends the program."""
    return _state.interruption is not None


def end_if_interrupted() -> None:
    """Raise `KeyboardInterrupt` in another thread than the main one, which alone a signal interrupts."""
    if _state.interruption is not None and threading.current_thread() is not threading.main_thread():
        raise KeyboardInterrupt


def keep(sentence: str) -> None:
    """Add what is kept to the message of the interruption, if there is one."""
    if _state.interruption is not None:
        _state.interruption.kept.append(sentence)


@contextmanager
def interruptible(
    deadline_s: float = DEADLINE_S, before_late_exit: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Let signals interrupt the block, which must end within `deadline_s` then.

    A block that does not end is left where it is: another thread calls `before_late_exit`, and exits. After the block,
    its signal is forgotten.
    """
    global _state  # noqa: PLW0603 - see the docstring of this module
    _state = _State()
    before = {number: signal.signal(number, _interrupt) for number in _handled()}
    # A signal that this thread took while the main thread holds it back would interrupt the main thread.
    with delayed_signals():
        threading.Thread(target=_exit_at_deadline, args=(deadline_s, before_late_exit), daemon=True).start()
    try:
        yield
    finally:
        _news.put(None)
        for number, handler in before.items():
            signal.signal(number, handler)
        _state = _State()


@contextmanager
def delayed_signals() -> Iterator[None]:
    """Hold signals back until the end of the block, and in the threads and processes that start there."""
    before = hold_signals()
    try:
        yield
    finally:
        release_signals(before)


def hold_signals() -> Collection[int]:
    """Hold signals back, also in threads that start now; return those that were held before, for `release_signals`."""
    return signal.pthread_sigmask(signal.SIG_BLOCK, _known())


def release_signals(before: Collection[int]) -> None:
    """Hold only these signals back. One that came meanwhile interrupts now."""
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _known() -> list[signal.Signals]:
    """Return the signals of this module that the system has."""
    return [signal.Signals[name] for name in _SIGNALS if name in signal.Signals.__members__]


def _handled() -> list[signal.Signals]:
    """Return the signals to handle: a shell starts background jobs with SIGINT ignored, and that must stay."""
    return [number for number in _known() if signal.getsignal(number) is not signal.SIG_IGN]


def _interrupt(number: int, frame: FrameType | None) -> None:
    del frame
    if _state.interruption is None:
        _state.interruption = Interruption(number=number, stage=_state.stage)
        _news.put(number)
        raise KeyboardInterrupt


def _exit_at_deadline(deadline_s: float, before_late_exit: Callable[[], None]) -> None:
    number = _news.get()
    if number is None:
        return
    with suppress(queue.Empty):
        _news.get(timeout=deadline_s)
        return
    found = _state.interruption
    try:
        before_late_exit()
        os.write(2, f"{found.text if found else 'sendproof: interrupted'}\n".encode())
    finally:
        os._exit(128 + number)
