from typing import Any

import msgspec
import pytest

from optimove_alone import CHANNELS, Optimove, part, plan, sandbox_context, split
from sendproof_simulators.core.simulator import Channel

TWO_CHANNELS = (*CHANNELS, Channel(id=506, provider="textlocal", kind="scheduled"))
DAY = "2026-03-02"


@pytest.fixture
def announced() -> Optimove:
    """Return a simulator that knows campaign 7001, of 3 customers, on two channels."""
    optimove = Optimove(sandbox_context(channels=TWO_CHANNELS))
    optimove.call("AddChannelTemplates", [{"TemplateID": 14, "TemplateName": "Hello"}], ChannelID=505)
    optimove.announce(plan(customers=3, parts=(part(505, split(14)), part(506, split(15)))))
    return optimove


def report_interaction(optimove: Optimove, event: int, *customers: str, date: str = DAY) -> None:
    """Report an interaction as a bridge does."""
    optimove.call(
        "UpdateCampaignInteractions",
        {"CampaignID": 7001, "ChannelID": 505, "InteractionDate": date, "TemplateID": 14, "EventID": event,
         "CustomerIDs": list(customers)},
    )  # fmt: skip


def test_executed_campaign_details_contain_the_campaign_id(announced: Optimove) -> None:
    """GetCampaignDetails omits it."""
    (row,) = announced.read("GetExecutedCampaignDetails", Date=DAY)
    details = announced.read("GetCampaignDetails", CampaignID=7001)
    assert row == {"CampaignID": 7001, **details}
    assert details["IsMultiChannel"] is True
    assert announced.read("GetExecutedCampaignDetails", Date="2026-03-03") == []


def test_executed_campaigns_are_filtered_by_channel(announced: Optimove) -> None:
    assert announced.read("GetExecutedCampaignsByChannel", ChannelID=506, Date=DAY) == [{"CampaignID": 7001}]
    assert announced.read("GetExecutedCampaignsByChannel", ChannelID=250, Date=DAY) == []


def test_channel_details_have_the_send_id_of_the_customers(announced: Optimove) -> None:
    (template,) = announced.read("GetExecutedCampaignChannelDetails", CampaignID=7001, ChannelID=506)
    assert (template["TemplateID"], template["ScheduledTime"]) == (15, "2026-03-02 09:00:00")
    rows = announced.read("GetCustomerSendDetailsByCampaign", CampaignID=7001)
    assert {row["SendID"] for row in rows if row["ChannelID"] == 506} == {template["SendID"]}


def test_execution_channels_are_listed(announced: Optimove) -> None:
    assert [channel["ChannelID"] for channel in announced.read("GetExecutionChannels")] == [505, 250, 506]


def test_send_details_of_campaign_are_ordered_by_channel(announced: Optimove) -> None:
    """A page can contain rows of two channels."""
    rows = announced.read("GetCustomerSendDetailsByCampaign", CampaignID=7001, **{"$skip": 2, "$top": 2})
    assert [(row["CustomerID"], row["ChannelID"]) for row in rows] == [("C0000002", 505), ("C0000000", 506)]
    assert "TemplateID" not in rows[0]
    rows = announced.read("GetCustomerSendDetailsByCampaign", CampaignID=7001, IncludeTemplateIDs=True)
    assert [row["TemplateID"] for row in rows] == [14, 14, 14, 15, 15, 15]


def test_execution_details_contain_template_name_and_attributes(announced: Optimove) -> None:
    params = {"CampaignID": 7001, "ChannelID": 505, "CustomerAttributes": "country", "$top": 1}
    assert announced.read("GetCustomerExecutionDetailsByCampaign", **params) == [
        {"CustomerID": "C0000000", "ActionID": 2, "ChannelID": 505, "TemplateID": 14, "TemplateName": "Hello",
         "ScheduleTime": "2026-03-02 09:00:00", "PromoCode": "", "CustomerAttributes": ["GB"]}
    ]  # fmt: skip


def test_one_time_actions_with_channel_0_include_all_channels(announced: Optimove) -> None:
    rows = announced.read("GetCustomerOneTimeActionsByCampaign", CampaignID=7001, ChannelID=0)
    assert [row["ChannelID"] for row in rows] == [505] * 3 + [506] * 3
    assert {(row["RecipientGroupID"], row["ActionID"]) for row in rows} == {(1, 2)}


def test_interactions_can_be_read_by_day_and_by_customer(announced: Optimove) -> None:
    report_interaction(announced, 2, "C0000001", "C0000002")
    report_interaction(announced, 3, "C0000001", date="2026-03-03")
    params = {"ChannelID": 505, "Date": DAY, "EventID": 2}
    assert [row["CustomerID"] for row in announced.read("GetCampaignInteractionCustomers", **params)] == [
        "C0000001",
        "C0000002",
    ]
    period = {"CustomerID": "C0000001", "StartDate": DAY, "EndDate": "2026-03-03"}
    rows = announced.read("GetCustomerChannelInteractions", **period)
    assert [(row["Date"], row["EventID"]) for row in rows] == [(DAY, 2), ("2026-03-03", 3)]
    assert announced.read("GetCustomerChannelInteractions", **period, ChannelID=506) == []


def test_template_details_have_empty_content(announced: Optimove) -> None:
    """No function sends the content to Optimove."""
    details = {"TemplateID": 14, "TemplateName": "Hello", "TemplateContent": "", "TemplateAttributes": []}
    assert announced.read("GetChannelTemplateDetails", ChannelID=505) == [details]
    assert announced.read("GetChannelTemplateDetails", ChannelID=505, TemplateID=14) == [details]
    assert announced.call("GetChannelTemplateDetails", ChannelID=505, TemplateID=15).response.status == 404


def test_apps_and_promotions_are_stored_until_deleted(optimove: Optimove) -> None:
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
def test_call_accepts_up_to_100_items(optimove: Optimove, operation: str, item: Any, params: Any) -> None:
    assert optimove.call(operation, [item] * 100, **params).response.status == 200
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
def test_unknown_id_is_not_found_in_plain_text(announced: Optimove, operation: str, params: Any) -> None:
    response = announced.call(operation, **params).response
    assert (response.status, response.content_type) == (404, "text/plain; charset=utf-8")


def test_ids_as_numbers_and_as_text_are_equal(announced: Optimove) -> None:
    metric = {"ChannelID": "505", "CampaignID": "7001", "TemplateID": "14", "MetricID": "0", "MetricValue": 5}
    announced.call("UpdateCampaignMetrics", [metric])
    assert announced.state.metrics == {(505, 7001, 14, 0): 5}
    report_interaction(announced, "2", 1, "C0000001")
    assert msgspec.json.decode(announced.state.reported[7001, 505, 14, 2, DAY, 1, ""][0]) == ["1", "C0000001"]


def test_last_data_update_is_yesterday(optimove: Optimove) -> None:
    """The last night imported the data of that day."""
    assert optimove.read("GetLastDataUpdate") == {"Date": "2026-03-01"}
