"""Removal of secrets from what a sandbox records: a history is shown to others, its credentials must not be.

A secret is replaced by a name that is the same wherever the secret is, so equal URLs stay equal. Secrets are the
credentials of the sandbox, and each part of a URL of the bridge that may be a token.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b

# Shorter values, such as a number, may be part of any text.
_MIN_LENGTH = 12
# Fields with URLs of the bridge, or with texts that may quote one. A `url` of a delivery is content of the message.
_WITH_URLS = frozenset({"url", "receipt_url", "error", "response_excerpt"})
_CONTENT = ("delivery", "url")

_URL = re.compile(r"https?://[^\s\"'<>\\]+")
_PART = re.compile(r"[^/?&=;#]+")
_SEPARATOR = re.compile(r"[-._~:,]+")
# The words and numbers of a path. A token mixes letters and digits, or is longer.
_WORD = re.compile(r"[A-Za-z]{0,20}|[0-9]{1,12}|[A-Za-z0-9]{1,7}")
_SECRET_NAME = re.compile(r"token|key|secret|sign|auth|pass|pwd", re.IGNORECASE)


def secret_name(secret: str) -> str:
    """Return the text that stands for a secret in a record."""
    return f"secret-{blake2b(secret.encode(), digest_size=4).hexdigest()}"


class Redaction:
    """The secrets of one sandbox."""

    def __init__(self) -> None:
        self._names: Mapping[bytes, bytes] = {}

    @property
    def names(self) -> Mapping[bytes, bytes]:
        """The names of all secrets so far. A further secret makes it another mapping."""
        return self._names

    def add(self, secret: str) -> None:
        """Remove this value from everything that is recorded from now on."""
        if len(secret) >= _MIN_LENGTH:
            self._names = {**self._names, secret.encode(): secret_name(secret).encode()}

    def redact(self, text: str) -> str:
        """Return a text without the credentials of the sandbox."""
        return self.redact_line(text.encode()).decode()

    def redact_line(self, line: bytes) -> bytes:
        """Return an encoded entry without the credentials of the sandbox."""
        return _without_secrets(line, self._names)


def redact_lines(lines: list[bytes], names: Mapping[bytes, bytes]) -> list[bytes]:
    """Return lines without secrets. To search all of them at once is many times cheaper than each alone."""
    # No line contains a line end, so neither does a secret in it.
    text = _without_secrets(b"\n".join(lines), {secret: name for secret, name in names.items() if b"\n" not in secret})
    return text.split(b"\n")


def _without_secrets(text: bytes, names: Mapping[bytes, bytes]) -> bytes:
    for secret, name in names.items():
        if secret in text:
            text = text.replace(secret, name)
    return text


def redact_urls(kind: str, fields: Mapping[str, object]) -> Mapping[str, object]:
    """Return the fields of an entry without the tokens in URLs of the bridge."""
    if _WITH_URLS.isdisjoint(fields):
        return fields
    changed = {
        name: redacted
        for name in _WITH_URLS
        if isinstance(text := fields.get(name), str)
        and (kind, name) != _CONTENT
        and (redacted := redact_text(text)) != text
    }
    return {**fields, **changed} if changed else fields


@lru_cache(maxsize=4096)
def redact_text(text: str) -> str:
    """Return a text without the tokens in the URLs that it quotes."""
    return redact_long_text(text)


def redact_long_text(text: str) -> str:
    """Return the same as `redact_text`, for texts that are too long to remember."""
    return _URL.sub(lambda url: _redact_url(url[0]), text) if "://" in text else text


def _redact_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    end = next((index for index, character in enumerate(rest) if character in "/?#"), len(rest))
    login, at, address = rest[:end].rpartition("@")
    path, mark, query = rest[end:].partition("?")
    path = _PART.sub(lambda part: _redact_part(part[0]), path)
    pairs = [_redact_pair(*pair.partition("=")) for pair in query.split("&")]
    return f"{scheme}://{secret_name(login) if at else ''}{at}{address}{path}{mark}{'&'.join(pairs)}"


def _redact_pair(name: str, equals: str, value: str) -> str:
    if value and _SECRET_NAME.search(name):
        return f"{name}{equals}{secret_name(value)}"
    return f"{_redact_part(name)}{equals}{_redact_part(value)}"


def _redact_part(part: str) -> str:
    return part if all(_WORD.fullmatch(word) for word in _SEPARATOR.split(part)) else secret_name(part)
