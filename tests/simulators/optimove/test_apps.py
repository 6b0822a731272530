"""The apps of a channel: marketers choose one for a campaign, and reports name it."""

from dataclasses import replace
from typing import Any

import pytest

from optimove_alone import Optimove, part, plan, sandbox_context, split

APP = {"AppID": "app123", "AppName": "Casino"}
REPORT = {"CampaignID": 7001, "ChannelID": 505, "InteractionDate": "2026-03-02", "TemplateID": 14, "EventID": 0,
          "CustomerIDs": ["C0000001"]}  # fmt: skip
PREFERENCE = {"ChannelID": 505, "CustomerIDs": ["C0000001"], "CommunicationMode": 2}
TEMPLATE = {"TemplateID": 14, "TemplateName": "Hello"}


def optimove_with_app(**dialects: str) -> Optimove:
    """Return a simulator with an app on channel 505, and a campaign of it."""
    options = {f"optimove.{name}": option for name, option in dialects.items()}
    optimove = Optimove(sandbox_context(dialects=options))
    optimove.call("AddChannelApps", [APP], ChannelID=505)
    optimove.announce(plan(parts=(replace(part(505, split(14)), app="app123"),)))
    return optimove


def test_send_details_name_the_app_of_the_campaign() -> None:
    optimove = optimove_with_app()
    assert {row["AppID"] for row in optimove.rows()} == {"app123"}
    assert {row["AppID"] for row in optimove.rows(attributes="CITY")} == {"app123"}
    rows = optimove.read("GetCustomerSendDetailsByCampaign", CampaignID=7001)
    assert {row["AppID"] for row in rows} == {"app123"}


def test_send_details_without_app_have_no_such_member(optimove: Optimove) -> None:
    optimove.announce(plan())
    assert {tuple(row) for row in optimove.rows()} == {("CustomerID", "TemplateID", "ScheduledTime")}


def test_campaign_of_unknown_app_is_refused(optimove: Optimove) -> None:
    optimove.call("AddChannelApps", [APP], ChannelID=505)
    optimove.call("DeleteChannelApps", [{"ChannelID": 505, "AppID": "app123"}])
    with pytest.raises(ValueError, match="expected an app of channel 505, got app123; the bridge has added: none"):
        optimove.schedule(plan(parts=(replace(part(505, split(14)), app="app123"),)))


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("UpdateCampaignInteractions", REPORT | {"AppID": "other"}),
        ("SetCustomerChannelPreference", PREFERENCE | {"AppID": "other"}),
    ],
)
def test_unknown_app_is_refused_or_stored_by_dialect(operation: str, body: dict[str, Any]) -> None:
    response = optimove_with_app().call(operation, body).response
    assert (response.status, b"AppID other is not known on ChannelID 505" in response.body) == (404, True)
    assert optimove_with_app(unknown_app="accepted").call(operation, body).response.status == 200
    assert optimove_with_app().call(operation, body | {"AppID": "app123"}).response.status == 200
    assert optimove_with_app().call(operation, body | {"AppID": ""}).response.status == 200


def test_template_of_unknown_app_is_refused_with_all_others() -> None:
    optimove = optimove_with_app()
    templates = [TEMPLATE, {"TemplateID": 15, "TemplateName": "Bye", "AppID": "other"}]
    assert optimove.call("AddChannelTemplates", templates, ChannelID=505).response.status == 404
    assert optimove.read("GetChannelTemplates", ChannelID=505) == []
    templates[1]["AppID"] = "app123"
    assert optimove.call("AddChannelTemplates", templates, ChannelID=505).response.status == 200


def test_results_of_each_app_are_kept_apart() -> None:
    """The journal and the report of the campaign name the app."""
    optimove = optimove_with_app()
    entries = optimove.call("UpdateCampaignInteractions", REPORT | {"AppID": "app123"}).entries
    optimove.call("UpdateCampaignInteractions", REPORT)
    assert [entry.fields["app"] for entry in entries] == ["app123"]
    assert [(key.app, count) for key, count in sorted(optimove.state.interactions.items())] == [("", 1), ("app123", 1)]
