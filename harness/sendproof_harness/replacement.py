"""Writing a file next to its target, which it then replaces as a whole: no reader sees a part of it.

A folder may belong to someone else, or hold other files of the user. So the new file neither follows a symbolic link
nor replaces a file with its own name.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

# Programs that write into one folder at the same time need one each.
_MOST_NAMES = 1_000
# As the system gives to any new file, less the umask of the user.
_USUAL, _PRIVATE = 0o666, 0o600


@contextmanager
def replacing(target: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """Yield a new file that replaces `target` after the block; after an error, nothing is left of it.

    Other users cannot read a `private` one. Raises `OSError` if the file cannot be created or replaced.
    """
    part, descriptor = _new_file(target.parent, _PRIVATE if private else _USUAL)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        part.replace(target)
    except BaseException:
        # Only here: after the replacement, another program may have a new file of this name.
        part.unlink(missing_ok=True)
        raise


def _new_file(folder: Path, mode: int) -> tuple[Path, int]:
    """Return the path and the descriptor of a file that did not exist before."""
    for number in range(1, _MOST_NAMES + 1):
        part = folder / f".sendproof-{number}.part"
        try:
            return part, os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        except FileExistsError:
            continue
    raise OSError(errno.EEXIST, f"expected fewer than {_MOST_NAMES} files .sendproof-*.part; remove them", str(folder))
