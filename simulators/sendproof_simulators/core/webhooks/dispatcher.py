"""Delivery of webhooks to the users of a sandbox's services: attempts, retries, and the faults on the way."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.contracts import decode
from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.faults.active import Faults, Injection
from sendproof_simulators.core.faults.position import Values, as_values
from sendproof_simulators.core.faults.spec import AFTER, BEFORE, WEBHOOK, BridgeFault, WebhookFault, WebhookFaultPlan
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.webhooks.attempt_rules import CONNECTIONS_PER_HOST
from sendproof_simulators.core.webhooks.forgery import ForgedCopy, Forgery, forge
from sendproof_simulators.core.webhooks.log import LoggedWebhook, WebhookLog
from sendproof_simulators.core.webhooks.other_clients import OtherClient, is_clearly_forged, names_client
from sendproof_simulators.core.webhooks.unanswered import UnansweredWebhooks

# The error of an attempt that a fault dropped.
DROPPED = "dropped by a fault"

#: (HTTP status, None) or (None, error) of one attempt.
AttemptResult = tuple[int | None, str | None]


class Clock(Protocol):
    """The part of the sandbox's clock that the dispatcher needs."""

    def now(self) -> Instant:
        """Return the current instant."""

    def real(self) -> float:
        """Return seconds of real time from an arbitrary origin; they never go back."""

    def deliver(self) -> None:
        """Count a webhook that is being sent."""

    def deliver_done(self) -> None:
        """Count a webhook that was acknowledged or failed."""


class Attempt(msgspec.Struct, frozen=True):
    """One attempt, counted from 1, of one copy of a webhook. The first `dropped` attempts never leave the sandbox.

    A `forgery` is posted before and after it.
    """

    logged: LoggedWebhook
    copy: int = 0
    number: int = 1
    dropped: int = 0
    injection: Injection | None = None
    forgery: Forgery | None = None

    def next(self) -> "Attempt":
        """Return the attempt after this one. The fault stays with it as long as it drops attempts."""
        number = self.number + 1
        injection = self.injection if number <= self.dropped else None
        return replace(self, number=number, injection=injection, forgery=None)


@dataclass(slots=True, eq=False)
class ReorderedWebhook:
    """A webhook that waits until the first attempts of `overtaken_by` later webhooks have ended."""

    attempt: Attempt
    overtaken_by: int
    later: list[LoggedWebhook] = field(default_factory=list)
    overtaken: int = 0


@dataclass(slots=True)
class _HostQueue:
    """The waiting attempts for one host, and the number of tasks that send them.

    Thousands of attempts can be due at one instant. One task each would cost more than the sending.
    """

    host: str
    waiting: deque[Attempt] = field(default_factory=deque)
    senders: int = 0


class WebhookDispatcher:
    """The webhooks of one sandbox. `schedule(at, item)` calls `fire(item)` at an instant of the sandbox's clock."""

    def __init__(
        self,
        *,
        clock: Clock,
        random: KeyedRandom,
        faults: Faults,
        record: Callable[[str, Mapping[str, object]], int],
        schedule: Callable[[Instant, "Attempt | ReorderedWebhook"], None],
        send: Callable[[Webhook], Awaitable[AttemptResult]],
    ) -> None:
        self.log = WebhookLog()
        #: Returns the other clients of the bridge.
        self.other_clients: Callable[[], Sequence[OtherClient]] = tuple
        self.unanswered = UnansweredWebhooks()
        self._clock = clock
        self._random = random
        self._faults = faults
        self._record = record
        self._schedule = schedule
        self._send = send
        self._reordered: list[ReorderedWebhook] = []
        self._queues: dict[str, _HostQueue] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def post(self, service: str, webhook: Webhook) -> None:
        """Send a webhook."""
        for attempt in self._first_attempts(service, webhook):
            self._start(attempt)

    async def post_and_wait(self, service: str, webhooks: Iterable[Webhook]) -> None:
        """Send webhooks one by one, and return when each was acknowledged or failed."""
        for webhook in webhooks:
            for attempt in self._first_attempts(service, webhook):
                if not self._is_dropped(attempt):
                    self._clock.deliver()
                    await self._attempt(attempt)

    def content(self) -> Mapping[str, Any]:
        """Return the log and what waits for something else than the clock. Nothing may be under way."""
        return {"log": self.log, "unanswered": self.unanswered, "reordered": self._reordered}

    def replace_content(self, faults: Faults, content: Mapping[str, Any]) -> None:
        """Replace what `content` returns, and the faults of the sandbox."""
        self._faults = faults
        self.log, self.unanswered, self._reordered = content["log"], content["unanswered"], content["reordered"]

    def resend(self, service: str, key: str) -> LoggedWebhook:
        """Send a logged webhook again, whatever its result was; `KeyError` if the log does not contain it."""
        logged = self.log.find(service, key)
        logged.copies += 1
        self._start(Attempt(logged, copy=logged.copies))
        return logged

    def fire(self, item: Attempt | ReorderedWebhook) -> None:
        """Start an attempt that was scheduled for now, or send a webhook that was not overtaken in time."""
        if isinstance(item, Attempt):
            self._start(item)
        elif item in self._reordered:
            self._release(item)

    async def close(self) -> None:
        """Give up all attempts, both running and waiting."""
        for queue in self._queues.values():
            while queue.waiting:
                queue.waiting.pop()
                self._clock.deliver_done()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _first_attempts(self, service: str, webhook: Webhook) -> list[Attempt]:
        """Log a webhook and return the attempts to start now. A fault may defer them, but not a scan."""
        if webhook.method == "GET":
            return [Attempt(LoggedWebhook(service, webhook))]
        logged = self.log.add(service, webhook)
        for reordered in self._reordered:
            if reordered.attempt.logged.service == service and len(reordered.later) < reordered.overtaken_by:
                reordered.later.append(logged)
        injection = self._match(service, webhook) if self._faults.watched else None
        if injection is None:
            return [Attempt(logged)]
        fault = injection.spec.fault
        if not isinstance(fault, WebhookFault):
            return [Attempt(logged, injection=injection)]
        plan = fault.plan(lambda n: self._random.below(n, WEBHOOK, service, webhook.key))
        if plan.forged:
            return [self._with_forgery(Attempt(logged), injection, plan)]
        logged.copies = plan.copies
        attempts = [Attempt(logged, copy, dropped=plan.dropped, injection=injection) for copy in range(plan.copies + 1)]
        return [] if self._defer(plan, attempts) else attempts

    def _with_forgery(self, attempt: Attempt, injection: Injection, plan: WebhookFaultPlan) -> Attempt:
        """Return the attempt with its forged copies; the fault does not affect a webhook that cannot be forged."""
        in_url = bool(plan.secret and plan.other_secret) and self._is_nobodys(attempt.logged, plan)
        forgery = forge(attempt.logged.webhook, plan.secret, plan.other_secret, in_url=in_url)
        if forgery is not None:
            return replace(attempt, injection=injection, forgery=forgery)
        injection.miss()
        return attempt

    def _is_nobodys(self, logged: LoggedWebhook, plan: WebhookFaultPlan) -> bool:
        """Return True if a copy to the URL with the secret of another client would be no genuine one of that client."""
        service, event, others = logged.service, logged.webhook.event, self.other_clients()
        if not is_clearly_forged(logged.webhook, others):
            return False
        urls = [url for client in others for url in client.log.urls(service, event)]
        return names_client(self.log.urls(service, event), plan.secret, urls, plan.other_secret)

    def _defer(self, plan: WebhookFaultPlan, attempts: list[Attempt]) -> bool:
        now = self._clock.now()
        if plan.delay_ms:
            for attempt in attempts:
                self._schedule(now + plan.delay_ms, attempt)
        elif plan.overtaken_by:
            reordered = ReorderedWebhook(attempts[0], plan.overtaken_by)
            self._reordered.append(reordered)
            self._schedule(now + plan.within_ms, reordered)
        return bool(plan.delay_ms or plan.overtaken_by)

    def _match(self, service: str, webhook: Webhook) -> Injection | None:
        return self._faults.match(WEBHOOK, service, webhook.event, lambda: _webhook_values(webhook))

    def _release(self, reordered: ReorderedWebhook) -> None:
        self._reordered.remove(reordered)
        self._start(reordered.attempt)

    def _start(self, attempt: Attempt) -> None:
        if self._is_dropped(attempt):
            return
        self._clock.deliver()
        host = _netloc(attempt.logged.webhook.url)
        queue = self._queues.get(host)
        if queue is None:
            queue = self._queues[host] = _HostQueue(host)
        queue.waiting.append(attempt)
        if queue.senders < CONNECTIONS_PER_HOST:
            self._add_sender(queue)

    def _add_sender(self, queue: _HostQueue) -> None:
        queue.senders += 1
        self._spawn(self._send_waiting(queue))

    async def _send_waiting(self, queue: _HostQueue) -> None:
        try:
            while queue.waiting:
                await self._attempt(queue.waiting.popleft())
        finally:
            queue.senders -= 1
            # If this sender was cancelled, another one has to send the rest.
            if queue.waiting:
                self._add_sender(queue)
            elif not queue.senders:
                # A hostile client could register any number of hosts.
                self._queues.pop(queue.host, None)

    def _is_dropped(self, attempt: Attempt) -> bool:
        if attempt.number > attempt.dropped:
            return False
        self._finish(attempt, None, DROPPED)
        return True

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attempt(self, attempt: Attempt) -> None:
        # Most attempts have no fault, and there are millions of them.
        is_faulty = attempt.injection is not None or attempt.forgery is not None
        try:
            if is_faulty:
                await self._inject_bridge_fault(attempt.injection, BEFORE)
                await self._post_forgery(attempt)
            began = self._clock.real()
            opened = self.unanswered.begin(attempt.logged.webhook)
            try:
                status, error = await self._send(attempt.logged.webhook)
            finally:
                if opened is not None:
                    self.unanswered.end(opened)
            duration_ms = round((self._clock.real() - began) * 1000, 1)
            if is_faulty:
                await self._inject_bridge_fault(attempt.injection, AFTER)
            self._finish(attempt, status, error, duration_ms, None if opened is None else opened.held_call)
            if is_faulty:
                await self._post_forgery(attempt)
        finally:
            self._clock.deliver_done()

    async def _post_forgery(self, attempt: Attempt) -> None:
        """Post the forged copies of an attempt, if it has any, and record the responses."""
        forgery = attempt.forgery
        for copy in () if forgery is None else forgery.copies:
            await self._post_copy(attempt.logged.service, copy, "" if forgery is None else forgery.wrong)

    async def _post_copy(self, service: str, copy: ForgedCopy, wrong: str) -> None:
        forged = copy.webhook
        self._clock.deliver()
        try:
            status, error = await self._send(forged)
        finally:
            self._clock.deliver_done()
        fields = {"service": service, "event": forged.event, "key": forged.key, "url": forged.url}
        proof = {"wrong": wrong, **({"of_other_client": True} if copy.of_other_client else {})}
        result = {**proof, "status": status, "error": error}
        self._record("forged_webhook", {**fields, **result, "about": dict(forged.about)})

    async def _inject_bridge_fault(self, injection: Injection | None, moment: str) -> None:
        if injection is None or injection.spec.when != moment or not isinstance(injection.spec.fault, BridgeFault):
            return
        if not await self._faults.wait_until_completed(injection):
            injection.miss()

    def _finish(
        self,
        attempt: Attempt,
        status: int | None,
        error: str | None,
        duration_ms: float | None = None,
        held_call: int | None = None,
    ) -> None:
        """Record an attempt, and schedule the next one if the retry policy has one.

        `held_call` is the call that waited for the answer in vain, by its journal entry.
        """
        logged, injection = attempt.logged, attempt.injection
        webhook = logged.webhook
        if webhook.method == "GET":
            fields = {"service": logged.service, "key": webhook.key, "url": webhook.url}
            self._record("link_scan", {**fields, "status": status, "error": error})
            return
        if injection is not None and not injection.recorded:
            injection.recorded = True
            self._record("fault", injection.journal_fields())
        retry_at = self._retry_at(attempt, status)
        result: dict[str, object] = {
            "attempt": attempt.number,
            "status": status,
            "error": error,
            "retry_at": None if retry_at is None else iso(retry_at),
        }
        if attempt.copy:
            result["resend"] = attempt.copy
        if error == DROPPED:
            result["dropped"] = True
        if injection is not None and not injection.missed:
            result["fault"] = injection.id
        logged.add_attempt(self._clock.now(), result)
        entry = {"service": logged.service, "event": webhook.event, "key": webhook.key, "url": webhook.url, **result}
        if duration_ms is not None:
            entry["duration_ms"] = duration_ms
        if held_call is not None:
            entry["held_call"] = held_call
        entry["about"] = webhook.about
        self._record("webhook", entry)
        if retry_at is not None:
            self._schedule(retry_at, attempt.next())
        if self._reordered and attempt.number == 1 and not attempt.copy:
            self._release_overtaken(logged)

    def _release_overtaken(self, logged: LoggedWebhook) -> None:
        for reordered in list(self._reordered):
            reordered.overtaken += any(later is logged for later in reordered.later)
            if reordered.overtaken == reordered.overtaken_by:
                self._release(reordered)

    def _retry_at(self, attempt: Attempt, status: int | None) -> Instant | None:
        """Return when the next attempt is due; None if this one was acknowledged or was the last."""
        delays = attempt.logged.webhook.retry.delays_ms
        acknowledged = status is not None and 200 <= status < 300  # noqa: PLR2004 - HTTP's range of success
        if acknowledged or attempt.number > len(delays):
            return None
        return self._clock.now() + delays[attempt.number - 1]


@lru_cache(maxsize=1024)
def _netloc(url: str) -> str:
    """Return host and port of a URL."""
    return urlsplit(url).netloc


def _webhook_values(webhook: Webhook) -> Values:
    """Return the top-level fields of a webhook's body and of its journal entry."""
    body = decode(webhook.body, webhook.content_type)
    return as_values(body if isinstance(body, Mapping) else {}, webhook.about)
