"""The frame of the simulators' programs: every end is an exit status, and a defect is one sentence with its details."""

import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import NoReturn

from sendproof_simulators.output import echo, lost_output, protect_streams

#: The exit status of a command that could not do its work.
EXIT_ERROR = 3
#: The exit status that shells report for a program that Ctrl-C ended.
EXIT_INTERRUPTED = 130
_WINDOWS = "Sendproof does not run on Windows; run it in the Windows Subsystem for Linux (WSL 2) or in a container."


def run_program(command: Callable[[], int]) -> NoReturn:
    """Run a command, and exit with the status that it returns."""
    protect_streams()
    if sys.platform == "win32":
        echo(_WINDOWS, err=True)
        sys.exit(EXIT_ERROR)
    try:
        status = command()
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - Python's own status 1 means that a bridge failed
        echo(f"sendproof: unexpected error ({error!r:.200}), a defect of Sendproof; {_details(error)}", err=True)
        status = EXIT_ERROR
    lost = lost_output()
    if lost is not None:
        echo(f"sendproof: the output could not be written: {lost}", err=True)
    sys.exit(status if lost is None else EXIT_ERROR)


def end_by_ctrl_c() -> None:
    """Let Ctrl-C end this process at once, as long as there is nothing to clean up.

    Its handler would raise an exception. Python drops one that arrives in a callback of its import system, and the
    program would go on.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_by_ctrl_c() -> None:
    """Let Ctrl-C raise `KeyboardInterrupt` again, after `end_by_ctrl_c`."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _details(error: Exception) -> str:
    """Write the details of an error to a file; return its place, or the details themselves."""
    details = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="replace", prefix="sendproof-error-", suffix=".txt", delete=False
        ) as file:
            file.write(details)
    except OSError:
        return f"details:\n{details}"
    return f"details: {file.name}"
