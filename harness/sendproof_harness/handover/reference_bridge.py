"""The settings of the reference bridge, made of a handover: a TOML file, and the secrets for its environment.

It gets what every bridge gets and nothing else.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sendproof_harness.handover.write import clients_of, key_name
from sendproof_harness.providers import provider as record_of


def write_settings(content: Mapping[str, Any], file: Path, database: Path) -> dict[str, str]:
    """Save the settings of the reference bridge; answers the secrets, which go into its environment."""
    secrets = {}
    for client in clients_of(content):
        secrets[_variable(client, "webhook", "token")] = client["webhook_token"]
        for service, access in client["services"].items():
            secrets |= {_variable(client, service, name): value for name, value in access["credentials"].items()}
    file.write_text("\n".join(_settings(content, database)) + "\n", encoding="utf-8")
    return secrets


def _settings(content: Mapping[str, Any], database: Path) -> list[str]:
    clients = clients_of(content)
    address = f"{clients[0]['listen']['host']}:{clients[0]['listen']['port']}"
    lines = [
        "[bridge]",
        _entry("database", str(database)),
        _entry("listen", address),
        _entry("public_url", f"http://{address}"),
        _entry("clock_url", clients[0]["clock_url"]),
    ]
    for client in clients:
        lines += ["", *_client(client)]
        for channel in client["channels"]:
            lines += ["", *_channel(client, channel)]
    return lines


def _client(client: Mapping[str, Any]) -> Iterator[str]:
    asked = client["bridge"]
    yield "[[clients]]"
    yield _entry("name", client["client"])
    yield _entry("optimove_url", client["services"]["optimove"]["url"])
    yield _entry("optimove_api_key", _placeholder(client, "optimove", key_name(client)))
    yield _entry("webhook_token", _placeholder(client, "webhook", "token"))
    if asked.get("clears_campaigns"):
        yield "clears_campaigns = true"
    for name in ("reports", "metric_values", "opt_outs"):
        if name in asked:
            yield _entry(name, asked[name])
    if "opt_out_mode" in asked:
        yield f"opt_out_mode = {asked['opt_out_mode']}"
    if asked.get("reports") == "save_event":
        yield _entry("metrics_url", client["services"]["optimove-metrics"]["url"])
        yield _entry("tenant_token", _placeholder(client, "optimove-metrics", "tenant_token"))


def _channel(client: Mapping[str, Any], channel: Mapping[str, Any]) -> list[str]:
    provider = channel["provider"]
    access = client["services"][provider]
    shown = record_of(provider).bridge_credentials or access["credentials"]
    return [
        "[[clients.channels]]",
        f"id = {channel['id']}",
        _entry("provider", provider),
        _entry("kind", channel["kind"]),
        _entry("url", access["url"]),
        *(_entry(name, _placeholder(client, provider, name)) for name in shown),
        *_asked(client, channel),
        _entry("phone_attribute", client["attributes"]["phone"]),
        _entry("consent_attribute", client["attributes"]["consent"]),
        _entry("default_region", client["country"]),
    ]


def _asked(client: Mapping[str, Any], channel: Mapping[str, Any]) -> Iterable[str]:
    record = record_of(channel["provider"])
    if record.bridge_has_sender:
        yield _entry("sender", client["sender"])
    for name, value in record.bridge_settings.items():
        yield f"{name} = {json.dumps(value)}"
    if channel.get("testing"):
        yield "testing = true"
    if "preference_channel" in channel:
        yield f"preference_channel = {channel['preference_channel']}"
    if "overrides" in channel:
        yield _entry("overrides", channel["overrides"])


def _variable(client: Mapping[str, Any], service: str, name: str) -> str:
    return f"{client['client']}_{service}_{name}".upper().replace("-", "_")


def _placeholder(client: Mapping[str, Any], service: str, name: str) -> str:
    return "${" + _variable(client, service, name) + "}"


def _entry(name: str, value: str) -> str:
    """One line of TOML; a JSON string is also a TOML string."""
    return f"{name} = {json.dumps(value)}"
