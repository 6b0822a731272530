"""The results folder of a run. An earlier result is never lost: it moves to the folder `earlier` in the same place."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from sendproof_harness.run.errors import RunOptionsError

#: The files that a run writes. Other files in the folder stay where they are.
FILES = (
    "report.html",
    "junit.xml",
    "verdict.json",
    "history.ndjson",
    "handover.json",
    "bridge.toml",
    "bridge.log",
    "simulators.log",
    "faults.yaml",
    "result.json",
    "locust.log",
)
#: The files that a verdict on a recorded history writes.
REPORTS = ("report.html", "junit.xml", "verdict.json")
EARLIER = "earlier"


def fresh_folder(folder: Path, files: Sequence[str] = FILES) -> Path:
    """Create the results folder, and move these files of an earlier run to `earlier/<number>`; return the folder.

    A run with several clients has a folder for each of them, which moves with the files of the run. Higher numbers are
    later runs.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = [*files, *_client_folders(folder)] if files is FILES else files
        _move_earlier(folder, [folder / name for name in names if (folder / name).exists()])
    except OSError as error:
        raise RunOptionsError(f"--results: {folder} cannot be used: {error.strerror}; choose another folder") from error
    return folder


def fresh_run_folder(folder: Path) -> Path:
    """Create the results folder of a run that starts its bridge, and move all of an earlier run; return the folder.

    A bridge may keep its data next to its handover file. In a new run, that data would say that its work is done.
    """
    if any((folder / file).exists() for file in FILES):
        return fresh_folder(folder, [path.name for path in folder.iterdir() if path.name != EARLIER])
    return fresh_folder(folder)


def _client_folders(folder: Path) -> Iterable[str]:
    """Return the names of the folders with the history of a client."""
    return [file.parent.name for file in folder.glob("*/history.ndjson") if file.parent.name != EARLIER]


def _move_earlier(folder: Path, found: Sequence[Path]) -> None:
    if not found:
        return
    target = _next_number(folder / EARLIER)
    for path in found:
        path.rename(target / path.name)


def _next_number(earlier: Path) -> Path:
    """Create the next numbered folder and return it."""
    earlier.mkdir(exist_ok=True)
    numbers = [int(path.name) for path in earlier.iterdir() if path.name.isdecimal()]
    target = earlier / str(max(numbers, default=0) + 1)
    target.mkdir()
    return target
