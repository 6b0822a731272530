"""One isolated world: its services' state, credentials, clock, chance and journal. Two never touch."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.clock.virtual_clock import VirtualClock
from sendproof_simulators.core.clock.wall_clock import Instant, WallClock, iso
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.faults.active import Faults
from sendproof_simulators.core.journal import Journal
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Channel, RateLimit, SandboxContext, Simulator
from sendproof_simulators.core.webhooks.dispatcher import Attempt, ReorderedWebhook, WebhookDispatcher
from sendproof_simulators.core.webhooks.sender import WebhookSender

HISTORY_VERSION = 1
# What a sandbox has that names no channels: Optimove's generic SMS channel.
# documented: github optimove-tech/Optimove-APIs, sandbox guide (505 is SMS).
DEFAULT_CHANNELS = (
    Channel(id=505, provider="textlocal", kind="scheduled"),
    Channel(id=250, provider="textlocal", kind="triggered"),
)

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
class _Timer:
    """A timer of a service."""

    service: str
    timer: Timer


@dataclass(frozen=True, slots=True)
class _Due:
    """Something that a sandbox has put off until an instant."""

    sandbox: "Sandbox"
    what: _Timer | Attempt | ReorderedWebhook


def _happen(due: _Due) -> None:
    due.sandbox.come(due.what)


class RateLimiter:
    """At most so many requests in any window that slides with the sandbox's clock."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._served: deque[Instant] = deque()

    def allows(self, now: Instant) -> bool:
        """Count a request made now, unless it is one too many. Refused requests do not count (assumed)."""
        while self._served and self._served[0] <= now - self._limit.window_ms:
            self._served.popleft()
        if len(self._served) >= self._limit.requests:
            return False
        self._served.append(now)
        return True


class Sandbox:
    """Everything of one world. Services are looked up by name; all times are its clock's, which others may share."""

    def __init__(
        self,
        settings: SandboxSettings,
        providers: Mapping[str, Simulator],
        credentials: Mapping[str, Mapping[str, str]],
        wall: WallClock,
        sender: WebhookSender,
        clock: "VirtualClock[_Due] | None" = None,
    ) -> None:
        """Make it, with a clock of its own or on the `clock` of another; it begins at `settings.start`."""
        self.settings = settings
        self.credentials = credentials
        random = KeyedRandom(settings.seed)
        context = SandboxContext(
            random=random,
            audience=Audience(random, settings.audience),
            channels=settings.channels,
            allow_remote_webhooks=settings.allow_remote_webhooks,
            credentials=credentials,
            nightly_at=settings.nightly_at,
        )
        dialects = choose({name: p.dialects for name, p in providers.items()}, settings.dialects)
        self.contexts = {name: replace(context, dialects=options) for name, options in dialects.items()}
        self.states: dict[str, Any] = {name: p.new_state(self.contexts[name]) for name, p in providers.items()}
        self.journal = Journal(wall)
        self.clock = clock or VirtualClock(wall, _happen, start=settings.start, rate=settings.rate)
        self.faults = Faults()
        self.dispatcher = WebhookDispatcher(
            clock=self.clock,
            random=random,
            faults=self.faults,
            record=self.record,
            later=self._later,
            send=lambda webhook: sender.send(webhook, allow_remote=settings.allow_remote_webhooks),
        )
        self._providers = providers
        self._limiters: dict[tuple[str, str], RateLimiter] = {}
        for name, provider in providers.items():
            self.follow(name, provider.begin(self.contexts[name], self.states[name], settings.start))

    @property
    def id(self) -> str:
        return self.settings.name

    def allows(self, provider: Simulator, credential: str) -> bool:
        """Whether one more request now keeps the service's rate limit for this credential."""
        limit = self._limit_of(provider)
        if limit is None or not self.settings.rate_limits:
            return True
        limiter = self._limiters.get((provider.name, credential))
        if limiter is None:
            limiter = self._limiters[provider.name, credential] = RateLimiter(limit)
        return limiter.allows(self.clock.now())

    def _limit_of(self, provider: Simulator) -> RateLimit | None:
        """The first of the service's limits that the sandbox's dialects let hold."""
        limits = provider.rate_limit if isinstance(provider.rate_limit, tuple) else (provider.rate_limit,)
        options = self.contexts[provider.name].dialects
        for limit in limits:
            if limit is None or limit.when is None or options[limit.when[0]] == limit.when[1]:
                return limit
        return None

    def record(self, kind: str, fields: Mapping[str, object]) -> int:
        """Put one event into the journal, at the sandbox's present instant; answers its number there."""
        return self.journal.append(self.clock.now(), kind, fields)

    def follow(self, service: str, effects: Effects, request: int | None = None) -> None:
        """Let everything happen that an outcome leads to, beyond its reply.

        `request` is the number of the request that led to it, for the record of what was taken from it to be sent.
        """
        for entry in effects.entries:
            fields = entry.fields
            if request is not None and entry.kind == "delivery":
                fields = {**fields, "request": request}
            self.record(entry.kind, fields)
        for timer in effects.timers:
            self._later(timer.at, _Timer(service, timer))
        for webhook in effects.webhooks:
            self.dispatcher.post(service, self._declared(service, webhook))

    async def send_before_response(self, service: str, webhooks: Iterable[Webhook]) -> None:
        """Send webhooks, and come back when each was answered or failed: they overtake a reply."""
        await self.dispatcher.post_first(service, [self._declared(service, webhook) for webhook in webhooks])

    def come(self, what: _Timer | Attempt | ReorderedWebhook) -> None:
        """Let something happen that is due."""
        if not isinstance(what, _Timer):
            self.dispatcher.come(what)
            return
        provider, state = self._providers[what.service], self.states[what.service]
        self.follow(what.service, provider.on_timer(self.contexts[what.service], state, what.timer, self.clock.now()))

    def history(self, services: Mapping[str, str]) -> Iterator[bytes]:
        """The journal as a history: header, truth, every event, and how many lines that was.

        `services` gives each one's URL.
        """
        count = 0
        for line in self._lines(services):
            yield line
            count += 1
        # Without this line nobody could tell a history that was cut off at the end of a line.
        yield _encode({"n": 0, "at": iso(self.clock.now()), "real": 0.0, "kind": "end", "lines": count})

    def _lines(self, services: Mapping[str, str]) -> Iterator[bytes]:
        yield _encode(self._header(services))
        yield from self.expectations()
        yield from self.journal.lines()

    def expectations(self) -> Iterator[bytes]:
        """What has been announced, and what is owed to whom, as far as is known by now."""
        for name, provider in self._providers.items():
            if provider.campaigns is not None:
                for since, entry in provider.campaigns.expectations(self.contexts[name], self.states[name]):
                    yield _encode(_expectations(since, entry))

    async def close(self, *, alone: bool) -> None:
        """Give up what is being sent and what is due, forget the journal; `alone` on its clock, stop that as well."""
        if alone:
            self.clock.stop()
        await self.dispatcher.close()
        self.clock.forget(lambda due: due.sandbox is self)
        self.journal.close()

    def _later(self, at: Instant, what: _Timer | Attempt | ReorderedWebhook) -> None:
        self.clock.schedule(at, _Due(self, what))

    def _declared(self, service: str, webhook: Webhook) -> Webhook:
        """The webhook, if its service says that it sends such: faults are addressed by what services say."""
        events = self._providers[service].events
        if webhook.event not in events:
            known = ", ".join(events) or "none"
            raise LookupError(f"{service}: expected an event that its PROVIDER lists ({known}), got {webhook.event!r}")
        return webhook

    def _header(self, services: Mapping[str, str]) -> dict[str, object]:
        return {
            "n": 0,
            "at": iso(self.settings.start),
            "real": 0.0,
            "kind": "history",
            "version": HISTORY_VERSION,
            "sandbox": self.id,
            "seed": self.settings.seed,
            "clock": {
                "mode": self.clock.mode,
                "start": iso(self.settings.start),
                "rate": self.clock.rate,
                "participants": sorted(self.clock.participants),
            },
            "services": dict(services),
            "channels": [channel.view() for channel in self.settings.channels],
            "dialects": dict(self.settings.dialects),
            "faults": [kept.view() for kept in self.faults.ever()],
            "ended": iso(self.clock.now()),
        }


def _expectations(since: Instant, entry: JournalEntry) -> dict[str, object]:
    return {"n": 0, "at": iso(since), "real": 0.0, "kind": entry.kind, **entry.fields}
