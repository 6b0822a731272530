from typing import Any

import msgspec
import pytest

from optimove_alone import CHANNELS, Optimove, part, plan, sandbox_context, split
from sendproof_simulators.core.simulator import Channel

BOTH = (*CHANNELS, Channel(id=506, provider="textlocal", kind="scheduled"))
DAY = "2026-03-02"


@pytest.fixture
def announced() -> Optimove:
    """A simulator that knows campaign 7001, of 3 customers, on two channels."""
    optimove = Optimove(sandbox_context(channels=BOTH))
    optimove.call("AddChannelTemplates", [{"TemplateID": 14, "TemplateName": "Hello"}], ChannelID=505)
    optimove.announce(plan(customers=3, parts=(part(505, split(14)), part(506, split(15)))))
    return optimove


def report(optimove: Optimove, event: int, *customers: str, date: str = DAY) -> None:
    """Let a bridge report an interaction."""
    optimove.call(
        "UpdateCampaignInteractions",
        {"CampaignID": 7001, "ChannelID": 505, "InteractionDate": date, "TemplateID": 14, "EventID": event,
         "CustomerIDs": list(customers)},
    )  # fmt: skip


def test_campaigns_of_a_day_are_described(announced: Optimove) -> None:
    """With their ids, which GetCampaignDetails leaves out."""
    (one,) = announced.read("GetExecutedCampaignDetails", Date=DAY)
    details = announced.read("GetCampaignDetails", CampaignID=7001)
    assert one == {"CampaignID": 7001, **details}
    assert details["IsMultiChannel"] is True
    assert announced.read("GetExecutedCampaignDetails", Date="2026-03-03") == []


def test_campaigns_of_a_day_are_listed_for_a_channel(announced: Optimove) -> None:
    """Those that use it."""
    assert announced.read("GetExecutedCampaignsByChannel", ChannelID=506, Date=DAY) == [{"CampaignID": 7001}]
    assert announced.read("GetExecutedCampaignsByChannel", ChannelID=250, Date=DAY) == []


def test_a_campaign_tells_its_templates_and_times(announced: Optimove) -> None:
    """Under the id of the sending that its customers have, too."""
    (one,) = announced.read("GetExecutedCampaignChannelDetails", CampaignID=7001, ChannelID=506)
    assert (one["TemplateID"], one["ScheduledTime"]) == (15, "2026-03-02 09:00:00")
    rows = announced.read("GetCustomerSendDetailsByCampaign", CampaignID=7001)
    assert {row["SendID"] for row in rows if row["ChannelID"] == 506} == {one["SendID"]}


def test_channels_are_listed(announced: Optimove) -> None:
    """With names of the simulator's own."""
    assert [one["ChannelID"] for one in announced.read("GetExecutionChannels")] == [505, 250, 506]


def test_send_details_of_a_campaign_go_channel_by_channel(announced: Optimove) -> None:
    """In pages, over the border between two channels; templates only when asked for."""
    rows = announced.read("GetCustomerSendDetailsByCampaign", CampaignID=7001, **{"$skip": 2, "$top": 2})
    assert [(row["CustomerID"], row["ChannelID"]) for row in rows] == [("C0000002", 505), ("C0000000", 506)]
    assert "TemplateID" not in rows[0]
    rows = announced.read("GetCustomerSendDetailsByCampaign", CampaignID=7001, IncludeTemplateIDs=True)
    assert [row["TemplateID"] for row in rows] == [14, 14, 14, 15, 15, 15]


def test_execution_details_of_one_channel(announced: Optimove) -> None:
    """With the template's name, and the attributes asked for."""
    asked = {"CampaignID": 7001, "ChannelID": 505, "CustomerAttributes": "country", "$top": 1}
    assert announced.read("GetCustomerExecutionDetailsByCampaign", **asked) == [
        {"CustomerID": "C0000000", "ActionID": 2, "ChannelID": 505, "TemplateID": 14, "TemplateName": "Hello",
         "ScheduleTime": "2026-03-02 09:00:00", "PromoCode": "", "CustomerAttributes": ["GB"]}
    ]  # fmt: skip


def test_one_time_actions_of_every_channel(announced: Optimove) -> None:
    """0 means all."""
    rows = announced.read("GetCustomerOneTimeActionsByCampaign", CampaignID=7001, ChannelID=0)
    assert [row["ChannelID"] for row in rows] == [505] * 3 + [506] * 3
    assert {(row["RecipientGroupID"], row["ActionID"]) for row in rows} == {(1, 2)}


def test_interactions_can_be_read_back(announced: Optimove) -> None:
    """By day, channel and interaction, and for one customer."""
    report(announced, 2, "C0000001", "C0000002")
    report(announced, 3, "C0000001", date="2026-03-03")
    asked = {"ChannelID": 505, "Date": DAY, "EventID": 2}
    assert [row["CustomerID"] for row in announced.read("GetCampaignInteractionCustomers", **asked)] == [
        "C0000001",
        "C0000002",
    ]
    period = {"CustomerID": "C0000001", "StartDate": DAY, "EndDate": "2026-03-03"}
    rows = announced.read("GetCustomerChannelInteractions", **period)
    assert [(row["Date"], row["EventID"]) for row in rows] == [(DAY, 2), ("2026-03-03", 3)]
    assert announced.read("GetCustomerChannelInteractions", **period, ChannelID=506) == []


def test_template_details_of_a_channel_or_of_one_template(announced: Optimove) -> None:
    """Without the content, which nobody tells Optimove."""
    one = {"TemplateID": 14, "TemplateName": "Hello", "TemplateContent": "", "TemplateAttributes": []}
    assert announced.read("GetChannelTemplateDetails", ChannelID=505) == [one]
    assert announced.read("GetChannelTemplateDetails", ChannelID=505, TemplateID=14) == [one]
    assert announced.call("GetChannelTemplateDetails", ChannelID=505, TemplateID=15).reply.status == 404


def test_apps_and_promotions_are_kept_until_they_are_deleted(optimove: Optimove) -> None:
    """What was told can be read by a person, promotions by a bridge as well."""
    optimove.call("AddChannelApps", [{"AppID": "a", "AppName": "A"}, {"AppID": "b", "AppName": "B"}], ChannelID=505)
    optimove.call("DeleteChannelApps", [{"ChannelID": 505, "AppID": "a"}, {"ChannelID": 505, "AppID": "z"}])
    assert optimove.state.apps[505] == {"b": "B"}
    optimove.call("AddPromotions", [{"PromoCode": code, "PromotionName": code * 2} for code in "xy"])
    optimove.call("DeletePromotions", [{"PromoCode": "x"}])
    assert optimove.read("GetPromotions") == [{"PromoCode": "y", "PromotionName": "yy"}]


@pytest.mark.parametrize(
    ("operation", "item", "params"),
    [
        ("AddChannelApps", {"AppID": "a", "AppName": "A"}, {"ChannelID": 505}),
        ("DeleteChannelApps", {"ChannelID": 505, "AppID": "a"}, {}),
        ("AddPromotions", {"PromoCode": "x", "PromotionName": "X"}, {}),
        ("DeletePromotions", {"PromoCode": "x"}, {}),
    ],
)
def test_100_can_be_told_at_once_and_no_more(optimove: Optimove, operation: str, item: Any, params: Any) -> None:
    """The limit, and one past it."""
    assert optimove.call(operation, [item] * 100, **params).reply.status == 200
    assert optimove.violations(operation, [item] * 101, **params) == ["maxItems body"]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("GetExecutedCampaignsByChannel", {"ChannelID": 999, "Date": DAY}),
        ("GetExecutedCampaignChannelDetails", {"CampaignID": 1, "ChannelID": 505}),
        ("GetExecutedCampaignChannelDetails", {"CampaignID": 7001, "ChannelID": 250}),
        ("GetCustomerSendDetailsByCampaign", {"CampaignID": 1}),
        ("GetCustomerExecutionDetailsByCampaign", {"CampaignID": 1}),
        ("GetCustomerOneTimeActionsByCampaign", {"CampaignID": 1}),
        ("GetCampaignInteractionCustomers", {"ChannelID": 999, "Date": DAY, "EventID": 2}),
    ],
)
def test_what_is_not_known_is_not_found(announced: Optimove, operation: str, params: Any) -> None:
    """404, in words."""
    reply = announced.call(operation, **params).reply
    assert (reply.status, reply.content_type) == (404, "text/plain; charset=utf-8")


def test_ids_come_as_numbers_or_as_text(announced: Optimove) -> None:
    """They mean the same, and are kept in one form."""
    metric = {"ChannelID": "505", "CampaignID": "7001", "TemplateID": "14", "MetricID": "0", "MetricValue": "5"}
    announced.call("UpdateCampaignMetrics", [metric])
    assert announced.state.metrics == {(505, 7001, 14, 0): 5}
    report(announced, "2", 1, "C0000001")
    assert msgspec.json.decode(announced.state.reported[7001, 505, 14, 2, DAY, 1][0]) == ["1", "C0000001"]


def test_the_data_are_from_yesterday(optimove: Optimove) -> None:
    """As the last night took them in."""
    assert optimove.read("GetLastDataUpdate") == {"Date": "2026-03-01"}
