"""Cancellation: unsent messages are cancelled, sent messages are reported as sent."""

import pytest

from sendproof_bridge.clock import DAY, HOUR, MINUTE
from sendproof_bridge.inbound.status import campaign_status
from small_bridge import KEY, NOON, metric_values, recipient_row, sent_messages
from stand_in import Reply

CANCELLED = {"EventTypeID": 4, "TimeStamp": "2026-03-02 12:30:00", "CampaignID": 7001}


@pytest.fixture
def planned(bridge, services):
    """Start a campaign with one message now and one in an hour."""
    rows = [recipient_row("C1", "+447100000001"), recipient_row("C2", "+447100000002", at="2026-03-02 13:00:00")]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    bridge.start_campaign()
    return bridge


def sent_numbers(services):
    return [message["number"] for call in sent_messages(services) for message in call]


def test_unsent_messages_are_cancelled(planned, services):
    planned.run(until=NOON + 30 * MINUTE)
    planned.receive_event(**CANCELLED)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == ["447100000001"]
    assert campaign_status(planned.context, KEY)["state"] == "cancelled"
    assert planned.query("SELECT customer, state FROM message") == [("C1", "accepted"), ("C2", "cancelled")]


def test_cancelled_messages_are_not_reported(planned, services):
    planned.run(until=NOON + 5 * MINUTE)
    planned.receive_event(**CANCELLED)
    planned.run(until=NOON + DAY)

    values = metric_values(services.calls("UpdateCampaignMetrics")[-1])
    assert (values[0], values[5]) == (1, 0)


def test_campaign_cancelled_at_once_reads_no_customers(planned, services):
    planned.receive_event(**CANCELLED)
    planned.run(until=NOON + DAY)

    assert (sent_numbers(services), services.calls("GetCustomerSendDetailsByChannel")) == ([], [])
    assert services.calls("UpdateCampaignMetrics") == []


def test_start_after_cancellation_is_ignored(bridge, services):
    """Events can overtake each other."""
    bridge.receive_event(**CANCELLED)
    bridge.start_campaign()
    bridge.run(until=NOON + DAY)

    assert services.calls("GetCustomerSendDetailsByChannel") == []


def test_lost_response_is_not_repeated_after_cancellation(planned, services):
    """The batch is looked up, and its absent messages are cancelled."""
    services.respond("bulk_json", Reply(status=500))
    planned.run()
    planned.receive_event(**CANCELLED)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == ["447100000001"]
    assert planned.query("SELECT DISTINCT state FROM message") == ["cancelled"]


def test_other_campaign_continues(planned, services):
    planned.receive_event(**{**CANCELLED, "CampaignID": 7002})
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == ["447100000001", "447100000002"]
