"""The `sendproof` command: one module for each command group."""

import gc
import os
import sys

from sendproof_harness.output import lost_output, protect_streams
from sendproof_harness.program import EXIT_ERROR, end_program, print_error, run_program

# Imports, histories and verdicts have few objects in cycles. With its defaults, the garbage collector takes a tenth of
# the start to look at all that was imported.
_COLLECTOR_THRESHOLDS = (50_000, 20, 20)
_WINDOWS = "Sendproof does not run on Windows; run it in the Windows Subsystem for Linux (WSL 2) or in a container."

_NO_FOLDER = "sendproof: the current folder was removed; change to another one"


def main() -> None:
    """Run the command line, and exit with its status."""
    gc.set_threshold(*_COLLECTOR_THRESHOLDS)
    protect_streams()
    if (problem := _environment_problem()) is not None:
        print_error(problem)
        sys.exit(EXIT_ERROR)
    end_program(run_program(_run_command))


def _environment_problem() -> str | None:
    """Return why no command can work here, if any reason is known."""
    if sys.platform == "win32":
        return _WINDOWS
    try:
        os.getcwd()  # noqa: PTH109 - pathlib is slow
    except OSError as error:
        return (
            _NO_FOLDER if isinstance(error, FileNotFoundError) else f"sendproof: the current folder: {error.strerror}"
        )
    return None


def _run_command() -> int:
    # Only now: an import takes long enough to be interrupted, and can fail in a damaged installation.
    from sendproof_harness.cli.commands import run_app  # noqa: PLC0415

    status = run_app()
    lost = lost_output()
    if lost is None:
        return status
    print_error(f"sendproof: the output could not be written: {lost}")
    return EXIT_ERROR
