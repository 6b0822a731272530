"""The nightly run, over several days."""

import pytest

from instants import SIX
from optimove_alone import Optimove, plan, sandbox_context, split
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, SECOND, sql_time

TWO_OCLOCK = 2 * HOUR
FIRST_NIGHT = SIX - 4 * HOUR + DAY


@pytest.fixture
def nightly() -> Optimove:
    """Return a simulator with a nightly run at 02:00, at 06:00."""
    optimove = Optimove(sandbox_context(nightly_at=TWO_OCLOCK))
    optimove.begin()
    for event in (1, 2, 3, 5, 13):
        optimove.listen(event)
    return optimove


def sends_on(day: int, hour: int = 9) -> dict[str, object]:
    """Return a campaign's splits with a send time on the given day from today."""
    return {"splits": (split(send_at=SIX - 6 * HOUR + day * DAY + hour * HOUR),)}


def events_until(optimove: Optimove, to: int) -> list[tuple[str, int, int | None]]:
    """Return the webhooks up to an instant, as (time, event, campaign)."""
    return [(sql_time(sent.at), sent.body["EventTypeID"], sent.body.get("CampaignID")) for sent in optimove.advance(to)]


def test_campaigns_are_announced_in_the_night_of_their_first_send(nightly: Optimove) -> None:
    """Events 2 and 3 follow."""
    nightly.schedule(plan(2, **sends_on(1)))
    nightly.schedule(plan(1, **sends_on(1)))
    assert events_until(nightly, FIRST_NIGHT - 1) == []
    assert events_until(nightly, FIRST_NIGHT + HOUR) == [
        ("2026-03-03 02:00:00", 1, 1),
        ("2026-03-03 02:00:00", 13, 1),
        ("2026-03-03 02:00:00", 1, 2),
        ("2026-03-03 02:00:00", 13, 2),
        ("2026-03-03 02:00:01", 2, None),
        ("2026-03-03 02:00:02", 3, None),
    ]


def test_night_without_campaigns_sends_events_2_and_3(nightly: Optimove) -> None:
    nightly.schedule(plan(**sends_on(2)))
    events = [event for _, event, _ in events_until(nightly, FIRST_NIGHT + 2 * DAY + HOUR)]
    assert events == [2, 3, 1, 13, 2, 3, 2, 3]


def test_campaign_with_a_day_is_announced_that_night(nightly: Optimove) -> None:
    """A campaign may be announced days before its send time."""
    nightly.schedule(plan(day=FIRST_NIGHT - TWO_OCLOCK, **sends_on(5)))
    assert ("2026-03-03 02:00:00", 13, 7001) in events_until(nightly, FIRST_NIGHT)


def test_campaign_for_a_past_night_is_refused(nightly: Optimove) -> None:
    with pytest.raises(ValueError, match=r"got 2026-03-02; the next run is at 2026-03-03T02:00:00.000Z"):
        nightly.schedule(plan(**sends_on(0)))
    nightly.advance(FIRST_NIGHT)
    with pytest.raises(ValueError, match="expected a day with a nightly run still to come"):
        nightly.schedule(plan(**sends_on(1)))


def test_campaign_can_be_added_a_millisecond_before_the_night(nightly: Optimove) -> None:
    nightly.advance(FIRST_NIGHT - 1)
    nightly.schedule(plan(**sends_on(1)))
    assert len(events_until(nightly, FIRST_NIGHT)) == 2


def test_sandbox_started_at_the_nightly_time_runs_at_once() -> None:
    for start, first in ((FIRST_NIGHT, FIRST_NIGHT), (FIRST_NIGHT + 1, FIRST_NIGHT + DAY)):
        optimove = Optimove(sandbox_context(nightly_at=TWO_OCLOCK), now=start)
        optimove.begin()
        assert [timer.at for timer in optimove.waiting] == [first]


def test_conditional_campaign_is_put_on_hold_at_night(nightly: Optimove) -> None:
    """The night does not wait for the clearance."""
    nightly.schedule(plan(clearance_by=FIRST_NIGHT + 4 * HOUR, **sends_on(1)))
    assert [event for _, event, _ in events_until(nightly, FIRST_NIGHT + HOUR)] == [5, 2, 3]
    assert [(at, event) for at, event, _ in events_until(nightly, FIRST_NIGHT + 4 * HOUR)] == [
        ("2026-03-03 06:00:00", 1),
        ("2026-03-03 06:00:00", 13),
    ]


def test_cancelled_campaign_is_skipped_at_night(nightly: Optimove) -> None:
    nightly.schedule(plan(**sends_on(1)))
    nightly.cancel()
    assert [event for _, event, _ in events_until(nightly, FIRST_NIGHT + 2 * SECOND)] == [2, 3]


def test_sandbox_without_nightly_run_refuses_a_day(optimove: Optimove) -> None:
    optimove.begin()
    assert optimove.waiting == []
    with pytest.raises(ValueError, match="`day` needs a sandbox with a nightly run"):
        optimove.schedule(plan(day=FIRST_NIGHT - TWO_OCLOCK))
