"""Reading the history file that a command line names."""

from pathlib import Path
from typing import TYPE_CHECKING

from sendproof_harness.cli.options import refuse

if TYPE_CHECKING:
    from sendproof_harness.history.records import History


def read_history_file(file: Path) -> "History":
    """Return the history in a file; refuse the command if it cannot be read."""
    from sendproof_harness.history.reader import HistoryError, read_history  # noqa: PLC0415 - `--help` stays quick

    try:
        return read_history(file)
    except (HistoryError, OSError) as error:
        refuse(f"{file}: {getattr(error, 'strerror', None) or error}")
