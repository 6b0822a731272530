"""Web push notifications and inbox messages by Xtremepush: each type has its own campaigns, users and opt-outs."""

from contextlib import ExitStack

import pytest

from sendproof_bridge.clock import HOUR, MINUTE
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.providers import Receipt, providers
from small_bridge import NOON, bridge_config, open_small_bridge, recipient_row
from stand_in import Reply

pytestmark = pytest.mark.usefixtures("database")

OPTIONS = {name: setting.default for name, setting in providers()["xtremepush"].items()}
CAMPAIGNS = [
    {"id": 11, "title": "In the app", "ios_push": 1},
    {"id": 12, "title": "On the web", "web_push": 1},
    {"id": 13, "title": "To keep", "inbox": 1},
]
CONTENT = {"push_title": "Hi {{FIRST_NAME}}", "push_text": "News in {{CITY}}"}


def success(**members):
    return Reply({"code": 200, "success": True, **members})


def campaign(request):
    """Reply to each method of campaigns: one campaign for each type of messages."""
    if "condition" in request.body:
        return success(data=CAMPAIGNS)
    if "target_by" in request.body:
        return success(model={"id": 1})
    return success(model={"id": request.body["id"], "messages": dict.fromkeys(("1", "2", "3", "6"), CONTENT)})


@pytest.fixture
def new_bridge(tmp_path, services):
    """Return a function that returns a bridge whose channel has this type, after a campaign to two customers."""
    services.respond("campaign", campaign)
    services.respond("message", success(data=[]))
    # Xtremepush only knows the second customer.
    services.respond("profile", success(data=[{"user_id": "C2"}]), success(model={"failed": 0}))
    stack = ExitStack()

    def make(message, template, values):
        options = {**OPTIONS, "apptoken": Secret("an-apptoken")}
        channel = {"provider": "xtremepush", "message": message, "options": options}
        rows = [recipient_row(user, template=template) | {"CustomerAttributes": values} for user in ("C1", "C2")]
        services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
        config = bridge_config(tmp_path, services.url, channel=channel)
        bridge = stack.enter_context(open_small_bridge(tmp_path, config))
        bridge.start_campaign()
        bridge.run(until=NOON + MINUTE)
        return bridge

    with stack:
        yield make


@pytest.fixture
def web(new_bridge):
    return new_bridge("web_push", 12, ["1", "Bath", "Ann"])


def executed(services):
    return [
        (call.body["id"], sorted(call.body["target_with_params"]))
        for call in services.calls("campaign")
        if "target_by" in call.body
    ]


@pytest.mark.usefixtures("web")
def test_web_push_goes_to_users_without_an_import(services):
    assert executed(services) == [(12, ["C1", "C2"])]
    assert services.calls("profile") == []


@pytest.mark.usefixtures("web")
def test_only_campaigns_of_the_channel_type_are_templates(services):
    asked = {call.body["id"] for call in services.calls("campaign") if call.body.keys() == {"apptoken", "id"}}
    assert asked == {12}


def test_unknown_users_are_imported_for_the_inbox(new_bridge, services):
    """Neither number nor consent is asked for, and the message waits for a user who has never opened the app."""
    new_bridge("inbox", 13, ["Bath", "Ann"])
    rows = [call.body["rows"] for call in services.calls("profile") if "rows" in call.body]
    assert (rows, executed(services)) == ([[["C1"]]], [(13, ["C1", "C2"])])


def test_opt_out_from_web_push_leaves_other_types(web, services):
    receipt = Receipt(
        recipient="C2", status_code="message_unsubscribe", provider_time="", batch="505-7001-0-0", message="m-C2"
    )
    web.receive_receipts(receipt)
    web.run(until=NOON + HOUR)
    assert len(services.calls("SetCustomerChannelPreference")) == 1
    assert web.query("SELECT number FROM opt_out") == ["web_push:C2"]
