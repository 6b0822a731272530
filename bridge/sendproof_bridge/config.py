"""The configuration: one TOML file, read once, every mistake in it told at once.

    [bridge]
    database = "bridge.sqlite"
    listen = "127.0.0.1:9000"
    public_url = "https://bridge.example.com"

    [[clients]]
    name = "acme"
    optimove_url = "https://api5.optimove.net/"
    optimove_api_key = "${ACME_OPTIMOVE_KEY}"
    webhook_token = "${ACME_WEBHOOK_TOKEN}"

    [[clients.channels]]
    id = 505
    provider = "textlocal"
    ...

Unknown keys, missing keys and wrong values are errors. `${NAME}` stands for an environment variable.
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import phonenumbers

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,}")
_ATTRIBUTE = re.compile(r"[A-Za-z0-9_]+")
_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\s]+):(?P<port>\d{1,5})")

_HIGHEST_PORT = 65_535
_MOST_THREADS = 16


class ConfigError(Exception):
    """The configuration cannot be used; the message lists every reason."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """One channel of one client, and the provider's account that carries it."""

    id: int
    provider: str
    url: str
    apikey: Secret
    sender: str
    phone_attribute: str
    consent_attribute: str
    default_region: str = "GB"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """One Optimove client."""

    name: str
    optimove_url: str
    optimove_api_key: Secret
    webhook_token: Secret
    channels: tuple[ChannelConfig, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeConfig:
    """The bridge itself. `clock_url` is None for the machine's clock."""

    database: Path
    listen: tuple[str, int]
    public_url: str
    clock_url: str | None = None
    threads: int = 4
    log: str = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything in the file."""

    bridge: BridgeConfig
    clients: tuple[ClientConfig, ...]


def load(path: Path, environment: Mapping[str, str], providers: Iterable[str]) -> Config:
    """Read and check a file. `providers` are the names that a channel may use."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    reader = _Reader(environment, sorted(providers))
    config = reader.config(document, path.parent)
    if reader.mistakes or config is None:
        raise ConfigError("\n".join(f"{path}: {mistake}" for mistake in reader.mistakes))
    return config


class _Wrong(Exception):  # noqa: N818 never leaves this file
    """A value is not what was expected; the text says what was."""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Wrong("expected a text that is not empty")
    return value


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not pattern.fullmatch(_text(value)):
            raise _Wrong(f"expected {what}")
        return str(value)

    return check


def _one_of(choices: Collection[str]) -> Callable[[object], str]:
    def check(value: object) -> str:
        if _text(value) not in choices:
            raise _Wrong(f"expected one of {', '.join(choices)}")
        return str(value)

    return check


def _secret(value: object) -> Secret:
    return Secret(_text(value))


def _token(value: object) -> Secret:
    # It is a part of addresses, so it must need no encoding.
    return Secret(_matching(_TOKEN, "8 or more letters, digits, '-', '.', '_' or '~'")(value))


def _url(value: object) -> str:
    parts = urlsplit(_text(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise _Wrong("expected an http or https URL without query, such as https://api5.optimove.net/")
    return str(value).rstrip("/")


def _listen(value: object) -> tuple[str, int]:
    match = _LISTEN.fullmatch(_text(value))
    if match is None or int(match["port"]) > _HIGHEST_PORT:
        raise _Wrong("expected HOST:PORT such as 127.0.0.1:9000")
    return match["host"].strip("[]"), int(match["port"])


def _number(low: int, high: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _Wrong(f"expected a whole number from {low} to {high}")
        return value

    return check


def _region(value: object) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise _Wrong("expected a country in two capital letters such as GB")
    return str(value)


_SECRET_CHECKS = (_secret, _token)

Checks = Mapping[str, Callable[[object], Any]]

_BRIDGE: Checks = {
    "database": lambda value: Path(_text(value)),
    "listen": _listen,
    "public_url": _url,
    "clock_url": _url,
    "threads": _number(1, _MOST_THREADS),
    "log": _one_of(("plain", "json")),
}
_BRIDGE_OPTIONAL = frozenset({"clock_url", "threads", "log"})

_CLIENT: Checks = {
    "name": _matching(_NAME, "letters, digits, '-' and '_', because it is a part of addresses"),
    "optimove_url": _url,
    "optimove_api_key": _secret,
    "webhook_token": _token,
}

_CHANNEL: Checks = {
    "id": _number(1, 2**63 - 1),
    "url": _url,
    "apikey": _secret,
    "sender": _text,
    "phone_attribute": _matching(_ATTRIBUTE, "the name of an attribute: letters, digits and '_'"),
    "consent_attribute": _matching(_ATTRIBUTE, "the name of an attribute: letters, digits and '_'"),
    "default_region": _region,
}
_CHANNEL_OPTIONAL = frozenset({"default_region"})


class _Reader:
    """Walks the document and notes every mistake, so that all can be told together."""

    def __init__(self, environment: Mapping[str, str], providers: list[str]) -> None:
        self.mistakes: list[str] = []
        self._environment = environment
        self._channel: Checks = {**_CHANNEL, "provider": _one_of(providers)}

    def config(self, document: Mapping[str, Any], folder: Path) -> Config | None:
        self._unknown("the file", document, ["bridge", "clients"])
        bridge = self._bridge(document.get("bridge"), folder)
        clients = [self._client(place, table) for place, table in self._tables("clients", document.get("clients"))]
        self._repeated("clients: name", [client.name for client in clients if client])
        whole = tuple(client for client in clients if client)
        return Config(bridge=bridge, clients=whole) if bridge else None

    def _bridge(self, table: object, folder: Path) -> BridgeConfig | None:
        if not isinstance(table, dict):
            self.mistakes.append("the section [bridge] is missing")
            return None
        values = self._values("bridge", table, _BRIDGE, _BRIDGE_OPTIONAL)
        if values is None:
            return None
        # So that the file means the same wherever the bridge is started.
        return BridgeConfig(**{**values, "database": folder / values["database"]})

    def _client(self, place: str, table: Mapping[str, Any]) -> ClientConfig | None:
        rest = {key: value for key, value in table.items() if key != "channels"}
        values = self._values(place, rest, _CLIENT, frozenset(), known=["channels"])
        found = self._tables(f"{place}.channels", table.get("channels"))
        channels = [self._values(at, channel, self._channel, _CHANNEL_OPTIONAL) for at, channel in found]
        self._repeated(f"{place}.channels: id", [channel["id"] for channel in channels if channel])
        if values is None:
            return None
        whole = tuple(ChannelConfig(**channel) for channel in channels if channel)
        return ClientConfig(**values, channels=whole)

    def _tables(self, place: str, tables: object) -> list[tuple[str, Mapping[str, Any]]]:
        if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
            self.mistakes.append(f"{place}: expected one or more sections [[{_without_numbers(place)}]]")
            return []
        return [(f"{place}[{index}]", table) for index, table in enumerate(tables)]

    def _values(
        self,
        place: str,
        table: Mapping[str, Any],
        checks: Checks,
        optional: frozenset[str],
        known: Iterable[str] = (),
    ) -> dict[str, Any] | None:
        before = len(self.mistakes)
        self._unknown(place, table, [*checks, *known])
        for key in checks:
            if key not in table and key not in optional:
                self.mistakes.append(f"{place}: {key} is missing")
        values = {key: self._value(place, key, table[key], check) for key, check in checks.items() if key in table}
        return values if len(self.mistakes) == before else None

    def _value(self, place: str, key: str, value: object, check: Callable[[object], Any]) -> Any:
        try:
            return check(self._filled(value))
        except _Wrong as wrong:
            got = "" if check in _SECRET_CHECKS else f", got {value!r}"
            self.mistakes.append(f"{place}: {key}: {wrong}{got}")
            return None

    def _filled(self, value: object) -> object:
        return _VARIABLE.sub(self._variable, value) if isinstance(value, str) else value

    def _variable(self, match: re.Match[str]) -> str:
        name = match[1]
        if name not in self._environment:
            raise _Wrong(f"expected the environment variable {name} to be set")
        return self._environment[name]

    def _unknown(self, place: str, table: Mapping[str, Any], known: list[str]) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                self.mistakes.append(f"{place}: {key} is not a known setting; {hint}")

    def _repeated(self, place: str, values: list[Any]) -> None:
        for value in sorted({value for value in values if values.count(value) > 1}):
            self.mistakes.append(f"{place} {value!r} is used more than once")


def _without_numbers(place: str) -> str:
    return re.sub(r"\[\d+\]", "", place)
