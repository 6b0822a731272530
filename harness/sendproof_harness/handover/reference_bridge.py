"""The configuration of the reference bridge for a handover: a TOML file, and the secrets for its environment.

The reference bridge gets the same information as any other bridge.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sendproof_harness.handover.format import PLATFORM, clients_of, optimove_key_name
from sendproof_harness.handover.write import write_private
from sendproof_harness.providers import provider as record_of


def write_settings(content: Mapping[str, Any], file: Path, database: Path | str) -> dict[str, str]:
    """Write the configuration, with a database file or URL; return the secrets as environment variables.

    The URL of the clock in the configuration may contain the token of the control API.
    """
    secrets = {}
    for client in clients_of(content):
        secrets[_variable(client, "webhook", "token")] = client["webhook_token"]
        for provider, secret in client.get("webhook_secrets", {}).items():
            secrets[_variable(client, provider, "webhook_secret")] = secret
        for provider, login in client.get("webhook_logins", {}).items():
            name, value = _login(login)
            secrets[_variable(client, provider, name)] = value
        for service, access in client["services"].items():
            secrets |= {_variable(client, service, name): value for name, value in access["credentials"].items()}
    write_private("\n".join(_settings(content, database)) + "\n", file)
    return secrets


def _settings(content: Mapping[str, Any], database: Path | str) -> list[str]:
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
    wishes = client["bridge"]
    yield "[[clients]]"
    yield _entry("name", client["client"])
    yield _entry("optimove_url", client["services"][PLATFORM]["url"])
    yield _entry("optimove_api_key", _placeholder(client, PLATFORM, optimove_key_name(client)))
    yield _entry("webhook_token", _placeholder(client, "webhook", "token"))
    if wishes.get("clears_campaigns"):
        yield "clears_campaigns = true"
    for name in ("reports", "metric_values", "opt_outs"):
        if name in wishes:
            yield _entry(name, wishes[name])
    for name in ("reports_a_day", "opt_out_mode"):
        if name in wishes:
            yield f"{name} = {wishes[name]}"
    if wishes.get("reports") == "save_event":
        yield _entry("metrics_url", client["services"]["optimove-metrics"]["url"])
        yield _entry("tenant_token", _placeholder(client, "optimove-metrics", "tenant_token"))


def _channel(client: Mapping[str, Any], channel: Mapping[str, Any]) -> list[str]:
    provider = channel["provider"]
    access = client["services"][provider]
    proofs = ["webhook_secret"] if provider in client.get("webhook_secrets", {}) else []
    if (login := client.get("webhook_logins", {}).get(provider)) is not None:
        proofs.append(_login(login)[0])
    credentials = record_of(provider).bridge_credentials or access["credentials"]
    return [
        "[[clients.channels]]",
        f"id = {channel['id']}",
        _entry("provider", provider),
        _entry("kind", channel["kind"]),
        _entry("url", access["url"]),
        *([_entry("mail_url", access["mail_url"])] if "mail_url" in access else ()),
        *(_entry(name, _placeholder(client, provider, name)) for name in credentials),
        *(_entry(name, _placeholder(client, provider, name)) for name in proofs),
        *_channel_settings(client, channel),
        *_attributes(client["attributes"], channel.get("message", "sms")),
        _entry("consent", client["bridge"].get("consent", "provider")),
        _entry("default_region", client["country"]),
    ]


def _login(login: Mapping[str, str]) -> tuple[str, str]:
    """Return the setting with the login of webhooks, and its value."""
    if "token" in login:
        return "webhook_token", login["token"]
    return "webhook_login", f"{login['username']}:{login['password']}"


def _attributes(names: Mapping[str, str], message: str) -> Iterable[str]:
    """Yield the names of the attributes with the address and with the consent to messages of this type.

    The inbox has no consent; its channel has that to SMS, which the bridge does not read.
    """
    yield _entry("phone_attribute", names["phone"])
    if message == "email":
        yield _entry("email_attribute", names["email"])
    yield _entry("consent_attribute", names.get(f"{message}_consent", names["consent"]))


def _channel_settings(client: Mapping[str, Any], channel: Mapping[str, Any]) -> Iterable[str]:
    record = record_of(channel["provider"])
    if record.bridge_has_sender and "sender" in client:
        yield _entry("sender", client["sender"])
    for name in ("recipients", "message"):
        if name in channel:
            yield _entry(name, channel[name])
    for name, value in record.bridge_settings.items():
        yield f"{name} = {json.dumps(value)}"
    if channel.get("testing"):
        yield "testing = true"
    if "preference_channel" in channel:
        yield f"preference_channel = {channel['preference_channel']}"
    if "apps" in channel:
        apps = (f"{json.dumps(app['id'])} = {json.dumps(app['name'])}" for app in channel["apps"])
        yield f"apps = {{{', '.join(apps)}}}"
    if "overrides" in channel:
        yield _entry("overrides", channel["overrides"])


def _variable(client: Mapping[str, Any], service: str, name: str) -> str:
    return f"{client['client']}_{service}_{name}".upper().replace("-", "_")


def _placeholder(client: Mapping[str, Any], service: str, name: str) -> str:
    return "${" + _variable(client, service, name) + "}"


def _entry(name: str, value: str) -> str:
    """Return one line of TOML; a JSON string is also a TOML string."""
    return f"{name} = {json.dumps(value)}"
