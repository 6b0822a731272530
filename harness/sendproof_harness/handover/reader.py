"""The handover file as the doctor reads it: written by a run, or by hand for another environment."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from sendproof_harness.handover.write import CLIENT, key_name
from sendproof_harness.scenario.diagnostics import KeyPath, expected_got, path_text, suggestion

PLATFORM = "optimove"
# What a hand-written file may leave out is not examined.
_TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1, "title": "a text"}
_URL: Mapping[str, Any] = {"type": "string", "title": "an address such as https://api4.optimove.net"}
_SERVICE: Mapping[str, Any] = {
    "type": "object",
    "title": "an object with url and credentials",
    "additionalProperties": False,
    "required": ["url"],
    "properties": {
        "url": _URL,
        "credentials": {"type": "object", "title": "an object of texts", "additionalProperties": _TEXT},
    },
}
_CHANNEL: Mapping[str, Any] = {
    "type": "object",
    "title": "an object with id, provider and kind",
    "additionalProperties": False,
    "required": ["id", "provider"],
    "properties": {
        "id": {"type": "integer", "minimum": 1, "title": "a whole number from 1 on"},
        "provider": _TEXT,
        "kind": {"enum": ["scheduled", "triggered"], "title": "scheduled or triggered"},
        "testing": {"type": "boolean", "title": "true or false"},
        "preference_channel": {"type": "integer", "minimum": 1, "title": "a whole number from 1 on"},
        "overrides": _TEXT,
    },
}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "title": "an object",
    "additionalProperties": False,
    "required": ["services", "channels", "attributes", "country"],
    "properties": {
        "client": _TEXT,
        "sandbox": _TEXT,
        "clock_url": _URL,
        "services": {
            "type": "object",
            "title": "an object of services",
            "required": [PLATFORM],
            "properties": {PLATFORM: _SERVICE},
            "additionalProperties": _SERVICE,
        },
        "channels": {"type": "array", "minItems": 1, "items": _CHANNEL, "title": "a list of at least one channel"},
        "attributes": {
            "type": "object",
            "title": "an object of names",
            "additionalProperties": False,
            "required": ["phone"],
            "properties": {"phone": _TEXT, "consent": _TEXT},
        },
        "country": {"type": "string", "pattern": "^[A-Z]{2}$", "title": "a country of two letters such as GB"},
        "sender": _TEXT,
        "listen": {
            "type": "object",
            "title": "an object with host and port",
            "additionalProperties": False,
            "required": ["host", "port"],
            "properties": {
                "host": _TEXT,
                "port": {"type": "integer", "minimum": 1, "maximum": 65535, "title": "a port from 1 to 65535"},
            },
        },
        "webhook_token": _TEXT,
        "bridge": {
            "type": "object",
            "title": "an object of wishes",
            "additionalProperties": False,
            "properties": {
                "reports": _TEXT,
                "opt_outs": _TEXT,
                "clears_campaigns": {"type": "boolean", "title": "true or false"},
                "metric_values": _TEXT,
                "opt_out_mode": {"type": "integer", "minimum": 0, "title": "a whole number from 0 on"},
                "looks_up_customers": {"type": "boolean", "title": "true or false"},
            },
        },
        "account_webhooks": {"type": "object", "title": "an object of addresses", "additionalProperties": _URL},
    },
}


class HandoverError(ValueError):
    """A file that no bridge can be set up from; the message has a line for every mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service: where it is, and what it is shown."""

    name: str
    url: str
    credentials: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel of Optimove, and who carries its messages."""

    id: int
    provider: str
    kind: str = "scheduled"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverFile:
    """All that was handed over of one client. `listen` and `clock_url` are None when the file does not name them.

    `key` is the name of the Optimove credential that the bridge is to show.
    """

    client: str
    services: Mapping[str, Service]
    channels: tuple[Channel, ...]
    phone: str
    consent: str | None
    country: str
    listen: tuple[str, int] | None
    clock_url: str | None
    key: str = "api_key"

    @property
    def platform(self) -> Service:
        """Optimove."""
        return self.services[PLATFORM]

    @property
    def carriers(self) -> tuple[Service, ...]:
        """The services that channels name, each once."""
        named = dict.fromkeys(channel.provider for channel in self.channels)
        return tuple(self.services[name] for name in named if name in self.services)


def read(file: Path) -> tuple[HandoverFile, ...]:
    """The handover in a file, client by client; `HandoverError` says what is wrong with it."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise HandoverError(f"{file}: cannot be read: {error.strerror}; a run leaves one in its results") from error
    except (ValueError, RecursionError) as error:
        raise HandoverError(f"{file}: expected JSON, got {error}") from error
    return all_handed(content, str(file))


def all_handed(content: Any, name: str) -> tuple[HandoverFile, ...]:
    """What JSON hands over: of the one client, or of those under `clients`."""
    if not (isinstance(content, dict) and content.keys() == {"clients"} and isinstance(content["clients"], list)):
        return (handed_of(content, name),)
    return tuple(handed_of(one, f"{name}: clients[{index}]") for index, one in enumerate(content["clients"]))


def handed_of(content: Any, name: str) -> HandoverFile:
    """The handover of one client that JSON describes; `HandoverError` says what is wrong with it, calling it `name`."""
    mistakes = [f"{name}: {mistake}" for error in _VALIDATOR.iter_errors(content) for mistake in _said(error)]
    if mistakes:
        # Of keys that are missing from one place, each is told once for each.
        raise HandoverError("\n".join(dict.fromkeys(mistakes)))
    listen = content.get("listen")
    return HandoverFile(
        client=content.get("client", CLIENT),
        services={key: Service(name=key, **value) for key, value in content["services"].items()},
        channels=tuple(
            Channel(**{name: channel[name] for name in ("id", "provider", "kind") if name in channel})
            for channel in content["channels"]
        ),
        phone=content["attributes"]["phone"],
        consent=content["attributes"].get("consent"),
        country=content["country"],
        listen=None if listen is None else (listen["host"], listen["port"]),
        clock_url=content.get("clock_url"),
        key=key_name(content),
    )


_VALIDATOR = Draft202012Validator(SCHEMA)


def _said(error: ValidationError) -> Iterator[str]:
    # No part of the schema is a bare `true`.
    place, part = tuple(error.absolute_path), cast("Mapping[str, Any]", error.schema)
    got: Any = error.instance
    if error.validator == "additionalProperties":
        for key in sorted(got.keys() - part["properties"].keys()):
            yield f"{path_text((*place, key))}: unknown key, {suggestion(key, part['properties'])}"
    elif error.validator == "required":
        for key in part["required"]:
            if key not in got:
                yield f"{path_text((*place, key))}: expected {part['properties'][key]['title']}, got nothing"
    else:
        yield f"{_place(place)}{expected_got(str(part['title']), got)}"


def _place(place: KeyPath) -> str:
    return f"{path_text(place)}: " if place else ""
