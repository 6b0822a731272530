"""A bridge inside the test: real database, real HTTP to stand-ins, and a clock that the test holds in its hand."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from sendproof_bridge.bridge import Bridge, CampaignKey, build
from sendproof_bridge.clock import Instant, Tick, parse_time
from sendproof_bridge.config import BridgeConfig, ChannelConfig, ClientConfig, Config
from sendproof_bridge.events import Event, read_event
from sendproof_bridge.intake import store_events
from sendproof_bridge.settings import Secret
from sendproof_bridge.store import Store
from sendproof_bridge.wire import Wire
from sendproof_bridge.worker import Worker

NOON = parse_time("2026-03-02 12:00:00")
KEY = CampaignKey("acme", 505, "7001")
TOKEN = "a-token-for-tests"


class HandClock:
    """Stands still; `limit` is how far a parked worker may carry it on."""

    def __init__(self, now: Instant = NOON) -> None:
        self.time = now
        self.limit = now
        self.at_rest: Callable[[], None] = lambda: None

    def now(self) -> Instant:
        return self.time

    def tick(self) -> Tick:
        return Tick(now=self.time, delivered=0)

    def park(self, until: Instant | None, since: int) -> Tick:
        if until is not None and until <= self.limit:
            self.time = max(self.time, until)
        else:
            self.at_rest()
        return self.tick()

    def wake(self) -> None:
        pass


@dataclass
class Small:
    """One client with one channel."""

    bridge: Bridge
    clock: HandClock
    threads: int = 2

    def work(self, *, until: Instant | None = None) -> None:
        """Work off everything due, and everything that falls due up to `until`."""
        self.clock.limit = until or self.clock.time
        worker = Worker(self.bridge, self.threads)
        self.clock.at_rest = worker.stop
        worker.run()
        self.clock.time = max(self.clock.time, self.clock.limit)

    def announce(self, campaign: int = 7001) -> None:
        """As the door does when event 13 comes."""
        with self.bridge.store.write() as tx:
            store_events(tx, [Event(client="acme", type=13, campaign=str(campaign), channel=505)], self.clock.time)

    def tell(self, client: str = "acme", /, **event: Any) -> None:
        """As the door does when Optimove posts this."""
        with self.bridge.store.write() as tx:
            store_events(tx, [read_event(client, json.dumps(event).encode())], self.clock.time)

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Look into the database."""
        with self.bridge.store.read() as tx:
            found = [tuple(row) for row in tx.execute(text(query), values)]
        return [row[0] if len(row) == 1 else row for row in found]

    def change(self, statement: str, **values: Any) -> None:
        with self.bridge.store.write() as tx:
            tx.execute(text(statement), values)


def small_bridge(folder: Path, config: Config) -> Small:
    """A bridge with these settings."""
    clock = HandClock()
    store = Store(folder / "bridge.sqlite")
    return Small(build(config, store, clock, Wire(read_seconds=60.0)), clock)


def settings(folder: Path, url: str, channel: Mapping[str, Any] | None = None, **client_says: Any) -> Config:
    """What the bridge's file would say, with other values for the channel and the client."""
    usual = ChannelConfig(
        id=505,
        provider="textlocal",
        url=url,
        phone_attribute="PHONE",
        consent_attribute="CONSENT",
        options={"apikey": Secret("a-textlocal-key"), "sender": "Sendproof"},
    )
    client = ClientConfig(
        name="acme",
        optimove_url=url,
        optimove_api_key=Secret("an-optimove-key"),
        webhook_token=Secret(TOKEN),
        channels=(replace(usual, **(channel or {})),),
    )
    bridge = BridgeConfig(database=folder / "bridge.sqlite", listen=("127.0.0.1", 0), public_url="http://bridge.test")
    return Config(bridge=bridge, clients=(replace(client, **client_says),))


@contextmanager
def opened(folder: Path, config: Config) -> Iterator[Small]:
    """The same, closed at the end."""
    made = small_bridge(folder, config)
    yield made
    made.bridge.store.close()


def row(customer: str, phone: str | None = "07123456789", **other: Any) -> dict[str, Any]:
    """One row of send details; attributes are phone, consent and FIRST_NAME."""
    made = {"template": 11, "at": "2026-03-02 12:00:00", "consent": "1", "name": "Ann", **other}
    return {
        "CustomerID": customer,
        "TemplateID": made["template"],
        "ScheduledTime": made["at"],
        "CustomerAttributes": [phone, made["consent"], made["name"]],
    }


HELLO = {"id": 11, "title": "Hello", "body": 'Hello %%|FIRST_NAME^{"inputtype":"text","maxlength":"30"}%%'}
