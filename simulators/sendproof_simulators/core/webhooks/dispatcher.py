"""Hands notifications to the users of a sandbox's services: attempts, retries, and what faults do on the way."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.contracts import decode
from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.faults.active import Faults, Injection
from sendproof_simulators.core.faults.position import Values, as_values
from sendproof_simulators.core.faults.spec import AFTER, BEFORE, WEBHOOK, BridgeFault, WebhookFault, WebhookFaultPlan
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.webhooks.log import LoggedWebhook, WebhookLog
from sendproof_simulators.core.webhooks.sender import CONNECTIONS_PER_HOST

# What stands in the record of an attempt that a fault kept from the user.
LOST = "lost on the way, as a fault wants it"

# Status and what went wrong; one of them is None.
Sent = tuple[int | None, str | None]


class Clock(Protocol):
    """What is needed of the sandbox's time."""

    def now(self) -> Instant:
        """What time it is."""

    def real(self) -> float:
        """Seconds of real time since some moment; they never step back."""

    def deliver(self) -> None:
        """A webhook is being sent."""

    def deliver_done(self) -> None:
        """That webhook was answered, or failed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of one copy of a webhook, from 1. With a `strike`, the first `lost` ones are lost on the way."""

    posted: LoggedWebhook
    copy: int = 0
    number: int = 1
    lost: int = 0
    strike: Injection | None = None

    def next(self) -> "Attempt":
        """The one after it; what struck the first is done with once nothing more is lost."""
        number = self.number + 1
        return replace(self, number=number, strike=self.strike if number <= self.lost else None)


@dataclass(slots=True, eq=False)
class ReorderedWebhook:
    """A notification that waits until so many later ones have overtaken it, each once its first attempt has ended."""

    attempt: Attempt
    behind: int
    later: list[LoggedWebhook] = field(default_factory=list)
    passed: int = 0


@dataclass(slots=True)
class _Lane:
    """Attempts on one host that wait for a connection, and how many are being made or about to be.

    There may be thousands at one instant. So many tasks at once would cost more than what they send.
    """

    waiting: deque[Attempt] = field(default_factory=deque)
    senders: int = 0


class WebhookDispatcher:
    """The notifications of one sandbox. `later` brings something back to `come` at an instant of its clock."""

    def __init__(
        self,
        *,
        clock: Clock,
        random: KeyedRandom,
        faults: Faults,
        record: Callable[[str, Mapping[str, object]], int],
        later: Callable[[Instant, "Attempt | ReorderedWebhook"], None],
        send: Callable[[Webhook], Awaitable[Sent]],
    ) -> None:
        self.outbox = WebhookLog()
        self._clock = clock
        self._chance = random
        self._faults = faults
        self._record = record
        self._later = later
        self._deliver = send
        self._held: list[ReorderedWebhook] = []
        self._lanes: defaultdict[str, _Lane] = defaultdict(_Lane)
        self._tasks: set[asyncio.Task[None]] = set()

    def post(self, service: str, webhook: Webhook) -> None:
        """Send a notification."""
        for attempt in self._posted(service, webhook):
            self._start(attempt)

    async def post_first(self, service: str, webhooks: Iterable[Webhook]) -> None:
        """Send notifications, and come back when each was answered or failed: they overtake a reply."""
        for webhook in webhooks:
            for attempt in self._posted(service, webhook):
                if not self._loses(attempt):
                    self._clock.deliver()
                    await self._make(attempt)

    def resend(self, service: str, key: str) -> LoggedWebhook:
        """Send one once more, now, whatever became of it; `KeyError` when it is not known any more."""
        posted = self.outbox.find(service, key)
        posted.copies += 1
        self._start(Attempt(posted, copy=posted.copies))
        return posted

    def come(self, what: Attempt | ReorderedWebhook) -> None:
        """Something is due that was put off."""
        if isinstance(what, Attempt):
            self._start(what)
        elif what in self._held:
            self._let_go(what)

    async def close(self) -> None:
        """Give up what is being sent, and what waits for that."""
        for lane in self._lanes.values():
            while lane.waiting:
                lane.waiting.pop()
                self._clock.deliver_done()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _posted(self, service: str, webhook: Webhook) -> list[Attempt]:
        """What has to be sent now; the rest is put off."""
        posted = self.outbox.post(service, webhook)
        for held in self._held:
            if held.attempt.posted.service == service and len(held.later) < held.behind:
                held.later.append(posted)
        strike = self._strike(service, webhook) if self._faults.watched else None
        fault = None if strike is None else strike.entry.fault
        if not isinstance(fault, WebhookFault):
            return [Attempt(posted, strike=strike)]
        way = fault.way(lambda n: self._chance.below(n, WEBHOOK, service, webhook.key))
        posted.copies = way.copies
        attempts = [Attempt(posted, copy, lost=way.lost, strike=strike) for copy in range(way.copies + 1)]
        return [] if self._put_off(way, attempts) else attempts

    def _put_off(self, way: WebhookFaultPlan, attempts: list[Attempt]) -> bool:
        now = self._clock.now()
        if way.wait_ms:
            for attempt in attempts:
                self._later(now + way.wait_ms, attempt)
        elif way.behind:
            held = ReorderedWebhook(attempts[0], way.behind)
            self._held.append(held)
            self._later(now + way.within_ms, held)
        return bool(way.wait_ms or way.behind)

    def _strike(self, service: str, webhook: Webhook) -> Injection | None:
        return self._faults.strike(WEBHOOK, service, webhook.event, lambda: _values(webhook))

    def _let_go(self, held: ReorderedWebhook) -> None:
        self._held.remove(held)
        self._start(held.attempt)

    def _start(self, attempt: Attempt) -> None:
        if self._loses(attempt):
            return
        self._clock.deliver()
        lane = self._lanes[urlsplit(attempt.posted.webhook.url).netloc]
        lane.waiting.append(attempt)
        if lane.senders < CONNECTIONS_PER_HOST:
            self._begin(lane)

    def _begin(self, lane: _Lane) -> None:
        lane.senders += 1
        self._spawn(self._send_waiting(lane))

    async def _send_waiting(self, lane: _Lane) -> None:
        try:
            while lane.waiting:
                await self._make(lane.waiting.popleft())
        finally:
            lane.senders -= 1
            # Whatever ended this sender, the others are not to wait for ever.
            if lane.waiting:
                self._begin(lane)

    def _loses(self, attempt: Attempt) -> bool:
        if attempt.number > attempt.lost:
            return False
        self._note(attempt, None, LOST)
        return True

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _make(self, attempt: Attempt) -> None:
        try:
            await self._strike_bridge(attempt.strike, BEFORE)
            began = self._clock.real()
            status, error = await self._deliver(attempt.posted.webhook)
            duration_ms = round((self._clock.real() - began) * 1000, 1)
            await self._strike_bridge(attempt.strike, AFTER)
            self._note(attempt, status, error, duration_ms)
        finally:
            self._clock.deliver_done()

    async def _strike_bridge(self, strike: Injection | None, moment: str) -> None:
        if strike is None or strike.entry.when != moment or not isinstance(strike.entry.fault, BridgeFault):
            return
        if not await self._faults.carried_out(strike):
            strike.miss()

    def _note(self, attempt: Attempt, status: int | None, error: str | None, duration_ms: float | None = None) -> None:
        posted, strike = attempt.posted, attempt.strike
        webhook = posted.webhook
        if strike is not None and not strike.told:
            strike.told = True
            self._record("fault", strike.line())
        fields = {"service": posted.service, "event": webhook.event, "key": webhook.key, "url": webhook.url}
        retry_at = self._retry_at(attempt, status)
        done: dict[str, object] = {"attempt": attempt.number, "status": status, "error": error}
        done["retry_at"] = None if retry_at is None else iso(retry_at)
        if attempt.copy:
            done["resend"] = attempt.copy
        if error == LOST:
            done["dropped"] = True
        if strike is not None and not strike.missed:
            done["fault"] = strike.id
        took = {} if duration_ms is None else {"duration_ms": duration_ms}
        self._record("webhook", {**fields, **done, **took, "about": dict(webhook.about)})
        self.outbox.note(posted, self._clock.now(), done)
        if retry_at is not None:
            self._later(retry_at, attempt.next())
        if self._held and attempt.number == 1 and not attempt.copy:
            self._has_passed(posted)

    def _has_passed(self, posted: LoggedWebhook) -> None:
        for held in list(self._held):
            held.passed += any(one is posted for one in held.later)
            if held.passed == held.behind:
                self._let_go(held)

    def _retry_at(self, attempt: Attempt, status: int | None) -> Instant | None:
        """When the next attempt is due, unless this one was acknowledged or the last."""
        delays = attempt.posted.webhook.retry.delays_ms
        acknowledged = status is not None and 200 <= status < 300  # noqa: PLR2004 - what HTTP calls success
        if acknowledged or attempt.number > len(delays):
            return None
        return self._clock.now() + delays[attempt.number - 1]


def _values(webhook: Webhook) -> Values:
    """What a notification says at its top level, and what the journal says of it."""
    body = decode(webhook.body, webhook.content_type)
    return as_values(body if isinstance(body, Mapping) else {}, webhook.about)
