"""Percent-decoding of long texts, as by the library, which needs 100 bytes and a microsecond for each percent sign."""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import unquote_plus, unquote_to_bytes

from sendproof_simulators.core.json_text import MOST_WIDE_BYTES, TOO_WIDE, WIDE_CHARACTER_BYTES

_BLOCK_BYTES = 64 * 1024
_HEX = b"0123456789ABCDEFabcdef"
_NO_DIGIT = 255
_WIDE = re.compile("[\U00010000-\U0010ffff]")


def percent_decoded(text: bytes) -> bytes:
    """Return a text as `unquote_to_bytes` decodes it."""
    return unquote_to_bytes(text) if len(text) <= _BLOCK_BYTES else b"".join(map(_decoded, _blocks(text)))


def form_decoded(text: str) -> str:
    """Return a text as `unquote_plus` decodes it; in a long one, what is not Unicode is replaced."""
    if len(text) <= _BLOCK_BYTES:
        return unquote_plus(text)
    return percent_decoded(text.replace("+", " ").encode("utf-8", "replace")).decode("utf-8", "replace")


def form_pairs(form: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the names and values of a form as they are encoded. A value can have megabytes, so it is copied once."""
    start = 0
    while start < len(form):
        end = form.find(b"&", start)
        end = len(form) if end < 0 else end
        equals = form.find(b"=", start, end)
        if end > start:
            yield (form[start:end], b"") if equals < 0 else (form[start:equals], form[equals + 1 : end])
        start = end + 1


def form_text(encoded: bytes) -> str:
    """Return a name or value of a form as `unquote_plus` decodes it; `ValueError` if it is not UTF-8, or too long."""
    if len(encoded) <= _BLOCK_BYTES:
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode()
    decode = getincrementaldecoder("utf-8")().decode
    blocks = [decode(_decoded(block.replace(b"+", b" "))) for block in _blocks(encoded)]
    decode(b"", final=True)
    if WIDE_CHARACTER_BYTES * sum(map(len, blocks)) > MOST_WIDE_BYTES and any(map(_WIDE.search, blocks)):
        raise ValueError(TOO_WIDE)
    return "".join(blocks)


def check_utf8(text: bytes) -> None:
    """Raise `UnicodeDecodeError` if a text is not UTF-8. As one text, it could need four times its bytes."""
    decode = getincrementaldecoder("utf-8")().decode
    for start in range(0, len(text), _BLOCK_BYTES):
        decode(text[start : start + _BLOCK_BYTES])
    decode(b"", final=True)


def _decoded(block: bytes) -> bytes:
    """Return a block with its escapes decoded: all at once, since a hostile text has millions, valid or not."""
    if b"%" not in block:
        return block
    import numpy as np  # noqa: PLC0415 - few texts get here

    signs = np.frombuffer(block, np.uint8)
    digits = _digits()[signs]
    is_digit = digits != _NO_DIGIT
    at = np.flatnonzero((signs[:-2] == ord("%")) & is_digit[1:-1] & is_digit[2:])
    decoded, is_kept = signs.copy(), np.ones(len(signs), bool)
    decoded[at] = digits[at + 1] * 16 + digits[at + 2]
    is_kept[at + 1] = is_kept[at + 2] = False
    return decoded[is_kept].tobytes()


@cache
def _digits() -> Any:
    """Return an array with the value of each sign as a hexadecimal digit."""
    import numpy as np  # noqa: PLC0415 - few texts get here

    values = [int(chr(sign), 16) if sign in _HEX else _NO_DIGIT for sign in range(256)]
    return np.array(values, np.uint8)


def _blocks(text: bytes) -> Iterator[bytes]:
    """Yield a text in parts that divide no escape."""
    start = 0
    while start < len(text):
        end = start + _BLOCK_BYTES
        escape = text.rfind(b"%", end - 2, end)
        end = end if escape < 0 else escape
        yield text[start:end]
        start = end
