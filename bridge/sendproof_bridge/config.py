"""The configuration: one TOML file. All mistakes in it are reported together.

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

Unknown settings, missing settings and invalid values are mistakes. `${NAME}` is replaced by an environment variable.
Each provider's module defines the settings that its channels have in addition.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sendproof_bridge import config_fields
from sendproof_bridge.bounded_file import FileTooLargeError, read_bounded
from sendproof_bridge.config_fields import (
    REQUIRED,
    SECRET_CHECKS,
    Check,
    PostgresUrl,
    Secret,
    Setting,
    SettingError,
    Settings,
)

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_MAX_THREADS = 16
# A hundred clients are a tenth of this.
_MAX_BYTES = 1_000_000
_MAX_HOURS = 30 * 24

SCHEDULED, TRIGGERED = "scheduled", "triggered"
SMS, PUSH, WEB_PUSH, INBOX, EMAIL = "sms", "push", "web_push", "inbox", "email"
CAMPAIGN_METRICS, SAVE_EVENT = "campaign_metrics", "save_event"
ABSOLUTE, ADDITIVE = "absolute", "additive"
BY_PREFERENCE, BY_ATTRIBUTE, NOT_SHARED = "preference", "attribute", "none"
BY_PROVIDER = "provider"


class ConfigError(Exception):
    """The configuration cannot be used. The message lists every mistake, one per line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """One channel of one client, and the provider's account that sends for it. `options` are the provider's own."""

    id: int
    provider: str
    url: str
    phone_attribute: str
    consent_attribute: str
    consent: str = BY_ATTRIBUTE
    kind: str = SCHEDULED
    message: str = SMS
    email_attribute: str = "EMAIL"
    default_region: str = "GB"
    testing: bool = False
    preference_channel: int | None = None
    too_late_after_hours: int = 24
    apps: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def needs_number(self) -> bool:
        """Return True if each message goes to a phone number."""
        return self.message == SMS

    @property
    def address_attributes(self) -> list[str]:
        """The attribute with the address of each message; none if the provider finds it by the user."""
        by_type = {SMS: [self.phone_attribute], EMAIL: [self.email_attribute]}
        return by_type.get(self.message, [])

    @property
    def checks_attribute(self) -> bool:
        """Return True if a customer needs consent in the attribute to get a message; the inbox has none."""
        return self.consent == BY_ATTRIBUTE and self.message != INBOX


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """One Optimove client."""

    name: str
    optimove_url: str
    optimove_api_key: Secret
    webhook_token: Secret
    channels: tuple[ChannelConfig, ...]
    clears_campaigns: bool = False
    reports: str = CAMPAIGN_METRICS
    reports_a_day: int = 4
    metric_values: str = ABSOLUTE
    metrics_url: str | None = None
    tenant_token: Secret | None = None
    opt_outs: str = BY_PREFERENCE
    opt_out_mode: int = 2
    opt_in_mode: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeConfig:
    """The bridge itself. Without a `clock_url` it uses the machine's clock."""

    database: Path | PostgresUrl
    listen: tuple[str, int]
    public_url: str
    clock_url: str | None = None
    threads: int = 4
    log: str = "plain"
    operator_token: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole file."""

    bridge: BridgeConfig
    clients: tuple[ClientConfig, ...]


def load(path: Path, environment: Mapping[str, str], providers: Mapping[str, Settings]) -> Config:
    """Read and check a file. `providers` maps each available provider to its own settings."""
    try:
        document = tomllib.loads(_text(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name the settings with --config") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: is nested too deeply; every setting is at most two sections deep") from error
    reader = _Reader(environment, providers)
    config = reader.config(document, path.parent)
    if reader.mistakes or config is None:
        raise ConfigError("\n".join(f"{path}: {mistake}" for mistake in reader.mistakes))
    return config


def secrets(config: Config) -> frozenset[str]:
    """Return the values of all secrets."""
    return frozenset(_secret_values(asdict(config)))


def _secret_values(value: object) -> Iterator[str]:
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, Mapping):
        yield from (secret for item in value.values() for secret in _secret_values(item))
    elif isinstance(value, list | tuple):
        yield from (secret for item in value for secret in _secret_values(item))


def _text(path: Path) -> str:
    try:
        return read_bounded(path, _MAX_BYTES).decode("utf-8")
    except FileTooLargeError as error:
        raise ConfigError(f"{path}: {error}; name the settings with --config") from error


BRIDGE: Settings = {
    "database": Setting(
        config_fields.database,
        "The SQLite file, created if missing; or the URL of a PostgreSQL database, `postgresql://...`, for which the "
        "extra `scale` must be installed.",
    ),
    "listen": Setting(config_fields.host_and_port, "The address that the bridge listens on."),
    "public_url": Setting(config_fields.url, "The URL at which Optimove and the providers reach the bridge."),
    "clock_url": Setting(
        config_fields.url,
        "The clock of a sandbox, `.../control/sandboxes/ID/clock`; without it, the machine's clock.",
        None,
    ),
    "threads": Setting(config_fields.integer(1, _MAX_THREADS), "The number of jobs that run in parallel.", 4),
    "log": Setting(
        config_fields.one_of(("plain", "json")),
        "The format of log lines on standard error. They never contain bodies, secrets or URLs with tokens. A line of "
        "`json` has client, channel, campaign and batch as fields.",
        "plain",
    ),
    "operator_token": Setting(
        config_fields.secret,
        "Opens `/status`, `/metrics` and `/campaigns/...` to requests with `Authorization: Bearer TOKEN`; without "
        "it, all are closed.",
        None,
    ),
}

CLIENT: Settings = {
    "name": Setting(
        config_fields.matching(_NAME, "letters, digits, '-' and '_', because it is part of URLs"),
        "The bridge's name for the client.",
    ),
    "optimove_url": Setting(config_fields.url, "The URL from Optimove, with or without `current/`."),
    "optimove_api_key": Setting(config_fields.secret, "Sent as `X-API-KEY`."),
    "webhook_token": Setting(config_fields.token, "The secret part of the client's webhook URLs."),
    "clears_campaigns": Setting(
        config_fields.boolean,
        "Handle event 5. A client has only one listener for it: leave this off if another system uses it.",
        default=False,
    ),
    "reports": Setting(
        config_fields.one_of((CAMPAIGN_METRICS, SAVE_EVENT)),
        "`UpdateCampaignMetrics` and `UpdateCampaignInteractions`, or signed events (`saveEvent`).",
        CAMPAIGN_METRICS,
    ),
    "reports_a_day": Setting(
        config_fields.integer(1, 24), "The number of reports a day, for seven days after a campaign is sent.", 4
    ),
    "metric_values": Setting(
        config_fields.one_of((ABSOLUTE, ADDITIVE)),
        "Whether a value of `UpdateCampaignMetrics` replaces the previous value or is added to it. This is not "
        "published: ask Optimove.",
        ABSOLUTE,
    ),
    "metrics_url": Setting(
        config_fields.url,
        "The tenant's host, such as `https://metric-1001.optimove.net`: required with `save_event`, and only then.",
        None,
    ),
    "tenant_token": Setting(config_fields.secret, "Signs the events: required with `save_event`, and only then.", None),
    "opt_outs": Setting(
        config_fields.one_of((BY_PREFERENCE, BY_ATTRIBUTE, NOT_SHARED)),
        "How the bridge reports opt-outs to Optimove: by `SetCustomerChannelPreference`, by `UpdateCustomerAttributes` "
        "(which needs a key of the kind Admin), or not at all.",
        BY_PREFERENCE,
    ),
    "opt_out_mode": Setting(
        config_fields.integer(0, 2**31 - 1),
        "The `CommunicationMode` that means no messages. Its numbers are not published: ask Optimove.",
        2,
    ),
    "opt_in_mode": Setting(
        config_fields.integer(0, 2**31 - 1), "The `CommunicationMode` of a customer who wants messages again.", 1
    ),
}

CHANNEL: Settings = {
    "id": Setting(config_fields.channel_id, "Optimove's id of the channel."),
    "url": Setting(config_fields.url, "The URL of the provider's API."),
    "phone_attribute": Setting(config_fields.attribute, "The customer attribute with the phone number."),
    "consent_attribute": Setting(config_fields.attribute, "The attribute with the consent: `1`, `true` or `yes`."),
    "consent": Setting(
        config_fields.one_of((BY_ATTRIBUTE, BY_PROVIDER)),
        "Whether only customers with consent in the `attribute` get messages, or all who have not opted out at the "
        "`provider`.",
        BY_ATTRIBUTE,
    ),
    "kind": Setting(
        config_fields.one_of((SCHEDULED, TRIGGERED)),
        "Event 13 or event 11: Optimove gives each its own channel id.",
        SCHEDULED,
    ),
    "message": Setting(
        config_fields.one_of((SMS, PUSH, WEB_PUSH, INBOX, EMAIL)),
        "The type of the channel's messages. Only an SMS needs a phone number. `consent_attribute` is that with the "
        "consent to messages of this type; an inbox message needs no consent.",
        SMS,
    ),
    "email_attribute": Setting(config_fields.attribute, "The customer attribute with the e-mail address.", "EMAIL"),
    "default_region": Setting(config_fields.country, "The country of phone numbers without a country code.", "GB"),
    "testing": Setting(
        config_fields.boolean, "The provider sends nothing, and nothing is reported to Optimove.", default=False
    ),
    "preference_channel": Setting(
        config_fields.channel_id,
        "The channel id under which opt-outs are reported; by default the channel's own.",
        None,
    ),
    "too_late_after_hours": Setting(
        config_fields.integer(1, _MAX_HOURS),
        "How long after its scheduled time a message may still be sent, for example after an outage. Later it is "
        "dropped as `too_late`.",
        24,
    ),
    "apps": Setting(
        config_fields.names_by_id,
        'The apps of the channel that marketers can choose, by id: `{ios = "Our iOS app"}`.',
        {},
    ),
}


class _Reader:
    """Reads the document and collects every mistake, so that all are reported together."""

    def __init__(self, environment: Mapping[str, str], providers: Mapping[str, Settings]) -> None:
        self.mistakes: list[str] = []
        self._environment = environment
        self._providers = providers

    def config(self, document: Mapping[str, Any], folder: Path) -> Config | None:
        self._check_names("the file", document, ["bridge", "clients"])
        bridge = self._bridge(document.get("bridge"), folder)
        clients = [self._client(place, table) for place, table in self._tables("clients", document.get("clients"))]
        self._check_unique("clients: name", [client.name for client in clients if client])
        valid = tuple(client for client in clients if client)
        return Config(bridge=bridge, clients=valid) if bridge else None

    def _bridge(self, table: object, folder: Path) -> BridgeConfig | None:
        if not isinstance(table, dict):
            self.mistakes.append("the section [bridge] is missing")
            return None
        values = self._values("bridge", table, BRIDGE)
        if values is None:
            return None
        # The file must mean the same, whatever the current directory of the bridge is.
        return BridgeConfig(**{**values, "database": _located(folder, values["database"])})

    def _client(self, place: str, table: Mapping[str, Any]) -> ClientConfig | None:
        own = {key: value for key, value in table.items() if key != "channels"}
        values = self._values(place, own, CLIENT, other_keys=["channels"])
        tables = self._tables(f"{place}.channels", table.get("channels"))
        channels = [channel for path, channel_table in tables if (channel := self._channel(path, channel_table))]
        self._check_unique(f"{place}.channels: id", [channel.id for channel in channels])
        if values is None:
            return None
        self._check_save_event_settings(place, values)
        return ClientConfig(**values, channels=tuple(channels))

    def _check_save_event_settings(self, place: str, values: Mapping[str, Any]) -> None:
        for name in ("metrics_url", "tenant_token"):
            if (values["reports"] == SAVE_EVENT) != (values[name] is not None):
                problem = "is missing, which" if values[name] is None else "is given, which only"
                self.mistakes.append(f'{place}: {name} {problem} reports = "{SAVE_EVENT}" needs')

    def _channel(self, place: str, table: Mapping[str, Any]) -> ChannelConfig | None:
        name = self._value(place, "provider", table["provider"], self._provider) if "provider" in table else None
        provider_settings = self._providers[name] if name else {}
        # If the provider is unknown, so are its settings: do not report them.
        known = table if name else {key: value for key, value in table.items() if key in CHANNEL}
        own = {key: value for key, value in known.items() if key != "provider"}
        values = self._values(place, own, {**CHANNEL, **provider_settings}, other_keys=["provider"])
        if "provider" not in table:
            self.mistakes.append(f"{place}: provider is missing")
        if values is None or name is None:
            return None
        options = {key: values.pop(key) for key in provider_settings}
        return ChannelConfig(**values, provider=name, options=options)

    def _provider(self, value: object) -> str:
        return config_fields.one_of(sorted(self._providers))(value)

    def _tables(self, place: str, tables: object) -> list[tuple[str, Mapping[str, Any]]]:
        if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
            self.mistakes.append(f"{place}: expected one or more sections [[{_without_indexes(place)}]]")
            return []
        return [(f"{place}[{index}]", table) for index, table in enumerate(tables)]

    def _values(
        self, place: str, table: Mapping[str, Any], settings: Settings, other_keys: Iterable[str] = ()
    ) -> dict[str, Any] | None:
        before = len(self.mistakes)
        self._check_names(place, table, [*settings, *other_keys])
        values = {}
        for key, setting in settings.items():
            if key in table:
                values[key] = self._value(place, key, table[key], setting.check)
            elif setting.default is REQUIRED:
                self.mistakes.append(f"{place}: {key} is missing")
            else:
                values[key] = setting.default
        return values if len(self.mistakes) == before else None

    def _value(self, place: str, key: str, value: object, check: Check) -> Any:
        try:
            return check(self._with_variables(value))
        except SettingError as error:
            got = "" if check in SECRET_CHECKS else f", got {value!r}"
            self.mistakes.append(f"{place}: {key}: {error}{got}")
            return None

    def _with_variables(self, value: object) -> object:
        return _VARIABLE.sub(self._variable, value) if isinstance(value, str) else value

    def _variable(self, match: re.Match[str]) -> str:
        name = match[1]
        if name not in self._environment:
            raise SettingError(f"expected the environment variable {name} to be set")
        return self._environment[name]

    def _check_names(self, place: str, table: Mapping[str, Any], known: list[str]) -> None:
        for key in table:
            if key not in known:
                similar = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {similar[0]}?" if similar else f"known are {', '.join(known)}"
                self.mistakes.append(f"{place}: {key} is not a known setting; {hint}")

    def _check_unique(self, place: str, values: list[Any]) -> None:
        for value in sorted({value for value in values if values.count(value) > 1}):
            self.mistakes.append(f"{place} {value!r} is used more than once")


def _located(folder: Path, database: Path | PostgresUrl) -> Path | PostgresUrl:
    return folder / database if isinstance(database, Path) else database


def _without_indexes(place: str) -> str:
    return re.sub(r"\[\d+\]", "", place)
