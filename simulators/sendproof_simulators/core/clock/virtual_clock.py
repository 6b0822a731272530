"""The time of a sandbox, or of several: what will happen when, who takes part, and how time moves on.

Virtual time stands still until it is advanced. Advancing is a barrier:

    until nothing is due before the target:
        wait until quiet  ->  jump to the next due instant  ->  let it happen

Quiet means: no request in flight in either direction, and every participant parked. A park is stale,
and does not count, when something was delivered that the participant had not been told of when it
last looked for work. So there is no moment at which "accepted" is not yet "noticed".

Real time runs by itself, at a rate.
"""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

from sendproof_simulators.core.clock.wall_clock import Instant, WallClock, iso

T = TypeVar("T")

# Below the idle limits of common proxies and clients (30 s and more).
PARK_SECONDS = 20.0
# Without a participant nothing tells that the bridge is done: this long without traffic counts as quiet.
SETTLE_SECONDS = 0.3


class NotQuietError(Exception):
    """The sandbox did not become quiet in time; the message says what it waited for."""


@dataclass(slots=True)
class Participant:
    """A bridge process that takes part in virtual time."""

    name: str
    until: Instant | None = None
    since: int = 0
    waiting: asyncio.Future[str] | None = None


@dataclass(slots=True, order=True)
class _Entry(Generic[T]):
    at: Instant
    order: int
    what: T = field(compare=False)


class VirtualClock(Generic[T]):
    """A clock and everything that waits on it. `T` is what a due entry carries."""

    def __init__(self, wall: WallClock, happen: Callable[[T], None], *, start: Instant, rate: float | None) -> None:
        """`rate` None makes a virtual clock, else so many seconds of the sandbox pass in a real one."""
        self.rate = rate
        self.participants: dict[str, Participant] = {}
        self.delivered = 0
        self.in_flight = 0
        self.outgoing = 0
        self.advancing = False
        self._wall = wall
        self._happen = happen
        self._start = start
        self._real_start = wall.monotonic()
        self._virtual_now = start
        self._heap: list[_Entry[T]] = []
        self._order = count()
        self._changed = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
        self._last_activity = wall.monotonic()

    @property
    def mode(self) -> str:
        return "virtual" if self.rate is None else "real"

    def now(self) -> Instant:
        if self.rate is None:
            return self._virtual_now
        return self._start + int((self._wall.monotonic() - self._real_start) * 1000 * self.rate)

    def real(self) -> float:
        """Seconds of real time since some moment; they never step back, nor stand still."""
        return self._wall.monotonic()

    def schedule(self, at: Instant, what: T) -> None:
        """Let `what` happen at `at`, or as soon as time moves when that is past."""
        heapq.heappush(self._heap, _Entry(at, next(self._order), what))
        self._rearm()

    def remove(self, done_with: Callable[[T], bool]) -> None:
        """Let nothing of what is `done_with` happen any more."""
        self._heap = [entry for entry in self._heap if not done_with(entry.what)]
        heapq.heapify(self._heap)
        self._rearm()

    def next_due(self) -> Instant | None:
        """The earliest instant at which anything happens by itself."""
        return self._heap[0].at if self._heap else None

    # -- traffic ---------------------------------------------------------------------------------

    def enter(self) -> None:
        """A request to a service of this sandbox has begun."""
        self.in_flight += 1

    def leave(self) -> None:
        """That request has been answered."""
        self.in_flight -= 1
        self._touch()

    def deliver(self) -> None:
        """A webhook is being sent."""
        self.outgoing += 1

    def deliver_done(self) -> None:
        """That webhook was answered, or failed: the bridge may have work that it has not seen."""
        self.outgoing -= 1
        self.delivered += 1
        # In virtual time the parks of one instant are released together, when all of it is delivered.
        if self.outgoing == 0 or self.rate is not None:
            self._release_stale()
        self._touch()

    def _touch(self) -> None:
        self._last_activity = self._wall.monotonic()
        self._changed.set()

    # -- parks -----------------------------------------------------------------------------------

    async def park(self, name: str, until: Instant | None, since: int) -> str:
        """Wait until `until`, or until something was delivered; answers why: due, delivered or poll."""
        participant = self.participants.setdefault(name, Participant(name))
        self._release(participant, "poll")
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
        """Somebody takes part no more; `KeyError` when nobody of that name did."""
        if name not in self.participants:
            known = ", ".join(self.participants) or "nobody"
            raise KeyError(f"no participant is named {name!r}; taking part: {known}")
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

    def parked(self, participant: Participant) -> bool:
        """Whether the participant waits, and knows of everything that was delivered."""
        return participant.waiting is not None and participant.since == self.delivered

    # -- moving on -------------------------------------------------------------------------------

    async def advance(self, to: Instant, timeout: float) -> None:  # noqa: ASYNC109 - its error tells what was not quiet
        """Move virtual time to `to`, letting everything happen that is due on the way."""
        if self.rate is not None:
            raise ValueError("this sandbox runs on real time, which cannot be advanced")
        if to < self._virtual_now:
            raise ValueError(f"time only moves on: it is {iso(self._virtual_now)}, later than {iso(to)}")
        if self.advancing:
            raise ValueError("another advance is under way; wait for its answer")
        self.advancing = True
        try:
            async with asyncio.timeout(timeout):
                await self._run_until(to)
        except TimeoutError as error:
            raise NotQuietError(self._waits_for()) from error
        finally:
            self.advancing = False

    async def _run_until(self, to: Instant) -> None:
        while True:
            await self._quiet()
            due = self._next_for_anyone()
            if due is None or due > to:
                break
            self._virtual_now = max(self._virtual_now, due)
            self._fire_due()
        self._virtual_now = to
        self._release_due()
        await self._quiet()

    def _next_for_anyone(self) -> Instant | None:
        untils = [p.until for p in self.participants.values() if p.waiting is not None and p.until is not None]
        return min([*untils, *([self._heap[0].at] if self._heap else [])], default=None)

    def _fire_due(self) -> None:
        """Let what is due happen; only when nothing is (left), let those go on who wait for this instant.

        So what the services send at an instant is there before a bridge wakes at the same instant, in every run.
        """
        now = self.now()
        if not (self._heap and self._heap[0].at <= now):
            self._release_due()
        while self._heap and self._heap[0].at <= now:
            self._happen(heapq.heappop(self._heap).what)

    async def _quiet(self) -> None:
        while not self._is_quiet():
            self._changed.clear()
            wait = None if self.participants else SETTLE_SECONDS
            try:
                await asyncio.wait_for(self._changed.wait(), wait)
            except TimeoutError:
                continue

    def _is_quiet(self) -> bool:
        if self.in_flight or self.outgoing:
            return False
        if self.participants:
            return all(self.parked(p) for p in self.participants.values())
        return self._wall.monotonic() - self._last_activity >= SETTLE_SECONDS

    def _waits_for(self) -> str:
        absent = [p.name for p in self.participants.values() if not self.parked(p)]
        parts = [f"participant {name!r} is not parked" for name in absent]
        if self.in_flight:
            parts.append(f"{self.in_flight} requests are being answered")
        if self.outgoing:
            parts.append(f"{self.outgoing} webhooks are waiting for the bridge's answer")
        return f"time stood still at {iso(self._virtual_now)}: " + ("; ".join(parts) or "there was still much to do")

    # -- real time -------------------------------------------------------------------------------

    def _rearm(self) -> None:
        if self.rate is None:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        due = self._next_for_anyone()
        if due is not None:
            delay = max(0.0, (due - self.now()) / 1000 / self.rate)
            self._alarm = asyncio.get_running_loop().call_later(delay, self._ring)

    def _ring(self) -> None:
        self._fire_due()
        self._rearm()

    def stop(self) -> None:
        """Nothing happens by itself any more; parked participants are let go."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._heap.clear()
        for participant in self.participants.values():
            self._release(participant, "poll")
