"""Campaigns that a run cannot schedule any more, because time ran by itself while the bridge became ready."""

from datetime import timedelta

import pytest

from repository import ROOT
from sendproof_harness.run.errors import RunOptionsError
from sendproof_harness.run.steps.campaigns import check_rate
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.values import parse_time

(CAMPAIGN,) = load_scenarios(ROOT / "scenarios/scheduled/one_text_one_time.yaml")[0].campaigns
FIRST = parse_time("2026-03-02T09:00:00Z")


def test_rate_that_passed_the_first_send_time_is_refused() -> None:
    """The options are to blame, not Sendproof, and not the bridge."""
    with pytest.raises(RunOptionsError) as raised:
        check_rate(CAMPAIGN, 600, FIRST + timedelta(minutes=7))
    assert str(raised.value) == (
        "--clock-rate: expected a rate at which the bridge is ready before 2026-03-02T09:00:00Z"
        ", the first send time of campaign 7001, got 600, and it is 2026-03-02T09:07:00Z; use a lower rate"
    )


def test_rate_that_leaves_time_for_the_campaign_is_accepted() -> None:
    check_rate(CAMPAIGN, 60, FIRST)
