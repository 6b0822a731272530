"""Texts with variables: `{{first_name}}`.

documented: the form, https://docs.xtremepush.com/docs/api-create-sms. assumed: that names are case-insensitive, and
that a variable with the value null or "" is replaced by nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}")


class MissingVariableError(LookupError):
    """No source has a value for a variable of the text; the message is its name."""


@dataclass(frozen=True, slots=True)
class MergeText:
    """A parsed text: plain pieces, and the names of the variables between them."""

    plain: tuple[str, ...]
    names: tuple[str, ...]

    def merge(self, sources: Sequence[Mapping[str, object]], *, missing: str | None = None) -> str:
        """Return the final text. For each name the first source that contains it provides the value.

        `missing` replaces a name that no source contains; if it is None, raise `MissingVariableError`.
        """
        if not self.names:
            return self.plain[0]
        pieces = [self.plain[0]]
        for name, plain in zip(self.names, self.plain[1:], strict=True):
            pieces += (_variable_value(name, sources, missing), plain)
        return "".join(pieces)


@lru_cache(maxsize=1_000)
def merge_text(body: str) -> MergeText:
    """Parse a text."""
    pieces = _VARIABLE.split(body)
    return MergeText(tuple(pieces[::2]), tuple(pieces[1::2]))


def render(body: str, attributes: Mapping[str, str | None]) -> str:
    """Return the text for these attributes; a variable without a value is replaced by nothing."""
    return merge_text(body).merge((attributes,), missing="")


def _variable_value(name: str, sources: Sequence[Mapping[str, object]], missing: str | None) -> str:
    for source in sources:
        if name in source:
            return plain_value(source[name])
    folded = name.casefold()
    for source in sources:
        for key, value in source.items():
            if key.casefold() == folded:
                return plain_value(value)
    if missing is None:
        raise MissingVariableError(name)
    return missing


def plain_value(value: object) -> str:
    """Return a JSON value as plain text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()
    return str(value)
