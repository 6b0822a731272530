"""What a bridge is told about the sandbox it works in: a JSON file for any bridge, a TOML file for ours.

The bridge of a real client gets the same things by mail: addresses, credentials, channel numbers, attribute names.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: The environment variable that names the handover file.
VARIABLE = "SENDPROOF_HANDOVER"
SENDER = "Sendproof"
ATTRIBUTES = {"phone": "PHONENUMBER", "consent": "SMS_OPT_IN"}
CLIENT = "sendproof"
# Elsewhere the sender stands in the provider's own templates.
_WITH_SENDER = frozenset({"textlocal"})
# The simulator's Message Log can be read by a call, which is not known of the real one.
_WITH_LOG = frozenset({"delivyr"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where the bridge is expected to listen."""

    host: str
    port: int


def handover(control_url: str, sandbox: Mapping[str, Any], listen: Listen | None) -> dict[str, Any]:
    """All that a bridge needs. `sandbox` is the control API's answer; the token is drawn from its seed.

    Without `listen` it does not say where the bridge listens.
    """
    where = {} if listen is None else {"listen": {"host": listen.host, "port": listen.port}}
    return {
        "sandbox": sandbox["sandbox"],
        "clock_url": f"{control_url}/control/sandboxes/{sandbox['sandbox']}/clock",
        "services": sandbox["services"],
        "channels": sandbox["channels"],
        "attributes": ATTRIBUTES,
        "country": sandbox["country"],
        "sender": SENDER,
        **where,
        "webhook_token": hashlib.sha256(f"sendproof webhook token {sandbox['seed']}".encode()).hexdigest()[:32],
    }


def write_handover(content: Mapping[str, Any], file: Path) -> None:
    """Save it for a bridge to read; one that waits for the file never sees a part of it."""
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(file)


def write_settings(content: Mapping[str, Any], file: Path, database: Path) -> dict[str, str]:
    """Save the settings of the reference bridge; answers the secrets, which go into its environment."""
    secrets = {"SENDPROOF_WEBHOOK_TOKEN": content["webhook_token"]}
    for service, access in content["services"].items():
        secrets |= {_variable(service, name): value for name, value in access["credentials"].items()}
    file.write_text("\n".join(_settings(content, database)) + "\n", encoding="utf-8")
    return secrets


def _settings(content: Mapping[str, Any], database: Path) -> list[str]:
    address = f"{content['listen']['host']}:{content['listen']['port']}"
    lines = [
        "[bridge]",
        _entry("database", str(database)),
        _entry("listen", address),
        _entry("public_url", f"http://{address}"),
        _entry("clock_url", content["clock_url"]),
        "",
        "[[clients]]",
        _entry("name", CLIENT),
        _entry("optimove_url", content["services"]["optimove"]["url"]),
        _entry("optimove_api_key", _placeholder(_variable("optimove", "api_key"))),
        _entry("webhook_token", _placeholder("SENDPROOF_WEBHOOK_TOKEN")),
    ]
    for channel in content["channels"]:
        lines += ["", *_channel(content, channel)]
    return lines


def _channel(content: Mapping[str, Any], channel: Mapping[str, Any]) -> list[str]:
    provider = channel["provider"]
    access = content["services"][provider]
    return [
        "[[clients.channels]]",
        f"id = {channel['id']}",
        _entry("provider", provider),
        _entry("kind", channel["kind"]),
        _entry("url", access["url"]),
        *(_entry(name, _placeholder(_variable(provider, name))) for name in _shown(provider, access["credentials"])),
        *([_entry("sender", content["sender"])] if provider in _WITH_SENDER else []),
        *(["message_log = true"] if provider in _WITH_LOG else []),
        _entry("phone_attribute", content["attributes"]["phone"]),
        _entry("consent_attribute", content["attributes"]["consent"]),
        _entry("default_region", content["country"]),
    ]


# Where a service takes one credential or another, those that the reference bridge shows; else all.
_CHOSEN: Mapping[str, tuple[str, ...]] = {"textlocal": ("apikey",)}


def _shown(provider: str, credentials: Mapping[str, str]) -> Iterable[str]:
    return _CHOSEN.get(provider, credentials)


def _variable(service: str, name: str) -> str:
    return f"SENDPROOF_{service}_{name}".upper()


def _placeholder(variable: str) -> str:
    return "${" + variable + "}"


def _entry(name: str, value: str) -> str:
    """One line of TOML; a JSON string is also a TOML string."""
    return f"{name} = {json.dumps(value)}"
