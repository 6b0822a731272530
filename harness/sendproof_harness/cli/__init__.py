"""The `sendproof` command: one module for each command group."""

import os
import sys

from sendproof_harness.interruption import is_interrupted
from sendproof_harness.program import run_program


def main() -> None:
    """Run the command line, and exit with its status."""
    status = run_program(_run_command)
    if is_interrupted():
        # At once: a thread that still waits for a service must not delay the end.
        os._exit(status)
    sys.exit(status)


def _run_command() -> int:
    # Only now: an import takes long enough to be interrupted, and can fail in a damaged installation.
    from sendproof_harness.cli.commands import run_app  # noqa: PLC0415

    return run_app()
