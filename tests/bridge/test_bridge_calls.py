"""How many calls the bridge makes for one more message, and for one more receipt."""

import pytest

from counted_calls import assert_as_few_calls, calls_per_item
from sendproof_bridge.clock import HOUR
from sendproof_bridge.domain.keys import CampaignKey
from small_bridge import NOON, recipient_row
from stand_in import Reply

PAGE = "GetCustomerSendDetailsByChannel"
FEW, MANY = 50, 150


@pytest.fixture
def campaign(bridge, services):
    """Prepare a campaign of a number of customers, whose numbers no earlier campaign had."""

    def prepare(customers: int):
        rows = [recipient_row(f"C{customers}-{n}", f"+4471{customers:03d}{n:05d}") for n in range(customers)]
        services.respond(PAGE, Reply(rows), Reply([]))
        bridge.start_campaign(customers)
        return bridge.run

    return prepare


def test_message_makes_few_calls(campaign):
    campaign(2)()
    assert_as_few_calls("bridge: read, plan and send a message", calls_per_item(campaign, FEW, MANY))
