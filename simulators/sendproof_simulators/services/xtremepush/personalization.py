"""Texts with variables: `{{first_name}}`.

documented: the form, https://docs.xtremepush.com/docs/api-create-sms. assumed: that names are case-insensitive, and
that a variable with the value null or "" is replaced by nothing. Whether values in an e-mail are escaped for HTML is
not documented, so a reader sees the same value whether the caller escaped it or not.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import unescape

import msgspec

from sendproof_simulators.core.messaging.mail_texts import in_one_line

#: Characters of a text with its variables: more than three times the longest SMS. A text of 2,000 characters can name
#: a variable hundreds of times, and a call may have 10,000 targets and values of megabytes.
LONGEST_TEXT = 5_000

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_.-]+)\s*\}\}")


class MissingVariableError(LookupError):
    """No source has a value for a variable of the text; the message is its name."""


@dataclass(frozen=True, slots=True)
class MergeText:
    """A parsed text: plain pieces, and the names of the variables between them."""

    source: str
    plain: tuple[str, ...]
    names: tuple[str, ...]

    def merge(
        self, sources: Sequence[Mapping[str, object]], *, missing: str | None = None, in_html: bool = False
    ) -> str:
        """Return the final text, cut beyond `LONGEST_TEXT`. For each name the first source with it provides the value.

        `missing` replaces a name that no source contains; if it is None, raise `MissingVariableError`. With
        `in_html`, white space in a value is a space, and an entity is the character that a reader sees.
        """
        if not self.names:
            return self.plain[0]
        variables = _Variables(sources)
        pieces, length = [self.plain[0]], len(self.plain[0])
        for name, plain in zip(self.names, self.plain[1:], strict=True):
            value = variables.find(name, missing)
            value = value[: LONGEST_TEXT + 1]
            pieces += (in_one_line(unescape(value)) if in_html else value, plain)
            length += len(value) + len(plain)
            if length > LONGEST_TEXT:
                break
        return "".join(pieces)[: LONGEST_TEXT + 1]


@lru_cache(maxsize=1_000)
def merge_text(body: str) -> MergeText:
    """Parse a text."""
    pieces = _VARIABLE.split(body)
    return MergeText(body, tuple(pieces[::2]), tuple(pieces[1::2]))


def merge_names(names: Iterable[str], sources: Sequence[Mapping[str, object]], *, missing: str | None) -> None:
    """Raise `MissingVariableError` if a source has no value for one of these names, as `MergeText.merge` does."""
    variables = _Variables(sources)
    for name in names:
        variables.find(name, missing)


def render(body: str, attributes: Mapping[str, str | None]) -> str:
    """Return the text for these attributes; a variable without a value is replaced by nothing."""
    return merge_text(body).merge((attributes,), missing="")


class _Variables:
    """The variables of one text."""

    def __init__(self, sources: Sequence[Mapping[str, object]]) -> None:
        self._sources = sources
        self._in_any_case: dict[str, object] | None = None

    def find(self, name: str, missing: str | None) -> str:
        """Return the value of a variable, from the first source with exactly this name, or else in any case."""
        for source in self._sources:
            if name in source:
                return plain_value(source[name])
        if self._in_any_case is None:
            # The first source and its first name come last, and count.
            pairs = ((key, source[key]) for source in reversed(self._sources) for key in reversed([*source]))
            self._in_any_case = {key.casefold(): value for key, value in pairs}
        folded = name.casefold()
        if folded in self._in_any_case:
            return plain_value(self._in_any_case[folded])
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
