"""The nightly run: every day at a fixed time (UTC), Optimove processes the campaigns of that day.

documented: https://optimove-developers.readme.io/reference/post_general-registereventlistener (event 2 when all of
today's campaigns are processed, event 3 when the whole daily process is finished). Assumed: that this is at night, its
duration, and that a campaign cannot be added to a day after its run.
"""

from sendproof_simulators.core.clock.wall_clock import DAY, SECOND, Instant, iso
from sendproof_simulators.core.plans import CampaignPlan

# One second each, so that the time stamps of events 1, 2 and 3 of a night differ.
PROCESSING_MS = 1 * SECOND
FINISHING_MS = 1 * SECOND


def start_of_day(instant: Instant) -> Instant:
    """Return the midnight (UTC) at or before an instant."""
    return instant - instant % DAY


def next_run(nightly_at: int, now: Instant) -> Instant:
    """Return the instant of the first nightly run at or after `now`."""
    run = start_of_day(now) + nightly_at
    return run if run >= now else run + DAY


def processing_day(plan: CampaignPlan, nightly_at: int, last_night: Instant | None, now: Instant) -> Instant:
    """Return the midnight of the day of a campaign's nightly run: the plan's day, or the day of its first send.

    Raise `ValueError` if that run is over.
    """
    first = min(split.send_at for part in plan.parts for split in part.splits)
    day = start_of_day(first) if plan.day is None else plan.day
    if day + nightly_at < now or (last_night is not None and day <= last_night):
        raise ValueError(
            f"expected a day with a nightly run still to come, got {iso(day)[:10]}; "
            f"the next run is at {iso(next_run(nightly_at, now))}"
        )
    return day
