"""Forms as bodies of requests."""

from collections.abc import Mapping
from urllib.parse import quote_plus

FORM_TYPE = "application/x-www-form-urlencoded"

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
# They are replaced first, as they are in what replaces others.
_IN_REPLACEMENTS = b"%+"
# Replacing a character costs a pass through the text, so a text of many alphabets is quoted byte by byte.
_MAX_PASSES = 60


def form_body(form: Mapping[str, str]) -> bytes:
    """Return the body that `urllib.parse.urlencode` returns, several times faster for the JSON of hundreds of texts."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in form.items()).encode()


def _quoted(text: str) -> str:
    if not text.isascii():
        return quote_plus(text)
    reserved = set(text.encode().translate(None, _UNRESERVED))
    if len(reserved) > _MAX_PASSES:
        return quote_plus(text)
    for code in (*_IN_REPLACEMENTS, *reserved.difference(_IN_REPLACEMENTS)):
        text = text.replace(chr(code), quote_plus(chr(code)))
    return text
