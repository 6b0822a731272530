from typing import Any

import pytest

from optimove_alone import Optimove, plan

INTERACTION = {
    "CampaignID": 7001,
    "ChannelID": 505,
    "InteractionDate": "2026-03-02",
    "TemplateID": 14,
    "EventID": 1,
    "CustomerIDs": ["C0000001", "C0000001"],
}


def metric(value: int = 5, **changes: int) -> dict[str, int]:
    """One total."""
    return {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 14, "MetricID": 0, "MetricValue": value} | changes


@pytest.fixture
def announced(optimove: Optimove) -> Optimove:
    """A simulator that knows campaign 7001."""
    optimove.announce(plan())
    return optimove


def test_metrics_are_noted_and_a_later_total_replaces(announced: Optimove) -> None:
    """Values are totals so far."""
    announced.call("UpdateCampaignMetrics", [metric(5), metric(2, MetricID=1)])
    outcome = announced.call("UpdateCampaignMetrics", [metric(9) | {"Remark": "ignored"}])
    assert (outcome.reply.status, outcome.reply.body) == (200, b"")
    assert [(f.kind, f.fields) for f in outcome.facts] == [("metrics", {"channel": 505, "items": [metric(9)]})]
    assert announced.state.metrics == {(505, 7001, 14, 0): 9, (505, 7001, 14, 1): 2}


def test_100_metrics_can_be_sent_at_once_and_no_more(announced: Optimove) -> None:
    """The limit, and one past it."""
    assert announced.call("UpdateCampaignMetrics", [metric()] * 100).reply.status == 200
    assert announced.violations("UpdateCampaignMetrics", [metric()] * 101) == ["maxItems body"]


@pytest.mark.parametrize(("number", "rule"), [(10, "maximum"), (-1, "minimum"), ("x", "pattern"), (None, "oneOf")])
def test_other_metrics_break_the_contract(announced: Optimove, number: Any, rule: str) -> None:
    """There is one digit of them, as a number or as text."""
    assert announced.violations("UpdateCampaignMetrics", [metric(MetricID=number)]) == [f"{rule} body.0.MetricID"]


@pytest.mark.parametrize("number", [7, 8])
def test_metrics_that_nobody_has_seen_are_refused(announced: Optimove, number: int) -> None:
    """The known ones are 0 to 6 and 9; nothing of the call is taken in."""
    reply = announced.call("UpdateCampaignMetrics", [metric(), metric(MetricID=number)]).reply
    assert (reply.status, announced.state.metrics) == (400, {})


def test_one_unknown_campaign_stops_a_whole_call(announced: Optimove) -> None:
    """All of a call is taken in, or nothing."""
    outcome = announced.call("UpdateCampaignMetrics", [metric(), metric(CampaignID=7002)])
    assert (outcome.reply.status, outcome.reply.body) == (404, b"CampaignID 7002 is not known")
    assert (outcome.facts, announced.state.metrics) == ((), {})


def test_interactions_of_equal_calls_are_added_together(announced: Optimove) -> None:
    """Repeated calls with the same parameters are aggregated; the test group is the default."""
    announced.call("UpdateCampaignInteractions", INTERACTION)
    outcome = announced.call("UpdateCampaignInteractions", {**INTERACTION, "RecipientGroupID": 1})
    assert announced.state.interactions == {(7001, 505, 14, 1, "2026-03-02", 1): 4}
    assert [(f.kind, f.fields) for f in outcome.facts] == [
        (
            "interactions",
            {
                "campaign": 7001,
                "channel": 505,
                "template": 14,
                "event_id": 1,
                "date": "2026-03-02",
                "customers": ["C0000001", "C0000001"],
            },
        )
    ]


def test_10000_customers_can_be_reported_at_once_and_no_more(announced: Optimove) -> None:
    """The limit, and one past it."""
    most = {**INTERACTION, "CustomerIDs": ["C0000001"] * 10_000}
    assert announced.call("UpdateCampaignInteractions", most).reply.status == 200
    most["CustomerIDs"] = [*most["CustomerIDs"], "C0000001"]
    assert announced.violations("UpdateCampaignInteractions", most) == ["maxItems body.CustomerIDs"]


@pytest.mark.parametrize(
    "date", ["2026-3-2", "2026-03-02 09:00:00", "02-03-2026", "2026-13-01", "2026-01-32", "", None]
)
def test_interactions_need_a_date_in_one_form(announced: Optimove, date: Any) -> None:
    """YYYY-MM-DD."""
    body = {**INTERACTION, "InteractionDate": date}
    assert len(announced.violations("UpdateCampaignInteractions", body)) == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"CampaignID": 1}, b"CampaignID 1 is not known"),
        ({"ChannelID": 250}, b"CampaignID 7001 does not use ChannelID 250"),
    ],
)
def test_interactions_of_an_unknown_campaign_are_refused(announced: Optimove, change: Any, text: bytes) -> None:
    """Nothing is noted of them."""
    outcome = announced.call("UpdateCampaignInteractions", INTERACTION | change)
    assert (outcome.reply.status, outcome.reply.body, outcome.facts) == (404, text, ())
    assert announced.state.interactions == {}
