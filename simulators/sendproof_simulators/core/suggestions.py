"""Hints for a name that does not exist: the closest known name, or else the known names."""

from collections.abc import Iterable
from difflib import get_close_matches

# A longer list hides the message.
_LISTED = 12
# A name that is this many times as long as any known one is similar to none (2.3 for the cutoff), and hostile clients
# send names of megabytes.
_LONGEST_RATIO = 3
# A shorter part means nothing.
_PART_LENGTH = 4


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a misspelled name most likely means, or None. Case does not count."""
    by_key = {known_name.lower(): known_name for known_name in known}
    if len(name) > _LONGEST_RATIO * max(map(len, by_key), default=0):
        return None
    matches = get_close_matches(name.lower(), by_key, n=1, cutoff=0.6)
    if not matches and len(name) >= _PART_LENGTH:
        # A part of one name, such as `reset` of `connection_reset`.
        parts = [key for key in by_key if name.lower() in key]
        matches = parts if len(parts) == 1 else []
    return by_key[matches[0]] if matches else None


def suggestion(name: object, known: Iterable[object], *, command: str = "") -> str:
    """Return the hint for an unknown name: the closest known name, or else all of them.

    `command` lists them; the hint names it if there are many names.
    """
    names = [str(known_name) for known_name in known]
    match = closest(str(name), names)
    if match:
        return f"did you mean {match!r}?"
    if not names:
        return "there are none yet"
    if len(names) > _LISTED and command:
        return f"list them with: {command}"
    return f"there are: {', '.join(names)}"


def alternatives(names: Iterable[object]) -> str:
    """Return `a, b or c`."""
    *others, last = map(str, names)
    return f"{', '.join(others)} or {last}" if others else last
