"""Several clients in one bridge: each has its own host, key, token, campaigns and opt-outs."""

import json
from dataclasses import replace

import pytest

from sendproof_bridge.clock import HOUR
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.storage import opt_outs
from small_bridge import NOON, bridge_config, open_small_bridge, recipient_row
from stand_in import Reply

NUMBER = "447100000001"


@pytest.fixture
def both(tmp_path, database, services):
    """Open a bridge of two clients with the same channel id, campaign and customer."""
    config = bridge_config(tmp_path, services.url)
    acme = config.clients[0]
    credentials = {"optimove_api_key": Secret("key-of-bravo"), "webhook_token": Secret("token-of-bravo")}
    bravo = replace(acme, name="bravo", optimove_url=f"{services.url}/bravo", **credentials)
    page = Reply([recipient_row("C1", f"+{NUMBER}", at="2026-03-02 13:00:00")])
    services.respond(
        "GetCustomerSendDetailsByChannel", lambda request: page if request.query["$skip"] == "0" else Reply([])
    )
    with open_small_bridge(tmp_path, replace(config, clients=(acme, bravo))) as bridge:
        yield bridge


def start_both_campaigns(bridge):
    event = {"EventTypeID": 13, "CampaignID": 7001, "ChannelID": 505}
    bridge.receive_event(**event)
    bridge.receive_event("bravo", **event)


def test_each_client_uses_its_own_key_and_url(both, services):
    both.run()

    keys = {call.headers["x-api-key"] for call in services.calls("RegisterEventListener")}
    urls = {call.body["ListenerURL"] for call in services.calls("RegisterEventListener")}
    assert keys == {"an-optimove-key", "key-of-bravo"}
    assert urls == {
        "http://bridge.test/webhooks/optimove/acme/a-token-for-tests",
        "http://bridge.test/webhooks/optimove/bravo/token-of-bravo",
    }


def test_equal_campaign_ids_of_two_clients_are_separate(both, services):
    start_both_campaigns(both)
    both.run(until=NOON + HOUR)

    assert both.query("SELECT client, state FROM message ORDER BY client") == [
        ("acme", "accepted"),
        ("bravo", "accepted"),
    ]
    assert len(services.calls("bulk_json")) == 2


def test_opt_out_applies_to_one_client_only(both, services):
    start_both_campaigns(both)
    both.run()
    with both.context.store.write() as tx:
        opt_outs.add(tx, "acme", [NUMBER], "reply", NOON)
    both.run(until=NOON + HOUR)

    sent = [call.body["data"] for call in services.calls("bulk_json")]
    assert [json.loads(data)["receiptUrl"].split("/")[5] for data in sent] == ["bravo"]
    assert {call.headers["x-api-key"] for call in services.calls("SetCustomerChannelPreference")} == {"an-optimove-key"}


def test_refused_key_of_one_client_does_not_block_others(both, services):
    def refuse_acme(request):
        return Reply(status=401) if request.headers["x-api-key"] == "an-optimove-key" else Reply([])

    services.respond("GetChannelTemplates", refuse_acme)
    start_both_campaigns(both)
    both.run(until=NOON + HOUR)

    assert ("bravo", "accepted") in both.query("SELECT client, state FROM message")
