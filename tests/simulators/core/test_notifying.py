"""Thousands of webhooks at one instant share a few senders."""

import asyncio
from collections.abc import Mapping

from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.faults.active import Faults
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.webhooks.dispatcher import Attempt, AttemptResult, ReorderedWebhook, WebhookDispatcher
from sendproof_simulators.core.webhooks.sender import CONNECTIONS_PER_HOST

MANY = 10 * CONNECTIONS_PER_HOST


class Time:
    """A clock that stands still and counts what is under way."""

    outgoing = 0

    def now(self) -> int:
        return 0

    def real(self) -> float:
        return 0.0

    def deliver(self) -> None:
        self.outgoing += 1

    def deliver_done(self) -> None:
        self.outgoing -= 1


class Door:
    """Whoever is told: answers once it is open, and notes how many stood before it at most."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.before, self.most, self.told = 0, 0, list[str]()

    async def __call__(self, webhook: Webhook) -> AttemptResult:
        self.before += 1
        self.most = max(self.most, self.before)
        await self.open.wait()
        self.before -= 1
        self.told.append(webhook.key)
        return 200, None


def record(kind: str, fields: Mapping[str, object]) -> int:
    """Note nothing."""
    del kind, fields
    return 1


def later(at: int, what: Attempt | ReorderedWebhook) -> None:
    """Nothing is put off here."""
    raise AssertionError(f"{what} was put off to {at}")


def dispatcher(time: Time, door: Door) -> WebhookDispatcher:
    """One that has posted many webhooks to one host, which none of its senders has seen yet."""
    made = WebhookDispatcher(
        clock=time, random=KeyedRandom(1), faults=Faults(), record=record, schedule=later, send=door
    )
    for index in range(MANY):
        made.post("textlocal", Webhook(url=f"http://127.0.0.1/{index}", key=str(index), event="receipt", body=b""))
    return made


async def turns() -> None:
    """Let everybody come as far as they can."""
    for _ in range(MANY):
        passed = asyncio.Event()
        asyncio.get_running_loop().call_soon(passed.set)
        await passed.wait()


def test_all_are_sent_by_a_few_senders() -> None:
    """No more at once than there are connections, and time waits for each."""

    async def run() -> None:
        time, door = Time(), Door()
        made = dispatcher(time, door)
        await turns()
        assert (time.outgoing, door.most) == (MANY, CONNECTIONS_PER_HOST)
        door.open.set()
        await turns()
        assert (time.outgoing, door.most) == (0, CONNECTIONS_PER_HOST)
        assert sorted(door.told, key=int) == [str(index) for index in range(MANY)]
        await made.close()

    asyncio.run(run())


def test_what_waits_at_the_end_holds_up_no_clock() -> None:
    """A sandbox that ends may have shared its clock with another one."""

    async def run() -> None:
        time, door = Time(), Door()
        made = dispatcher(time, door)
        await turns()
        await made.close()
        assert (time.outgoing, door.told) == (0, [])

    asyncio.run(run())
