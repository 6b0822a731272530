"""The bundle: one zip file with everything that a certificate rests on, and a list of digests of it.

The same content gives the same file, byte for byte, with one version of zlib. `SHA256SUMS` has the format of
`sha256sum`, so the content can be checked without Sendproof.
"""

import errno
import hashlib
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sendproof_harness.bounded_file import Kind, replaceable
from sendproof_harness.certificate.zip_directory import directory_of
from sendproof_harness.replacement import replacing

#: The files at the top of a bundle.
SUMS, SIGNATURE, STATEMENT = "SHA256SUMS", "SHA256SUMS.sig", "statement.json"
MARKDOWN, HTML = "certificate.md", "certificate.html"
#: The list of digests is its first file.
BUNDLE = Kind("a certificate", re.compile(rb"PK\x03\x04.{26}SHA256SUMS", re.DOTALL))
HISTORIES, SCENARIOS = "histories", "scenarios"

# The earliest time that a zip file can hold: times of files say nothing about a certificate.
_TIME = (1980, 1, 1, 0, 0, 0)
_PERMISSIONS = 0o644 << 16
_CHUNK = 1 << 20
#: The most files of a bundle, and the bytes of the list of them, which has some hundred bytes for each.
MAX_FILES = 2_000
MAX_DIRECTORY_BYTES = 1_000_000
#: The histories of a suite have some hundred megabytes at most; a compressed file can promise much more.
MAX_BYTES = 4_000_000_000
#: All other files are read at once. The largest, the statement and the pages, have a few kilobytes for each run.
MAX_READ_BYTES = 16_000_000
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# Folders and a file; a file system takes no longer names.
_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}/){0,9}[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")
# What the readers of the standard library raise for a damaged file.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, RuntimeError, UnicodeDecodeError)
_SUM = re.compile(r"([0-9a-f]{64})  (\S+)")


class BundleError(ValueError):
    """The file is not a bundle; the message names what was expected."""


def write_bundle(path: Path, files: Mapping[str, bytes | Path]) -> None:
    """Write a bundle with these files by name; for a path, its content is written. `OSError` if that is impossible."""
    with (
        replacing(replaceable(path, BUNDLE)) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as bundle,
    ):
        for name in sorted(files):
            _add(bundle, name, files[name])


def _add(bundle: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, _PERMISSIONS, 3
    with bundle.open(entry, "w") as target:
        for chunk in _chunks(content):
            target.write(chunk)


def sums_of(files: Mapping[str, bytes | Path]) -> bytes:
    """Return the content of `SHA256SUMS` for these files."""
    return "".join(f"{_digest(_chunks(files[name]))}  {name}\n" for name in sorted(files)).encode()


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """The files of a bundle in a folder, and the problems that the digests show, each named by its file."""

    folder: Path
    names: tuple[str, ...]
    problems: tuple[str, ...] = field(default=())


def unpack(path: Path, folder: Path) -> Unpacked:
    """Unpack a bundle and compare its files with their digests. `BundleError` if it is not one."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise BundleError("expected a bundle of sendproof certify, got a folder, a pipe or a device")
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as bundle:
            names = [*_checked_names(bundle)]
            for name in names:
                _extract(bundle, name, folder / name)
    except _DAMAGED as error:
        raise _damaged(error) from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # A damaged file can name a place before its beginning.
        raise _damaged(error) from error
    if SUMS not in names:
        raise BundleError(f"expected a bundle of sendproof certify, got a zip file without {SUMS}")
    return Unpacked(folder=folder, names=tuple(names), problems=tuple(_problems(folder, names)))


def _check_directory(path: Path) -> None:
    """Refuse a list of too many files before it is read: a reader keeps an object for each of them."""
    try:
        directory = directory_of(path)
    except ValueError as error:
        raise _damaged(error) from error
    if directory.files > MAX_FILES:
        raise BundleError(f"expected at most {MAX_FILES:,} files, got {directory.files:,}")
    if directory.size > MAX_DIRECTORY_BYTES:
        raise BundleError(f"expected a list of files of at most {MAX_DIRECTORY_BYTES:,} bytes, got {directory.size:,}")


def _damaged(error: Exception) -> BundleError:
    return BundleError(f"expected a bundle of sendproof certify, got a damaged file or another one: {error}")


def _checked_names(bundle: zipfile.ZipFile) -> Iterator[str]:
    """Yield the names of all files; `BundleError` for a name that could leave the folder, and for too much content."""
    entries = bundle.infolist()
    names = [entry.filename for entry in entries]
    if len(names) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise BundleError(f"expected at most {MAX_FILES:,} files and {MAX_BYTES:,} bytes, got more")
    for name in names:
        if not _NAME.fullmatch(name):
            raise BundleError(f"expected names of files such as {STATEMENT}, got {name!r}")
        if names.count(name) > 1:
            raise BundleError(f"expected each file once, got {name} twice")
        if any(str(folder) in names for folder in Path(name).parents):
            raise BundleError(f"expected no file below another file, got {name}")
    for entry in entries:
        _check_entry(entry)
    yield from names


def _check_entry(entry: zipfile.ZipInfo) -> None:
    is_history = entry.filename.startswith(f"{HISTORIES}/")
    if entry.file_size > MAX_READ_BYTES and not is_history:
        raise BundleError(f"expected at most {MAX_READ_BYTES:,} bytes in {entry.filename}, got {entry.file_size:,}")
    if entry.compress_type not in _METHODS:
        # Other methods can demand gigabytes of memory for a few bytes.
        raise BundleError(f"expected {entry.filename} as zip files usually have it (deflate), got another compression")


def _extract(bundle: zipfile.ZipFile, name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    left = bundle.getinfo(name).file_size
    with bundle.open(name) as source, target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise BundleError(f"expected the size of {name} that the zip file states, got more")
            file.write(chunk)


def _problems(folder: Path, names: list[str]) -> Iterator[str]:
    """Yield each file that differs from its digest, is missing, or has none."""
    listed: dict[str, str] = {}
    lines = (folder / SUMS).read_text("utf-8", "replace").splitlines()
    if len(lines) > MAX_FILES:
        yield f"{SUMS}: expected at most {MAX_FILES:,} lines, got {len(lines):,}"
    for number, line in enumerate(lines[:MAX_FILES], start=1):
        found = _SUM.fullmatch(line)
        if found is None:
            yield f"{SUMS}: line {number} is no digest of a file"
        else:
            listed[found[2]] = found[1]
    for name in sorted({*listed, *names} - {SUMS, SIGNATURE}):
        if name not in names:
            yield f"{name}: missing, although {SUMS} lists it"
        elif name not in listed:
            yield f"{name}: added, because {SUMS} does not list it"
        elif _digest(_chunks(folder / name)) != listed[name]:
            yield f"{name}: changed, because its digest differs from that in {SUMS}"


def _digest(chunks: Iterator[bytes]) -> str:
    total = hashlib.sha256()
    for chunk in chunks:
        total.update(chunk)
    return total.hexdigest()


def _chunks(content: bytes | Path) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
