"""How many calls the bridge makes for one more message, and for one more receipt."""

import pytest

from counted_calls import assert_as_few_calls, calls_per_item
from small_bridge import receive_statuses, recipient_row
from stand_in import Reply

# With PostgreSQL, most calls are psycopg's.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PAGE = "GetCustomerSendDetailsByChannel"
FEW, MANY = 50, 250


def numbers(customers: int) -> list[str]:
    """Return the numbers of a campaign of this many customers, which no other campaign has."""
    return [f"4471{customers:03d}{n:05d}" for n in range(customers)]


@pytest.fixture
def campaign(bridge, services):
    """Prepare a campaign of a number of customers."""

    def prepare(customers: int):
        rows = [recipient_row(f"C{customers}-{n}", f"+{number}") for n, number in enumerate(numbers(customers))]
        services.respond(PAGE, Reply(rows), Reply([]))
        bridge.start_campaign(customers)
        return bridge.run

    return prepare


def test_message_makes_few_calls(campaign):
    campaign(2)()
    assert_as_few_calls("bridge: read, plan and send a message", calls_per_item(campaign, FEW, MANY))


def test_receipt_makes_few_calls(bridge, campaign):
    def prepare(customers: int):
        campaign(customers)()
        statuses = [(number, "D") for number in numbers(customers)]
        return lambda: (receive_statuses(bridge, *statuses, batch=f"505-{customers}-0-0"), bridge.run())

    assert_as_few_calls("bridge: apply a receipt", calls_per_item(prepare, FEW, MANY))
    assert bridge.query("SELECT COUNT(*) FROM message WHERE state = 'delivered'") == [FEW + MANY]
