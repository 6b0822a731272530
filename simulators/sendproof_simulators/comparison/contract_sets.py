"""Sets of contracts to compare: a file, a folder, or a revision of a git repository.

A set is read as data, and nothing in it is run. `dialects.json` next to the contracts holds the dialects, which are
code otherwise.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from sendproof_simulators.bounded_file import FileTooLargeError, read_bounded
from sendproof_simulators.comparison.dialect_changes import Dialects
from sendproof_simulators.core.validation.contract_document import read_document

DIALECTS_FILE = "dialects.json"
#: The folder of a revision that is named alone.
_FOLDER = "openapi"
_SUFFIXES = (".yaml", ".yml")
_MOST_BYTES = 16 * 1024 * 1024
_GIT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ContractSet:
    """Documents by file name. `is_file`: a single one was named. `dialects` is None if the set has no such file."""

    name: str
    documents: Mapping[str, Mapping[str, Any]]
    dialects: Dialects | None = None
    is_file: bool = False
    #: The file that each contract was read from, for those that are files.
    sources: Mapping[str, Path] = field(default_factory=dict)


def read_set(text: str, folder: Path | None = None) -> ContractSet:
    """Read a file, a folder, `REVISION` or `REVISION:PATH`; `ValueError` names its mistake.

    A path comes before a revision of the same name. The repository is that of `folder`, by default the working one.
    """
    path = Path(text)
    if path.exists() and not path.is_dir():
        return ContractSet(
            text, {path.name: read_document(_bytes_of(path), text)}, is_file=True, sources={path.name: path}
        )
    if path.is_dir():
        files = {file.name: file for file in sorted(path.iterdir()) if file.is_file() and _is_wanted(file.name)}
        return _set(text, {name: _reader(file) for name, file in files.items()}, files)
    return _read_revision(text, folder or Path.cwd())


def _set(name: str, readers: Mapping[str, Callable[[], bytes]], sources: Mapping[str, Path]) -> ContractSet:
    documents = {
        file: read_document(read(), f"{name}: {file}") for file, read in readers.items() if file.endswith(_SUFFIXES)
    }
    if not documents:
        raise ValueError(f"{name}: expected contracts, files that end in .yaml, got none")
    dialects = None
    if DIALECTS_FILE in readers:
        dialects = _dialects(f"{name}: {DIALECTS_FILE}", readers[DIALECTS_FILE]())
    return ContractSet(
        name, documents, dialects, sources={file: sources[file] for file in documents if file in sources}
    )


def _is_wanted(name: str) -> bool:
    return name.endswith(_SUFFIXES) or name == DIALECTS_FILE


def _reader(path: Path) -> Callable[[], bytes]:
    return lambda: _bytes_of(path)


def _bytes_of(path: Path) -> bytes:
    try:
        return read_bounded(path, _MOST_BYTES)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except FileTooLargeError as error:
        raise ValueError(f"{path}: {error}") from None


def _bounded(place: str, content: bytes) -> bytes:
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{place}: expected at most {_MOST_BYTES:,} bytes")
    return content


def _dialects(place: str, content: bytes) -> Dialects:
    try:
        dialects = json.loads(content)
        found = {
            service: [{**dialect, "options": [*dialect["options"]]} for dialect in known if dialect["name"]]
            for service, known in dialects.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ValueError(f"{place}: expected the output of `sendproof dialects --json`") from None
    if not all(dialect["options"] for known in found.values() for dialect in known):
        raise ValueError(f"{place}: expected options of each dialect")
    return found


# -- git ---------------------------------------------------------------------------------------------


def _read_revision(text: str, folder: Path) -> ContractSet:
    revision, _, path = text.partition(":")
    if revision.startswith("-") or not revision:
        raise ValueError(f"{text!r}: expected a file, a folder or a revision of git")
    commit = _git(text, folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    commit_id = commit.decode().strip()
    path = path.strip("/") or _FOLDER
    if PurePosixPath(path).suffix in _SUFFIXES:
        content = _git(text, folder, "cat-file", "blob", f"{commit_id}:{path}")
        return ContractSet(text, {PurePosixPath(path).name: read_document(content, text)}, is_file=True)
    try:
        _git(text, folder, "cat-file", "-e", f"{commit_id}:{path}")
    except ValueError:
        hint = f"name the folder of the contracts, as in {revision}:my/contracts"
        raise ValueError(f"{text}: expected the folder {path} in this revision, got none; {hint}") from None
    names = [name for name in _tree(text, folder, f"{commit_id}:{path}") if _is_wanted(name)]
    readers = {name: _blob(text, folder, f"{commit_id}:{path}/{name}") for name in names}
    return _set(text, readers, {})


def _tree(text: str, folder: Path, tree: str) -> Iterator[str]:
    for name in _git(text, folder, "ls-tree", "-z", "--name-only", tree).split(b"\0"):
        if name:
            yield name.decode("utf-8", "replace")


def _blob(text: str, folder: Path, blob: str) -> Callable[[], bytes]:
    return lambda: _git(text, folder, "cat-file", "blob", blob)


def _git(text: str, folder: Path, *arguments: str) -> bytes:
    """Return the output of git; `ValueError` names the set that could not be read."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_GIT_SECONDS, check=False)  # noqa: S603 - no shell, and the revision is a whole argument
    except FileNotFoundError:
        raise ValueError(f"{text}: no such file or folder; a revision needs git, which is not installed") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"{text}: git could not be run: {error}") from None
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        expected = f"{text}: expected a file, a folder, or a revision of the git repository in {folder}"
        raise ValueError(f"{expected}, such as v1.0 or v1.0:openapi{f'; git: {reason}' if reason else ''}")
    return _bounded(text, done.stdout)
