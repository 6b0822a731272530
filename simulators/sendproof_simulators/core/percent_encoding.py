"""Percent-decoding of long texts, as by the library, which needs 100 bytes for each percent sign of a text."""

from collections.abc import Iterator
from urllib.parse import unquote_plus, unquote_to_bytes

_BLOCK_BYTES = 64 * 1024


def percent_decoded(text: bytes) -> bytes:
    """Return a text as `unquote_to_bytes` decodes it."""
    return unquote_to_bytes(text) if len(text) <= _BLOCK_BYTES else b"".join(map(unquote_to_bytes, _blocks(text)))


def form_decoded(text: str) -> str:
    """Return a text as `unquote_plus` decodes it; in a long one, what is not Unicode is replaced."""
    if len(text) <= _BLOCK_BYTES:
        return unquote_plus(text)
    return percent_decoded(text.replace("+", " ").encode("utf-8", "replace")).decode("utf-8", "replace")


def _blocks(text: bytes) -> Iterator[bytes]:
    """Yield a text in parts that divide no escape."""
    start = 0
    while start < len(text):
        end = start + _BLOCK_BYTES
        escape = text.rfind(b"%", end - 2, end)
        end = end if escape < 0 else escape
        yield text[start:end]
        start = end
