"""Compiled templates on disk: compiling them takes longer than judging a small run.

The cache only saves time. A file is named by the digest of all that decides on its content, and begins with the digest
of this content, so a changed template or a damaged file is compiled anew. Unlike a cache of data it holds code, as
Python's own `__pycache__` does: only a folder that belongs to the user, and to which no one else may write, is used.
"""

import os
import stat
import sys
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import jinja2.compiler
from jinja2.bccache import Bucket, BytecodeCache

# Sendproof has seven templates; the others are those of earlier versions.
FILES_MAX = 32
_DIGEST_BYTES = 32
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def cache_folder() -> Path:
    """Return the folder for files that can be created again, as the system's convention has it."""
    if sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "sendproof" / "templates"


class TemplateCache(BytecodeCache):
    """The compiled templates in a folder. Without a usable folder, each template is compiled in each process."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use a folder, by default that of the user."""
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load the code of a template, if it is there and undamaged."""
        # RuntimeError: a user without a home.
        with suppress(OSError, RuntimeError):
            folder = self._folder or cache_folder()
            content = (folder / _file_name(bucket)).read_bytes() if _is_trusted(folder) else b""
            digest, code = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
            if sha256(code).digest() == digest:
                bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template; readers see the whole file or none."""
        with suppress(OSError, RuntimeError):
            folder = self._folder or cache_folder()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_trusted(folder):
                return
            _remove_oldest(folder)
            code = bucket.bytecode_to_string()
            with tempfile.NamedTemporaryFile(dir=folder, suffix=".new", delete=False) as new:
                new.write(sha256(code).digest() + code)
            Path(new.name).replace(folder / _file_name(bucket))


def _is_trusted(folder: Path) -> bool:
    """Return True if only the user of this process can have written the files of a folder."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _WRITABLE_BY_OTHERS


def _file_name(bucket: Bucket) -> str:
    """Return a name by the template, the settings of its environment, and the versions of the compilers."""
    environment = bucket.environment
    compiler = Path(jinja2.compiler.__file__).stat()
    decisive = (
        bucket.key,
        bucket.checksum,
        environment.trim_blocks,
        environment.lstrip_blocks,
        compiler.st_size,
        compiler.st_mtime_ns,
        sys.version,
    )
    return f"{sha256(repr(decisive).encode()).hexdigest()}.code"


def _remove_oldest(folder: Path) -> None:
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime)
    for file in files[: max(0, len(files) - FILES_MAX + 1)]:
        file.unlink(missing_ok=True)
