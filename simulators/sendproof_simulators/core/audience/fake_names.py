"""The pools of customers' names and cities: a few thousand, created once per process at the first use."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faker import Faker

_TRIES = 3_000
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


@cache
def pools() -> Pools:
    """Return the pools, which are equal in all processes with the same version of Faker."""
    from faker import Faker  # noqa: PLC0415 - its import takes longer than starting a server

    home = _seeded(Faker("en_GB"))
    return Pools(
        home=Names("en", _names(home.first_name), _names(home.last_name)),
        foreign=tuple(_foreign(language, _seeded(Faker(locale))) for language, locale in _LOCALES.items()),
        cities=_distinct(home.city),
    )


_LOCALES = {"pl": "pl_PL", "fr": "fr_FR"}


def _foreign(language: str, fake: "Faker") -> Names:
    first = tuple(name for name in _names(fake.first_name) if not name.text.isascii())
    return Names(language, first, _names(fake.last_name))


def _seeded(fake: "Faker") -> "Faker":
    fake.seed_instance(1)
    return fake


def _names(draw: Callable[[], str]) -> tuple[Name, ...]:
    return tuple(Name(text, _mail(text)) for text in _distinct(draw))


def _distinct(draw: Callable[[], str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(draw() for _ in range(_TRIES)))


def _mail(text: str) -> str:
    return text.lower().translate(_FOLD).encode("ascii", "ignore").decode()
