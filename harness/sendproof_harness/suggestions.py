"""Hints for a name that does not exist: the closest known name, or else the known names."""

import difflib
from collections.abc import Iterable

# A longer list hides the message.
_LISTED = 12
# A shorter part means nothing.
_PART_LENGTH = 4


def closest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that a misspelled name most likely means, or None. Case does not count.

    `cutoff` is the least similarity, from 0 to 1.
    """
    by_key = {known_name.lower(): known_name for known_name in known}
    matches = difflib.get_close_matches(name.lower(), by_key, n=1, cutoff=cutoff)
    if not matches and len(name) >= _PART_LENGTH:
        # A part of one name, such as `reset` of `connection_reset`.
        parts = [key for key in by_key if name.lower() in key]
        matches = parts if len(parts) == 1 else []
    return by_key[matches[0]] if matches else None


def suggestion(name: str, known: Iterable[object], *, command: str = "") -> str:
    """Return the hint for an unknown name: the closest known name, or else all of them.

    `command` lists them; the hint names it if there are many names.
    """
    names = [str(known_name) for known_name in known]
    match = closest(name, names)
    if match:
        return f'did you mean "{match}"?'
    if not names:
        return "there are none"
    if len(names) > _LISTED and command:
        return f"list them with: {command}"
    return f"known: {', '.join(names)}"


def wrong_choice(option: str, value: str, known: Iterable[str]) -> str:
    """Return the message for a value of an option that takes one of a few known values."""
    choices = list(known)
    match = closest(value, choices)
    hint = f'; did you mean "{match}"?' if match else ""
    return f"{option}: expected {alternatives(choices)}, got {value!r}{hint}"


def alternatives(names: Iterable[object]) -> str:
    """Return `a, b or c`."""
    *others, last = map(str, names)
    return f"{', '.join(others)} or {last}" if others else last
