"""Forms as bodies of requests."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote_plus, unquote

FORM_TYPE = "application/x-www-form-urlencoded"

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
# They are replaced first, as they are in what replaces others.
_IN_REPLACEMENTS = b"%+"
# Replacing a character costs a pass through the text, so a text of many alphabets is quoted byte by byte.
_MAX_PASSES = 60
# A longer value is a text, and hardly ever repeated.
_MAX_REMEMBERED = 64


def form_body(form: Mapping[str, str]) -> bytes:
    """Return the body that `urllib.parse.urlencode` returns, several times faster for the JSON of hundreds of texts."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in form.items()).encode()


def form_fields(body: bytes, most: int) -> dict[str, str]:
    """Return what `urllib.parse.parse_qsl` returns with blank values, three times faster for an ordinary receipt.

    Raises `ValueError` for more than `most` fields, and for a body that is not UTF-8.
    """
    if body.count(b"&") >= most:
        raise ValueError(f"expected at most {most} fields, got more")
    fields = {}
    for part in body.decode().split("&"):
        name, _, value = part.partition("=")
        if "%" in part or "+" in part:
            name, value = _unquoted(name), _unquoted(value)
        if part:
            fields[name] = value
    return fields


# The receipts of one second share their time.
_unquote_often = lru_cache(maxsize=256)(unquote)


def _unquoted(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    return _unquote_often(text) if len(text) <= _MAX_REMEMBERED else unquote(text)


def _quoted(text: str) -> str:
    if not text.isascii():
        return quote_plus(text)
    reserved = set(text.encode().translate(None, _UNRESERVED))
    if len(reserved) > _MAX_PASSES:
        return quote_plus(text)
    for code in (*_IN_REPLACEMENTS, *reserved.difference(_IN_REPLACEMENTS)):
        text = text.replace(chr(code), quote_plus(chr(code)))
    return text
