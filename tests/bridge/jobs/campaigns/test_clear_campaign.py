"""Clearance: customers of a waiting campaign are decided about and reported in time."""

from hashlib import sha256

import pytest

from sendproof_bridge.clock import HOUR, MINUTE
from small_bridge import NOON, bridge_config, open_small_bridge
from stand_in import Reply

HOLD = {
    "EventTypeID": 5,
    "TimeStamp": "2026-03-02 12:00:00",
    "CampaignID": 7001,
    "ClearanceRequiredBy": "2026-03-02 13:00:00",
}
CLEARED = {"PHONE": "+447100000001", "CONSENT": "1"}


@pytest.fixture
def clearing(tmp_path, database, services):
    """Open a bridge that clears campaigns."""
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, clears_campaigns=True)) as bridge:
        yield bridge


def set_waiting_customers(services, *customers):
    """Let customers C1, C2, ... wait, with these attributes."""
    rows = [{"CustomerID": f"C{number}", "ActionID": 2, "PromoCode": ""} for number in range(1, len(customers) + 1)]
    services.respond("GetProcessedCampaignCustomers", Reply(rows), Reply([]))
    replies = [
        Reply([{"RealFieldName": name, "Value": value} for name, value in attributes.items()])
        for attributes in customers
    ]
    services.respond("Attributes", *replies)


def reported_statuses(services):
    """Return the reported status of each customer."""
    calls = services.calls("UpdateCustomerPromotionStatus")
    return {item["CustomerID"]: item["Status"] for call in calls for item in call.body["PromosUpdated"]}


def test_clearing_client_registers_event_5_without_channel(clearing, services):
    clearing.run()

    assert {"EventTypeID": 5, "ListenerURL": services.calls("RegisterEventListener")[0].body["ListenerURL"]} in [
        call.body for call in services.calls("RegisterEventListener")
    ]


def test_consent_and_number_decide_clearance(clearing, services):
    """Every customer is named, also those that are not cleared."""
    set_waiting_customers(services, CLEARED, {**CLEARED, "CONSENT": "0"}, {**CLEARED, "PHONE": "12"})
    clearing.receive_event(**HOLD)
    clearing.run(until=NOON + MINUTE)

    assert reported_statuses(services) == {"C1": True, "C2": False, "C3": False}


def test_customer_whose_id_is_too_long_is_not_cleared(clearing, services):
    """No message could go out to this customer: see test_fetch_page.py."""
    endless = "".join(sha256(b"%d" % number).hexdigest() for number in range(50))
    set_waiting_customers(services, CLEARED)
    rows = [{"CustomerID": customer, "ActionID": 2, "PromoCode": ""} for customer in (endless, "C2")]
    services.respond("GetProcessedCampaignCustomers", Reply(rows), Reply([]))
    clearing.receive_event(**HOLD)
    clearing.run(until=NOON + MINUTE)

    assert reported_statuses(services) == {endless: False, "C2": True}


def test_opted_out_customer_is_not_cleared(clearing, services):
    services.respond("get_optouts", Reply({"optouts": [{"number": 447100000001}], "status": "success"}))
    clearing.run()
    set_waiting_customers(services, CLEARED)
    clearing.receive_event(**HOLD)
    clearing.run(until=NOON + MINUTE)

    assert reported_statuses(services) == {"C1": False}


def test_many_customers_are_cleared_within_the_rate_limit(clearing, services):
    """Decisions are reported a part at a time."""
    set_waiting_customers(services, *[CLEARED] * 250)
    clearing.receive_event(**HOLD)
    clearing.run(until=NOON + 5 * MINUTE)

    assert sorted(reported_statuses(services)) == sorted(f"C{number}" for number in range(1, 251))
    assert len(services.calls("UpdateCustomerPromotionStatus")) == 3
    assert len(services.calls("Attributes")) == 250


def test_no_decision_is_reported_after_the_deadline(clearing, services):
    """Optimove would refuse it."""
    set_waiting_customers(services, CLEARED)
    clearing.clock.time = NOON + HOUR
    clearing.receive_event(**HOLD)
    clearing.run(until=NOON + 2 * HOUR)

    assert services.calls("UpdateCustomerPromotionStatus") == []
