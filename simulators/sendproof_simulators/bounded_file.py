"""Files with limits: the name of a device, a pipe or another file must neither fill the memory nor block a command.

It must not replace what is no file, either.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from time import monotonic
from typing import NamedTuple

#: Real seconds until a pipe must have ended: its writer may still have to compute the content.
PIPE_SECONDS = 60.0
# The same until it must have a writer: a shell may start that at the same time.
_WRITER_SECONDS = 2.0
_CHUNK_BYTES = 65_536
# Enough of a file to know its kind.
_START_BYTES = 4_096
# What the system says of a name, or of the rights of the user who gave it.
_OF_A_NAME = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.EEXIST, errno.ENXIO}
)


class Kind(NamedTuple):
    """What a command writes: its name in messages, and how the file begins, so that the next one may replace it."""

    name: str
    start: re.Pattern[bytes]


class FileTooLargeError(ValueError):
    """The file is larger than any of its kind."""


class NamedFileError(OSError):
    """The file or folder that a user named is not permitted or not possible; the error says all that they must know."""

    def __str__(self) -> str:
        """Return the sentence without the number of the error."""
        return f"{self.filename!r}: {self.strerror}"


@contextmanager
def named_by_user(path: Path) -> Iterator[None]:
    """Raise `NamedFileError` instead of an error of the system about this name, which a user chose."""
    try:
        yield
    except OSError as error:
        if error.errno not in _OF_A_NAME or isinstance(error, NamedFileError):
            raise
        reason = error.strerror
        if error.errno == errno.ENXIO and path.is_fifo():
            reason = "expected a pipe that a program reads, got one without a reader"
        raise NamedFileError(error.errno, reason, str(path)) from error


def read_bounded(path: Path, limit: int, pipe_s: float = PIPE_SECONDS) -> bytes:
    """Return the content of a file, or of a pipe such as `<(command)` in a shell.

    Raises `FileTooLargeError` for more than `limit` bytes, and `OSError` if the file cannot be read, a pipe has no
    writer, or it does not end within `pipe_s` real seconds.
    """
    with named_by_user(path), open(path, "rb", opener=_open_at_once) as file:
        descriptor = file.fileno()
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            content = file.read(limit + 1)
        else:
            beginning = _beginning(path, descriptor, min(_WRITER_SECONDS, pipe_s))
            content = beginning + _read_pipe(descriptor, limit - len(beginning), pipe_s)
    if len(content) > limit:
        raise FileTooLargeError(f"expected a file of at most {limit:,} bytes, got a larger one")
    return content


def write_whole(path: Path, text: str, kind: Kind | None) -> None:
    """Write a file, or into a pipe that a program reads, such as `>(command)` in a shell.

    Raises `OSError` if the file cannot be written or is not of the kind, and for a named pipe that no program reads.
    """
    if path.is_file():
        replaceable(path, kind)
    with named_by_user(path), open(path, "w", encoding="utf-8", opener=_open_at_once) as file:
        os.set_blocking(file.fileno(), True)
        file.write(text)


def replaceable(path: Path, kind: Kind | None) -> Path:
    """Return the path that symbolic links lead to, for a file that replaces the one there.

    Raises `OSError` for a folder, a device, a pipe or a socket: a user with enough rights would lose it. So would they
    lose a file that is not of the kind, unless it is empty. None: it is of any kind.
    """
    real = Path(os.path.realpath(path))
    try:
        with named_by_user(path):
            is_file = stat.S_ISREG(real.lstat().st_mode)
    except FileNotFoundError:
        is_file = True
    if not is_file:
        raise NamedFileError(errno.EEXIST, "expected a file or a new name, got a folder, a device or a pipe", str(path))
    if kind is not None and (start := _start(real)) and not kind.start.match(start):
        reason = f"expected a new name or a file with {kind.name}, got a file with other content"
        raise NamedFileError(errno.EEXIST, reason, str(path))
    return real


def _start(path: Path) -> bytes:
    """Return the first bytes of a file; none if there is no file."""
    try:
        with named_by_user(path), open(path, "rb", opener=_open_at_once) as file:
            return file.read(_START_BYTES)
    except FileNotFoundError:
        return b""


def _open_at_once(path: str, flags: int) -> int:
    """Open a file. Without the flag, the call waits until someone opens the other end of a named pipe."""
    return os.open(path, flags | os.O_NONBLOCK, 0o666)


def _beginning(path: Path, descriptor: int, writer_s: float) -> bytes:
    """Return what has just arrived, if anything; `NamedFileError` for a pipe that has no writer after `writer_s`."""
    if select([descriptor], [], [], writer_s)[0]:
        return b""
    try:
        beginning = os.read(descriptor, _CHUNK_BYTES)
    except BlockingIOError:
        # Its writer still computes the content.
        return b""
    if not beginning:
        reason = "expected a file, or a pipe that a program writes, got one without a writer"
        raise NamedFileError(errno.ENXIO, reason, str(path))
    return beginning


def _read_pipe(descriptor: int, limit: int, pipe_s: float) -> bytes:
    """Return what arrives until the end, or slightly more than `limit` bytes."""
    content, ends = bytearray(), monotonic() + pipe_s
    while len(content) <= limit:
        if not select([descriptor], [], [], max(0.0, ends - monotonic()))[0]:
            raise TimeoutError(errno.ETIMEDOUT, f"expected a file, got a pipe or device without end after {pipe_s:g} s")
        chunk = os.read(descriptor, _CHUNK_BYTES)
        if not chunk:
            break
        content += chunk
    return bytes(content)
