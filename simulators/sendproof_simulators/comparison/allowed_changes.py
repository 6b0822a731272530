"""The file of changes that a team has looked at and allows: each with the text of the change and a reason."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from sendproof_simulators.bounded_file import FileTooLargeError, read_bounded
from sendproof_simulators.comparison.changes import Change

_KEYS = {"change", "reason", "expires"}
_EXPECTED = "expected a list of entries with `change`, `reason` and perhaps `expires`"
_MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class AllowedChange:
    """One entry. `change` is the text of a change, and `expires` the last day of the permission, None for no end."""

    change: str
    reason: str
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """The changes with what is allowed about them, and in words the entries that allow nothing."""

    changes: Sequence[Change]
    unused: Sequence[str]


def read_allowed(path: Path) -> list[AllowedChange]:
    """Read a file of allowed changes; `ValueError` names the wrong entry."""
    try:
        return parse_allowed(str(path), read_bounded(path, _MOST_BYTES))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except FileTooLargeError as error:
        raise ValueError(f"{path}: {error}") from None


def parse_allowed(path: str, content: bytes) -> list[AllowedChange]:
    """Return the entries in the content of a file; `ValueError` begins with its path."""
    try:
        entries = yaml.safe_load(content)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"{path}: expected YAML: {error}") from None
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise ValueError(f"{path}: {_EXPECTED}")  # noqa: TRY004 - an error of a file
    return [_entry(f"{path}: entry {number}", entry) for number, entry in enumerate(entries, 1)]


def _entry(place: str, entry: Any) -> AllowedChange:
    if not isinstance(entry, Mapping) or not {"change", "reason"} <= entry.keys() <= _KEYS:
        raise ValueError(f"{place}: {_EXPECTED}")
    change, reason, expires = entry["change"], entry["reason"], entry.get("expires")
    if not isinstance(change, str) or not isinstance(reason, str) or not reason.strip():
        raise ValueError(f"{place}: expected a text in `change` and in `reason`")
    if expires is not None and type(expires) is not date:
        raise ValueError(f"{place}: expires: expected a day such as 2027-01-31, got {expires!r}")
    return AllowedChange(" ".join(change.split()), reason.strip(), expires)


def allow(changes: Sequence[Change], entries: Sequence[AllowedChange], today: date) -> Allowed:
    """Return the changes with the reasons for which they are allowed. An entry that has expired allows nothing."""
    reasons = {entry.change: entry.reason for entry in entries if entry.expires is None or entry.expires >= today}
    marked = [
        replace(change, allowed=next((reasons[k] for k in _keys(change) if k in reasons), "")) for change in changes
    ]
    return Allowed(marked, [*_unused({key for change in changes for key in _keys(change)}, entries, today)])


def _unused(found: set[str], entries: Sequence[AllowedChange], today: date) -> Iterator[str]:
    for entry in entries:
        if entry.expires is not None and entry.expires < today:
            yield f"expired on {entry.expires}: {entry.change}"
        elif entry.change not in found:
            yield f"no such change: {entry.change}"


def _keys(change: Change) -> Sequence[str]:
    """Return the texts that allow a change: that of its shared part, and that of its own place."""
    return [" ".join(text.split()) for text in (change.line, change.text)]
