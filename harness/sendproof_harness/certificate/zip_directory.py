"""The size of the list of files in a zip file, which a reader would load whole before it can count its entries.

Source: APPNOTE.TXT of PKWARE, version 6.3.10, sections 4.3.14 (zip64 end), 4.3.15 (its locator) and 4.3.16 (end).
"""

import os
import struct
from pathlib import Path
from typing import NamedTuple

_END = struct.Struct("<4s4HIIH")
_END_64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR_64 = struct.Struct("<4sIQI")
_END_MARK, _END_64_MARK, _LOCATOR_64_MARK = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_TAIL_BYTES = _END_64.size + _LOCATOR_64.size + _END.size


class FileCount(NamedTuple):
    """What the end of a zip file states: the number of its files, and the bytes of the list of them."""

    files: int
    size: int


def directory_of(path: Path) -> FileCount:
    """Return what a zip file states; `ValueError` unless it ends as one without a comment, `OSError` if unreadable.

    Readers look for the end in different ways, and would find another one than this in any other file.
    """
    with path.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES)
        file.seek(start)
        tail = file.read(_TAIL_BYTES)
    if len(tail) < _END.size or not tail[-_END.size :].startswith(_END_MARK) or not tail.endswith(b"\0\0"):
        raise ValueError("it does not end as a zip file without a comment")
    if tail[-_END.size - _LOCATOR_64.size :].startswith(_LOCATOR_64_MARK):
        return _directory_64(tail, start)
    end = _END.unpack(tail[-_END.size :])
    return FileCount(files=end[4], size=end[5])


def _directory_64(tail: bytes, start: int) -> FileCount:
    """Return what the end of a large zip file states; `start` is the place of its last bytes in the file."""
    is_whole = len(tail) == _TAIL_BYTES and tail.startswith(_END_64_MARK)
    if not is_whole or _LOCATOR_64.unpack(tail[_END_64.size : -_END.size])[2] != start:
        raise ValueError("its zip64 end is not where a zip file has it")
    end = _END_64.unpack(tail[: _END_64.size])
    return FileCount(files=end[7], size=end[8])
