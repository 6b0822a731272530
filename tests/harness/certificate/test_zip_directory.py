"""The end of a zip file says how large its list of files is, before a reader loads the list."""

import struct
import zipfile
from pathlib import Path

import pytest

from sendproof_harness.certificate.bundle import SUMS, BundleError, unpack, write_bundle
from sendproof_harness.certificate.zip_directory import FileCount, directory_of

END = b"PK\x05\x06"
START = b"PK\x03\x04" + bytes(26) + SUMS.encode()


def end(files: int, size: int, comment: bytes = b"") -> bytes:
    return struct.pack("<4s4HIIH", END, 0, 0, files, files, size, 0, len(comment)) + comment


def end_64(files: int, size: int, place: int, start: int = 0) -> bytes:
    """Return the end of a large file, whose usual end has no room for the numbers."""
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, files, files, size, start)
    return record + struct.pack("<4sIQI", b"PK\x06\x07", 0, place, 1) + end(0xFFFF, 0xFFFFFFFF)


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(BundleError) as caught:
        unpack(path, path.parent / "unpacked")
    return str(caught.value)


def test_directory_is_that_of_the_file(tmp_path):
    write_bundle(tmp_path / "b.zip", {SUMS: b"", "a": b""})
    assert directory_of(tmp_path / "b.zip") == FileCount(files=2, size=2 * 46 + len(SUMS) + len("a"))


@pytest.mark.parametrize(
    ("ending", "problem"),
    [
        (end(2_001, 0), "expected at most 2,000 files, got 2,001"),
        (end(1, 1_000_001), "expected a list of files of at most 1,000,000 bytes, got 1,000,001"),
        (end_64(1_000_000, 0, len(START)), "expected at most 2,000 files, got 1,000,000"),
        (end_64(1, 1 << 40, len(START)), "expected a list of files of at most 1,000,000 bytes, got 1,099,511,627,776"),
    ],
)
def test_list_that_is_too_large_is_refused_unread(ending, problem, tmp_path):
    """The list is not even in the file, so a reader of it would name another problem."""
    assert refusal(tmp_path / "b.zip", START + ending) == problem


@pytest.mark.parametrize(
    "ending",
    [b"", end(1, 0)[:-1], end(1, 0, b"comment"), end_64(1, 0, 0), end_64(1, 0, len(START))[56:]],
    ids=["none", "cut off", "comment", "elsewhere", "half"],
)
def test_end_that_readers_find_in_different_ways_is_refused(ending, tmp_path):
    assert "got a damaged file or another one: it" in refusal(tmp_path / "b.zip", START + ending)


def test_large_bundle_is_read(tmp_path):
    """Its end is in the form of zip64."""
    write_bundle(tmp_path / "b.zip", {SUMS: b""})
    content = (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        start, size = bundle.start_dir, len(content) - bundle.start_dir - 22
    ending = end_64(1, size, len(content) - 22, start)
    (tmp_path / "b.zip").write_bytes(content[:-22] + ending)
    assert unpack(tmp_path / "b.zip", tmp_path / "unpacked").names == (SUMS,)
