"""Percent-decoding of long texts, as by the library, which needs 100 bytes and a microsecond for each percent sign.

Escapes of quoted-printable texts only differ in their sign, and the decoder for these is in C.
"""

import re
from binascii import a2b_qp
from codecs import getincrementaldecoder
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
    """Return a name or value of a form as `unquote_plus` decodes it; `UnicodeDecodeError` if it is not UTF-8."""
    if len(encoded) <= _BLOCK_BYTES:
        return unquote_to_bytes(encoded.replace(b"+", b" ")).decode()
    decode = getincrementaldecoder("utf-8")().decode
    text = "".join([decode(_decoded(block.replace(b"+", b" "))) for block in _blocks(encoded)])
    decode(b"", final=True)
    return text


def check_utf8(text: bytes) -> None:
    """Raise `UnicodeDecodeError` if a text is not UTF-8. As one text, it could need four times its bytes."""
    decode = getincrementaldecoder("utf-8")().decode
    for start in range(0, len(text), _BLOCK_BYTES):
        decode(text[start : start + _BLOCK_BYTES])
    decode(b"", final=True)


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
