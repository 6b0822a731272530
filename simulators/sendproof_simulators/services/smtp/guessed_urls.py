"""URLs of one-click unsubscriptions as a stranger guesses them.

documented: the URL must be hard to forge (RFC 8058, section 6). Whoever gets a message sees the URL of one recipient,
and so the form of all others.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from urllib.parse import quote

# Shorter names may be any part of a URL.
_MIN_LENGTH = 6
_NUMBER = re.compile(r"(?<=[/=])\d{1,15}(?=$|[/?&#])")
_LAST_CHARACTER = re.compile(r"[A-Za-z0-9](?=[^A-Za-z0-9]*$)")


def guessed_url(url: str, own: tuple[str, ...], other: tuple[str, ...]) -> str:
    """Return the URL that unsubscribes another recipient, if recipients are named in it in a usual way.

    `own` and `other` are the names of both, such as address and id. A number in the URL becomes the next one. Where
    there is neither, the last character of the URL is changed: nobody can guess what the URL of another one is.
    """
    pairs = zip(own, other, strict=True)
    for name, other_name in ((name, other_name) for name, other_name in pairs if len(name) >= _MIN_LENGTH):
        for written, other_written in zip(_forms(name), _forms(other_name), strict=True):
            if written in url:
                return url.replace(written, other_written)
    guess, count = _NUMBER.subn(lambda found: str(int(found[0]) + 1), url)
    return guess if count else _LAST_CHARACTER.sub(lambda found: "A" if found[0] != "A" else "B", url)


def _forms(name: str) -> Iterator[str]:
    """Yield a name as it may be in a URL: as it is, escaped, in Base64, in hexadecimal digits, and as a digest."""
    raw = name.encode()
    yield name
    yield quote(name, safe="")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode().rstrip("=")
    yield raw.hex()
    for digest in (hashlib.md5, hashlib.sha1, hashlib.sha256):
        yield digest(raw, usedforsecurity=False).hexdigest()
