"""One isolated world: its services' state, credentials, clock, chance and journal. Two never touch."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from sendproof_simulators.core.audience import Audience, AudienceRecipe
from sendproof_simulators.core.chance import Chance
from sendproof_simulators.core.clock import Instant, WallClock, iso
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.exchange import Fact, Outcome, Timer, Webhook
from sendproof_simulators.core.journal import Journal
from sendproof_simulators.core.outbox import Outbox, Posted
from sendproof_simulators.core.timeline import Timeline
from sendproof_simulators.core.webhooks import WebhookSender
from sendproof_simulators.provider import Channel, Provider, RateLimit, World

HISTORY_VERSION = 1
# What a sandbox has that names no channels: Optimove's generic SMS channel.
# documented: github optimove-tech/Optimove-APIs, sandbox guide (505 is SMS).
DEFAULT_CHANNELS = (
    Channel(id=505, provider="textlocal", kind="scheduled"),
    Channel(id=250, provider="textlocal", kind="triggered"),
)

# What stands in the record of an attempt that a policy of the sandbox kept from the user.
LOST = "lost on the way, as the sandbox's policy for this webhook says"

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """What a sandbox is made of. `rate` None is a virtual clock; `nightly_at` is in milliseconds after midnight UTC."""

    name: str
    seed: int
    start: Instant
    rate: float | None
    audience: AudienceRecipe
    channels: tuple[Channel, ...]
    rate_limits: bool = True
    allow_remote_webhooks: bool = False
    dialects: Mapping[str, str] = field(default_factory=dict)
    nightly_at: int | None = None


@dataclass(frozen=True, slots=True)
class _Due:
    """A timer of a service, or the next attempt of a webhook. The first `drop` attempts of one are lost on the way."""

    service: str
    timer: Timer | None = None
    posted: Posted | None = None
    copy: int = 0
    attempt: int = 1
    drop: int = 0


class RateLimiter:
    """At most so many requests in any window that slides with the sandbox's clock."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._served: deque[Instant] = deque()

    def admits(self, now: Instant) -> bool:
        """Count a request made now, unless it is one too many. Refused requests do not count (assumed)."""
        while self._served and self._served[0] <= now - self._limit.window_ms:
            self._served.popleft()
        if len(self._served) >= self._limit.requests:
            return False
        self._served.append(now)
        return True


class Sandbox:
    """Everything of one world. Services are looked up by name; all times are its own clock's."""

    def __init__(
        self,
        settings: SandboxSettings,
        providers: Mapping[str, Provider],
        credentials: Mapping[str, Mapping[str, str]],
        wall: WallClock,
        sender: WebhookSender,
    ) -> None:
        self.settings = settings
        self.credentials = credentials
        chance = Chance(settings.seed)
        self.world = World(
            chance=chance,
            audience=Audience(chance, settings.audience),
            channels=settings.channels,
            allow_remote_webhooks=settings.allow_remote_webhooks,
            credentials=credentials,
            dialects=choose({name: p.dialects for name, p in providers.items()}, settings.dialects),
            nightly_at=settings.nightly_at,
        )
        self.states: dict[str, Any] = {name: p.new_state(self.world) for name, p in providers.items()}
        self.journal = Journal(wall)
        self.outbox = Outbox()
        self.timeline: Timeline[_Due] = Timeline(wall, self._happen, start=settings.start, rate=settings.rate)
        self._providers = providers
        self._sender = sender
        self._tasks: set[asyncio.Task[None]] = set()
        self._limiters: dict[tuple[str, str], RateLimiter] = {}
        for name, provider in providers.items():
            self.follow(name, provider.begin(self.world, self.states[name], settings.start))

    @property
    def id(self) -> str:
        return self.settings.name

    def admits(self, provider: Provider, credential: str) -> bool:
        """Whether one more request now keeps the service's rate limit for this credential."""
        limit = self._limit_of(provider)
        if limit is None or not self.settings.rate_limits:
            return True
        limiter = self._limiters.get((provider.name, credential))
        if limiter is None:
            limiter = self._limiters[provider.name, credential] = RateLimiter(limit)
        return limiter.admits(self.timeline.now())

    def _limit_of(self, provider: Provider) -> RateLimit | None:
        """The first of the service's limits that the sandbox's dialects let hold."""
        limits = provider.rate_limit if isinstance(provider.rate_limit, tuple) else (provider.rate_limit,)
        for limit in limits:
            if limit is None or limit.when is None or self.world.dialect(limit.when[0]) == limit.when[1]:
                return limit
        return None

    def record(self, kind: str, fields: Mapping[str, object]) -> None:
        """Put one event into the journal, at the sandbox's present instant."""
        self.journal.append(self.timeline.now(), kind, fields)

    def follow(self, service: str, outcome: Outcome) -> None:
        """Let everything happen that an outcome leads to, beyond its reply."""
        for fact in outcome.facts:
            self.record(fact.kind, fact.fields)
        for timer in outcome.timers:
            self.timeline.schedule(timer.at, _Due(service, timer=timer))
        for webhook in outcome.webhooks:
            self._post(service, webhook)

    def resend(self, service: str, key: str) -> Posted:
        """Send a webhook once more, now, whatever became of it; `KeyError` when it is not known any more."""
        posted = self.outbox.find(service, key)
        posted.copies += 1
        self._send(_Due(service, posted=posted, copy=posted.copies))
        return posted

    async def tell_first(self, service: str, webhooks: Iterable[Webhook]) -> None:
        """Send webhooks, and come back when each was answered or failed: they overtake a reply."""
        for webhook in webhooks:
            self.timeline.deliver()
            await self._attempt(_Due(service, posted=self.outbox.post(service, webhook)))

    def history(self, services: Mapping[str, str]) -> Iterator[bytes]:
        """The journal as a history: header, truth, every event, and how many lines that was.

        `services` gives each one's URL.
        """
        count = 0
        for line in self._lines(services):
            yield line
            count += 1
        # Without this line nobody could tell a history that was cut off at the end of a line.
        yield _encode({"n": 0, "at": iso(self.timeline.now()), "real": 0.0, "kind": "end", "lines": count})

    def _lines(self, services: Mapping[str, str]) -> Iterator[bytes]:
        yield _encode(self._header(services))
        for name, provider in self._providers.items():
            if provider.campaigns is not None:
                for since, fact in provider.campaigns.truth(self.world, self.states[name]):
                    yield _encode(_truth(since, fact))
        yield from self.journal.lines()

    async def close(self) -> None:
        """Stop time, give up what is being sent, forget the journal."""
        self.timeline.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.journal.close()

    def _header(self, services: Mapping[str, str]) -> dict[str, object]:
        return {
            "n": 0,
            "at": iso(self.timeline.start),
            "real": 0.0,
            "kind": "history",
            "version": HISTORY_VERSION,
            "sandbox": self.id,
            "seed": self.settings.seed,
            "clock": {
                "mode": self.timeline.mode,
                "start": iso(self.timeline.start),
                "rate": self.settings.rate,
                "participants": sorted(self.timeline.participants),
            },
            "services": dict(services),
            "channels": [{"id": c.id, "provider": c.provider, "kind": c.kind} for c in self.settings.channels],
            "dialects": dict(self.settings.dialects),
            "ended": iso(self.timeline.now()),
        }

    def _happen(self, due: _Due) -> None:
        if due.timer is not None:
            provider = self._providers[due.service]
            now = self.timeline.now()
            self.follow(due.service, provider.on_timer(self.world, self.states[due.service], due.timer, now))
        else:
            self._send(due)

    def _post(self, service: str, webhook: Webhook) -> None:
        posted = self.outbox.post(service, webhook)
        policy = self.outbox.policy(service, webhook.event)
        if policy is None:
            self._send(_Due(service, posted=posted))
            return
        posted.copies = policy.duplicate
        for copy in range(policy.duplicate + 1):
            due = _Due(service, posted=posted, copy=copy, drop=policy.drop)
            wait = policy.wait(self.world.chance, webhook.key, copy)
            if wait:
                self.timeline.schedule(self.timeline.now() + wait, due)
            else:
                self._send(due)

    def _send(self, due: _Due) -> None:
        if due.attempt <= due.drop:
            self._note_attempt(due, None, LOST)
            return
        self.timeline.deliver()
        self._spawn(self._attempt(due))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attempt(self, due: _Due) -> None:
        assert due.posted is not None  # noqa: S101 - without a timer it carries a webhook
        webhook = due.posted.webhook
        try:
            status, error = await self._sender.send(webhook, allow_remote=self.settings.allow_remote_webhooks)
            self._note_attempt(due, status, error)
        finally:
            self.timeline.deliver_done()

    def _note_attempt(self, due: _Due, status: int | None, error: str | None) -> None:
        assert due.posted is not None  # noqa: S101 - without a timer it carries a webhook
        webhook = due.posted.webhook
        fields = {"service": due.service, "event": webhook.event, "key": webhook.key, "url": webhook.url}
        retry_at = self._retry_at(due, webhook, status)
        done: dict[str, object] = {"attempt": due.attempt, "status": status, "error": error}
        done["retry_at"] = None if retry_at is None else iso(retry_at)
        if due.copy:
            done["copy"] = due.copy
        if error == LOST:
            done["lost"] = True
        self.record("webhook", {**fields, **done, "about": dict(webhook.about)})
        self.outbox.note(due.posted, self.timeline.now(), done)
        if retry_at is not None:
            self.timeline.schedule(retry_at, replace(due, attempt=due.attempt + 1))

    def _retry_at(self, due: _Due, webhook: Webhook, status: int | None) -> Instant | None:
        """When the next attempt is due, unless it was acknowledged or given up."""
        acknowledged = status is not None and 200 <= status < 300  # noqa: PLR2004 - what HTTP calls success
        if acknowledged or due.attempt > len(webhook.retry.delays_ms):
            return None
        return self.timeline.now() + webhook.retry.delays_ms[due.attempt - 1]


def _truth(since: Instant, fact: Fact) -> dict[str, object]:
    return {"n": 0, "at": iso(since), "real": 0.0, "kind": fact.kind, **fact.fields}
