"""Percent-decoding of long texts, as by the library, which needs 100 bytes and a microsecond for each percent sign.

Escapes of quoted-printable texts only differ in their sign, and the decoder for these is in C.
"""

import re
from binascii import a2b_qp
from collections.abc import Iterator
from urllib.parse import unquote_plus, unquote_to_bytes

_BLOCK_BYTES = 64 * 1024
_NO_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_QUOTED_PRINTABLE = bytes.maketrans(b"%", b"=")


def percent_decoded(text: bytes) -> bytes:
    """Return a text as `unquote_to_bytes` decodes it."""
    return unquote_to_bytes(text) if len(text) <= _BLOCK_BYTES else b"".join(map(_decoded, _blocks(text)))


def form_decoded(text: str) -> str:
    """Return a text as `unquote_plus` decodes it; in a long one, what is not Unicode is replaced."""
    if len(text) <= _BLOCK_BYTES:
        return unquote_plus(text)
    return percent_decoded(text.replace("+", " ").encode("utf-8", "replace")).decode("utf-8", "replace")


def _decoded(block: bytes) -> bytes:
    if b"%" not in block:
        return block
    # The signs with a meaning in quoted-printable texts become escapes, and so does a percent sign alone.
    escaped = _NO_ESCAPE.sub(b"%25", block).replace(b"=", b"%3D").replace(b"\n", b"%0A").replace(b"\r", b"%0D")
    return a2b_qp(escaped.translate(_QUOTED_PRINTABLE))


def _blocks(text: bytes) -> Iterator[bytes]:
    """Yield a text in parts that divide no escape."""
    start = 0
    while start < len(text):
        end = start + _BLOCK_BYTES
        escape = text.rfind(b"%", end - 2, end)
        end = end if escape < 0 else escape
        yield text[start:end]
        start = end
