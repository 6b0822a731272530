"""SIGINT and SIGTERM: both end the program in an orderly way, wherever they arrive."""

import signal
from types import FrameType
from typing import NoReturn

# A signal handler belongs to the whole process, and so does the signal that it received.
_received: list[int] = []


def exit_on_sigterm() -> None:
    """Exit on SIGTERM so that child processes are stopped; CI servers send it to cancel a run."""
    signal.signal(signal.SIGTERM, _exit)


def remember_sigint() -> None:
    """Make `received_signal` know of Ctrl-C, which still raises `KeyboardInterrupt`."""
    # A shell starts background jobs with SIGINT ignored; that must stay.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def received_signal() -> int | None:
    """Return the last signal that was to end the program; None without one.

    A signal can arrive where Python or a library turns its exception into another one, such as while a class is built.
    """
    return _received[-1] if _received else None


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    _received.append(number)
    raise SystemExit(128 + number)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    _received.append(number)
    raise KeyboardInterrupt
