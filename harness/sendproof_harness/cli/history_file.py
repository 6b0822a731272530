"""The history that a command line names: a file, or a running sandbox."""

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


def read_running_history(control_url: str, sandbox: str) -> "History":
    """Return the history of a running sandbox; refuse the command if there is none."""
    from sendproof_harness.control_client import ControlError  # noqa: PLC0415 - as above
    from sendproof_harness.history.reader import HistoryError  # noqa: PLC0415
    from sendproof_harness.session.running_sandbox import running_history  # noqa: PLC0415

    try:
        return running_history(control_url, sandbox)
    except ControlError as error:
        refuse(getattr(error, "detail", None) or str(error))
    except (HistoryError, OSError) as error:
        refuse(f"the history of sandbox {sandbox!r}: {getattr(error, 'strerror', None) or error}")
