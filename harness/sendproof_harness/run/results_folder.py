"""The results folder of a run. An earlier result is never lost: it moves to the folder `earlier` in the same place."""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sendproof_harness.run.errors import RunOptionsError

UNFINISHED_HISTORY = "history.ndjson.part"
#: The files that a run writes. Other files in the folder stay where they are.
FILES = (
    "report.html",
    "junit.xml",
    "summary.md",
    "verdict.json",
    "history.ndjson",
    "history.ndjson.index",
    UNFINISHED_HISTORY,
    "handover.json",
    "bridge.toml",
    "bridge.log",
    "reset.log",
    "simulators.log",
    "faults.yaml",
    "scenario.yaml",
    "result.json",
    "locust.log",
)
#: The files that a verdict on a recorded history writes.
REPORTS = ("report.html", "junit.xml", "summary.md", "verdict.json")
EARLIER = "earlier"


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Create the results folder, and keep other runs out of it until the end of the block.

    `RunOptionsError` if another run uses it. The lock is on the folder itself, whatever path leads there, and ends with
    this process.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunOptionsError(
            f"--results: expected a folder that no other run uses, got {folder}, where one is running; "
            "wait for its end, or choose another folder"
        ) from error
    except OSError:
        # Some network file systems cannot lock a folder.
        return


def _unusable(folder: Path, error: OSError) -> RunOptionsError:
    return RunOptionsError(f"--results: {folder} cannot be used: {error.strerror}; choose another folder")


def fresh_folder(folder: Path, files: Sequence[str] = FILES) -> Path:
    """Create the results folder, and move these files of an earlier run to `earlier/<number>`; return the folder.

    A run with several clients has a folder for each of them, which moves with the files of the run. Higher numbers are
    later runs. A symbolic link moves as well, also one that leads nowhere: a report must not be written through it.
    `RunOptionsError` if the folder cannot be used, or if `earlier` is a link.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = [*files, *_client_folders(folder)] if files is FILES else files
        _move_earlier(folder, [folder / name for name in names if os.path.lexists(folder / name)])
    except OSError as error:
        raise _unusable(folder, error) from error
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
    """Create the next numbered folder and return it; `RunOptionsError` for a link, which may lead anywhere."""
    if earlier.is_symlink():
        raise RunOptionsError(
            f"--results: expected a folder for earlier runs, got {earlier}, which is a symbolic link; remove the link"
        )
    earlier.mkdir(exist_ok=True)
    numbers = [int(path.name) for path in earlier.iterdir() if path.name.isdecimal()]
    target = earlier / str(max(numbers, default=0) + 1)
    target.mkdir()
    return target
