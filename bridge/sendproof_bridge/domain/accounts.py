"""What every step of the work can reach: database, clock, and each client's accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sendproof_bridge.clock import Clock
from sendproof_bridge.config import ChannelConfig, ClientConfig, Config, ConfigError
from sendproof_bridge.config_fields import WrongError
from sendproof_bridge.outbound.http import Wire
from sendproof_bridge.outbound.optimove import Optimove
from sendproof_bridge.outbound.providers import MessageProvider, open_channel
from sendproof_bridge.outbound.save_event import SaveEvent
from sendproof_bridge.storage import rate_limit
from sendproof_bridge.storage.store import Store


class CampaignKey(NamedTuple):
    """Which campaign, where. Ids of triggered campaigns need not be numbers; observed: 2.38 in Delivyr's sample."""

    client: str
    channel: int
    campaign: str

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> "CampaignKey":
        """The campaign that a job's payload names."""
        return cls(payload["client"], payload["channel"], str(payload["campaign"]))

    @property
    def number(self) -> int | str:
        """The campaign's id as Optimove writes it in JSON."""
        return int(self.campaign) if self.campaign.isdigit() else self.campaign

    def name(self) -> str:
        """As a part of a job's name."""
        return f"{self.client}:{self.channel}:{self.campaign}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel of one client."""

    config: ChannelConfig
    provider: MessageProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client's accounts."""

    config: ClientConfig
    optimove: Optimove
    save_event: SaveEvent | None
    channels: Mapping[int, Channel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """The bridge as its steps see it."""

    public_url: str
    store: Store
    clock: Clock
    clients: Mapping[str, Client]

    def channel(self, key: CampaignKey) -> Channel:
        """The channel of a campaign; `LookupError` when it has left the configuration."""
        client = self.clients.get(key.client)
        channel = client.channels.get(key.channel) if client else None
        if channel is None:
            raise LookupError(f"client {key.client} with channel {key.channel} is no longer in the configuration")
        return channel


def build(config: Config, store: Store, clock: Clock, wire: Wire) -> Bridge:
    """Open every account that the configuration names."""
    clients = {client.name: _client(client, store, clock, wire) for client in config.clients}
    return Bridge(public_url=config.bridge.public_url, store=store, clock=clock, clients=clients)


def _client(config: ClientConfig, store: Store, clock: Clock, wire: Wire) -> Client:
    def take() -> None:
        rate_limit.take(store, config.name, clock.now())

    return Client(
        config=config,
        save_event=(
            SaveEvent(config.metrics_url, config.tenant_token, wire)
            if config.metrics_url and config.tenant_token
            else None
        ),
        optimove=Optimove(config.optimove_url, config.optimove_api_key, wire, take),
        channels={
            channel.id: Channel(config=channel, provider=open_account(config, channel, wire))
            for channel in config.channels
        },
    )


def open_account(client: ClientConfig, channel: ChannelConfig, wire: Wire) -> MessageProvider:
    """The account of a channel at its provider; `ConfigError` when the channel cannot be one."""
    try:
        return open_channel(channel, wire)
    except WrongError as wrong:
        raise ConfigError(f"client {client.name}: channel {channel.id}: {wrong}") from wrong


def optimove_lane(client: str) -> str:
    """The lane of jobs that call Optimove for a client: one at a time."""
    return f"optimove:{client}"
