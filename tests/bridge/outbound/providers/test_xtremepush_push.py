"""Push notifications by Xtremepush: without a phone number, and with opt-outs of their own."""

import pytest

from sendproof_bridge.clock import HOUR, MINUTE
from sendproof_bridge.config import ConfigError
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.providers import Receipt, providers
from small_bridge import NOON, bridge_config, metric_values, open_small_bridge, recipient_row
from stand_in import Reply

pytestmark = pytest.mark.usefixtures("database")

OPTIONS = {name: setting.default for name, setting in providers()["xtremepush"].items()}
CHANNEL = {"provider": "xtremepush", "message": "push", "options": {**OPTIONS, "apptoken": Secret("an-apptoken")}}
USERS = ("C1", "C2")
CONTENT = {"push_title": "Hi {{FIRST_NAME}}", "push_text": "News in {{CITY}}"}


def success(**members):
    return Reply({"code": 200, "success": True, **members})


def campaign(request):
    """Reply to each method of campaigns: one of push notifications, and one without a mobile platform."""
    if "condition" in request.body:
        rows = [{"id": 12, "title": "News", "ios_push": 0, "android_push": 1}, {"id": 13, "title": "Mail"}]
        return success(data=rows)
    if "target_by" in request.body:
        return success(model={"id": 1})
    return success(model={"id": request.body["id"], "messages": {"1": {"push_text": None}, "2": CONTENT, "9": []}})


@pytest.fixture
def app(tmp_path, services):
    """Return a bridge that has sent push notifications to two customers."""
    services.respond("campaign", campaign)
    services.respond("message", success(data=[]))
    # The bridge asks for the consent and for the values of the text, and for no phone number.
    rows = [recipient_row(customer, template=12) | {"CustomerAttributes": ["1", "Bath", "Ann"]} for customer in USERS]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, channel=CHANNEL)) as bridge:
        bridge.start_campaign()
        bridge.run(until=NOON + MINUTE)
        yield bridge


def executions(services):
    return [call.body for call in services.calls("campaign") if "target_by" in call.body]


def receive(bridge, event, customer="C1"):
    bridge.receive_receipts(
        Receipt(recipient=customer, status_code=event, provider_time="", batch="505-7001-0-0", message=f"m-{customer}")
    )


@pytest.mark.usefixtures("app")
def test_push_goes_to_users_with_values_of_title_and_text(services):
    (execution,) = executions(services)
    values = {"FIRST_NAME": "Ann", "CITY": "Bath"}
    assert execution["target_with_params"] == {"C1": values, "C2": values}
    assert services.calls("profile") == []


@pytest.mark.usefixtures("app")
def test_only_campaigns_of_mobile_platforms_are_templates(services):
    asked = [call.body["id"] for call in services.calls("campaign") if call.body.keys() == {"apptoken", "id"}]
    assert set(asked) == {12}


def test_opening_counts_once(app, services):
    for _ in range(2):
        receive(app, "message_open")
    app.run(until=NOON + HOUR)
    assert metric_values(services.calls("UpdateCampaignMetrics")[-1])[2] == 1


def test_opt_out_from_push_is_reported_and_leaves_the_number(app, services):
    receive(app, "message_unsubscribe", "C2")
    app.run(until=NOON + HOUR)
    (call,) = services.calls("SetCustomerChannelPreference")
    assert "C2" in str(call.body)
    assert app.query("SELECT number FROM opt_out") == ["push:C2"]


def test_provider_of_sms_only_refuses_push(tmp_path, services):
    config = bridge_config(tmp_path, services.url, channel={"message": "push"})
    with pytest.raises(ConfigError, match="textlocal sends sms, not push"), open_small_bridge(tmp_path, config):
        pass
