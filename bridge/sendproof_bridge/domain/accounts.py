"""The resources of a job: database, clock, and each client's accounts."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b

from sendproof_bridge import __version__
from sendproof_bridge.clock import Clock
from sendproof_bridge.config import ChannelConfig, ClientConfig, Config, ConfigError, secrets
from sendproof_bridge.config_fields import Secret, SettingError
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.log_format import masking
from sendproof_bridge.monitor import Monitor
from sendproof_bridge.outbound.errors import RateLimitedError
from sendproof_bridge.outbound.http import HttpClient
from sendproof_bridge.outbound.optimove import OptimoveClient
from sendproof_bridge.outbound.providers import MessageProvider, open_channel
from sendproof_bridge.outbound.save_event import SaveEventClient
from sendproof_bridge.storage import job_queue, rate_limit
from sendproof_bridge.storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel of one client."""

    config: ChannelConfig
    provider: MessageProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The accounts of one client."""

    config: ClientConfig
    optimove: OptimoveClient
    save_event: SaveEventClient | None
    channels: Mapping[int, Channel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """Everything that a job can use.

    `masked` replaces secrets in a text that quotes a service: some services repeat what they refuse.
    """

    public_url: str
    store: Store
    clock: Clock
    clients: Mapping[str, Client]
    monitor: Monitor
    masked: Callable[[str], str] = str

    def reports_a_day(self, key: CampaignKey) -> int:
        """Return how often a day the client of a campaign wants reports."""
        return self.clients[key.client].config.reports_a_day

    def channel(self, key: CampaignKey) -> Channel:
        """Return the channel of a campaign; `LookupError` if it is no longer configured."""
        client = self.clients.get(key.client)
        channel = client.channels.get(key.channel) if client else None
        if channel is None:
            raise LookupError(f"client {key.client} with channel {key.channel} is no longer in the configuration")
        return channel


def settings_digest(bridge: Bridge) -> str:
    """Return a digest of all that the setup at Optimove and the providers depends on, among it keys and tokens."""
    settings = [__version__, bridge.public_url, *(asdict(client.config) for client in bridge.clients.values())]
    text = json.dumps(settings, sort_keys=True, default=Secret.reveal)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def open_bridge(config: Config, store: Store, clock: Clock, http: HttpClient) -> Bridge:
    """Open every account in the configuration."""
    clients = {client.name: _open_client(client, store, clock, http) for client in config.clients}
    return Bridge(
        public_url=config.bridge.public_url,
        store=store,
        clock=clock,
        clients=clients,
        monitor=http.monitor,
        masked=masking(secrets(config)),
    )


def _open_client(config: ClientConfig, store: Store, clock: Clock, http: HttpClient) -> Client:
    def acquire_call() -> None:
        wait_ms = rate_limit.acquire_call(store, config.name, clock.now())
        if wait_ms is not None:
            raise RateLimitedError(
                f"client {config.name}: {rate_limit.MAX_CALLS} calls to Optimove within 10 s", wait_ms
            )
        # The process may have hung meanwhile.
        job_queue.check_lease()

    return Client(
        config=config,
        save_event=(
            SaveEventClient(config.metrics_url, config.tenant_token, http)
            if config.metrics_url and config.tenant_token
            else None
        ),
        optimove=OptimoveClient(config.optimove_url, config.optimove_api_key, http, acquire_call),
        channels={
            channel.id: Channel(config=channel, provider=open_account(config, channel, http))
            for channel in config.channels
        },
    )


def open_account(client: ClientConfig, channel: ChannelConfig, http: HttpClient) -> MessageProvider:
    """Open a channel's account at its provider; `ConfigError` if its settings contradict the provider."""
    try:
        return open_channel(channel, http)
    except SettingError as error:
        raise ConfigError(f"client {client.name}: channel {channel.id}: {error}") from error
