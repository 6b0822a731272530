"""Stores what comes in at the door, many requests to a transaction.

While one transaction is being committed, whatever arrives gathers for the next: no timer, no added delay, and under
load the cost of a commit is shared by all that came within it. A request is answered when its transaction is committed.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from sendproof_bridge import campaigns, jobs
from sendproof_bridge.bridge import CampaignKey
from sendproof_bridge.jobs import NewJob
from sendproof_bridge.optimove import CAMPAIGN_EXECUTED_ON_CHANNEL
from sendproof_bridge.store import Store

# Of an event that names no campaign or no channel.
NONE = 0

_EVENT = text(
    "INSERT INTO event (client, type, campaign, channel, stamp) VALUES (:client, :type, :campaign, :channel, :stamp)"
    " ON CONFLICT DO NOTHING"
)
_RECEIPT = text(
    "INSERT INTO receipt (client, batch, number, letter, stamp) VALUES (:client, :batch, :number, :letter, :stamp)"
)
_WAITING = text("SELECT 1 FROM job WHERE kind = 'receipts' AND state = 'due' LIMIT 1")
_NEWEST = text("SELECT MAX(id) FROM receipt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What Optimove told. `work` when the bridge is to act on it."""

    client: str
    type: int
    campaign: int = NONE
    channel: int = NONE
    stamp: str = ""

    @property
    def work(self) -> bool:
        return self.type == CAMPAIGN_EXECUTED_ON_CHANNEL


Receipt = dict[str, str]


@dataclass(slots=True, kw_only=True)
class _Group:
    """What shares one transaction."""

    committed: asyncio.Future[None]
    events: list[Event] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)


class Intake:
    """Belongs to one event loop. `wake` is called, in a thread, after each transaction."""

    def __init__(self, store: Store, wake: Callable[[], None]) -> None:
        """Take nothing yet."""
        self._store = store
        self._wake = wake
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="intake")
        self._next: _Group | None = None
        self._storing: asyncio.Task[None] | None = None

    async def event(self, event: Event) -> None:
        """Store an event; returns when it is safe."""
        group = self._group()
        group.events.append(event)
        await asyncio.shield(group.committed)

    async def receipt(self, receipt: Receipt) -> None:
        """Store a receipt (client, batch, number, letter, stamp); returns when it is safe."""
        group = self._group()
        group.receipts.append(receipt)
        await asyncio.shield(group.committed)

    def close(self) -> None:
        self._pool.shutdown()

    def _group(self) -> _Group:
        if self._next is None:
            self._next = _Group(committed=asyncio.get_running_loop().create_future())
            if self._storing is None:
                self._storing = asyncio.create_task(self._store_groups())
        return self._next

    async def _store_groups(self) -> None:
        while (group := self._next) is not None:
            self._next = None
            try:
                await asyncio.get_running_loop().run_in_executor(self._pool, self._commit, group)
            except Exception as error:  # noqa: BLE001 those who wait must learn of it, whatever it is
                group.committed.set_exception(error)
            else:
                group.committed.set_result(None)
        self._storing = None

    def _commit(self, group: _Group) -> None:
        # A lost receipt is asked for later; a lost event would be a lost campaign.
        transaction = self._store.write_durably if group.events else self._store.write
        with transaction() as tx:
            for event in group.events:
                store_event(tx, event)
            store_receipts(tx, group.receipts)
        self._wake()


def store_event(tx: Connection, event: Event) -> None:
    """Note an event, and begin with the campaign that it announces. Told again, it changes nothing."""
    row = {"client": event.client, "type": event.type, "campaign": event.campaign, "channel": event.channel}
    new = tx.execute(_EVENT, {**row, "stamp": event.stamp}).rowcount == 1
    if new and event.work:
        campaigns.announce(tx, CampaignKey(event.client, event.channel, event.campaign))


def store_receipts(tx: Connection, receipts: Sequence[Receipt]) -> None:
    """Insert receipts, and see to it that a job takes them over."""
    if not receipts:
        return
    tx.execute(_RECEIPT, receipts)
    # One waiting job will see them all; one that runs already may have looked before.
    if tx.execute(_WAITING).first() is None:
        jobs.add(tx, [NewJob(id=f"receipts:{tx.execute(_NEWEST).scalar_one()}", kind="receipts")])
