"""The fake names of customers, drawn from Faker once: importing and asking it would take a third of each start."""

import json
from collections.abc import Callable

from faker import Faker

_TRIES = 3_000
# Faker's locale of each foreign language.
_LOCALES = {"pl": "pl_PL", "fr": "fr_FR"}


def fake_names_json() -> str:
    """Return the pools of names and cities as JSON."""
    home = _seeded("en_GB")
    names = {"home": _names("en", home), "foreign": [_foreign(*entry) for entry in _LOCALES.items()]}
    return json.dumps({**names, "cities": _distinct(home.city)}, indent=1, ensure_ascii=False) + "\n"


def _seeded(locale: str) -> Faker:
    fake = Faker(locale)
    fake.seed_instance(1)
    return fake


def _names(language: str, fake: Faker) -> dict[str, object]:
    return {"language": language, "first": _distinct(fake.first_name), "last": _distinct(fake.last_name)}


def _foreign(language: str, locale: str) -> dict[str, object]:
    """Return the names of a language; each first name has a letter outside ASCII."""
    fake = _seeded(locale)
    first = [name for name in _distinct(fake.first_name) if not name.isascii()]
    return {"language": language, "first": first, "last": _distinct(fake.last_name)}


def _distinct(draw: Callable[[], str]) -> list[str]:
    return list(dict.fromkeys(draw() for _ in range(_TRIES)))
