"""Virtual time: it jumps, it waits for quiet, and a stale park does not count."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from instants import NINE, SIX, TEN, StillWallClock
from sendproof_simulators.core.clock import SystemWallClock
from sendproof_simulators.core.timeline import NotQuietError, Participant, Timeline

Story = Callable[[Timeline[str], list[str]], Awaitable[None]]


def tell(story: Story) -> list[str]:
    """Run a story on a virtual timeline that starts at six; answers what happened."""
    happened: list[str] = []

    async def run() -> None:
        timeline: Timeline[str] = Timeline(SystemWallClock(), happened.append, start=SIX, rate=None)
        await story(timeline, happened)

    asyncio.run(run())
    return happened


def test_advancing_lets_everything_due_happen_in_order() -> None:
    """Entries happen at their own instants, the earliest first, and later ones wait."""

    async def story(timeline: Timeline[str], _: list[str]) -> None:
        timeline.schedule(TEN + 1, "too late")
        timeline.schedule(TEN, "ten")
        timeline.schedule(NINE, "nine")
        await timeline.advance(TEN, timeout=60)
        assert timeline.now() == TEN

    assert tell(story) == ["nine", "ten"]


def test_a_participant_wakes_at_the_instant_it_asked_for() -> None:
    """A parked bridge is let go exactly when its work is due, and time waits until it parks again."""

    async def story(timeline: Timeline[str], happened: list[str]) -> None:
        async def bridge() -> None:
            reason = await timeline.park("bridge", NINE, 0)
            happened.append(f"{reason} at {timeline.now() - NINE}")
            await timeline.park("bridge", None, 0)

        worker = asyncio.create_task(bridge())
        await asyncio.sleep(0)
        await timeline.advance(TEN, timeout=60)
        worker.cancel()

    assert tell(story) == ["due at 0"]


def test_time_does_not_wait_for_somebody_who_has_left() -> None:
    """Its park is let go, and without it the rule for nobody taking part holds again."""

    async def story(timeline: Timeline[str], happened: list[str]) -> None:
        parked = asyncio.create_task(timeline.park("bridge", None, 0))
        await asyncio.sleep(0)
        timeline.deliver()
        timeline.deliver_done()
        advancing = asyncio.create_task(timeline.advance(NINE, timeout=60))
        await asyncio.sleep(0)
        timeline.dismiss("bridge")
        await advancing
        happened.append(f"{await parked}, {len(timeline.participants)} left")

    assert tell(story) == ["delivered, 0 left"]


def test_nobody_leaves_who_has_not_joined() -> None:
    """The message says who takes part."""

    async def story(timeline: Timeline[str], _: list[str]) -> None:
        timeline.participants["a"] = Participant("a")
        with pytest.raises(KeyError, match="no participant is named 'b'; taking part: a"):
            timeline.dismiss("b")

    assert tell(story) == []


def test_a_delivery_releases_a_park_that_does_not_know_of_it() -> None:
    """What was delivered wakes the bridge, with the number to park with next."""

    async def story(timeline: Timeline[str], happened: list[str]) -> None:
        park = asyncio.create_task(timeline.park("bridge", None, 0))
        await asyncio.sleep(0)
        timeline.deliver()
        timeline.deliver_done()
        happened.append(f"{await park} {timeline.delivered}")

    assert tell(story) == ["delivered 1"]


def test_a_stale_park_returns_at_once() -> None:
    """A bridge that looked for work before the last delivery must look again."""

    async def story(timeline: Timeline[str], happened: list[str]) -> None:
        timeline.deliver()
        timeline.deliver_done()
        happened.append(await timeline.park("bridge", None, 0))

    assert tell(story) == ["delivered"]


def test_the_deliveries_of_one_instant_wake_a_bridge_once() -> None:
    """A park holds until the last of several webhooks has been answered."""

    async def story(timeline: Timeline[str], happened: list[str]) -> None:
        timeline.deliver()
        timeline.deliver()
        park = asyncio.create_task(timeline.park("bridge", None, 0))
        await asyncio.sleep(0)
        timeline.deliver_done()
        await asyncio.sleep(0)
        happened.append(f"done: {park.done()}")
        timeline.deliver_done()
        happened.append(await park)

    assert tell(story) == ["done: False", "delivered"]


def test_what_arrives_at_an_instant_is_there_before_a_bridge_wakes_at_it() -> None:
    """Were both to begin together, a report made at nine would now and then leave out what came at nine."""

    async def story(_: Timeline[str], happened: list[str]) -> None:
        def receipt(name: str) -> None:
            happened.append(name)
            timeline.deliver()
            asyncio.get_running_loop().call_later(0.01, timeline.deliver_done)

        async def bridge() -> None:
            since = 0
            while True:
                reason = await timeline.park("bridge", None if "due" in happened else NINE, since)
                happened.append(reason)
                since = timeline.delivered

        timeline: Timeline[str] = Timeline(SystemWallClock(), receipt, start=SIX, rate=None)
        timeline.schedule(NINE, "receipt")
        worker = asyncio.create_task(bridge())
        await asyncio.sleep(0)
        await timeline.advance(TEN, timeout=60)
        worker.cancel()

    assert tell(story) == ["receipt", "delivered", "due"]


def test_time_stands_still_while_a_bridge_works_and_says_so() -> None:
    """Without a park there is no advance; the error names who is missing."""

    async def story(timeline: Timeline[str], _: list[str]) -> None:
        park = asyncio.create_task(timeline.park("bridge", None, 0))
        await asyncio.sleep(0)
        park.cancel()
        await asyncio.wait((park,))
        with pytest.raises(
            NotQuietError, match=r"time stood still at 2026-03-02T06:00:00.000Z: participant 'bridge' is not parked"
        ):
            await timeline.advance(TEN, timeout=0.05)
        assert timeline.now() == SIX

    assert tell(story) == []


def test_a_webhook_under_way_holds_time() -> None:
    """Time moves only when the bridge has answered."""

    async def story(timeline: Timeline[str], _: list[str]) -> None:
        timeline.deliver()
        with pytest.raises(NotQuietError, match="1 webhooks are waiting for the bridge's answer"):
            await timeline.advance(TEN, timeout=0.05)

    assert tell(story) == []


def test_without_a_participant_silence_counts_as_quiet() -> None:
    """A bridge that does not park is waited for by the clock on the wall."""

    async def story(timeline: Timeline[str], _: list[str]) -> None:
        timeline.schedule(NINE, "nine")
        await timeline.advance(TEN, timeout=60)

    assert tell(story) == ["nine"]


def test_time_never_goes_back() -> None:
    """An instant in the past is refused."""

    async def story(timeline: Timeline[str], _: list[str]) -> None:
        with pytest.raises(ValueError, match="time only moves on"):
            await timeline.advance(SIX - 1, timeout=1)

    assert tell(story) == []


def test_real_time_runs_at_its_rate() -> None:
    """Two seconds at a rate of thirty are a minute."""
    wall = StillWallClock()

    async def run() -> int:
        timeline: Timeline[str] = Timeline(wall, lambda _: None, start=SIX, rate=30.0)
        wall.seconds += 2
        return timeline.now()

    assert asyncio.run(run()) == SIX + 60_000


def test_real_time_lets_things_happen_by_itself() -> None:
    """At a high rate an hour passes in a moment, and what was due in it happened."""
    happened: list[str] = []

    async def run() -> str:
        timeline: Timeline[str] = Timeline(SystemWallClock(), happened.append, start=SIX, rate=360_000.0)
        timeline.schedule(NINE, "nine")
        reason = await timeline.park("bridge", TEN, 0)
        timeline.stop()
        return reason

    assert asyncio.run(run()) == "due"
    assert happened == ["nine"]
