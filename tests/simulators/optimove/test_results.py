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
    """Return one total."""
    return {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 14, "MetricID": 0, "MetricValue": value} | changes


@pytest.fixture
def announced(optimove: Optimove) -> Optimove:
    """Return a simulator that knows campaign 7001."""
    optimove.announce(plan())
    return optimove


def test_later_total_replaces_earlier_total(announced: Optimove) -> None:
    announced.call("UpdateCampaignMetrics", [metric(5), metric(2, MetricID=1)])
    effects = announced.call("UpdateCampaignMetrics", [metric(9) | {"Remark": "ignored"}])
    assert (effects.response.status, effects.response.body) == (200, b"")
    assert [(entry.kind, entry.fields) for entry in effects.entries] == [
        ("metrics", {"channel": 505, "items": [metric(9)]})
    ]
    assert announced.state.metrics == {(505, 7001, 14, 0): 9, (505, 7001, 14, 1): 2}


def test_call_accepts_up_to_100_metrics(announced: Optimove) -> None:
    assert announced.call("UpdateCampaignMetrics", [metric()] * 100).response.status == 200
    assert announced.violations("UpdateCampaignMetrics", [metric()] * 101) == ["maxItems body"]


@pytest.mark.parametrize(
    ("number", "rule"),
    [(7, "enum"), (8, "enum"), (10, "enum"), (-1, "enum"), ("8", "pattern"), ("x", "pattern"), (None, "oneOf")],
)
def test_metric_id_other_than_the_observed_breaks_the_contract(announced: Optimove, number: Any, rule: str) -> None:
    """It may be a number or text."""
    assert announced.violations("UpdateCampaignMetrics", [metric(MetricID=number)]) == [f"{rule} body.0.MetricID"]


def test_metric_of_unknown_campaign_rejects_the_whole_call(announced: Optimove) -> None:
    effects = announced.call("UpdateCampaignMetrics", [metric(), metric(CampaignID=7002)])
    assert (effects.response.status, effects.response.body) == (404, b"CampaignID 7002 is not known")
    assert (effects.entries, announced.state.metrics) == ((), {})


def test_interactions_of_equal_calls_are_added(announced: Optimove) -> None:
    """Optimove aggregates calls with equal parameters. The test group is the default."""
    announced.call("UpdateCampaignInteractions", INTERACTION)
    effects = announced.call("UpdateCampaignInteractions", {**INTERACTION, "RecipientGroupID": 1})
    assert announced.state.interactions == {(7001, 505, 14, 1, "2026-03-02", 1, ""): 4}
    assert [(entry.kind, entry.fields) for entry in effects.entries] == [
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


def test_call_accepts_up_to_10000_customers(announced: Optimove) -> None:
    body = {**INTERACTION, "CustomerIDs": ["C0000001"] * 10_000}
    assert announced.call("UpdateCampaignInteractions", body).response.status == 200
    body["CustomerIDs"] = [*body["CustomerIDs"], "C0000001"]
    assert announced.violations("UpdateCampaignInteractions", body) == ["maxItems body.CustomerIDs"]


@pytest.mark.parametrize(
    "date", ["2026-3-2", "2026-03-02 09:00:00", "02-03-2026", "2026-13-01", "2026-01-32", "", None]
)
def test_interaction_date_must_be_iso_date(announced: Optimove, date: Any) -> None:
    body = {**INTERACTION, "InteractionDate": date}
    assert len(announced.violations("UpdateCampaignInteractions", body)) == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"CampaignID": 1}, b"CampaignID 1 is not known"),
        ({"ChannelID": 250}, b"CampaignID 7001 does not use ChannelID 250"),
    ],
)
def test_interactions_of_unknown_campaign_are_not_found(announced: Optimove, change: Any, text: bytes) -> None:
    effects = announced.call("UpdateCampaignInteractions", INTERACTION | change)
    assert (effects.response.status, effects.response.body, effects.entries) == (404, text, ())
    assert announced.state.interactions == {}
