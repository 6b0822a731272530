"""The frame of every program of the harness: no signal and no error ends it with the status of a verdict."""

import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from sendproof_harness.bounded_file import NamedFileError
from sendproof_harness.interruption import hold_signals, interruptible, interruption, release_signals
from sendproof_harness.output import echo

#: The exit status of a check that found a problem.
EXIT_PROBLEM = 1
#: The exit status of a program that could not do its work. Python's own 1 means that the bridge failed.
EXIT_ERROR = 3
#: The exit status that shells report for a program that Ctrl-C ended; Typer returns it, too.
EXIT_INTERRUPTED = 130
# Higher ones are those of signals.
_SIGNALLED = 128
# What the machine lacks or does not permit.
_OF_THE_MACHINE = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENAMETOOLONG,
        errno.ELOOP,
        errno.EIO,
        errno.EAGAIN,
    }
)


def run_program(program: Callable[[], int]) -> int:
    """Call a program and return its exit status.

    An unexpected error is status 3, and a signal is 128 and its number. A program may take SIGINT as its usual end.
    """
    # Between the first handler and the block that expects its exception, a signal would end Python by SIGINT.
    before = hold_signals()
    with interruptible(before_late_exit=remove_temporary_folders):
        try:
            release_signals(before)
            status = program()
        except KeyboardInterrupt:
            status = EXIT_INTERRUPTED
        except Exception as error:  # noqa: BLE001 - the last line of defence of the exit status
            status = EXIT_INTERRUPTED if interruption() else report_unforeseen(error)
        found = interruption()
        if found is None or (found.is_ctrl_c and status != EXIT_INTERRUPTED):
            return status
        print_error(found.text)
        return found.exit_status


def end_program(status: int) -> NoReturn:
    """Exit with the status of `run_program`.

    After a signal at once: a thread that still waits for a service must not delay the end. And if the exception was
    raised in a text that `exec` ran, such as while a dataclass was made, `python -m` would end by SIGINT, although the
    exception was caught (`_Py_UnhandledKeyboardInterrupt` in its source).
    """
    if status > _SIGNALLED:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(status)
    sys.exit(status)


def remove_temporary_folders() -> None:
    """Remove the temporary folders of this process, if it has any."""
    # The module needs others that Windows lacks, and the commands must be able to say so there.
    if "sendproof_harness.scratch" in sys.modules:
        from sendproof_harness.scratch import remove_own_folders  # noqa: PLC0415 - see above

        remove_own_folders()


def report_unforeseen(error: Exception) -> int:
    """Print an unexpected error in one sentence, write its details to a file, and return the exit status."""
    if isinstance(error, NamedFileError):
        print_error(f"sendproof: {error.filename!r}: {error.strerror}; choose another file or folder")
        return EXIT_ERROR
    details = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="replace", prefix="sendproof-error-", suffix=".txt", delete=False
        ) as file:
            file.write(details)
        place = f"details: {file.name}"
    except OSError:
        place = f"details:\n{details}"
    print_error(f"sendproof: {unforeseen_cause(error)} and not of the bridge; {place}")
    return EXIT_ERROR


def unforeseen_cause(error: Exception) -> str:
    """Return what an unexpected error is, and whose: of this machine, such as a full disk, or of Sendproof."""
    is_of_machine = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _OF_THE_MACHINE)
    owner = "a problem of this machine" if is_of_machine else "a defect of Sendproof"
    return f"unexpected error ({_summary(error)}), {owner}"


def print_error(text: str) -> None:
    """Print a line to standard error, if anything can be written there."""
    try:
        echo(text, err=True)
    except (OSError, ValueError, AttributeError):
        # It is full, closed, or absent. The exit status says the rest.
        return


def _summary(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
