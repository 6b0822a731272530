"""Group commit: store webhooks, many to a transaction.

While one transaction is being committed, new requests collect for the next. There is no timer and no added delay, and
under load all requests of a transaction share the cost of its commit. A request is acknowledged after its commit.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sendproof_bridge.clock import Clock
from sendproof_bridge.domain.receipts import store_receipts
from sendproof_bridge.inbound.event_store import store_events
from sendproof_bridge.inbound.events import Event
from sendproof_bridge.outbound.providers import OptIn, OptOut, Receipt
from sendproof_bridge.storage import opt_outs
from sendproof_bridge.storage.store import Store


@dataclass(slots=True, kw_only=True)
class _Group:
    """The requests of one transaction. Receipts, opt-outs and opt-ins have their client."""

    committed: asyncio.Future[None]
    events: list[Event] = field(default_factory=list)
    receipts: list[tuple[str, Receipt]] = field(default_factory=list)
    opt_outs: list[tuple[str, OptOut | OptIn]] = field(default_factory=list)


class GroupCommit:
    """Belongs to one event loop. `wake` is called after each transaction, in another thread."""

    def __init__(self, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        """Start without requests."""
        self._store = store
        self._clock = clock
        self._wake = wake
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="group-commit")
        self._next: _Group | None = None
        self._committing: asyncio.Task[None] | None = None

    async def store_event(self, event: Event) -> None:
        """Store an event; return when it is committed."""
        group = self._current_group()
        group.events.append(event)
        await asyncio.shield(group.committed)

    async def store_receipts(self, client: str, reports: Sequence[Receipt | OptOut | OptIn]) -> None:
        """Store receipts, opt-outs and opt-ins from a provider; return when they are committed."""
        group = self._current_group()
        for report in reports:
            if isinstance(report, Receipt):
                group.receipts.append((client, report))
            else:
                group.opt_outs.append((client, report))
        await asyncio.shield(group.committed)

    def close(self) -> None:
        self._pool.shutdown()

    def _current_group(self) -> _Group:
        if self._next is None:
            self._next = _Group(committed=asyncio.get_running_loop().create_future())
            if self._committing is None:
                self._committing = asyncio.create_task(self._commit_groups())
        return self._next

    async def _commit_groups(self) -> None:
        while (group := self._next) is not None:
            self._next = None
            try:
                await asyncio.get_running_loop().run_in_executor(self._pool, self._commit, group)
            except Exception as error:  # noqa: BLE001 the waiting requests must get every error
                group.committed.set_exception(error)
            else:
                group.committed.set_result(None)
        self._committing = None

    def _commit(self, group: _Group) -> None:
        # A lost receipt is polled later. A lost event would lose a campaign, a lost opt-out would be ignored.
        durable = bool(group.events or group.opt_outs)
        transaction = self._store.write_durably if durable else self._store.write
        now = self._clock.now() if durable else 0
        with transaction() as tx:
            store_events(tx, group.events, now)
            store_receipts(tx, group.receipts)
            for client, change in group.opt_outs:
                if isinstance(change, OptOut):
                    opt_outs.add(tx, client, [change.number], change.source, now)
                else:
                    opt_outs.remove(tx, client, [change.number], now)
        self._wake()
