"""Temporary folders, of which none stays: also not those of processes that were killed.

A folder contains a lock that its process holds. The system releases the lock with the process, whatever ends that. The
next process that needs a temporary folder removes those without a holder. The keepers of child processes remove the
folders of a killed run at once (`run/keeping`); a command without children has no keeper.

Other programs put locks into folders as well, and users choose names that begin with "sendproof". So a folder is only
removed if its name, its mode and the content of its lock are those that this module gives. The content also names the
running system: a folder that several machines share may not show them the locks of each other.

A process that is killed while it makes a folder leaves an empty lock, or none. Making takes no time, so such a folder
is removed when it is a minute old.
"""

import atexit
import fcntl
import os
import platform
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from threading import Lock

from sendproof_harness.interruption import delayed_signals

_PREFIX = "sendproof-scratch-"
# What `tempfile` adds to the prefix.
_NAME = re.compile(re.escape(_PREFIX) + "[a-z0-9_]{8}")
_MODE = 0o700
# Without the set-group-ID bit, which a folder has from the one that contains it.
_PERMISSIONS = 0o777
_LOCK = ".sendproof-scratch"
_MAKING_S = 60.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Real seconds for a folder that is being made when the process exits. Where making takes longer, the file system hangs.
_MADE_S = 2.0
_making = Lock()
# Each removes a folder whose block has not ended.
_removals: list[Callable[[], None]] = []


@contextmanager
def scratch_folder(place: Path | None = None) -> Iterator[Path]:
    """Create a folder in `place`, or else where temporary files are, for the length of a block.

    `OSError` if that is impossible.
    """
    place = place or _usual_place()
    _remove_abandoned_folders_once(place)
    with ExitStack() as stack:
        # An interrupt between the folder and its removal would leave the folder.
        with _whole():
            folder, lock = _new_folder(place)
            # A program that ends within the block, such as Locust in a greenlet, need not get to the end of it.
            remove = atexit.register(partial(_remove_if_of_process, os.getpid(), folder))
            _removals.append(remove)
            stack.callback(_end, remove, lock)
        yield folder


@contextmanager
def _whole() -> Iterator[None]:
    """Keep signals and `remove_own_folders` out until the end of the block."""
    with delayed_signals(), _making:
        yield


def _usual_place() -> Path:
    """Return where temporary files are. `tempfile` finds it by a file without a prefix, which would stay."""
    with _whole():
        return Path(tempfile.gettempdir())


def _end(remove: Callable[[], None], lock: int) -> None:
    """Remove a folder at the end of its block. If the removal is interrupted, the end of the process repeats it."""
    remove()
    with delayed_signals():
        atexit.unregister(remove)
        _removals.remove(remove)
        os.close(lock)


def remove_own_folders() -> None:
    """Remove the folders of this process, from any thread, before it exits without an end of the blocks.

    No folder can be made after this call.
    """
    _making.acquire(timeout=_MADE_S)
    for remove in tuple(_removals):
        remove()


def _remove_if_of_process(pid: int, folder: Path) -> None:
    """Remove the folder unless this is a fork of its process."""
    if os.getpid() == pid:
        _remove(folder)


def remove_abandoned_folders(place: Path, making_s: float = _MAKING_S) -> None:
    """Remove the folders of this user whose processes have ended without removing them.

    No process is still making a folder that is older than `making_s` real seconds.
    """
    with suppress(OSError):
        for entry in os.scandir(place):
            if _NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                made_before = time.time() - making_s  # noqa: TID251 - the times of files are those of the machine
                _remove_if_abandoned(Path(entry.path), made_before)


@cache
def _remove_abandoned_folders_once(place: Path) -> None:
    """Remove them at the first call in this process: a place of temporary files can have very many entries."""
    remove_abandoned_folders(place)


@cache
def _content() -> bytes:
    """Return what the locks of the running system contain. All processes that see the locks of each other agree."""
    try:
        system = _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        # Not every system has one.
        system = platform.node()
    return f"temporary folder of sendproof on {system}; it is removed with its process\n".encode()


def _new_folder(place: Path) -> tuple[Path, int]:
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    # Until now, other processes have left the folder alone, because its lock was empty.
    os.write(lock, _content())
    return folder, lock


def _remove_if_abandoned(folder: Path, made_before: float) -> None:
    """Remove a folder that has a lock without a holder. Folders of others cannot be opened."""
    try:
        status = folder.stat(follow_symlinks=False)
        if status.st_uid != os.getuid() or status.st_mode & _PERMISSIONS != _MODE:
            return
        is_new = status.st_mtime > made_before
        if not is_new:
            # Only if nothing is in it.
            with suppress(OSError):
                folder.rmdir()
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_ours(lock) or (not is_new and _is_empty(lock) and [path.name for path in folder.iterdir()] == [_LOCK]):
            _remove(folder)
    except OSError:
        # Its process still works.
        return
    finally:
        os.close(lock)


def _is_ours(lock: int) -> bool:
    is_file = stat.S_ISREG(os.fstat(lock).st_mode)
    return is_file and os.read(lock, len(_content()) + 1) == _content()


def _is_empty(lock: int) -> bool:
    status = os.fstat(lock)
    return stat.S_ISREG(status.st_mode) and status.st_size == 0


def _remove(folder: Path) -> None:
    """Remove a folder, and its lock last: without one, no other process would go on with it."""
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.name != _LOCK:
                Path(entry.path).unlink()
    shutil.rmtree(folder, ignore_errors=True)
