"""Output of commands: printed as a whole at their end, so that no reader and no disk changes what a command does."""

import os
import sys
from contextlib import suppress

from sendproof_bridge.log_format import one_line


def print_line(text: str) -> None:
    """Print a line that may quote a service."""
    sys.stdout.write(f"{one_line(text)}\n")


def print_collected(text: str) -> str | None:
    """Print everything. Return why that is impossible; a reader that has gone, such as `head`, is no reason."""
    stream = sys.stdout
    if stream is None or not text:
        return None
    try:
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except OSError as error:
        # Python would try again at its end.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return None if isinstance(error, BrokenPipeError) else error.strerror
    return None
