"""Several clients in one bridge: hosts, keys, tokens, campaigns and opt-outs of their own."""

import json
from dataclasses import replace

import pytest

from sendproof_bridge.clock import HOUR
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.storage import opt_outs
from small_bridge import NOON, opened, row, settings
from stand_in import Says

NUMBER = "447100000001"


@pytest.fixture
def both(tmp_path, outside):
    """Two clients with a channel of the same number, and the same campaign of the same customer on it."""
    one = settings(tmp_path, outside.url)
    acme = one.clients[0]
    sign = {"optimove_api_key": Secret("key-of-bravo"), "webhook_token": Secret("token-of-bravo")}
    bravo = replace(acme, name="bravo", optimove_url=f"{outside.url}/bravo", **sign)
    page = Says([row("C1", f"+{NUMBER}", at="2026-03-02 13:00:00")])
    outside.say("GetCustomerSendDetailsByChannel", lambda seen: page if seen.query["$skip"] == "0" else Says([]))
    with opened(tmp_path, replace(one, clients=(acme, bravo))) as small:
        yield small


def tell_both(small):
    """Each client's Optimove announces its campaign 7001."""
    event = {"EventTypeID": 13, "CampaignID": 7001, "ChannelID": 505}
    small.tell(**event)
    small.tell("bravo", **event)


def test_each_client_has_its_own_key(both, outside):
    """No call shows another client's."""
    both.work()

    keys = {call.headers["x-api-key"] for call in outside.calls("RegisterEventListener")}
    urls = {call.body["ListenerURL"] for call in outside.calls("RegisterEventListener")}
    assert keys == {"an-optimove-key", "key-of-bravo"}
    assert urls == {
        "http://bridge.test/webhooks/optimove/acme/a-token-for-tests",
        "http://bridge.test/webhooks/optimove/bravo/token-of-bravo",
    }


def test_the_same_campaign_of_two_clients_is_two_campaigns(both, outside):
    """Both messages go out, each once."""
    tell_both(both)
    both.work(until=NOON + HOUR)

    assert both.rows("SELECT client, state FROM message ORDER BY client") == [
        ("acme", "accepted"),
        ("bravo", "accepted"),
    ]
    assert len(outside.calls("bulk_json")) == 2


def test_an_opt_out_is_one_clients(both, outside):
    """Whoever leaves one client has not left the other."""
    tell_both(both)
    both.work()
    with both.bridge.store.write() as tx:
        opt_outs.add(tx, "acme", [NUMBER], "reply", NOON)
    both.work(until=NOON + HOUR)

    sent = [call.body["data"] for call in outside.calls("bulk_json")]
    assert [json.loads(one)["receiptUrl"].split("/")[5] for one in sent] == ["bravo"]
    assert {call.headers["x-api-key"] for call in outside.calls("SetCustomerChannelPreference")} == {"an-optimove-key"}


def test_a_client_whose_key_is_refused_holds_nobody_up(both, outside):
    """The other one's campaign goes on."""

    def refused(seen):
        return Says(status=401) if seen.headers["x-api-key"] == "an-optimove-key" else Says([])

    outside.say("GetChannelTemplates", refused)
    tell_both(both)
    both.work(until=NOON + HOUR)

    assert ("bravo", "accepted") in both.rows("SELECT client, state FROM message")
