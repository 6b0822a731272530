"""A bridge inside the test: a real database, real HTTP to stand-ins, and a clock that the test controls."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from sendproof_bridge.clock import Instant, Tick, parse_time
from sendproof_bridge.config import BridgeConfig, ChannelConfig, ClientConfig, Config
from sendproof_bridge.config_fields import PostgresUrl, Secret
from sendproof_bridge.domain import receipts
from sendproof_bridge.domain.accounts import Bridge, open_bridge
from sendproof_bridge.domain.keys import CampaignKey
from sendproof_bridge.inbound.event_store import store_events
from sendproof_bridge.inbound.events import Event, read_event
from sendproof_bridge.outbound.http import HttpClient
from sendproof_bridge.outbound.providers import MessageProvider, Receipt
from sendproof_bridge.storage.open_store import open_store
from sendproof_bridge.worker import Worker
from stand_in import ReceivedRequest, StandIn

NOON = parse_time("2026-03-02 12:00:00")
KEY = CampaignKey("acme", 505, "7001")
TOKEN = "a-token-for-tests"
DATABASE_URL = "database.url"
NUMBERS = [f"44710000000{index}" for index in range(1, 6)]


class ManualClock:
    """Does not advance by itself. A parked worker may advance it up to `limit`; then `on_idle` is called."""

    def __init__(self, now: Instant = NOON) -> None:
        self.time = now
        self.limit = now
        self.on_idle: Callable[[], None] = lambda: None
        # The steps by which it is set at the next parks, and the times until which it was parked.
        self.steps: list[int] = []
        self.parks: list[Instant | None] = []

    def now(self) -> Instant:
        return self.time

    def tick(self) -> Tick:
        return Tick(now=self.time, delivered=0)

    def join(self) -> Tick:
        return self.tick()

    def park(self, until: Instant | None, since: int) -> Tick:
        self.parks.append(until)
        if self.steps:
            return Tick(now=self.time, delivered=0, step=self.steps.pop(0))
        if until is not None and until <= self.limit:
            self.time = max(self.time, until)
        else:
            self.on_idle()
        return self.tick()

    def wake(self) -> None:
        pass

    def end_park(self) -> None:
        pass


@dataclass
class SmallBridge:
    """A bridge of one client, `acme`, with one channel, 505."""

    context: Bridge
    clock: ManualClock
    threads: int = 2

    @property
    def provider(self) -> MessageProvider:
        return self.context.clients["acme"].channels[505].provider

    def run(self, *, until: Instant | None = None) -> None:
        """Run all jobs that are due now or fall due up to `until`."""
        self.clock.limit = until or self.clock.time
        worker = Worker(self.context, self.threads)
        self.clock.on_idle = worker.stop
        worker.run()
        self.clock.time = max(self.clock.time, self.clock.limit)

    def start_campaign(self, campaign: int = 7001) -> None:
        """Store event 13."""
        with self.context.store.write() as tx:
            store_events(tx, [Event(client="acme", type=13, campaign=str(campaign), channel=505)], self.clock.time)

    def receive_event(self, client: str = "acme", /, **event: Any) -> None:
        """Parse and store an event of Optimove."""
        with self.context.store.write() as tx:
            store_events(tx, [read_event(client, json.dumps(event).encode())], self.clock.time)

    def receive_webhook(self, payload: Mapping[str, Any]) -> None:
        """Parse and store a provider's JSON webhook that has only receipts."""
        self.receive_receipts(*self.provider.parse_webhook(json.dumps(payload).encode(), {}, ""))

    def receive_receipts(self, *new: Receipt) -> None:
        """Store receipts."""
        with self.context.store.write() as tx:
            receipts.record(tx, self.context, [("acme", receipt) for receipt in new])

    def query(self, statement: str, **values: Any) -> list[Any]:
        """Return rows as tuples, or as single values if they have one column."""
        with self.context.store.read() as tx:
            rows = [tuple(row) for row in tx.execute(text(statement), values)]
        return [row[0] if len(row) == 1 else row for row in rows]

    def execute(self, statement: str, **values: Any) -> None:
        with self.context.store.write() as tx:
            tx.execute(text(statement), values)


def database_in(folder: Path) -> Path | PostgresUrl:
    """Return the PostgreSQL database of a test whose folder has its URL, else a SQLite file in the folder."""
    url = folder / DATABASE_URL
    return PostgresUrl(Secret(url.read_text())) if url.exists() else folder / "bridge.sqlite"


def database_setting(folder: Path) -> str:
    """Return the value of the setting `database` for the database of a test."""
    database = database_in(folder)
    return str(database) if isinstance(database, Path) else database.reveal()


def bridge_config(folder: Path, url: str, channel: Mapping[str, Any] | None = None, **client_settings: Any) -> Config:
    """Return a configuration, with these settings of the channel and the client instead of the defaults."""
    default_channel = ChannelConfig(
        id=505,
        provider="textlocal",
        url=url,
        phone_attribute="PHONE",
        consent_attribute="CONSENT",
        options={"apikey": Secret("a-textlocal-key"), "sender": "Sendproof", "recipients": "numbers"},
    )
    client = ClientConfig(
        name="acme",
        optimove_url=url,
        optimove_api_key=Secret("an-optimove-key"),
        webhook_token=Secret(TOKEN),
        channels=(replace(default_channel, **(channel or {})),),
    )
    bridge = BridgeConfig(database=database_in(folder), listen=("127.0.0.1", 0), public_url="http://bridge.test")
    return Config(bridge=bridge, clients=(replace(client, **client_settings),))


@contextmanager
def open_small_bridge(folder: Path, config: Config, clock: ManualClock | None = None) -> Iterator[SmallBridge]:
    """Open a bridge, and close its database at the end."""
    clock = clock or ManualClock()
    store = open_store(database_in(folder))
    try:
        yield SmallBridge(open_bridge(config, store, clock, HttpClient(read_seconds=60.0)), clock)
    finally:
        store.close()


def recipient_row(customer: str, phone: str | None = "07123456789", **other: Any) -> dict[str, Any]:
    """Return one row of send details. Its attributes are phone, consent and FIRST_NAME."""
    values = {"template": 11, "at": "2026-03-02 12:00:00", "consent": "1", "name": "Ann", **other}
    return {
        "CustomerID": customer,
        "TemplateID": values["template"],
        "ScheduledTime": values["at"],
        "CustomerAttributes": [phone, values["consent"], values["name"]],
    }


HELLO = {"id": 11, "title": "Hello", "body": 'Hello %%|FIRST_NAME^{"inputtype":"text","maxlength":"30"}%%'}


def sent_messages(services: StandIn) -> list[list[dict[str, Any]]]:
    """Return the messages of each call to Textlocal, with number and encoded text."""
    return [json.loads(call.body["data"])["messages"] for call in services.calls("bulk_json")]


def metric_values(call: ReceivedRequest) -> dict[int, int]:
    """Return the values of one push, by metric; they must be of one template."""
    return {item["MetricID"]: item["MetricValue"] for item in call.body}


def receive_statuses(bridge: SmallBridge, *statuses: tuple[str, str], batch: str = "505-7001-0-0") -> None:
    """Receive Textlocal's receipts, given as (number, status code)."""
    time = "2026-03-02 12:00:07"
    bridge.receive_receipts(
        *(Receipt(batch=batch, recipient=number, status_code=code, provider_time=time) for number, code in statuses)
    )
