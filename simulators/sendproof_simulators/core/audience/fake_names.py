"""The pools of customers' names and cities, a few thousand; `docs/generators/fake_name_data.py` draws them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

#: The generated names.
NAMES_FILE = Path(__file__).with_name("fake_names.json")
_FOLD = str.maketrans("ąćęłńóśźżàâçèéêëîïôöùûüŁŚŻÉÈ", "acelnoszzaaceeeeiioouuulszee", "'- ")


@dataclass(frozen=True, slots=True)
class Name:
    """One name, and its form in a mail address."""

    text: str
    mail: str


@dataclass(frozen=True, slots=True)
class Names:
    """First and last names of one language (ISO 639-1)."""

    language: str
    first: tuple[Name, ...]
    last: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Pools:
    """Names and cities. `home` is English.

    Each first name in `foreign` has a letter outside ASCII, which changes the encoding of texts.
    """

    home: Names
    foreign: tuple[Names, ...]
    cities: tuple[str, ...]


class _Language(msgspec.Struct):
    """The names of one language in the file."""

    language: str
    first: list[str]
    last: list[str]


class _File(msgspec.Struct):
    """The content of the file."""

    home: _Language
    foreign: list[_Language]
    cities: list[str]


@cache
def pools() -> Pools:
    """Return the pools, which are equal in all processes."""
    content = msgspec.json.decode(NAMES_FILE.read_bytes(), type=_File)
    return Pools(home=_names(content.home), foreign=tuple(map(_names, content.foreign)), cities=tuple(content.cities))


def _names(names: _Language) -> Names:
    return Names(
        names.language,
        tuple(Name(text, _mail(text)) for text in names.first),
        tuple(Name(text, _mail(text)) for text in names.last),
    )


def _mail(text: str) -> str:
    return text.lower().translate(_FOLD).encode("ascii", "ignore").decode()
