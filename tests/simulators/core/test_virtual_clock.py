"""Virtual time jumps, waits for quiet, and ignores stale parks; real time runs at a rate."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from instants import NINE, SIX, TEN, StillWallClock
from sendproof_simulators.core.clock.virtual_clock import REAL, NotQuietError, Participant, VirtualClock
from sendproof_simulators.core.clock.wall_clock import SystemWallClock

Scene = Callable[[VirtualClock[str], list[str]], Awaitable[None]]


def play(scene: Scene) -> list[str]:
    """Run a scene on a virtual clock that starts at six; return the events."""
    events: list[str] = []

    async def run() -> None:
        clock: VirtualClock[str] = VirtualClock(SystemWallClock(), events.append, start=SIX, rate=None)
        await scene(clock, events)

    asyncio.run(run())
    return events


def test_advance_fires_due_items_in_order() -> None:
    async def scene(clock: VirtualClock[str], _: list[str]) -> None:
        clock.schedule(TEN + 1, "too late")
        clock.schedule(TEN, "ten")
        clock.schedule(NINE, "nine")
        await clock.advance(TEN, timeout=60)
        assert clock.now() == TEN

    assert play(scene) == ["nine", "ten"]


def test_participant_wakes_at_its_instant() -> None:
    """Time waits until it parks again."""

    async def scene(clock: VirtualClock[str], events: list[str]) -> None:
        async def bridge() -> None:
            reason = await clock.park("bridge", NINE, 0)
            events.append(f"{reason} at {clock.now() - NINE}")
            await clock.park("bridge", None, 0)

        worker = asyncio.create_task(bridge())
        await asyncio.sleep(0)
        await clock.advance(TEN, timeout=60)
        worker.cancel()

    assert play(scene) == ["due at 0"]


def test_time_does_not_wait_for_a_dismissed_participant() -> None:
    async def scene(clock: VirtualClock[str], events: list[str]) -> None:
        parked = asyncio.create_task(clock.park("bridge", None, 0))
        await asyncio.sleep(0)
        clock.deliver()
        clock.deliver_done()
        advancing = asyncio.create_task(clock.advance(NINE, timeout=60))
        await asyncio.sleep(0)
        clock.dismiss("bridge")
        await advancing
        events.append(f"{await parked}, {len(clock.participants)} left")

    assert play(scene) == ["delivered, 0 left"]


def test_unknown_participant_cannot_be_dismissed() -> None:
    async def scene(clock: VirtualClock[str], _: list[str]) -> None:
        clock.participants["a"] = Participant("a")
        with pytest.raises(KeyError, match="no participant is named 'b'; there are: a"):
            clock.dismiss("b")

    assert play(scene) == []


def test_delivery_releases_a_park() -> None:
    async def scene(clock: VirtualClock[str], events: list[str]) -> None:
        park = asyncio.create_task(clock.park("bridge", None, 0))
        await asyncio.sleep(0)
        clock.deliver()
        clock.deliver_done()
        events.append(f"{await park} {clock.delivered}")

    assert play(scene) == ["delivered 1"]


def test_stale_park_returns_at_once() -> None:
    """A bridge that looked for work before the last delivery must look again."""

    async def scene(clock: VirtualClock[str], events: list[str]) -> None:
        clock.deliver()
        clock.deliver_done()
        events.append(await clock.park("bridge", None, 0))

    assert play(scene) == ["delivered"]


def test_deliveries_of_one_instant_release_a_park_once() -> None:
    async def scene(clock: VirtualClock[str], events: list[str]) -> None:
        clock.deliver()
        clock.deliver()
        park = asyncio.create_task(clock.park("bridge", None, 0))
        await asyncio.sleep(0)
        clock.deliver_done()
        await asyncio.sleep(0)
        events.append(f"done: {park.done()}")
        clock.deliver_done()
        events.append(await park)

    assert play(scene) == ["done: False", "delivered"]


def test_webhooks_of_an_instant_arrive_before_a_bridge_wakes() -> None:
    """Otherwise a report at nine would sometimes miss a receipt of nine."""

    async def scene(_: VirtualClock[str], events: list[str]) -> None:
        def receipt(name: str) -> None:
            events.append(name)
            clock.deliver()
            asyncio.get_running_loop().call_later(0.01, clock.deliver_done)

        async def bridge() -> None:
            since = 0
            while True:
                reason = await clock.park("bridge", None if "due" in events else NINE, since)
                events.append(reason)
                since = clock.delivered

        clock: VirtualClock[str] = VirtualClock(SystemWallClock(), receipt, start=SIX, rate=None)
        clock.schedule(NINE, "receipt")
        worker = asyncio.create_task(bridge())
        await asyncio.sleep(0)
        await clock.advance(TEN, timeout=60)
        worker.cancel()

    assert play(scene) == ["receipt", "delivered", "due"]


def test_advance_names_a_participant_that_is_not_parked() -> None:
    async def scene(clock: VirtualClock[str], _: list[str]) -> None:
        park = asyncio.create_task(clock.park("bridge", None, 0))
        await asyncio.sleep(0)
        park.cancel()
        await asyncio.wait((park,))
        with pytest.raises(
            NotQuietError, match=r"time stood still at 2026-03-02T06:00:00.000Z: participant 'bridge' is not parked"
        ):
            await clock.advance(TEN, timeout=0.05)
        assert clock.now() == SIX

    assert play(scene) == []


def test_advance_waits_for_a_webhook() -> None:
    async def scene(clock: VirtualClock[str], _: list[str]) -> None:
        clock.deliver()
        with pytest.raises(NotQuietError, match="webhooks without the bridge's response: 1"):
            await clock.advance(TEN, timeout=0.05)

    assert play(scene) == []


def test_without_participants_silence_counts_as_quiet() -> None:
    async def scene(clock: VirtualClock[str], _: list[str]) -> None:
        clock.schedule(NINE, "nine")
        await clock.advance(TEN, timeout=60)

    assert play(scene) == ["nine"]


def test_target_in_the_past_is_refused() -> None:
    async def scene(clock: VirtualClock[str], _: list[str]) -> None:
        with pytest.raises(ValueError, match="expected a target from"):
            await clock.advance(SIX - 1, timeout=1)

    assert play(scene) == []


def test_real_clock_runs_at_its_rate() -> None:
    wall = StillWallClock()

    async def run() -> int:
        clock: VirtualClock[str] = VirtualClock(wall, lambda _: None, start=SIX, rate=30.0, mode=REAL)
        wall.seconds += 2
        return clock.now()

    assert asyncio.run(run()) == SIX + 60_000


def test_real_clock_fires_due_items() -> None:
    events: list[str] = []

    async def run() -> str:
        clock: VirtualClock[str] = VirtualClock(SystemWallClock(), events.append, start=SIX, rate=360_000.0, mode=REAL)
        clock.schedule(NINE, "nine")
        reason = await clock.park("bridge", TEN, 0)
        clock.stop()
        return reason

    assert asyncio.run(run()) == "due"
    assert events == ["nine"]


def clock_with_rate(wall: StillWallClock, rate: float | None) -> VirtualClock[str]:
    """Return a virtual clock that starts at six and then gets a rate."""
    clock: VirtualClock[str] = VirtualClock(wall, lambda _: None, start=SIX, rate=None)
    clock.set_rate(rate)
    return clock


def test_virtual_clock_with_a_rate_passes_by_itself() -> None:
    wall = StillWallClock()

    async def run() -> int:
        clock = clock_with_rate(wall, 1)
        wall.seconds += 2
        return clock.now()

    assert asyncio.run(run()) == SIX + 2_000


def test_virtual_clock_without_its_rate_stands_still_again() -> None:
    wall = StillWallClock()

    async def run() -> int:
        clock = clock_with_rate(wall, 1)
        wall.seconds += 2
        clock.set_rate(None)
        wall.seconds += 60
        return clock.now()

    assert asyncio.run(run()) == SIX + 2_000


def test_advance_jumps_a_clock_with_a_rate_without_waiting_for_silence() -> None:
    """The wall clock stands still, so a wait for a third of a second of silence would never end."""
    wall = StillWallClock()

    async def run() -> tuple[int, list[int]]:
        fired: list[int] = []
        clock: VirtualClock[str] = VirtualClock(wall, lambda _: fired.append(clock.now()), start=SIX, rate=None)
        clock.set_rate(1)
        clock.schedule(NINE, "nine")
        wall.seconds += 2
        await clock.advance(TEN, timeout=60)
        clock.stop()
        return clock.now(), fired

    assert asyncio.run(run()) == (TEN, [NINE])


def test_advance_to_a_time_that_a_clock_with_a_rate_has_passed_changes_nothing() -> None:
    wall = StillWallClock()

    async def run() -> int:
        clock = clock_with_rate(wall, 1)
        wall.seconds += 2
        await clock.advance(SIX + 1_000, timeout=60)
        return clock.now()

    assert asyncio.run(run()) == SIX + 2_000


def test_real_clock_keeps_its_rate() -> None:
    clock: VirtualClock[str] = VirtualClock(StillWallClock(), lambda _: None, start=SIX, rate=30.0, mode=REAL)
    with pytest.raises(ValueError, match="expected a virtual clock"):
        clock.set_rate(1)


def test_wake_up_without_traffic_is_counted_as_idle() -> None:
    async def scene(clock: VirtualClock[str], events: list[str]) -> None:
        async def bridge() -> None:
            await clock.park("bridge", NINE, 0)
            await clock.park("bridge", TEN, 0)
            clock.enter()
            clock.leave()
            await clock.park("bridge", None, 0)

        worker = asyncio.create_task(bridge())
        await asyncio.sleep(0)
        await clock.advance(TEN, timeout=60)
        events.append(f"{clock.participants['bridge'].idle_wake_ups} idle")
        worker.cancel()

    assert play(scene) == ["1 idle"]
