"""Parsed and checked contracts on disk: parsing YAML takes ten times as long as reading the same in MessagePack.

The cache only saves time. A file is named by the digest of the contract's text and begins with the digest of its own
content, so a changed contract or a damaged file is parsed anew. It holds data, never code.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

# Sendproof has eleven contracts; the others are changed copies, or those of earlier versions.
FILES_MAX = 64
_DIGEST_BYTES = 32


def cache_folder() -> Path:
    """Return the folder for files that can be created again, as the system's convention has it."""
    if sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "sendproof" / "documents"


def read_through(source: bytes, parse: Callable[[bytes], Any], folder: Path | None = None) -> Any:
    """Return `parse(source)`, from the cache if it is there. Without a usable folder, this only parses."""
    try:
        file = (folder or cache_folder()) / f"{sha256(source).hexdigest()}.msgpack"
        found = _read(file)
    except (OSError, RuntimeError):
        # A folder that cannot be read, or a user without a home.
        return parse(source)
    if found is not None:
        return found
    value = parse(source)
    with suppress(OSError):
        _write(file, value)
    return value


def _read(file: Path) -> Any:
    """Return the value in a file, or None or it is damaged."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    digest, packed = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    return msgspec.msgpack.decode(packed) if sha256(packed).digest() == digest else None


def _write(file: Path, value: Any) -> None:
    """Write a value if reading it back returns the same; readers see the whole file or none."""
    packed = _pack(value)
    if packed is None:
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_oldest(file.parent)
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".new", delete=False) as new:
        new.write(sha256(packed).digest() + packed)
    Path(new.name).replace(file)


def _pack(value: Any) -> bytes | None:
    """Return a value in MessagePack, None if that has no form for a part of it, such as a date of YAML."""
    try:
        packed = msgspec.msgpack.encode(value)
        return packed if msgspec.msgpack.decode(packed) == value else None
    except (TypeError, ValueError, msgspec.MsgspecError):
        return None


def _remove_oldest(folder: Path) -> None:
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime)
    for file in files[: max(0, len(files) - FILES_MAX + 1)]:
        file.unlink(missing_ok=True)
