"""The apps of a channel are added to Optimove, and reports name the app that the marketer chose."""

import pytest

from sendproof_bridge.clock import MINUTE
from small_bridge import NOON, bridge_config, open_small_bridge, recipient_row
from stand_in import Reply

APPS = {f"app-{number}": f"App {number}" for number in range(101)}


@pytest.fixture
def bridge_with_apps(tmp_path, database, services):
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, channel={"apps": APPS})) as bridge:
        yield bridge


def test_apps_are_added_at_every_start_up_to_100_a_call(bridge_with_apps, services):
    """Their names may have changed while the bridge was off."""
    bridge_with_apps.run()
    bridge_with_apps.run()

    calls = services.calls("AddChannelApps")
    assert [(call.query["ChannelID"], len(call.body)) for call in calls] == [("505", 100), ("505", 1)] * 2
    assert calls[1].body == [{"AppID": "app-100", "AppName": "App 100"}]


def test_channel_without_apps_makes_no_call(bridge, services):
    bridge.run()

    assert services.calls("AddChannelApps") == []


@pytest.mark.parametrize(("member", "reported"), [({"AppID": "app-7"}, "app-7"), ({}, None)])
def test_interactions_name_the_app_of_the_send_details(bridge_with_apps, services, member, reported):
    rows = [recipient_row("C1") | member]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    bridge_with_apps.start_campaign()
    bridge_with_apps.run(until=NOON + 15 * MINUTE)

    (sent,) = services.calls("UpdateCampaignInteractions")
    assert sent.body.get("AppID") == reported
