"""How settings are checked: each check takes a value from the file, and answers it or says what was expected."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import phonenumbers

_TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,}")
_ATTRIBUTE = re.compile(r"[A-Za-z0-9_]+")
_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\s]+):(?P<port>\d{1,5})")
_HIGHEST_PORT = 65_535
_HIGHEST_ID = 2**63 - 1


class WrongError(Exception):
    """A value is not what was expected; the text says what was."""


class Secret:
    """A value that never shows itself by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the wire only."""
        return self._value

    def __repr__(self) -> str:
        return "***"


Check = Callable[[object], Any]
REQUIRED = object()


class Setting(NamedTuple):
    """One setting, and what it is `about`, for the manual. Without a `default` it must be there."""

    check: Check
    about: str
    default: Any = REQUIRED


Settings = Mapping[str, Setting]


def text(value: object) -> str:
    """Any text but nothing."""
    if not isinstance(value, str) or not value.strip():
        raise WrongError("expected a text that is not empty")
    return value


def matching(pattern: re.Pattern[str], what: str) -> Callable[[object], str]:
    """A text of this form; `what` describes it."""

    def check(value: object) -> str:
        if not pattern.fullmatch(text(value)):
            raise WrongError(f"expected {what}")
        return str(value)

    return check


attribute = matching(_ATTRIBUTE, "the name of an attribute: letters, digits and '_'")


def attributes(value: object) -> tuple[str, ...]:
    """Names of attributes, perhaps none."""
    if not isinstance(value, list):
        raise WrongError("expected a list of names of attributes")
    return tuple(attribute(one) for one in value)


def one_of(choices: Collection[str]) -> Callable[[object], str]:
    """One of some words."""

    def check(value: object) -> str:
        if text(value) not in choices:
            raise WrongError(f"expected one of {', '.join(choices)}")
        return str(value)

    return check


def secret(value: object) -> Secret:
    """A text that is never shown."""
    return Secret(text(value))


def token(value: object) -> Secret:
    """A secret that is a part of addresses, so it must need no encoding."""
    return Secret(matching(_TOKEN, "8 or more letters, digits, '-', '.', '_' or '~'")(value))


# A mistake in one of these is told without the value.
SECRET_CHECKS: tuple[Check, ...] = (secret, token)


def url(value: object) -> str:
    """An address without query; the slash at its end is taken away."""
    parts = urlsplit(text(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise WrongError("expected an http or https URL without query, such as https://api5.optimove.net/")
    return str(value).rstrip("/")


def listen(value: object) -> tuple[str, int]:
    """HOST:PORT."""
    match = _LISTEN.fullmatch(text(value))
    if match is None or int(match["port"]) > _HIGHEST_PORT:
        raise WrongError("expected HOST:PORT such as 127.0.0.1:9000")
    return match["host"].strip("[]"), int(match["port"])


def number(low: int, high: int) -> Callable[[object], int]:
    """A whole number between two others."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise WrongError(f"expected a whole number from {low} to {high}")
        return value

    return check


channel_id = number(1, _HIGHEST_ID)


def flag(value: object) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise WrongError("expected true or false")
    return value


def region(value: object) -> str:
    """A country whose national numbers are understood."""
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise WrongError("expected a country in two capital letters such as GB")
    return str(value)
