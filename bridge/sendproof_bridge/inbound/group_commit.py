"""Group commit: store webhooks, many to a transaction.

Requests that arrive together share one transaction, and so the cost of its commit. There is no timer and no added
delay. A request is acknowledged after its commit.

Receipts are committed in the event loop, which takes less time than to give them to another thread. Where a commit can
last, in favour of the disk or of another writer, a thread does it. New requests then collect for the next transaction.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection

from sendproof_bridge.clock import real_now
from sendproof_bridge.domain import receipts
from sendproof_bridge.domain.accounts import Bridge
from sendproof_bridge.inbound.event_store import store_events
from sendproof_bridge.inbound.events import Event
from sendproof_bridge.monitor import Monitor
from sendproof_bridge.outbound.providers import OptIn, OptOut, Receipt
from sendproof_bridge.storage import opt_outs

# Called after the commit, with the error if it failed.
OnCommit = Callable[[Exception | None], None]


@dataclass(slots=True, kw_only=True)
class _Group:
    """The requests of one transaction. Receipts, opt-outs and opt-ins have their client."""

    events: list[Event] = field(default_factory=list)
    receipts: list[tuple[str, Receipt]] = field(default_factory=list)
    opt_outs: list[tuple[str, OptOut | OptIn]] = field(default_factory=list)
    on_commit: list[OnCommit] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    began: float = field(default_factory=real_now)

    def add(self, client: str, content: Event | Sequence[Receipt | OptOut | OptIn]) -> None:
        if isinstance(content, Event):
            self.events.append(content)
            return
        for report in content:
            if isinstance(report, Receipt):
                self.receipts.append((client, report))
            else:
                self.opt_outs.append((client, report))

    @property
    def is_durable(self) -> bool:
        """True if it must survive a power failure: an event or an opt-out would be lost. Receipts are polled."""
        return bool(self.events or self.opt_outs)

    def end(self, monitor: Monitor, error: Exception | None) -> None:
        if error is None:
            events = Counter(event.client for event in self.events)
            receipts = Counter(
                (client, result) for (client, _), result in zip(self.receipts, self.results, strict=True)
            )
            monitor.webhooks_stored(real_now() - self.began, events, receipts)
        for on_commit in self.on_commit:
            on_commit(error)


class GroupCommit:
    """Belongs to one event loop. `wake` is called after a transaction that added work, in any thread."""

    def __init__(self, bridge: Bridge, wake: Callable[[], None]) -> None:
        """Start without requests."""
        self._bridge = bridge
        self._wake = wake
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="group-commit")
        self._next: _Group | None = None
        # The transaction in progress in the thread, if any.
        self._committing: Future[None] | None = None

    async def store(self, client: str, content: Event | Sequence[Receipt | OptOut | OptIn]) -> None:
        """Store an event of Optimove or the reports of a provider; return when they are committed."""
        committed = asyncio.get_running_loop().create_future()
        self.add(client, content, partial(_resolve, committed))
        await committed

    def add(self, client: str, content: Event | Sequence[Receipt | OptOut | OptIn], on_commit: OnCommit) -> None:
        """Store an event of Optimove or the reports of a provider; call `on_commit` in the event loop afterwards."""
        if self._next is None:
            self._next = _Group()
            if self._committing is None:
                asyncio.get_running_loop().call_soon(self._commit_next)
        self._next.add(client, content)
        self._next.on_commit.append(on_commit)

    def stop(self, seconds: float) -> bool:
        """Wait for the transaction in progress; return False if it has not ended after `seconds`."""
        committing = self._committing
        return committing is None or not wait([committing], seconds).not_done

    def close(self) -> None:
        self._pool.shutdown()

    def _commit_next(self) -> None:
        group, self._next = self._next, None
        if group is not None and (group.is_durable or self._is_ahead(group) or not self._commit_here(group)):
            self._committing = self._pool.submit(self._commit, group)
            asyncio.wrap_future(self._committing).add_done_callback(partial(self._end_thread, group))

    def _is_ahead(self, group: _Group) -> bool:
        """Return True if the clock must be read first, which may last: the last reading is too old for a receipt."""
        times = {receipt.provider_time for _, receipt in group.receipts}
        now = self._bridge.clock.now() if times else 0
        return any(receipts.is_ahead(time, now) for time in times)

    def _commit_here(self, group: _Group) -> bool:
        """Commit without waiting; return False if another thread is writing."""
        error = None
        try:
            with self._bridge.store.write_if_free() as tx:
                if tx is None:
                    return False
                adds_work = self._write(tx, group)
            if adds_work:
                self._wake()
        except Exception as failure:  # noqa: BLE001 the waiting requests must get every error
            error = failure
        group.end(self._bridge.monitor, error)
        return True

    def _commit(self, group: _Group) -> None:
        if self._is_ahead(group):
            self._bridge.clock.tick()
        store = self._bridge.store
        # A server loses its last commits of `write` when one of its processes crashes; a file, only with the machine.
        transaction = store.write_durably if group.is_durable or store.is_server else store.write
        with transaction() as tx:
            adds_work = self._write(tx, group)
        if adds_work:
            self._wake()

    def _end_thread(self, group: _Group, committing: asyncio.Future[None]) -> None:
        self._committing = None
        error = committing.exception()
        failure = error if error is None or isinstance(error, Exception) else RuntimeError(repr(error))
        group.end(self._bridge.monitor, failure)
        self._commit_next()

    def _write(self, tx: Connection, group: _Group) -> bool:
        """Return True if it may have added work for the worker."""
        group.results = receipts.record(tx, self._bridge, group.receipts)
        if group.is_durable:
            now = self._bridge.clock.now()
            store_events(tx, group.events, now)
            for client, change in group.opt_outs:
                if isinstance(change, OptOut):
                    opt_outs.add(tx, client, [change.number], change.source, now)
                else:
                    opt_outs.remove(tx, client, [change.number], now)
        return group.is_durable or "marked" in group.results


def _resolve(committed: asyncio.Future[None], error: Exception | None) -> None:
    if committed.cancelled():
        return
    if error is None:
        committed.set_result(None)
    else:
        committed.set_exception(error)
