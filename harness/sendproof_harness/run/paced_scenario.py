"""The parts of a scenario that matter for a bridge outside virtual time. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sendproof_harness.scenario.model import (
    Advance,
    CancelCampaign,
    CustomerEvents,
    OptOut,
    Scenario,
    Split,
)

# The shortest and the longest loop of a bridge in the forecast.
_SHORT_LOOP, _LONG_LOOP = timedelta(seconds=2), timedelta(minutes=1)


def instants(scenario: Scenario) -> tuple[datetime, ...]:
    """Return the times of the scenario, in order: announcements, send times, cancellations and clearances."""
    times = [split.send_at for split in _splits(scenario)]
    for campaign in scenario.campaigns:
        times += [time for time in (campaign.announced, campaign.cancel_at, campaign.clearance_by) if time is not None]
    return tuple(sorted(set(times)))


def changes_rules(scenario: Scenario) -> bool:
    """Return True if a message that is right at first becomes wrong later: by a cancellation or an opt-out."""
    return any(isinstance(step, CancelCampaign | OptOut) for step in scenario.steps) or any(
        campaign.cancel_at is not None for campaign in scenario.campaigns
    )


def shift_to_past(scenario: Scenario, machine_now: datetime) -> timedelta:
    """Return by how much to move the scenario so that its last send time is now on the machine's clock.

    A nightly run keeps its time of day, so such a scenario moves by whole days. Negative if the last send time is still
    to come.
    """
    last = max((split.send_at for split in _splits(scenario)), default=scenario.starts)
    shift = timedelta(seconds=int((machine_now - last).total_seconds()))
    return shift if scenario.nightly is None else timedelta(days=shift.days)


def turns(scenario: Scenario) -> int:
    """Return about how many turns of the bridge's loop a run takes: one for each event and each send time."""
    announced = [campaign.announced for campaign in scenario.campaigns]
    customer_events = [step for step in scenario.steps if isinstance(step, CustomerEvents)]
    advances = [step for step in scenario.steps if isinstance(step, Advance)]
    sends = {split.send_at for split in _splits(scenario)}
    return len(announced) + len(sends) + sum(step.times for step in customer_events) + len(advances)


def forecast(scenario: Scenario) -> str:
    """Return how long a run takes, by the loop of the bridge."""
    count = turns(scenario)
    return (
        f"about {_spoken(count * _SHORT_LOOP)} for a bridge that looks for work every 2 seconds,"
        f" {_spoken(count * _LONG_LOOP)} if it looks once a minute"
    )


def _spoken(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    return f"{seconds} seconds" if seconds < 100 else f"{round(seconds / 60)} minutes"  # noqa: PLR2004 - seconds


def _splits(scenario: Scenario) -> Iterator[Split]:
    return (split for campaign in scenario.campaigns for part in campaign.parts for split in part.splits)
