"""URLs of one-click unsubscriptions as a stranger guesses them.

documented: the URL must be hard to forge (RFC 8058, section 6). Whoever gets a message sees the URL of one recipient,
and so the form of all others.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from urllib.parse import quote

# Shorter names may be any part of a URL.
_MIN_LENGTH = 6
_PARTS = re.compile(r"(https?://[^/?#]*)(.*)", re.DOTALL)
# Between marks, or after an escaped one such as %3A.
_NUMBER = re.compile(r"(?:(?<![A-Za-z0-9%])|(?<=%[0-9A-Fa-f]{2}))\d{1,15}(?![A-Za-z0-9])")
_BASE64 = re.compile(r"([A-Za-z0-9+_-]{8,})((?:=|%3D){0,2})")
_ESCAPED_OR_TOKEN = re.compile(r"%[0-9A-Fa-f]{2}|([A-Za-z0-9_-]+)")
_URL_MARKS = "/?#[]@!$&'()*+,;=:%~"
# 8 bytes in Base64 have 11 characters.
_RANDOM_LENGTH = 10

_Change = Callable[[str], str]


def guessed_url(url: str, own: tuple[str, ...], other: tuple[str, ...]) -> str:
    """Return the URL that unsubscribes another recipient, if recipients are named in it in a usual way.

    `own` and `other` are the names of both, such as address and id. A number in the URL becomes the next one. Text in
    Base64 is changed in the same ways. Where there is neither, one character of the token is changed: no one can guess
    what the URL of another one is.
    """
    parts = _PARTS.fullmatch(url)
    if parts is None:
        return url
    names = _names(own, other)
    changes: tuple[_Change, ...] = (
        lambda text: _with_other_names(_in_base64(text, partial(_with_other_names, names=names)), names),
        _with_next_numbers,
        partial(_in_base64, change=_with_next_numbers),
        _with_another_token,
    )
    guesses = (change(parts[2]) for change in changes)
    guess = next((guess for guess in guesses if guess != parts[2]), parts[2])
    return parts[1] + quote(guess, safe=_URL_MARKS)


def _names(own: tuple[str, ...], other: tuple[str, ...]) -> dict[str, str]:
    """Return each form of the own names with the same form of the other name."""
    pairs = [pair for pair in zip(own, other, strict=True) if len(pair[0]) >= _MIN_LENGTH]
    return {written: new for name, guess in pairs for written, new in zip(_forms(name), _forms(guess), strict=True)}


def _forms(name: str) -> Iterator[str]:
    """Yield a name as it may be in a URL: escaped, as it is, in Base64, in hexadecimal digits, and as a digest."""
    raw = name.encode()
    yield quote(name, safe="")
    yield name
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode().rstrip("=")
    yield raw.hex()
    for digest in (hashlib.md5, hashlib.sha1, hashlib.sha256):
        yield digest(raw, usedforsecurity=False).hexdigest()


def _with_other_names(text: str, names: Mapping[str, str]) -> str:
    if not names:
        return text
    return re.sub("|".join(map(re.escape, names)), lambda found: names[found[0]], text)


def _with_next_numbers(text: str) -> str:
    """Return the text with each number one higher, with its leading zeros; digits of a random token are no number."""
    random = [found.span() for found in _ESCAPED_OR_TOKEN.finditer(text) if _is_random(found[0])]

    def following(found: re.Match[str]) -> str:
        if any(start <= found.start() < end for start, end in random):
            return found[0]
        return str(int(found[0]) + 1).zfill(len(found[0]))

    return _NUMBER.sub(following, text)


def _in_base64(text: str, change: _Change) -> str:
    """Return the text with the change in each part that is readable text in Base64."""

    def encoded(found: re.Match[str]) -> str:
        decoded = _decoded(found[1])
        changed = None if decoded is None else change(decoded)
        if changed is None or changed == decoded:
            return found[0]
        encode = base64.b64encode if "+" in found[1] else base64.urlsafe_b64encode
        written = encode(changed.encode()).decode()
        # Without padding where some is due, the bridge leaves it out.
        is_unpadded = not found[2] and len(found[1]) % 4
        return written.rstrip("=") if is_unpadded else written.replace("=", "%3D" if "%" in found[2] else "=")

    return _BASE64.sub(encoded, text)


def _decoded(token: str) -> str | None:
    """Return the readable text that is in a token; None if there is none."""
    padded = token.translate(str.maketrans("-_", "+/")) + "=" * (-len(token) % 4)
    try:
        text = base64.b64decode(padded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text if text.isprintable() else None


def _with_another_token(text: str) -> str:
    """Return the text with another character in the middle of its token: the longest that looks drawn, or the last.

    The last character of a token may have bits that its reader ignores, and so may the case of a letter.
    """
    tokens = [found for found in _ESCAPED_OR_TOKEN.finditer(text) if re.search("[A-Za-z0-9]", found[1] or "")]
    if not tokens:
        return text
    drawn = [found for found in tokens if _is_drawn(found[0])]
    token = max(drawn, key=lambda found: len(found[0])) if drawn else tokens[-1]
    middle = (len(token[0]) - 1) // 2
    letters = [index for index, character in enumerate(token[0]) if character.isalnum()]
    at = token.start() + min(letters, key=lambda index: abs(index - middle))
    return text[:at] + _other_character(text[at]) + text[at + 1 :]


def _other_character(character: str) -> str:
    """Return another character of the same kind, also for readers of hexadecimal digits and those that ignore case."""
    if character.isdigit():
        return "0" if character != "0" else "1"
    guess = "a" if character not in "aA" else "b"
    return guess.upper() if character.isupper() else guess


def _is_drawn(token: str) -> bool:
    """Return True for a token with digits and letters, or capitals after small letters: a word has neither."""
    if re.search("[0-9]", token) and re.search("[A-Za-z]", token):
        return True
    # From the beginning, so that a long token is read once.
    return re.match("[^a-z]*+[a-z][^A-Z]*+[A-Z]", token) is not None


def _is_random(token: str) -> bool:
    kinds = (str.isupper, str.islower, str.isdigit)
    return len(token) >= _RANDOM_LENGTH and all(any(map(kind, token)) for kind in kinds)
