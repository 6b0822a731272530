"""From a page of customers to a group of their ids, at a provider that knows them."""

import pytest

from sendproof_bridge.config_fields import Secret
from small_bridge import HELLO, bridge_config, open_small_bridge, recipient_row
from stand_in import Reply

PAGE = "GetCustomerSendDetailsByChannel"


@pytest.fixture
def bridge(tmp_path, database, services):
    """Return a bridge with a channel of customer ids, at a Textlocal that accepts all."""
    services.respond("get_groups", Reply({"groups": [], "status": "success"}))
    services.respond("create_group", Reply({"group": {"id": 100, "name": "any"}, "status": "success"}))
    services.respond("create_contacts", Reply({"status": "success"}))
    services.respond("send", Reply({"batch_id": 9, "messages": [{"customer": "C1"}], "status": "success"}))
    services.respond("status_batch", Reply({"messages": [{"customer": "C1", "status": "P"}], "status": "success"}))
    options = {"apikey": Secret("a-textlocal-key"), "sender": None, "recipients": "customer_ids"}
    channel: dict[str, object] = {"options": options, "consent": "provider"}
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, channel)) as opened:
        yield opened


def test_customer_without_number_is_in_the_group(bridge, services):
    """Only the provider knows numbers, so an empty one in Optimove says nothing."""
    services.respond(PAGE, Reply([recipient_row("C1", None)]), Reply([]))
    bridge.start_campaign()
    bridge.run()

    assert "CustomerAttributes" not in services.calls(PAGE)[0].query
    assert services.calls("create_contacts")[0].body["numbers"] == "C1"
    form = services.calls("send")[0].body
    assert (form["template_id"], "sender" in form, "message" in form) == (str(HELLO["id"]), False, False)
