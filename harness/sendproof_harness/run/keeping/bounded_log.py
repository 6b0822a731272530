"""A log with a limit: the first part and the last part of everything that programs write to it.

The standard library alone, because `keeper` imports it.
"""

import os
from contextlib import suppress
from pathlib import Path

#: Bytes at the beginning that stay, and bytes at the end that stay at least. At most twice as many are at the end.
HEAD_BYTES = TAIL_BYTES = 16 * 1024 * 1024
NOTE = b"[Sendproof left out the middle of this log: it keeps the first 16 MB and the last 16 MB.]\n"
_LINE_BYTES = 64 * 1024


class BoundedLog:
    """The log file at a path, which an earlier program may have begun."""

    def __init__(self, path: Path, head_bytes: int = HEAD_BYTES, tail_bytes: int = TAIL_BYTES) -> None:
        """Open or create the file."""
        self._head_bytes, self._tail_bytes = head_bytes, tail_bytes
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        self._size = os.fstat(self._file).st_size

    def write(self, block: bytes) -> None:
        """Add what a program has written. A full disk loses it, and must not hold up the program."""
        with suppress(OSError):
            os.pwrite(self._file, block, self._size)
            self._size += len(block)
            if self._size > self._head_bytes + 2 * self._tail_bytes:
                self._cut()

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _cut(self) -> None:
        """Replace what is between both parts by a note. Until the last step, the end of the file is the last line."""
        head = self._line_end(self._head_bytes)
        start = self._line_end(self._size - self._tail_bytes)
        kept = NOTE + os.pread(self._file, self._size - start, start)
        os.pwrite(self._file, kept, head)
        self._size = head + len(kept)
        os.ftruncate(self._file, self._size)

    def _line_end(self, position: int) -> int:
        """Return the end of the line at a position, or the position itself if the line is long."""
        return position + os.pread(self._file, _LINE_BYTES, position).find(b"\n") + 1


def is_cut(path: Path) -> bool:
    """Return True if the middle of a log was left out."""
    with path.open("rb") as file:
        file.seek(HEAD_BYTES)
        return NOTE in file.read(_LINE_BYTES + len(NOTE))
