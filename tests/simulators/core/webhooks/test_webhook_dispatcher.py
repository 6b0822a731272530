"""Thousands of webhooks at one instant share a few senders."""

import asyncio
from collections.abc import Mapping

from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.faults.active import Faults
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.webhooks.attempt_rules import CONNECTIONS_PER_HOST
from sendproof_simulators.core.webhooks.dispatcher import Attempt, AttemptResult, ReorderedWebhook, WebhookDispatcher

MANY = 10 * CONNECTIONS_PER_HOST


class StillClock:
    """A clock that stands still and counts the webhooks under way."""

    outgoing = 0

    def now(self) -> int:
        return 0

    def real(self) -> float:
        return 0.0

    def deliver(self) -> None:
        self.outgoing += 1

    def deliver_done(self) -> None:
        self.outgoing -= 1


class Listener:
    """A listener that responds once it is open, and counts the concurrent webhooks."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.waiting, self.maximum, self.keys = 0, 0, list[str]()

    async def __call__(self, webhook: Webhook) -> AttemptResult:
        self.waiting += 1
        self.maximum = max(self.maximum, self.waiting)
        await self.open.wait()
        self.waiting -= 1
        self.keys.append(webhook.key)
        return 200, None


def record(kind: str, fields: Mapping[str, object]) -> int:
    """Record nothing."""
    del kind, fields
    return 1


def schedule(at: int, item: Attempt | ReorderedWebhook) -> None:
    """Fail, because no webhook is deferred here."""
    raise AssertionError(f"{item} was deferred to {at}")


def busy_dispatcher(clock: StillClock, listener: Listener) -> WebhookDispatcher:
    """Return a dispatcher that has posted many webhooks to one host, before any of its senders has started."""
    dispatcher = WebhookDispatcher(
        clock=clock, random=KeyedRandom(1), faults=Faults(), record=record, schedule=schedule, send=listener
    )
    for index in range(MANY):
        dispatcher.post(
            "textlocal", Webhook(url=f"http://127.0.0.1/{index}", key=str(index), event="receipt", body=b"")
        )
    return dispatcher


async def turns() -> None:
    """Let all tasks run as far as they can."""
    for _ in range(MANY):
        passed = asyncio.Event()
        asyncio.get_running_loop().call_soon(passed.set)
        await passed.wait()


def test_many_webhooks_share_a_few_senders() -> None:
    """There are no more senders than connections, and time waits for every webhook."""

    async def run() -> None:
        clock, listener = StillClock(), Listener()
        dispatcher = busy_dispatcher(clock, listener)
        await turns()
        assert (clock.outgoing, listener.maximum) == (MANY, CONNECTIONS_PER_HOST)
        listener.open.set()
        await turns()
        assert (clock.outgoing, listener.maximum) == (0, CONNECTIONS_PER_HOST)
        assert sorted(listener.keys, key=int) == [str(index) for index in range(MANY)]
        await dispatcher.close()

    asyncio.run(run())


def test_closed_dispatcher_releases_the_clock() -> None:
    """Another sandbox can share the clock."""

    async def run() -> None:
        clock, listener = StillClock(), Listener()
        dispatcher = busy_dispatcher(clock, listener)
        await turns()
        await dispatcher.close()
        assert (clock.outgoing, listener.keys) == (0, [])

    asyncio.run(run())
