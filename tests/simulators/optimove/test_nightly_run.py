"""The nightly process, over several days."""

import pytest

from instants import SIX
from optimove_alone import Optimove, plan, sandbox_context, split
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, SECOND, sql_time

TWO_OCLOCK = 2 * HOUR
FIRST_NIGHT = SIX - 4 * HOUR + DAY


@pytest.fixture
def nightly() -> Optimove:
    """A simulator that processes campaigns at 02:00; it is 06:00."""
    optimove = Optimove(sandbox_context(nightly_at=TWO_OCLOCK))
    optimove.begin()
    for event in (1, 2, 3, 5, 13):
        optimove.listen(event)
    return optimove


def sends_on(day: int, hour: int = 9) -> dict[str, object]:
    """A campaign's splits: one that is due on the nth day from today."""
    return {"splits": (split(send_at=SIX - 6 * HOUR + day * DAY + hour * HOUR),)}


def told(optimove: Optimove, to: int) -> list[tuple[str, int, int | None]]:
    """What the listeners hear until an instant: when, which event, which campaign."""
    return [(sql_time(s.at), s.body["EventTypeID"], s.body.get("CampaignID")) for s in optimove.advance(to)]


def test_campaigns_are_announced_in_the_night_of_their_day(nightly: Optimove) -> None:
    """That of their first sending; then come events 2 and 3."""
    nightly.schedule(plan(2, **sends_on(1)))
    nightly.schedule(plan(1, **sends_on(1)))
    assert told(nightly, FIRST_NIGHT - 1) == []
    assert told(nightly, FIRST_NIGHT + HOUR) == [
        ("2026-03-03 02:00:00", 1, 1),
        ("2026-03-03 02:00:00", 13, 1),
        ("2026-03-03 02:00:00", 1, 2),
        ("2026-03-03 02:00:00", 13, 2),
        ("2026-03-03 02:00:01", 2, None),
        ("2026-03-03 02:00:02", 3, None),
    ]


def test_every_night_runs_whether_it_has_campaigns_or_not(nightly: Optimove) -> None:
    """Three days, the middle one with a campaign."""
    nightly.schedule(plan(**sends_on(2)))
    days = [event for at, event, _ in told(nightly, FIRST_NIGHT + 2 * DAY + HOUR)]
    assert days == [2, 3, 1, 13, 2, 3, 2, 3]


def test_a_day_can_be_named(nightly: Optimove) -> None:
    """A campaign may be announced days before it is due."""
    nightly.schedule(plan(day=FIRST_NIGHT - TWO_OCLOCK, **sends_on(5)))
    assert ("2026-03-03 02:00:00", 13, 7001) in told(nightly, FIRST_NIGHT)


def test_a_night_that_is_over_takes_nothing_in(nightly: Optimove) -> None:
    """The answer says which is the next."""
    with pytest.raises(ValueError, match=r"got 2026-03-02; the next run is at 2026-03-03T02:00:00.000Z"):
        nightly.schedule(plan(**sends_on(0)))
    nightly.advance(FIRST_NIGHT)
    with pytest.raises(ValueError, match="expected a day whose nightly run is still to come"):
        nightly.schedule(plan(**sends_on(1)))


def test_until_just_before_the_night_a_campaign_can_be_added(nightly: Optimove) -> None:
    """A millisecond is enough."""
    nightly.advance(FIRST_NIGHT - 1)
    nightly.schedule(plan(**sends_on(1)))
    assert len(told(nightly, FIRST_NIGHT)) == 2


def test_a_sandbox_that_begins_at_the_hour_begins_with_a_night() -> None:
    """A millisecond later it begins with a day."""
    for begin, first in ((FIRST_NIGHT, FIRST_NIGHT), (FIRST_NIGHT + 1, FIRST_NIGHT + DAY)):
        optimove = Optimove(sandbox_context(nightly_at=TWO_OCLOCK), now=begin)
        optimove.begin()
        assert [timer.at for timer in optimove.waiting] == [first]


def test_a_conditional_campaign_is_put_on_hold_at_night(nightly: Optimove) -> None:
    """And announced when its clearance is over; the night does not wait for it."""
    nightly.schedule(plan(clearance_by=FIRST_NIGHT + 4 * HOUR, **sends_on(1)))
    assert [event for _, event, _ in told(nightly, FIRST_NIGHT + HOUR)] == [5, 2, 3]
    assert [(at, event) for at, event, _ in told(nightly, FIRST_NIGHT + 4 * HOUR)] == [
        ("2026-03-03 06:00:00", 1),
        ("2026-03-03 06:00:00", 13),
    ]


def test_a_campaign_cancelled_by_day_is_passed_over_at_night(nightly: Optimove) -> None:
    """The night goes on."""
    nightly.schedule(plan(**sends_on(1)))
    nightly.cancel()
    assert [event for _, event, _ in told(nightly, FIRST_NIGHT + 2 * SECOND)] == [2, 3]


def test_without_a_nightly_process_there_are_no_nights(optimove: Optimove) -> None:
    """Events 2 and 3 never come, and no day can be named."""
    optimove.begin()
    assert optimove.waiting == []
    with pytest.raises(ValueError, match="`day` needs a sandbox with a nightly run"):
        optimove.schedule(plan(day=FIRST_NIGHT - TWO_OCLOCK))
