"""Files with limits: the name of a device, a pipe or another file must neither fill the memory nor block a command."""

import errno
import os
import stat
from pathlib import Path
from select import select
from time import monotonic

#: Real seconds until a pipe must have ended: its writer may still have to compute the content.
PIPE_SECONDS = 60.0
_CHUNK_BYTES = 65_536


class FileTooLargeError(ValueError):
    """The file is larger than any of its kind."""


def read_bounded(path: Path, limit: int, pipe_s: float = PIPE_SECONDS) -> bytes:
    """Return the content of a file, or of a pipe such as `<(command)` in a shell.

    Raises `FileTooLargeError` for more than `limit` bytes, and `OSError` if the file cannot be read or a pipe does not
    end within `pipe_s` real seconds.
    """
    with open(path, "rb", opener=_open_at_once) as file:
        descriptor = file.fileno()
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            content = file.read(limit + 1)
        else:
            content = _read_pipe(descriptor, limit, pipe_s)
    if len(content) > limit:
        raise FileTooLargeError(f"expected a file of at most {limit:,} bytes, got a larger one")
    return content


def _open_at_once(path: str, flags: int) -> int:
    """Open a file for reading. Without the flag, the call waits until someone opens a named pipe for writing."""
    return os.open(path, flags | os.O_NONBLOCK)


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
