"""Reading a recorded run or a running sandbox for a draft."""

from pathlib import Path
from typing import Any

import msgspec

from sendproof_harness.control_client import ControlClient
from sendproof_harness.history.reader import read_history
from sendproof_harness.session.draft.from_history import Recorded
from sendproof_harness.session.running_sandbox import history_file


def recorded_run(file: Path) -> Recorded:
    """Return a recorded run by its history file, named by its folder; `HistoryError` or `OSError` if unreadable."""
    return _recorded(file, file.absolute().parent.name)


def recorded_sandbox(control_url: str, sandbox: str) -> Recorded:
    """Return what has happened in a running sandbox so far; `ControlError` if it does not exist."""
    with ControlClient(control_url) as control, history_file(control, sandbox) as file:
        return _recorded(file, f"the sandbox {sandbox}")


def _recorded(file: Path, name: str) -> Recorded:
    history = read_history(file)
    with file.open("rb") as lines:
        header: dict[str, Any] = msgspec.json.decode(lines.readline())
    return Recorded(history=history, header=header, name=name)
