"""Texts with variables: `{{first_name}}`.

documented: the form, https://docs.xtremepush.com/docs/api-create-sms. assumed: that a name is found in whatever case
it is written, and that a variable whose value is null or empty leaves nothing behind.
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
    """A text taken apart: plain pieces, and between them the names of variables."""

    plain: tuple[str, ...]
    names: tuple[str, ...]

    def merge(self, sources: Sequence[Mapping[str, object]], *, missing: str | None = None) -> str:
        """The final text; the first source that knows a name counts.

        A name that none knows becomes `missing`, or is a `MissingVariableError` when that is None.
        """
        if not self.names:
            return self.plain[0]
        pieces = [self.plain[0]]
        for name, plain in zip(self.names, self.plain[1:], strict=True):
            pieces += (_value(name, sources, missing), plain)
        return "".join(pieces)


@lru_cache(maxsize=1_000)
def merge_text(body: str) -> MergeText:
    """Take a text apart."""
    pieces = _VARIABLE.split(body)
    return MergeText(tuple(pieces[::2]), tuple(pieces[1::2]))


def render(body: str, attributes: Mapping[str, str | None]) -> str:
    """The text for somebody with these attributes; what has no value leaves nothing behind."""
    return merge_text(body).merge((attributes,), missing="")


def _value(name: str, sources: Sequence[Mapping[str, object]], missing: str | None) -> str:
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
    """A JSON value as it stands in a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()
    return str(value)
