"""The parts of a scenario that matter for a bridge outside virtual time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from repository import ROOT
from sendproof_harness.run.pacing.paced_scenario import changes_rules, forecast, instants, shift_to_past
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import CancelCampaign, Scenario, shifted

NOW = datetime(2026, 11, 28, 8, 30, tzinfo=UTC)


@pytest.fixture
def first_campaign() -> Scenario:
    """Return the scenario that announces a campaign at 06:30 and sends at 09:00, 13:30 and 18:00."""
    return load_scenarios(ROOT / "scenarios" / "scheduled" / "first_campaign.yaml")[0]


def test_last_send_time_becomes_now(first_campaign) -> None:
    assert first_campaign.starts + shift_to_past(first_campaign, NOW) == NOW - timedelta(hours=12)


def test_scenario_with_a_nightly_run_keeps_its_time_of_day(first_campaign) -> None:
    nightly = replace(first_campaign, nightly="02:00")
    assert shift_to_past(nightly, NOW) == timedelta(days=270)


def test_day_of_a_campaign_moves_with_the_scenario() -> None:
    (by_night, *_) = load_scenarios(ROOT / "scenarios" / "scheduled" / "by_night.yaml")
    moved = shifted(by_night, shift_to_past(by_night, NOW))
    assert [campaign.day - moved.starts.date() for campaign in moved.campaigns if campaign.day] == [
        campaign.day - by_night.starts.date() for campaign in by_night.campaigns if campaign.day
    ]


def test_scenario_in_the_future_of_the_machine_has_a_negative_shift(first_campaign) -> None:
    assert shift_to_past(first_campaign, datetime(2026, 3, 2, 12, tzinfo=UTC)) < timedelta()


def test_announcement_and_send_times_are_instants(first_campaign) -> None:
    assert [f"{instant:%H:%M}" for instant in instants(first_campaign)] == ["06:30", "09:00", "13:30", "18:00"]


def test_cancellation_changes_the_rules(first_campaign) -> None:
    cancelled = replace(first_campaign, steps=(*first_campaign.steps, CancelCampaign(campaign=7001)))
    assert (changes_rules(first_campaign), changes_rules(cancelled)) == (False, True)


def test_forecast_names_a_quick_and_a_slow_loop(first_campaign) -> None:
    assert forecast(first_campaign) == (
        "about 12 seconds for a bridge that looks for work every 2 seconds, 6 minutes if it looks once a minute"
    )
