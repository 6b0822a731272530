"""Virtual time: it jumps, it waits for quiet, and a stale park does not count."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from instants import NINE, SIX, TEN, StillWallClock
from sendproof_simulators.core.clock.virtual_clock import NotQuietError, Participant, VirtualClock
from sendproof_simulators.core.clock.wall_clock import SystemWallClock

Story = Callable[[VirtualClock[str], list[str]], Awaitable[None]]


def tell(story: Story) -> list[str]:
    """Run a story on a virtual timeline that starts at six; answers what happened."""
    happened: list[str] = []

    async def run() -> None:
        clock: VirtualClock[str] = VirtualClock(SystemWallClock(), happened.append, start=SIX, rate=None)
        await story(clock, happened)

    asyncio.run(run())
    return happened


def test_advancing_lets_everything_due_happen_in_order() -> None:
    """Entries happen at their own instants, the earliest first, and later ones wait."""

    async def story(clock: VirtualClock[str], _: list[str]) -> None:
        clock.schedule(TEN + 1, "too late")
        clock.schedule(TEN, "ten")
        clock.schedule(NINE, "nine")
        await clock.advance(TEN, timeout=60)
        assert clock.now() == TEN

    assert tell(story) == ["nine", "ten"]


def test_a_participant_wakes_at_the_instant_it_asked_for() -> None:
    """A parked bridge is let go exactly when its work is due, and time waits until it parks again."""

    async def story(clock: VirtualClock[str], happened: list[str]) -> None:
        async def bridge() -> None:
            reason = await clock.park("bridge", NINE, 0)
            happened.append(f"{reason} at {clock.now() - NINE}")
            await clock.park("bridge", None, 0)

        worker = asyncio.create_task(bridge())
        await asyncio.sleep(0)
        await clock.advance(TEN, timeout=60)
        worker.cancel()

    assert tell(story) == ["due at 0"]


def test_time_does_not_wait_for_somebody_who_has_left() -> None:
    """Its park is let go, and without it the rule for nobody taking part holds again."""

    async def story(clock: VirtualClock[str], happened: list[str]) -> None:
        parked = asyncio.create_task(clock.park("bridge", None, 0))
        await asyncio.sleep(0)
        clock.deliver()
        clock.deliver_done()
        advancing = asyncio.create_task(clock.advance(NINE, timeout=60))
        await asyncio.sleep(0)
        clock.dismiss("bridge")
        await advancing
        happened.append(f"{await parked}, {len(clock.participants)} left")

    assert tell(story) == ["delivered, 0 left"]


def test_nobody_leaves_who_has_not_joined() -> None:
    """The message says who takes part."""

    async def story(clock: VirtualClock[str], _: list[str]) -> None:
        clock.participants["a"] = Participant("a")
        with pytest.raises(KeyError, match="no participant is named 'b'; taking part: a"):
            clock.dismiss("b")

    assert tell(story) == []


def test_a_delivery_releases_a_park_that_does_not_know_of_it() -> None:
    """What was delivered wakes the bridge, with the number to park with next."""

    async def story(clock: VirtualClock[str], happened: list[str]) -> None:
        park = asyncio.create_task(clock.park("bridge", None, 0))
        await asyncio.sleep(0)
        clock.deliver()
        clock.deliver_done()
        happened.append(f"{await park} {clock.delivered}")

    assert tell(story) == ["delivered 1"]


def test_a_stale_park_returns_at_once() -> None:
    """A bridge that looked for work before the last delivery must look again."""

    async def story(clock: VirtualClock[str], happened: list[str]) -> None:
        clock.deliver()
        clock.deliver_done()
        happened.append(await clock.park("bridge", None, 0))

    assert tell(story) == ["delivered"]


def test_the_deliveries_of_one_instant_wake_a_bridge_once() -> None:
    """A park holds until the last of several webhooks has been answered."""

    async def story(clock: VirtualClock[str], happened: list[str]) -> None:
        clock.deliver()
        clock.deliver()
        park = asyncio.create_task(clock.park("bridge", None, 0))
        await asyncio.sleep(0)
        clock.deliver_done()
        await asyncio.sleep(0)
        happened.append(f"done: {park.done()}")
        clock.deliver_done()
        happened.append(await park)

    assert tell(story) == ["done: False", "delivered"]


def test_what_arrives_at_an_instant_is_there_before_a_bridge_wakes_at_it() -> None:
    """Were both to begin together, a report made at nine would now and then leave out what came at nine."""

    async def story(_: VirtualClock[str], happened: list[str]) -> None:
        def receipt(name: str) -> None:
            happened.append(name)
            clock.deliver()
            asyncio.get_running_loop().call_later(0.01, clock.deliver_done)

        async def bridge() -> None:
            since = 0
            while True:
                reason = await clock.park("bridge", None if "due" in happened else NINE, since)
                happened.append(reason)
                since = clock.delivered

        clock: VirtualClock[str] = VirtualClock(SystemWallClock(), receipt, start=SIX, rate=None)
        clock.schedule(NINE, "receipt")
        worker = asyncio.create_task(bridge())
        await asyncio.sleep(0)
        await clock.advance(TEN, timeout=60)
        worker.cancel()

    assert tell(story) == ["receipt", "delivered", "due"]


def test_time_stands_still_while_a_bridge_works_and_says_so() -> None:
    """Without a park there is no advance; the error names who is missing."""

    async def story(clock: VirtualClock[str], _: list[str]) -> None:
        park = asyncio.create_task(clock.park("bridge", None, 0))
        await asyncio.sleep(0)
        park.cancel()
        await asyncio.wait((park,))
        with pytest.raises(
            NotQuietError, match=r"time stood still at 2026-03-02T06:00:00.000Z: participant 'bridge' is not parked"
        ):
            await clock.advance(TEN, timeout=0.05)
        assert clock.now() == SIX

    assert tell(story) == []


def test_a_webhook_under_way_holds_time() -> None:
    """Time moves only when the bridge has answered."""

    async def story(clock: VirtualClock[str], _: list[str]) -> None:
        clock.deliver()
        with pytest.raises(NotQuietError, match="1 webhooks are waiting for the bridge's answer"):
            await clock.advance(TEN, timeout=0.05)

    assert tell(story) == []


def test_without_a_participant_silence_counts_as_quiet() -> None:
    """A bridge that does not park is waited for by the clock on the wall."""

    async def story(clock: VirtualClock[str], _: list[str]) -> None:
        clock.schedule(NINE, "nine")
        await clock.advance(TEN, timeout=60)

    assert tell(story) == ["nine"]


def test_time_never_goes_back() -> None:
    """An instant in the past is refused."""

    async def story(clock: VirtualClock[str], _: list[str]) -> None:
        with pytest.raises(ValueError, match="time only moves on"):
            await clock.advance(SIX - 1, timeout=1)

    assert tell(story) == []


def test_real_time_runs_at_its_rate() -> None:
    """Two seconds at a rate of thirty are a minute."""
    wall = StillWallClock()

    async def run() -> int:
        clock: VirtualClock[str] = VirtualClock(wall, lambda _: None, start=SIX, rate=30.0)
        wall.seconds += 2
        return clock.now()

    assert asyncio.run(run()) == SIX + 60_000


def test_real_time_lets_things_happen_by_itself() -> None:
    """At a high rate an hour passes in a moment, and what was due in it happened."""
    happened: list[str] = []

    async def run() -> str:
        clock: VirtualClock[str] = VirtualClock(SystemWallClock(), happened.append, start=SIX, rate=360_000.0)
        clock.schedule(NINE, "nine")
        reason = await clock.park("bridge", TEN, 0)
        clock.stop()
        return reason

    assert asyncio.run(run()) == "due"
    assert happened == ["nine"]
