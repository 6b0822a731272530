"""Bounds of a JSON text, found before it is decoded: its values, their depth, and the memory of its strings.

Decoding costs more than receiving: Python needs 60 to 250 bytes for a value that a client writes in three, and four
bytes for each character of a string with an emoji.
"""

import re
from collections.abc import Iterator
from typing import Any

# An object needs as much memory as four other values: 232 bytes, even with one member.
OBJECT_VALUES = 5
# Ten attributes of 10,000 customers, the most that one call may set, have 1,200,001 values.
MOST_VALUES = 1_250_000
TOO_MANY_VALUES = f"too long: it has more than {MOST_VALUES:,} values, where an object counts as {OBJECT_VALUES}"
NESTED_TOO_DEEPLY = "nested too deeply"
#: Bytes of all strings with characters beyond the Basic Multilingual Plane, such as emoji, when they are decoded.
MOST_WIDE_BYTES, WIDE_CHARACTER_BYTES, WIDE_STRING_BYTES = 16 * 1024 * 1024, 4, 76
TOO_WIDE = f"too long: texts with emoji need more than {MOST_WIDE_BYTES // 1024**2} MiB"

_NESTED = re.compile(rb"(?:\xef\xbb\xbf)?\s*+[\[{]")
_STARTS = {b",": 1, b"[": 1, b"{": OBJECT_VALUES}
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_NO_QUOTES_OR_BRACKETS = bytes(set(_NO_BRACKETS) - set(b'"'))
_BLOCK_BYTES = 256 * 1024
_ESCAPE_BYTES = 6
# The first byte of such a character in UTF-8, and the digits of the first half of a pair of escapes.
_FIRST_WIDE = 0xF0
_CONTINUATION_BITS, _CONTINUATION = 0xC0, 0x80
_D, _FIRST_HALF = list(b"dD"), list(b"89abAB")
_WIDE = re.compile(rb"[\xf0-\xf4]|\\u[dD][89abAB]")
# What a bracket adds to the depth, as signed bytes.
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def is_nested(text: bytes) -> bool:
    """Return True if a text could be a JSON object or array: it begins with a bracket."""
    return _NESTED.match(text) is not None


def has_more_values(text: bytes, most: int) -> bool:
    """Return True if a JSON text has more than `most` values: commas, opening brackets, strings, and one more.

    Strings and names of members count in addition, and each opening brace `OBJECT_VALUES` times, because objects need
    the most memory.
    """
    # Counting is quick, but it also counts what is in strings. Each of these has two quotes.
    if len(text) * OBJECT_VALUES < most or _starts(text) + text.count(b'"') // 2 < most:
        return False
    count = 1
    for block in _outside_strings(text):
        # Each string has left its closing quote.
        count += _starts(block) + block.count(b'"')
        if count > most:
            return True
    return False


def has_more_wide_bytes(text: bytes, most: int) -> bool:
    """Return True if the decoded strings with an emoji, or another such character, need more than `most` bytes."""
    # The shortest text of a wide string has six bytes: two quotes and one character.
    if len(text) * (WIDE_CHARACTER_BYTES + WIDE_STRING_BYTES // 6 + 1) <= most or _WIDE.search(text) is None:
        return False
    complete = 0
    # The characters of a string that continues in the next block, and whether one of them is wide.
    begun, is_wide, is_inside = 0, False, False
    for block in _without_escapes(text):
        lengths, wide = _parts_between_quotes(block)
        lengths[0], wide[0] = lengths[0] + begun, wide[0] or is_wide
        # Strings and what is outside them take turns.
        first = 0 if is_inside else 1
        is_inside = (len(lengths) % 2 == 1) == is_inside
        begun, is_wide = (int(lengths[-1]), bool(wide[-1])) if is_inside else (0, False)
        complete += _wide_bytes(lengths[first:-1:2][wide[first:-1:2]])
        if complete + is_wide * (begun * WIDE_CHARACTER_BYTES + WIDE_STRING_BYTES) > most:
            return True
    return False


def _wide_bytes(lengths: Any) -> int:
    """Return the bytes of wide strings of so many characters each."""
    return int(lengths.sum()) * WIDE_CHARACTER_BYTES + len(lengths) * WIDE_STRING_BYTES


def _parts_between_quotes(block: Any) -> tuple[Any, Any]:
    """Return the number of characters of each part of a block, and whether the part has a wide one."""
    import numpy as np  # noqa: PLC0415 - few texts get here

    quotes = np.flatnonzero(block == ord('"'))
    escapes = np.flatnonzero((block[:-1] == ord("\\")) & (block[1:] == ord("u")))
    complete = escapes[escapes < len(block) - 3]
    pairs = complete[np.isin(block[complete + 2], _D) & np.isin(block[complete + 3], _FIRST_HALF)]
    wide_at = np.concatenate((np.flatnonzero(block >= _FIRST_WIDE), pairs))
    # In UTF-8, each byte but those that continue a character begins one. An escape has six bytes, or twelve for a pair.
    begins = ((block & _CONTINUATION_BITS) != _CONTINUATION).astype(np.int8)
    begins[escapes] -= _ESCAPE_BYTES - 1
    begins[pairs] -= 1
    characters = np.concatenate(([0], np.cumsum(begins, dtype=np.int32)))
    lengths = np.diff(np.concatenate(([0], characters[quotes], [characters[-1]])))
    # Each part but the first begins with its quote.
    lengths[1:] -= 1
    is_wide = np.zeros(len(lengths), bool)
    is_wide[np.searchsorted(quotes, wide_at)] = True
    return lengths, is_wide


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
    return sum(text.count(start) * values for start, values in _STARTS.items())


def _outside_strings(text: bytes) -> Iterator[bytes]:
    """Yield what is outside the strings of a JSON text, with their closing quotes, in blocks.

    A regular expression would make an object for each string: hundreds of megabytes for a text of eight.
    """
    import numpy as np  # noqa: PLC0415 - few texts get here

    is_inside = False
    for signs in _without_escapes(text):
        # Without escapes, strings begin and end in turn.
        inside = np.logical_xor.accumulate(signs == ord('"')) ^ is_inside
        yield signs[~inside].tobytes()
        is_inside = bool(inside[-1]) if len(inside) else is_inside


def _without_escapes(text: bytes) -> Iterator[Any]:
    """Yield the signs of a JSON text without escaped quotes and backslashes, in blocks, as arrays.

    All at once would need five copies of a text of sixteen megabytes.
    """
    import numpy as np  # noqa: PLC0415 - few texts get here

    is_escaped = False
    for start in range(0, len(text), _BLOCK_BYTES):
        # The character after a backslash at the end of a block is part of an escape.
        block = text[start + is_escaped : start + _BLOCK_BYTES]
        is_escaped = bool((len(block) - len(block.rstrip(b"\\"))) % 2)
        yield np.frombuffer(block.replace(b"\\\\", b"").replace(b'\\"', b""), np.uint8)
