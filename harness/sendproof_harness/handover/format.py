"""The format of the handover file: everything that a bridge needs to know about its sandbox, as JSON.

A vendor gets the same facts about a real client by mail: URLs, credentials, channel numbers, attribute names. A file
for several clients has a list of them under `clients`. `handover.schema.json` describes one client.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: The environment variable that names the handover file.
VARIABLE = "SENDPROOF_HANDOVER"
#: The name of the client in a sandbox with one client.
CLIENT = "sendproof"
PLATFORM = "optimove"
#: The name of the credential with every right.
ADMIN_KEY = "admin_key"
SCHEMA_FILE = Path(__file__).parent / "handover.schema.json"
SCHEMA: Mapping[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """The address at which the bridge must listen."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service: its URL, and the credentials for it by name. `mail_url` is its address for mail, if it has one.

    `sender_domain` is then the domain of the client's senders.
    """

    name: str
    url: str
    credentials: Mapping[str, str] = field(default_factory=dict)
    mail_url: str | None = None
    sender_domain: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel of Optimove, and the provider that carries its messages."""

    id: int
    provider: str
    kind: str = "scheduled"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverFile:
    """The handover of one client. `listen` and `clock_url` are None if the file does not name them.

    `key` is the name of the Optimove credential that the bridge must present.
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
        """The providers of the channels, each once."""
        providers = dict.fromkeys(channel.provider for channel in self.channels)
        return tuple(self.services[name] for name in providers if name in self.services)


def combine_clients(clients: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the content of the file: that of the only client, or a list under `clients`."""
    return dict(clients[0]) if len(clients) == 1 else {"clients": list(clients)}


def clients_of(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the content for each client."""
    clients: list[dict[str, Any]] = content.get("clients", [content])
    return clients


def optimove_key_name(content: Mapping[str, Any]) -> str:
    """Return the name of the Optimove key that the bridge of a client must present.

    To change attributes, to read the customers that wait for clearance, and to look up customers where a key for third
    parties may not, it needs the admin key: these functions are not on Optimove's list for third parties.
    """
    wishes = content.get("bridge", {})
    needs_admin = (
        wishes.get("opt_outs") == "attribute" or wishes.get("clears_campaigns") or wishes.get("looks_up_customers")
    )
    return ADMIN_KEY if needs_admin else "api_key"
