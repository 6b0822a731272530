"""Polling messages without a receipt, at a provider with receipts that each send requests."""

from sendproof_bridge.clock import DAY
from small_bridge import (
    NOON,
    NUMBERS,
    bridge_config,
    metric_values,
    open_small_bridge,
    receive_statuses,
    recipient_row,
)
from stand_in import Reply


def test_messages_without_receipt_are_polled_after_74_hours_then_daily(sent, services):
    pending = Reply({"message": {"recipient": 1, "status": "P", "date": ""}, "status": "success"})
    expired = Reply({"message": {"recipient": 1, "status": "E", "date": "2026-03-05 12:00:00"}, "status": "success"})
    receive_statuses(sent, *[(number, "D") for number in NUMBERS[1:]])
    services.respond("status_message", pending, expired)
    sent.run(until=NOON + 7 * DAY)

    assert len(services.calls("status_message")) == 2
    assert sent.query("SELECT state FROM message WHERE number = :number", number=NUMBERS[0]) == ["expired"]
    assert metric_values(services.calls("UpdateCampaignMetrics")[-1]) == {0: 5, 1: 4, 5: 1, 9: 1}


def test_messages_in_testing_mode_are_not_polled(tmp_path, services):
    """Nothing was sent, so the provider knows none of their ids."""
    services.respond("GetCustomerSendDetailsByChannel", Reply([recipient_row("C1")]), Reply([]))
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, channel={"testing": True})) as bridge:
        bridge.start_campaign()
        bridge.run(until=NOON + 7 * DAY)

    assert len(services.calls("bulk_json")) == 1
    assert services.calls("status_message") == []
