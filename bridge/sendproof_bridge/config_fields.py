"""Checks for the values of settings.

Each check takes a value from the file and returns it, converted if necessary. It raises `SettingError` with a message
of the form "expected X".
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import phonenumbers

_TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,}")
_ATTRIBUTE = re.compile(r"[A-Za-z0-9_]+")
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\s]+):(?P<port>\d{1,5})")
_MAX_PORT = 65_535
_MAX_ID = 2**63 - 1


class SettingError(Exception):
    """A setting has an invalid value. The message names the expected value."""


class Secret:
    """A value that `repr` and `str` hide."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value, to be sent to the service that it belongs to and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """The URL of a PostgreSQL database. As text it has neither user nor password."""

    url: Secret

    def reveal(self) -> str:
        """Return the URL, to connect to the database."""
        return self.url.reveal()

    def __str__(self) -> str:
        parts = urlsplit(self.reveal())
        return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"


Check = Callable[[object], Any]
REQUIRED = object()


class Setting(NamedTuple):
    """One setting. The `description` is printed in the reference; without a `default` the setting is required."""

    check: Check
    description: str
    default: Any = REQUIRED


Settings = Mapping[str, Setting]


def text(value: object) -> str:
    """Accept any text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise SettingError("expected non-empty text")
    return value


def matching(pattern: re.Pattern[str], description: str) -> Callable[[object], str]:
    """Return a check for text that matches `pattern`; `description` completes its error message."""

    def check(value: object) -> str:
        if not pattern.fullmatch(text(value)):
            raise SettingError(f"expected {description}")
        return str(value)

    return check


attribute = matching(_ATTRIBUTE, "an attribute name: letters, digits and '_'")


def attributes(value: object) -> tuple[str, ...]:
    """Accept a list of attribute names, which may be empty."""
    if not isinstance(value, list):
        raise SettingError("expected a list of attribute names")
    return tuple(attribute(name) for name in value)


def names_by_id(value: object) -> dict[str, str]:
    """Accept a table of names by id, which may be empty."""
    if not isinstance(value, dict):
        raise SettingError("expected a table of names by id")
    return {text(id_): text(name) for id_, name in value.items()}


def one_of(choices: Collection[str]) -> Callable[[object], str]:
    """Return a check for one of these words."""

    def check(value: object) -> str:
        if text(value) not in choices:
            raise SettingError(f"expected one of {', '.join(choices)}")
        return str(value)

    return check


def secret(value: object) -> Secret:
    """Accept any text and hide it."""
    return Secret(text(value))


def token(value: object) -> Secret:
    """Accept a secret that can be part of a URL without encoding."""
    return Secret(matching(_TOKEN, "8 or more letters, digits, '-', '.', '_' or '~'")(value))


def url(value: object) -> str:
    """Accept an http(s) URL without query and fragment; return it without a trailing slash."""
    parts = urlsplit(text(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise SettingError("expected an http or https URL without query, such as https://api5.optimove.net/")
    return str(value).rstrip("/")


def database(value: object) -> Path | PostgresUrl:
    """Accept a file name, or the URL of a PostgreSQL database."""
    scheme, found, _ = text(value).partition("://")
    if not found:
        return Path(str(value))
    if scheme not in {"postgresql", "postgres"}:
        raise SettingError("expected a file name, or a URL such as postgresql://user@host/database")
    return PostgresUrl(Secret(str(value)))


# Error messages about these settings do not repeat the value.
SECRET_CHECKS: tuple[Check, ...] = (secret, token, database)


def host_and_port(value: object) -> tuple[str, int]:
    """Accept `HOST:PORT`."""
    match = _HOST_AND_PORT.fullmatch(text(value))
    if match is None or int(match["port"]) > _MAX_PORT:
        raise SettingError("expected HOST:PORT such as 127.0.0.1:9000")
    return match["host"].strip("[]"), int(match["port"])


def integer(minimum: int, maximum: int) -> Callable[[object], int]:
    """Return a check for a whole number in this range, both ends included."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise SettingError(f"expected a whole number from {minimum} to {maximum}")
        return value

    return check


channel_id = integer(1, _MAX_ID)


def boolean(value: object) -> bool:
    """Accept true or false."""
    if not isinstance(value, bool):
        raise SettingError("expected true or false")
    return value


def country(value: object) -> str:
    """Accept the two-letter code of a country with a known phone number plan."""
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise SettingError("expected a country in two capital letters such as GB")
    return str(value)
