"""Temporary folders, of which none stays: also not those of processes that were killed.

A folder contains a lock that its process holds. The system releases the lock with the process, whatever ends that. The
next process that needs a temporary folder removes those without a holder. The keepers of child processes remove the
folders of a killed run at once (`run/keeping`); a command without children has no keeper.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "sendproof-"
_LOCK = ".lock"


@contextmanager
def scratch_folder(place: Path | None = None) -> Iterator[Path]:
    """Create a folder in `place`, or else where temporary files are, for the length of a block.

    `OSError` if that is impossible.
    """
    place = place or Path(tempfile.gettempdir())
    remove_abandoned_folders(place)
    folder, lock = _new_folder(place)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def remove_abandoned_folders(place: Path) -> None:
    """Remove the folders of this user whose processes have ended without removing them."""
    with suppress(OSError):
        for entry in os.scandir(place):
            if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False):
                _remove_if_abandoned(Path(entry.path))


def _new_folder(place: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Another process may have taken the folder for an abandoned one before it was locked.
        with suppress(FileNotFoundError):
            if os.path.samestat((folder / _LOCK).stat(), os.fstat(lock)):
                return folder, lock
        os.close(lock)


def _remove_if_abandoned(folder: Path) -> None:
    """Remove a folder that has a lock without a holder. Folders of others cannot be opened."""
    try:
        if folder.stat(follow_symlinks=False).st_uid != os.getuid():
            return
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(folder)
    except OSError:
        # Its process still works.
        return
    finally:
        os.close(lock)


def _remove(folder: Path) -> None:
    """Remove a folder, and its lock last: without one, no other process would go on with it."""
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.name != _LOCK:
                Path(entry.path).unlink()
    shutil.rmtree(folder, ignore_errors=True)
