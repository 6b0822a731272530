"""Bounds of a JSON text, found before it is decoded: how many values it has, and how deeply they are nested.

Decoding costs more than receiving: Python needs 60 to 250 bytes for a value that a client writes in three.
"""

import re
from collections.abc import Iterator

# Ten attributes of 10,000 customers, the most that one call may set, have 760,000 values.
MOST_VALUES = 800_000
TOO_MANY_VALUES = f"too long: it has more than {MOST_VALUES:,} values"
NESTED_TOO_DEEPLY = "nested too deeply"

_NESTED = re.compile(rb"(?:\xef\xbb\xbf)?\s*+[\[{]")
_STARTS = (b",", b"[", b"{")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_NO_QUOTES_OR_BRACKETS = bytes(set(_NO_BRACKETS) - set(b'"'))
_BLOCK_BYTES = 1024 * 1024
# What a bracket adds to the depth, as signed bytes.
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def is_nested(text: bytes) -> bool:
    """Return True if a text could be a JSON object or array: it begins with a bracket."""
    return _NESTED.match(text) is not None


def has_more_values(text: bytes, most: int) -> bool:
    """Return True if a JSON text has more than `most` values: commas, opening brackets, strings, and one more.

    Strings and names of members count in addition, because they need the most memory.
    """
    # Counting is quick, but it also counts what is in strings. Each of these has two quotes.
    if len(text) < most or _starts(text) + text.count(b'"') // 2 < most:
        return False
    count = 1
    for block in _outside_strings(text):
        # Each string has left its closing quote.
        count += _starts(block) + block.count(b'"')
        if count > most:
            return True
    return False


def has_more_levels(text: bytes, most: int) -> bool:
    """Return True if a JSON text has more than `most` levels. It may be invalid; then the result does not matter."""
    if is_surely_flat(text, most):
        return False
    import numpy as np  # noqa: PLC0415 - few texts get here

    depth = 0
    for block in _outside_strings(text):
        steps = np.frombuffer(block.translate(_STEPS, _NO_BRACKETS), np.int8)
        depths = depth + np.cumsum(steps, dtype=np.int32)
        if depths.max(initial=0) > most:
            return True
        depth = int(depths[-1]) if len(depths) else depth
    return False


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


def _starts(text: bytes) -> int:
    return sum(text.count(start) for start in _STARTS)


def _outside_strings(text: bytes) -> Iterator[bytes]:
    """Yield what is outside the strings of a JSON text, with their closing quotes, in blocks.

    A regular expression would make an object for each string: hundreds of megabytes for a text of eight. All at once
    would need five copies of a text of sixteen megabytes.
    """
    import numpy as np  # noqa: PLC0415 - few texts get here

    is_inside = is_escaped = False
    for start in range(0, len(text), _BLOCK_BYTES):
        # The character after a backslash at the end of a block is part of an escape.
        block = text[start + is_escaped : start + _BLOCK_BYTES]
        is_escaped = bool((len(block) - len(block.rstrip(b"\\"))) % 2)
        # Without escapes, strings begin and end in turn.
        signs = np.frombuffer(block.replace(b"\\\\", b"").replace(b'\\"', b""), np.uint8)
        inside = np.logical_xor.accumulate(signs == ord('"')) ^ is_inside
        yield signs[~inside].tobytes()
        is_inside = bool(inside[-1]) if len(inside) else is_inside
