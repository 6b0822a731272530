"""Bounds of a JSON text, found before it is decoded: how many values it has, and how deeply they are nested.

Decoding costs more than receiving: Python needs 60 to 250 bytes for a value that a client writes in three.
"""

import re

# A batch of 50,000 customers with three attributes each has 350,000 values.
MOST_VALUES = 500_000
TOO_MANY_VALUES = f"too long: it has more than {MOST_VALUES:,} values"
NESTED_TOO_DEEPLY = "nested too deeply"

_NESTED = re.compile(rb"(?:\xef\xbb\xbf)?\s*+[\[{]")
_STARTS = (b",", b"[", b"{")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_NO_QUOTES_OR_BRACKETS = bytes(set(_NO_BRACKETS) - set(b'"'))
# What a bracket adds to the depth, as signed bytes.
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def is_nested(text: bytes) -> bool:
    """Return True if a text could be a JSON object or array: it begins with a bracket."""
    return _NESTED.match(text) is not None


def has_more_values(text: bytes, most: int) -> bool:
    """Return True if a JSON text has more than `most` values: one for each comma and opening bracket, and one more."""
    # Counting is quick, but it also counts what is in strings.
    return _counted_values(text) > most and _counted_values(_without_strings(text)) > most


def has_more_levels(text: bytes, most: int) -> bool:
    """Return True if a JSON text has more than `most` levels. It may be invalid; then the result does not matter."""
    if is_surely_flat(text, most):
        return False
    import numpy as np  # noqa: PLC0415 - few texts get here

    steps = _without_strings(text).translate(_STEPS, _NO_BRACKETS)
    depths = np.cumsum(np.frombuffer(steps, np.int8), dtype=np.int32)
    return bool(depths.max(initial=0) > most)


def is_surely_flat(text: bytes, most: int) -> bool:
    """Return True if a JSON text has few enough levels; False if that takes a closer look, ten times as long.

    Without an escaped quote or backslash, strings begin and end in turn. If their quotes then only occur in pairs, no
    bracket is in a string, so the remaining brackets can be paired from the inside out, level by level.
    """
    if b"\\" in text and (b'\\"' in text or b"\\\\" in text):
        return False
    brackets = text.translate(None, _NO_QUOTES_OR_BRACKETS).replace(b'""', b"")
    # Each turn removes up to two levels.
    for _ in range(most // 2):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not brackets or b'"' in brackets:
            break
    return not brackets


def _counted_values(text: bytes) -> int:
    return 1 + sum(text.count(start) for start in _STARTS)


def _without_strings(text: bytes) -> bytes:
    """Return what is outside the strings of a JSON text, with their closing quotes.

    A regular expression would make an object for each string: hundreds of megabytes for a text of eight.
    """
    import numpy as np  # noqa: PLC0415 - few texts get here

    # Without escapes, strings begin and end in turn.
    signs = np.frombuffer(text.replace(b"\\\\", b"").replace(b'\\"', b""), np.uint8)
    is_inside = np.logical_xor.accumulate(signs == ord('"'))
    return signs[~is_inside].tobytes()
