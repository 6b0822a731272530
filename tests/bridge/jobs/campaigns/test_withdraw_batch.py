"""Withdrawal: messages that wait at the provider when their campaign is cancelled do not go out."""

import pytest

from sendproof_bridge.clock import DAY, MINUTE
from sendproof_bridge.config_fields import Secret
from small_bridge import NOON, bridge_config, metric_values, open_small_bridge, recipient_row
from stand_in import Reply

CANCELLED = {"EventTypeID": 4, "TimeStamp": "2026-03-02 12:55:00", "CampaignID": 7001}


def success(**values):
    return Reply({**values, "status": "success"})


@pytest.fixture
def planned(tmp_path, database, services):
    """Return a bridge with a message at 13:00 by a Textlocal that knows the customers."""
    rows = [recipient_row("C1", None, at="2026-03-02 13:00:00")]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    services.respond("get_groups", success(groups=[]))
    services.respond("create_group", success(group={"id": 100, "name": "any"}))
    services.respond("create_contacts", success())
    services.respond("send", success(batch_id=9, messages=[{"customer": "C1"}]))
    services.respond("status_batch", success(messages=[{"customer": "C1", "status": "D"}]))
    services.respond("cancel_scheduled", success())
    options = {"apikey": Secret("a-textlocal-key"), "sender": None, "recipients": "customer_ids"}
    channel: dict[str, object] = {"options": options, "consent": "provider"}
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, channel)) as opened:
        opened.start_campaign()
        yield opened


@pytest.fixture
def waiting(planned):
    """Return the bridge at 12:51, when the message waits at Textlocal."""
    planned.run(until=NOON + 51 * MINUTE)
    return planned


def test_waiting_messages_of_cancelled_campaign_are_withdrawn(waiting, services):
    waiting.receive_event(**CANCELLED)
    waiting.run(until=NOON + DAY)

    assert [call.body["sent_id"] for call in services.calls("cancel_scheduled")] == ["9"]
    assert waiting.query("SELECT state, reason FROM message") == [("cancelled", "cancelled")]
    assert metric_values(services.calls("UpdateCampaignMetrics")[-1])[0] == 0


def test_withdrawal_that_comes_too_late_is_reported_as_sent(waiting, services):
    services.respond("cancel_scheduled", Reply({"errors": [{"code": 44}], "status": "failure"}))
    waiting.receive_event(**CANCELLED)
    waiting.run(until=NOON + DAY)

    assert waiting.query("SELECT state FROM message") == ["delivered"]
    assert metric_values(services.calls("UpdateCampaignMetrics")[-1])[0] == 1


def test_lost_response_to_withdrawal_is_repeated(waiting, services):
    """The second one is refused, because the first one had its effect: the batch is not known any more."""
    refused = Reply({"errors": [{"code": 44}], "status": "failure"})
    services.respond("cancel_scheduled", Reply(status=500), refused)
    services.respond("status_batch", refused)
    waiting.receive_event(**CANCELLED)
    waiting.run(until=NOON + DAY)

    assert waiting.query("SELECT state FROM message") == ["cancelled"]


def test_messages_that_went_out_are_not_withdrawn(waiting, services):
    waiting.run(until=NOON + 61 * MINUTE)
    waiting.receive_event(**CANCELLED)
    waiting.run(until=NOON + DAY)

    assert services.calls("cancel_scheduled") == []


def test_batch_with_a_lost_response_is_withdrawn_once_it_is_found(planned, services):
    """Its campaign is cancelled before the bridge knows that the provider has the batch."""
    services.respond("send", Reply(status=500))
    planned.run(until=NOON + 50 * MINUTE)
    name = services.calls("create_group")[0].body["name"]
    services.respond("get_groups", success(groups=[{"id": 77, "name": name}]))
    services.respond("get_scheduled", success(scheduled=[{"id": "9", "groupid": "77"}]))
    services.respond("get_history_group", success(messages=[]))
    services.respond("status_batch", success(messages=[{"customer": "C1", "status": "P"}]))
    planned.receive_event(**CANCELLED)
    planned.run(until=NOON + 55 * MINUTE)

    assert len(services.calls("send")) == 1
    assert [call.body["sent_id"] for call in services.calls("cancel_scheduled")] == ["9"]
    assert planned.query("SELECT state FROM message") == ["cancelled"]
