"""A bridge inside the test: real database, real HTTP to stand-ins, and a clock that the test holds in its hand."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from sendproof_bridge.bridge import Bridge, CampaignKey, build
from sendproof_bridge.clock import Instant, Tick, parse_time
from sendproof_bridge.config import BridgeConfig, ChannelConfig, ClientConfig, Config, Secret
from sendproof_bridge.intake import Event, store_event
from sendproof_bridge.store import Store
from sendproof_bridge.wire import Wire
from sendproof_bridge.worker import Worker

NOON = parse_time("2026-03-02 12:00:00")
KEY = CampaignKey("acme", 505, 7001)
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
            store_event(tx, Event(client="acme", type=13, campaign=campaign, channel=505))

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Look into the database."""
        with self.bridge.store.read() as tx:
            found = [tuple(row) for row in tx.execute(text(query), values)]
        return [row[0] if len(row) == 1 else row for row in found]

    def change(self, statement: str, **values: Any) -> None:
        with self.bridge.store.write() as tx:
            tx.execute(text(statement), values)


def small_bridge(folder: Path, url: str, **wire: float) -> Small:
    """A bridge whose Optimove and Textlocal are both at `url`."""
    clock = HandClock()
    store = Store(folder / "bridge.sqlite")
    return Small(build(settings(folder, url), store, clock, Wire(**wire)), clock)


def settings(folder: Path, url: str) -> Config:
    """What the bridge's file would say."""
    channel = ChannelConfig(
        id=505,
        provider="textlocal",
        url=url,
        apikey=Secret("a-textlocal-key"),
        sender="Sendproof",
        phone_attribute="PHONE",
        consent_attribute="CONSENT",
    )
    client = ClientConfig(
        name="acme",
        optimove_url=url,
        optimove_api_key=Secret("an-optimove-key"),
        webhook_token=Secret(TOKEN),
        channels=(channel,),
    )
    bridge = BridgeConfig(database=folder / "bridge.sqlite", listen=("127.0.0.1", 0), public_url="http://bridge.test")
    return Config(bridge=bridge, clients=(client,))


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
