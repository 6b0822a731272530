"""The clock of one or more sandboxes: scheduled items, participants, and the advance of time.

Virtual time does not move until it is advanced. Advancing is a barrier:

    until nothing is due before the target:
        wait until quiet  ->  jump to the next due instant  ->  fire the due items

Quiet means: no request in flight in either direction, and every participant parked. A park is stale, and does not
count, if a webhook was delivered that the participant did not know when it last looked for work. So no webhook can be
accepted by a bridge and still overlooked when time moves.

Real time passes by itself, at a rate, and cannot be advanced.

A virtual clock can have a rate as well, for a bridge that lives by the clock of its machine. Its time then passes
by itself while the bridge works, so rate limits and retries behave as in production, and `advance` jumps over the
stretches without work. Nothing shows that such a bridge has finished: that is for the caller of `advance` to decide.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

from sendproof_simulators.core.clock.wall_clock import Instant, WallClock, iso
from sendproof_simulators.core.suggestions import suggestion

T = TypeVar("T")

# Below the idle limits of common proxies and clients (10 s and more).
PARK_SECONDS = 5.0
# The modes of a clock: a virtual one can be advanced, and its rate can change.
VIRTUAL, REAL = "virtual", "real"
# Without participants, nothing shows that the bridge has finished: this time without traffic counts as quiet.
SETTLE_SECONDS = 0.3


class NotQuietError(Exception):
    """The sandbox did not become quiet in time; the message names what it waited for.

    `answering` is the number of requests that the simulators themselves had not answered.
    """

    def __init__(self, message: str, *, answering: int) -> None:
        super().__init__(message)
        self.answering = answering


@dataclass(slots=True)
class Participant:
    """A bridge process that takes part in virtual time.

    It is parked until `until`; `since` is the number of deliveries that it knows. `idle_wake_ups` counts how often it
    woke at its own time and parked again, with no request and no webhook in between.
    """

    name: str
    until: Instant | None = None
    since: int = 0
    waiting: asyncio.Future[str] | None = None
    idle_wake_ups: int = 0
    traffic_at_wake_up: int | None = None


@dataclass(slots=True, order=True)
class _Entry(Generic[T]):
    """One scheduled item; `order` keeps the order of items at one instant."""

    at: Instant
    order: int
    item: T = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockState:
    """The time of a clock, its rate and its counters.

    `participants` has (idle wake-ups, traffic at the last wake-up) by name.
    """

    now: Instant
    rate: float | None
    delivered: int
    traffic: int
    participants: Mapping[str, tuple[int, int | None]]


class VirtualClock(Generic[T]):
    """A clock and the items that wait on it, of type `T`.

    `delivered` counts the webhook attempts that have ended, `in_flight` the requests and `outgoing` the webhooks that
    are under way.
    """

    def __init__(
        self,
        wall: WallClock,
        fire: Callable[[T], None],
        *,
        start: Instant,
        rate: float | None,
        mode: str = VIRTUAL,
    ) -> None:
        """Call `fire` for each due item. `rate` is in seconds per real second; None: time stands still by itself."""
        self.mode = mode
        self.rate = rate
        self.participants: dict[str, Participant] = {}
        self.delivered = 0
        self.in_flight = 0
        self.outgoing = 0
        self.advancing = False
        # The number of requests and webhooks that have ended.
        self._traffic = 0
        self._wall = wall
        self._fire = fire
        # The clock showed `_base` at the real time `_real_base`.
        self._base = start
        self._real_base = wall.monotonic()
        self._heap: list[_Entry[T]] = []
        self._order = count()
        self._changed = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
        self._last_activity = wall.monotonic()

    def now(self) -> Instant:
        if self.rate is None:
            return self._base
        return self._base + int((self._wall.monotonic() - self._real_base) * 1000 * self.rate)

    def set_rate(self, rate: float | None) -> None:
        """Let virtual time also pass by itself, at `rate` seconds per real second; None stops it again."""
        if self.mode == REAL:
            raise ValueError("expected a virtual clock; real time has the rate that the sandbox was created with")
        now = self.now()
        self.rate = rate
        self._set_now(now)
        self._rearm()
        self._changed.set()

    def _set_now(self, now: Instant) -> None:
        self._base, self._real_base = now, self._wall.monotonic()

    def real(self) -> float:
        """Return seconds of real time from an arbitrary origin; they always increase."""
        return self._wall.monotonic()

    def schedule(self, at: Instant, item: T) -> None:
        """Fire an item at an instant, or at the next advance if that is past."""
        heapq.heappush(self._heap, _Entry(at, next(self._order), item))
        self._rearm()

    def remove(self, is_removed: Callable[[T], bool]) -> None:
        """Remove the scheduled items for which `is_removed` returns True."""
        self._heap = [entry for entry in self._heap if not is_removed(entry.item)]
        heapq.heapify(self._heap)
        self._rearm()

    def next_due(self) -> Instant | None:
        """Return the instant of the next scheduled item, or None."""
        return self._heap[0].at if self._heap else None

    def items(self) -> list[tuple[Instant, T]]:
        """Return the scheduled items with their instants, in the order in which they will be fired."""
        return [(entry.at, entry.item) for entry in sorted(self._heap)]

    # -- snapshots -------------------------------------------------------------------------------

    def state(self) -> ClockState:
        """Return the state of the clock without its items."""
        return ClockState(
            now=self.now(),
            rate=self.rate,
            delivered=self.delivered,
            traffic=self._traffic,
            participants={p.name: (p.idle_wake_ups, p.traffic_at_wake_up) for p in self.participants.values()},
        )

    def entries(self) -> list[tuple[Instant, int, T]]:
        """Return the scheduled items with their instants and their places in the order of one instant."""
        return [(entry.at, entry.order, entry.item) for entry in self._heap]

    def replace_entries(self, entries: Iterable[tuple[Instant, int, T]]) -> None:
        """Replace all scheduled items by those of `entries`, earlier in this clock's life."""
        self._heap = [_Entry(at, order, item) for at, order, item in entries]
        heapq.heapify(self._heap)
        self._rearm()

    def return_to(self, state: ClockState) -> None:
        """Set time and counters back. Participants that have left since stay away; the others have to park again."""
        for participant in self.participants.values():
            self._release(participant, "poll")
        self.participants = {
            name: Participant(name, idle_wake_ups=idle, traffic_at_wake_up=traffic)
            for name, (idle, traffic) in state.participants.items()
            if name in self.participants
        }
        self.rate, self.delivered, self._traffic = state.rate, state.delivered, state.traffic
        self._set_now(state.now)
        self._rearm()
        self._last_activity = self._wall.monotonic()
        self._changed.set()

    # -- traffic ---------------------------------------------------------------------------------

    def enter(self) -> None:
        """Count a request to a service of this sandbox as in flight."""
        self.in_flight += 1

    def leave(self) -> None:
        """Count a request as answered."""
        self.in_flight -= 1
        self._touch()

    def deliver(self) -> None:
        """Count a webhook as under way."""
        self.outgoing += 1

    def deliver_done(self) -> None:
        """Count a webhook as acknowledged or failed: the bridge may have new work."""
        self.outgoing -= 1
        self.delivered += 1
        # While time stands still, the parks of one instant are released together, after all its webhooks.
        if self.outgoing == 0 or self.rate is not None:
            self._release_stale()
        self._touch()

    def _touch(self) -> None:
        self._traffic += 1
        self._last_activity = self._wall.monotonic()
        self._changed.set()

    # -- parks -----------------------------------------------------------------------------------

    async def park(self, name: str, until: Instant | None, since: int) -> str:
        """Wait until `until`, or until a webhook was delivered; return the reason: due, delivered or poll."""
        participant = self.participants.setdefault(name, Participant(name))
        self._release(participant, "poll")
        participant.idle_wake_ups += participant.traffic_at_wake_up == self._traffic
        participant.traffic_at_wake_up = None
        if since != self.delivered and self.outgoing == 0:
            return "delivered"
        if until is not None and until <= self.now():
            return "due"
        participant.until, participant.since = until, since
        participant.waiting = waiting = asyncio.get_running_loop().create_future()
        self._changed.set()
        self._rearm()
        try:
            return await asyncio.wait_for(waiting, PARK_SECONDS)
        except TimeoutError:
            return "poll"
        finally:
            if participant.waiting is waiting:
                participant.waiting = None

    def dismiss(self, name: str) -> None:
        """Remove a participant; raise `KeyError` if no participant has this name."""
        if name not in self.participants:
            raise KeyError(f"no participant is named {name!r}; {suggestion(name, self.participants)}")
        self._release(self.participants.pop(name), "poll")
        self._touch()
        self._rearm()

    def _release(self, participant: Participant, reason: str) -> None:
        waiting, participant.waiting = participant.waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(reason)

    def _release_stale(self) -> None:
        for participant in self.participants.values():
            if participant.since != self.delivered:
                self._release(participant, "delivered")

    def _release_due(self) -> None:
        now = self.now()
        for participant in self.participants.values():
            if participant.waiting is not None and participant.until is not None and participant.until <= now:
                self._release(participant, "due")
                participant.traffic_at_wake_up = self._traffic

    def parked(self, participant: Participant) -> bool:
        """Return True if the participant waits and knows all deliveries."""
        return participant.waiting is not None and participant.since == self.delivered

    # -- advance ---------------------------------------------------------------------------------

    async def advance(self, to: Instant, timeout: float) -> None:  # noqa: ASYNC109 - its error says what was not quiet
        """Advance virtual time to `to`, and fire everything that is due on the way."""
        if self.mode == REAL:
            raise ValueError("expected a virtual clock; real time cannot be advanced")
        # A clock with a rate may have passed the target since the caller read it.
        if to < self.now() and self.rate is None:
            raise ValueError(f"expected a target from {iso(self.now())} (now), got {iso(to)}")
        if self.advancing:
            raise ValueError("another advance is under way; wait for its response")
        self.advancing = True
        try:
            async with asyncio.timeout(timeout):
                await self._run_until(to)
        except TimeoutError as error:
            raise NotQuietError(self._quiet_obstacles(), answering=self.in_flight) from error
        finally:
            self.advancing = False

    async def _run_until(self, to: Instant) -> None:
        while True:
            await self._until_quiet()
            due = self._next_wake_up()
            if due is None or due > to:
                break
            self._set_now(max(self.now(), due))
            self._fire_due()
        self._set_now(max(self.now(), to))
        self._release_due()
        await self._until_quiet()

    def _next_wake_up(self) -> Instant | None:
        """Return the next instant at which an item is due or a parked participant wants to wake up."""
        untils = [p.until for p in self.participants.values() if p.waiting is not None and p.until is not None]
        return min([*untils, *([self._heap[0].at] if self._heap else [])], default=None)

    def _fire_due(self) -> None:
        """Fire the due items, or else release the participants that wait for this instant.

        So in every run, the webhooks of an instant arrive before a bridge wakes up at the same instant.
        """
        now = self.now()
        if not (self._heap and self._heap[0].at <= now):
            self._release_due()
        while self._heap and self._heap[0].at <= now:
            self._fire(heapq.heappop(self._heap).item)

    async def _until_quiet(self) -> None:
        while not self._is_quiet():
            self._changed.clear()
            wait = SETTLE_SECONDS if self._must_settle() else None
            try:
                await asyncio.wait_for(self._changed.wait(), wait)
            except TimeoutError:
                continue

    def _is_quiet(self) -> bool:
        if self.in_flight or self.outgoing:
            return False
        if self.participants:
            return all(self.parked(p) for p in self.participants.values())
        return not self._must_settle() or self._wall.monotonic() - self._last_activity >= SETTLE_SECONDS

    def _must_settle(self) -> bool:
        """Return True if only a time without traffic can show that the bridge has finished."""
        return not self.participants and self.rate is None

    def _quiet_obstacles(self) -> str:
        """Describe what keeps the sandbox from being quiet."""
        busy = [p.name for p in self.participants.values() if not self.parked(p)]
        parts = [f"participant {name!r} is not parked" for name in busy]
        if self.in_flight:
            parts.append(f"{self.in_flight} requests are being answered")
        if self.outgoing:
            parts.append(f"webhooks without the bridge's response: {self.outgoing}")
        return f"time stood still at {iso(self.now())}: " + ("; ".join(parts) or "there were still items due")

    # -- real time -------------------------------------------------------------------------------

    def _rearm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self.rate is None:
            return
        due = self._next_wake_up()
        if due is not None:
            delay = max(0.0, (due - self.now()) / 1000 / self.rate)
            self._alarm = asyncio.get_running_loop().call_later(delay, self._on_alarm)

    def _on_alarm(self) -> None:
        self._fire_due()
        self._rearm()

    def stop(self) -> None:
        """Remove all scheduled items and release the parked participants."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._heap.clear()
        for participant in self.participants.values():
            self._release(participant, "poll")
