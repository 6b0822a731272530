"""The nightly process: every day at a set time (UTC) Optimove processes the campaigns of that day.

documented: https://optimove-developers.readme.io/reference/post_general-registereventlistener (event 2 when all of
today's campaigns are processed, event 3 when the whole daily process is finished). Assumed: that this is at night, how
long it takes, and that a campaign cannot be added to a day whose process is over.
"""

from sendproof_simulators.core.clock.wall_clock import DAY, SECOND, Instant, iso
from sendproof_simulators.core.plans import CampaignPlan

# One second each, so that the time stamps of events 1, 2 and 3 of a night differ.
PROCESSING_MS = 1 * SECOND
FINISHING_MS = 1 * SECOND


def midnight(instant: Instant) -> Instant:
    """When the day of an instant began."""
    return instant - instant % DAY


def next_run(nightly_at: int, now: Instant) -> Instant:
    """The first nightly process from `now` on; one that is due now counts."""
    run = midnight(now) + nightly_at
    return run if run >= now else run + DAY


def day_of(plan: CampaignPlan, nightly_at: int, last_night: Instant | None, now: Instant) -> Instant:
    """The midnight of the day whose nightly process takes a campaign in: the one named, else that of its first sending.

    `ValueError` when that process is over.
    """
    first = min(split.send_at for part in plan.parts for split in part.splits)
    day = midnight(first) if plan.day is None else plan.day
    if day + nightly_at < now or (last_night is not None and day <= last_night):
        raise ValueError(
            f"expected a day whose nightly process is still to come, the next is at {iso(next_run(nightly_at, now))}; "
            f"got {iso(day)[:10]}"
        )
    return day
