"""One isolated sandbox: the state, credentials, clock, randomness and journal of its services."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec

from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.clock.virtual_clock import VIRTUAL, VirtualClock
from sendproof_simulators.core.clock.wall_clock import Instant, WallClock, iso
from sendproof_simulators.core.contracts import Contract
from sendproof_simulators.core.dialects import changed_dialects, choose
from sendproof_simulators.core.effects import Effects, Timer, Webhook
from sendproof_simulators.core.faults.active import Faults
from sendproof_simulators.core.http import Violation
from sendproof_simulators.core.limits import Limits, RateLimit
from sendproof_simulators.core.members import body_rules
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.recording.exchanges import RecentExchanges
from sendproof_simulators.core.recording.failed_calls import FailedCalls
from sendproof_simulators.core.recording.journal import Journal
from sendproof_simulators.core.recording.redaction import Redaction, secret_name
from sendproof_simulators.core.recording.seal import sealed
from sendproof_simulators.core.simulator import Channel, Exclusion, SandboxContext, Simulator
from sendproof_simulators.core.snapshots.snapshot import Snapshot
from sendproof_simulators.core.strict.watch import Watch
from sendproof_simulators.core.webhooks.dispatcher import Attempt, ReorderedWebhook, WebhookDispatcher
from sendproof_simulators.core.webhooks.sender import WebhookSender

HISTORY_VERSION = 1
# A bridge has one or two: its own, and that of a library. A hostile client could send any number.
_MAX_USER_AGENTS, _MAX_USER_AGENT_LENGTH = 10, 200
# The channels of a sandbox without a list of channels: Optimove's generic SMS channel.
# documented: github optimove-tech/Optimove-APIs, sandbox guide (505 is SMS).
DEFAULT_CHANNELS = (
    Channel(id=505, provider="textlocal", kind="scheduled"),
    Channel(id=250, provider="textlocal", kind="triggered"),
)

# Kinds of journal entries that name the request that carried their message.
_OF_A_REQUEST = frozenset({"delivery", "rejection"})

_encode = msgspec.json.Encoder().encode

#: Returns the messages that a customer is due, by the index of the customer: the fields of its obligations.
CustomerObligations = Callable[[int], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """The settings of one sandbox.

    `rate` is the speed of the clock (seconds of the sandbox per real second); None means that time stands still until
    it is advanced. A clock of the mode real cannot be advanced.
    `strict`: check what the services send.
    `nightly_at` is the time of the nightly process, in milliseconds after midnight UTC. `keys` are the rights of
    Optimove's credentials, see `SandboxContext`. `scenario` is for the judge of the sandbox, and means nothing here.
    """

    name: str
    seed: int
    start: Instant
    rate: float | None
    audience: AudienceRecipe
    channels: tuple[Channel, ...]
    rate_limits: bool = True
    allow_remote_webhooks: bool = False
    strict: bool = False
    dialects: Mapping[str, str] = field(default_factory=dict)
    nightly_at: int | None = None
    key_scopes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    clock_mode: str = VIRTUAL
    scenario: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOrigin:
    """The program that writes a history: its version, and URL and contract digest (SHA-256, hex) by service."""

    version: str
    services: Mapping[str, str]
    contracts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _ServiceTimer:
    """A timer of one service."""

    service: str
    timer: Timer


@dataclass(frozen=True, slots=True)
class _ScheduledItem:
    """A timer or webhook of one sandbox that waits on the clock."""

    sandbox: "Sandbox"
    item: _ServiceTimer | Attempt | ReorderedWebhook


def _without_excluded(fields: Mapping[str, Any], exclusions: Mapping[object, Exclusion]) -> Mapping[str, Any]:
    """Return an expectation; it is no longer owed if the channel's provider itself sends nothing for it."""
    excluded = exclusions.get(fields["channel"]) if fields.get("owed") else None
    reason = None if excluded is None else excluded(fields)
    return fields if reason is None else {**fields, "owed": False, "reason": reason, "text": None}


def _fire(scheduled: _ScheduledItem) -> None:
    scheduled.sandbox.fire(scheduled.item)


class RateLimiter:
    """The rate limit of one credential: a maximum number of requests in a window that slides with the clock."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._accepted: deque[Instant] = deque()

    def try_acquire(self, now: Instant) -> bool:
        """Count a request and return True, or return False above the limit. Refused requests do not count (assumed)."""
        while self._accepted and self._accepted[0] <= now - self._limit.window_ms:
            self._accepted.popleft()
        if len(self._accepted) >= self._limit.requests:
            return False
        self._accepted.append(now)
        return True


def _shared_context(
    settings: SandboxSettings,
    random: KeyedRandom,
    customers: CustomerRecords,
    credentials: Mapping[str, Mapping[str, str]],
) -> SandboxContext:
    """Return what the contexts of all services have in common."""
    return SandboxContext(
        random=random,
        customers=customers,
        channels=settings.channels,
        allow_remote_webhooks=settings.allow_remote_webhooks,
        credentials=credentials,
        nightly_at=settings.nightly_at,
        key_scopes=settings.key_scopes,
    )


class Sandbox:
    """One sandbox. `contexts` and `states` are by service name; all times are those of `clock`, which can be shared."""

    #: True once the sandbox was deleted or replaced. Requests may still be on their way through it.
    is_closed = False

    def __init__(  # noqa: PLR0913, PLR0917 - the parts that all sandboxes of a process share
        self,
        settings: SandboxSettings,
        simulators: Mapping[str, Simulator],
        contracts: Mapping[str, Contract],
        credentials: Mapping[str, Mapping[str, str]],
        wall: WallClock,
        sender: WebhookSender,
        clock: "VirtualClock[_ScheduledItem] | None" = None,
        watch: Watch | None = None,
    ) -> None:
        """Create it at `settings.start`, with a clock of its own or on the `clock` of another sandbox.

        `watch` checks what the services send; None checks nothing.
        """
        self.watch = watch
        #: Differs between sandboxes that had the same name one after the other.
        self.generation = 0
        #: The place in the order of creation.
        self.place = 0
        self.settings = settings
        self.credentials = credentials
        random = KeyedRandom(settings.seed)
        self.customers = CustomerRecords(Audience(random, settings.audience))
        context = _shared_context(settings, random, self.customers, credentials)
        dialects = choose({name: simulator.dialects for name, simulator in simulators.items()}, settings.dialects)
        limits = {name: Limits(contracts[name], options) for name, options in dialects.items()}
        self.contexts = {
            name: replace(context, dialects=options, limits=simulators[name].read_limits(limits[name]))
            for name, options in dialects.items()
        }
        self.body_rules = {name: body_rules(options) for name, options in dialects.items()}
        self.changed_dialects = {
            name: changed_dialects(simulators[name].dialects, options) for name, options in dialects.items()
        }
        self._rate_limits = {name: limits[name].rate_limit for name in simulators}
        self.states: dict[str, Any] = {
            name: simulator.new_state(self.contexts[name]) for name, simulator in simulators.items()
        }
        self.redaction = Redaction()
        self.journal = Journal(wall, self.redaction)
        self.exchanges = RecentExchanges()
        self.clock = clock or VirtualClock(
            wall, _fire, start=settings.start, rate=settings.rate, mode=settings.clock_mode
        )
        self._began = self.clock.real()
        self.faults = Faults()
        self.dispatcher = WebhookDispatcher(
            clock=self.clock,
            random=random,
            faults=self.faults,
            record=self.record,
            schedule=self._schedule,
            send=partial(sender.send, allow_remote=settings.allow_remote_webhooks),
        )
        self._simulators = simulators
        self.failed_calls = FailedCalls()
        self._limiters: dict[tuple[str, str], RateLimiter] = {}
        #: The snapshots of this sandbox by name, the oldest first.
        self.snapshots: dict[str, Snapshot] = {}
        # A dict keeps the order.
        self._user_agents: dict[str, None] = {}
        self._last_user_agent: str | None = None
        for name, simulator in simulators.items():
            self.apply(name, simulator.begin(self.contexts[name], self.states[name], settings.start))

    @property
    def id(self) -> str:
        return self.settings.name

    def start_of_reset(self) -> Instant:
        """Return the start of the clock if the sandbox were created anew: later if its time passes by itself.

        So a bridge on the machine's clock still has the time of the sandbox, even after an advance.
        """
        rate = self.settings.rate or 0
        return self.settings.start + int((self.clock.real() - self._began) * 1000 * rate)

    def try_acquire(self, simulator: Simulator, credential: str) -> bool:
        """Count a request of a credential and return True, or return False above the service's rate limit."""
        limit = self._rate_limits[simulator.name]
        if limit is None or not self.settings.rate_limits:
            return True
        limiter = self._limiters.get((simulator.name, credential))
        if limiter is None:
            limiter = self._limiters[simulator.name, credential] = RateLimiter(limit)
        return limiter.try_acquire(self.clock.now())

    def note_user_agent(self, user_agent: str) -> None:
        """Remember the name and version that a client of the sandbox gives itself, for the header of the history."""
        # A client repeats its own.
        if user_agent != self._last_user_agent and len(self._user_agents) < _MAX_USER_AGENTS:
            shown = self.redaction.redact_line(user_agent.encode()).decode()
            self._user_agents[shown[:_MAX_USER_AGENT_LENGTH]] = None
            self._last_user_agent = user_agent

    def record(self, kind: str, fields: Mapping[str, object]) -> int:
        """Add an entry to the journal at the sandbox's current instant; return its number."""
        return self.journal.append(self.clock.now(), kind, fields)

    def apply(self, service: str, effects: Effects, request: int | None = None) -> None:
        """Apply effects, except for the response and the webhooks before it.

        `request` is the number of the request's journal entry; entries of deliveries and rejections refer to it.
        """
        for entry in effects.entries:
            fields = entry.fields
            if request is not None and entry.kind in _OF_A_REQUEST:
                fields = {**fields, "request": request}
            self.record(entry.kind, fields)
        for timer in effects.timers:
            self._schedule(timer.at, _ServiceTimer(service, timer))
        for webhook in effects.webhooks:
            self._check_webhook(service, webhook)
            self.dispatcher.post(service, webhook)

    async def send_before_response(self, service: str, webhooks: Sequence[Webhook]) -> None:
        """Send webhooks, and return when each was acknowledged or failed: they arrive before the response."""
        for webhook in webhooks:
            self._check_webhook(service, webhook)
        await self.dispatcher.post_and_wait(service, webhooks)

    def fire(self, item: _ServiceTimer | Attempt | ReorderedWebhook) -> None:
        """Call the service of a timer that is due, or send a webhook that is due."""
        if not isinstance(item, _ServiceTimer):
            self.dispatcher.fire(item)
            return
        name = item.service
        on_timer = self._simulators[name].on_timer
        self.apply(name, on_timer(self.contexts[name], self.states[name], item.timer, self.clock.now()))

    def scheduled(self) -> list[tuple[Instant, object]]:
        """Return the timers and webhooks that wait on the clock, with their instants."""
        return [(at, scheduled.item) for at, scheduled in self.clock.items() if scheduled.sandbox is self]

    def in_flight(self) -> list[str]:
        """Return what happens in the sandbox at this moment, in words; empty if nothing does."""
        clock = self.clock
        counts = {
            "requests that are being answered": clock.in_flight,
            "webhooks without a response": clock.outgoing,
            "advances of the clock": int(clock.advancing),
        }
        return [f"{what}: {count}" for what, count in counts.items() if count]

    def content(self) -> Mapping[str, Any]:
        """Return everything that a request, a timer or a webhook can change, without clock, journal and credentials."""
        return {
            "states": self.states,
            "customers": vars(self.customers),
            "faults": self.faults,
            "webhooks": self.dispatcher.content(),
            "scheduled": [(at, order, scheduled.item) for at, order, scheduled in self.clock.entries()],
            "limiters": self._limiters,
            "failed_calls": self.failed_calls,
            "redaction": vars(self.redaction),
            "user_agents": self._user_agents,
            "exchanges": self.exchanges,
        }

    def replace_content(self, content: Mapping[str, Any]) -> None:
        """Replace everything that `content` returns. No other sandbox may be on the clock."""
        self.states = content["states"]
        vars(self.customers).update(content["customers"])
        self.faults = content["faults"]
        self.dispatcher.replace_content(self.faults, content["webhooks"])
        items = content["scheduled"]
        self.clock.replace_entries((at, order, _ScheduledItem(self, item)) for at, order, item in items)
        self._limiters = content["limiters"]
        self.failed_calls = content["failed_calls"]
        vars(self.redaction).update(content["redaction"])
        self._user_agents, self._last_user_agent = content["user_agents"], None
        self.exchanges = content["exchanges"]

    def history(self, origin: HistoryOrigin) -> Iterator[bytes]:
        """Yield the lines of the history: header, expectations, journal, and the number of these lines.

        Each line is sealed.
        """
        return sealed(self._history_lines(origin), self._history_end)

    def _history_end(self, count: int) -> bytes:
        # Without this line, a history that was cut off at the end of a line would look complete.
        return _encode({"n": 0, "at": iso(self.clock.now()), "real": 0.0, "kind": "end", "lines": count})

    def _history_lines(self, origin: HistoryOrigin) -> Iterator[bytes]:
        yield _encode(self._history_header(origin))
        yield from self.expectations()
        yield from self.journal.lines()

    def expectations(self) -> Iterator[bytes]:
        """Yield the lines for announced campaigns and for the obligations to their customers, as known by now."""
        exclusions = self._exclusions()
        for name, simulator in self._simulators.items():
            if simulator.campaigns is not None:
                for since, entry in simulator.campaigns.expectations(self.contexts[name], self.states[name]):
                    fields = _without_excluded(entry.fields, exclusions)
                    yield _encode({"n": 0, "at": iso(since), "real": 0.0, "kind": entry.kind, **fields})

    def campaign_states(self) -> list[tuple[int, str]]:
        """Return all scheduled campaigns with their states."""
        return [
            state
            for name, simulator in self._simulators.items()
            if simulator.campaigns is not None
            for state in simulator.campaigns.states(self.states[name])
        ]

    def obligations_of_customers(self) -> CustomerObligations:
        """Return a function that returns what one customer is due by now, of planned campaigns too."""
        exclusions = self._exclusions()
        sources = [
            simulator.campaigns.obligations_of_customers(self.contexts[name], self.states[name], self.clock.now())
            for name, simulator in self._simulators.items()
            if simulator.campaigns is not None
        ]
        return lambda index: [_without_excluded(fields, exclusions) for source in sources for fields in source(index)]

    def _exclusions(self) -> dict[object, Exclusion]:
        """Return the exclusions of the providers that have some, by channel."""
        by_provider = {
            name: simulator.exclusion(self.contexts[name], self.states[name])
            for name, simulator in self._simulators.items()
        }
        channels = ((channel.id, by_provider.get(channel.provider)) for channel in self.settings.channels)
        return {channel: exclusion for channel, exclusion in channels if exclusion is not None}

    async def close(self, *, stop_clock: bool) -> None:
        """Give up running and scheduled webhooks and timers, and delete the journal.

        `stop_clock`: also stop the clock, which no other sandbox uses.
        """
        self.is_closed = True
        if stop_clock:
            self.clock.stop()
        await self.dispatcher.close()
        self.clock.remove(lambda scheduled: scheduled.sandbox is self)
        self.journal.close()
        self.exchanges.clear()

    def _schedule(self, at: Instant, item: _ServiceTimer | Attempt | ReorderedWebhook) -> None:
        self.clock.schedule(at, _ScheduledItem(self, item))

    def _check_webhook(self, service: str, webhook: Webhook) -> None:
        """Raise `LookupError` for an event that the service does not list: no fault could select it.

        In strict mode, also record how the webhook violates its contract. The requests of scanners are in no contract.
        """
        if webhook.method == "GET":
            return
        events = self._simulators[service].events
        if webhook.event not in events:
            known = ", ".join(events) or "none"
            raise LookupError(f"{service}: expected an event that its SIMULATOR lists ({known}), got {webhook.event!r}")
        if self.watch is not None:
            changed = self.changed_dialects[service]
            found = self.watch.check_webhook(service, changed, webhook.event, webhook.content_type, webhook.body)
            self.record_contract_violations({"service": service, "event": webhook.event, "key": webhook.key}, found)

    def record_contract_violations(self, sent: Mapping[str, object], found: Sequence[Violation]) -> None:
        """Record how a response or webhook violates its contract; `sent` names it."""
        if found:
            self.record("contract_violation", {**sent, "violations": [violation.as_json() for violation in found]})

    def _history_header(self, origin: HistoryOrigin) -> dict[str, object]:
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
            "sendproof": origin.version,
            "contracts": dict(origin.contracts),
            "user_agents": list(self._user_agents),
            "services": dict(origin.services),
            "channels": [channel.view() for channel in self.settings.channels],
            "attributes": self.customers.audience.special_attributes,
            "audience": self.settings.audience.view(),
            "dialects": dict(self.settings.dialects),
            "faults": [_recorded_fault(fault.view()) for fault in self.faults.for_history()],
            "ended": iso(self.clock.now()),
        }


def _recorded_fault(view: Mapping[str, object]) -> Mapping[str, object]:
    """Return a fault for the history: a part of a URL that a forger must not know is a secret of the bridge."""
    secrets = {name: secret_name(str(view[name])) for name in ("secret", "other_secret") if view.get(name)}
    return {**view, **secrets}
