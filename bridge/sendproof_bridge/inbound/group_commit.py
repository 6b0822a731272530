"""Stores what comes in at the door, many requests to a transaction.

While one transaction is being committed, whatever arrives gathers for the next: no timer, no added delay, and under
load the cost of a commit is shared by all that came within it. A request is answered when its transaction is committed.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from sendproof_bridge.clock import Clock, Instant
from sendproof_bridge.domain import campaigns, clearing
from sendproof_bridge.domain.accounts import CampaignKey
from sendproof_bridge.inbound.events import Event
from sendproof_bridge.outbound.optimove import CAMPAIGN_CANCELLED, CAMPAIGN_EXECUTED_ON_CHANNEL, CAMPAIGN_ON_HOLD
from sendproof_bridge.outbound.providers import OptOut, Receipt
from sendproof_bridge.storage import job_queue, opt_outs
from sendproof_bridge.storage.job_queue import NewJob
from sendproof_bridge.storage.store import Store, execute_many

_EVENT = text(
    "INSERT INTO event (client, type, campaign, channel, stamp) VALUES (:client, :type, :campaign, :channel, :stamp)"
    " ON CONFLICT DO NOTHING"
)
_TRIGGER = (
    "INSERT INTO trigger (client, key, channel, campaign, body) VALUES (:client, :key, :channel, :campaign, :body)"
    " ON CONFLICT DO NOTHING"
)
_RECEIPT = (
    "INSERT INTO receipt (client, batch, recipient, letter, stamp, message, template)"
    " VALUES (:client, :batch, :recipient, :letter, :stamp, :message, :template)"
)
_NO_MORE_STRAY = text(
    "UPDATE receipt SET result = NULL WHERE client = :client AND batch = '' AND result = 'stray'"
    " AND message IN (SELECT value FROM json_each(:messages))"
)
_WAITING = text("SELECT 1 FROM job WHERE kind = 'receipts' AND state = 'due' LIMIT 1")
_NEWEST = text("SELECT MAX(id) FROM receipt")


@dataclass(slots=True, kw_only=True)
class _Group:
    """What shares one transaction."""

    committed: asyncio.Future[None]
    events: list[Event] = field(default_factory=list)
    told: list[tuple[str, Receipt | OptOut]] = field(default_factory=list)


class Intake:
    """Belongs to one event loop. `wake` is called, in a thread, after each transaction."""

    def __init__(self, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        """Take nothing yet."""
        self._store = store
        self._clock = clock
        self._wake = wake
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="intake")
        self._next: _Group | None = None
        self._storing: asyncio.Task[None] | None = None

    async def event(self, event: Event) -> None:
        """Store an event; returns when it is safe."""
        group = self._group()
        group.events.append(event)
        await asyncio.shield(group.committed)

    async def told(self, client: str, told: Sequence[Receipt | OptOut]) -> None:
        """Store what a provider posted; returns when it is safe."""
        group = self._group()
        group.told += [(client, one) for one in told]
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
        # A lost receipt is asked for later; a lost event would be a lost campaign, a lost opt-out one that is ignored.
        opted_out = [(client, one) for client, one in group.told if isinstance(one, OptOut)]
        transaction = self._store.write_durably if group.events or opted_out else self._store.write
        now = self._clock.now() if group.events or opted_out else 0
        with transaction() as tx:
            store_events(tx, group.events, now)
            store_receipts(tx, [(client, one) for client, one in group.told if isinstance(one, Receipt)])
            for client, one in opted_out:
                opt_outs.add(tx, client, [one.number], one.how, now)
        self._wake()


def store_events(tx: Connection, events: Sequence[Event], now: Instant) -> None:
    """Note events, and begin the work that they ask for. Told again, they change nothing."""
    for event in events:
        if event.trigger is None:
            _store_event(tx, event, now)
    _store_triggers(tx, [event for event in events if event.trigger is not None], now)


def _store_event(tx: Connection, event: Event, now: Instant) -> None:
    row = {"client": event.client, "type": event.type, "campaign": event.campaign, "channel": event.channel}
    if tx.execute(_EVENT, {**row, "stamp": event.stamp}).rowcount == 0:
        return
    if event.type == CAMPAIGN_EXECUTED_ON_CHANNEL:
        campaigns.announce(tx, CampaignKey(event.client, event.channel, event.campaign))
    elif event.type == CAMPAIGN_CANCELLED:
        campaigns.cancel(tx, event.client, event.campaign, now)
    elif event.type == CAMPAIGN_ON_HOLD:
        job_queue.add(tx, [clearing.first_job(event)])


def _store_triggers(tx: Connection, events: Sequence[Event], now: Instant) -> None:
    """Row and job have the event's own name, so one that is told again finds both there."""
    keys = [CampaignKey(event.client, event.channel, event.campaign) for event in events]
    rows = [
        {**key._asdict(), "key": event.key, "body": json.dumps(event.trigger)}
        for key, event in zip(keys, events, strict=True)
    ]
    execute_many(tx, _TRIGGER, rows)
    for key in dict.fromkeys(keys):
        campaigns.trigger(tx, key)
    job_queue.add(tx, [_trigger_job(key, event, now) for key, event in zip(keys, events, strict=True)])


def _trigger_job(key: CampaignKey, event: Event, now: Instant) -> NewJob:
    # While those of one campaign are worked at, the next ones gather in its lane.
    payload = {**key._asdict(), "trigger": event.key, "came_at": now}
    id_, lane = f"trigger:{key.client}:{event.key}", f"trigger:{key.name()}"
    return NewJob(id=id_, kind=job_queue.TOGETHER, payload=payload, due_at=now, lane=lane)


def store_receipts(tx: Connection, receipts: Sequence[tuple[str, Receipt]]) -> None:
    """Insert clients' receipts, and see to it that a job takes them over."""
    if not receipts:
        return
    execute_many(tx, _RECEIPT, [_row(client, receipt) for client, receipt in receipts])
    _see_to_receipts(tx, "")


def messages_named(tx: Connection, client: str, ids: Iterable[str]) -> None:
    """The provider's ids of messages have become known: what it posted of them before counts from now on."""
    named = list(ids)
    if tx.execute(_NO_MORE_STRAY, {"client": client, "messages": json.dumps(named)}).rowcount:
        _see_to_receipts(tx, f":{named[0]}")


def _see_to_receipts(tx: Connection, occasion: str) -> None:
    # One waiting job will see them all; one that runs already may have looked before.
    if tx.execute(_WAITING).first() is None:
        id_ = f"receipts:{tx.execute(_NEWEST).scalar_one()}{occasion}"
        job_queue.add(tx, [NewJob(id=id_, kind="receipts", lane="receipts")])


def _row(client: str, receipt: Receipt) -> dict[str, str | int | None]:
    return {
        "client": client,
        "batch": receipt.batch,
        "recipient": receipt.recipient,
        "letter": receipt.letter,
        "stamp": receipt.stamp,
        "message": receipt.message,
        "template": receipt.template,
    }
