"""Scheduled batches, and their cancellation."""

import pytest

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR

BOB, EVE = "447700900123", "447700900456"
TEN = NINE // 1000 + 3600


def test_scheduled_batch_is_listed_as_strings(account):
    """The date has only dashes (documented: https://api.textlocal.in/docs/scheduledmessages/getscheduledmessages)."""
    group = account.call("create_group", name="Friends")["group"]
    account.call("create_contacts", numbers=f"{BOB},{EVE}", group_id=group["id"])
    batch = account.call("send", group_id=group["id"], message="Hi", sender="Shop", schedule_time=TEN)["batch_id"]
    assert account.call("get_scheduled")["scheduled"] == [
        {
            "id": str(batch),
            "scheduledFor": "2026-03-02-10-00-00",
            "howmany": "2",
            "message": "Hi",
            "origin": "Shop",
            "groupName": "Friends",
            "groupid": str(group["id"]),
        }
    ]


def test_scheduled_batches_are_listed_by_time_until_sent(account):
    """Each message of `bulk_json` is its own batch."""
    account.bulk({"number": BOB, "text": "B"}, {"number": EVE, "text": "C"}, scheduled=TEN + 60)
    account.call("send", numbers=BOB, message="A", schedule_time=TEN)
    account.call("send", numbers=BOB, message="now")
    assert [row["message"] for row in account.call("get_scheduled")["scheduled"]] == ["A", "B", "C"]
    account.now = NINE + HOUR
    assert [row["message"] for row in account.call("get_scheduled")["scheduled"]] == ["B", "C"]


def test_cancelled_batch_is_refunded_and_unknown(account):
    """assumed; observed: `sent_id`, https://github.com/scottybo/textlocal."""
    result = account.call("send", numbers=f"{BOB},{EVE}", message="Hi", schedule_time=TEN)
    message = result["messages"][0]["id"]
    assert account.call("cancel_scheduled", sent_id=result["batch_id"]) == {"status": "success"}
    assert {entry["message"] for entry in account.entries("withdrawal")} == {
        message["id"] for message in result["messages"]
    }
    assert account.call("balance")["balance"]["sms"] == 100_000_000
    assert all(effects.entries == effects.webhooks == () for _, effects in account.run_until(NINE + 4 * DAY))
    assert (
        account.error_code("status_message", message_id=message)
        == account.error_code("status_batch", batch_id=result["batch_id"])
        == 0
    )
    assert account.call("get_history_api")["total"] == 0


def test_cancelled_bulk_message_does_not_affect_others(account):
    result = account.bulk({"number": BOB, "text": "B"}, {"number": EVE, "text": "C"}, scheduled=TEN)
    account.call("cancel_scheduled", sent_id=result["messages"][0]["batch_id"])
    assert [row["message"] for row in account.call("get_scheduled")["scheduled"]] == ["C"]
    account.run_until(NINE + 4 * DAY)
    assert [row["message"] for row in account.call("get_history_api")["messages"]] == ["C"]


@pytest.mark.parametrize("minutes", [60, 61])
def test_sent_batch_cannot_be_cancelled(account, minutes):
    batch = account.call("send", numbers=BOB, message="Hi", schedule_time=TEN)["batch_id"]
    account.run_until(NINE + minutes * 60_000)
    assert account.error_code("cancel_scheduled", sent_id=batch) == 0
    assert account.call("get_history_api")["total"] == 1


def test_cancelled_or_unknown_batch_cannot_be_cancelled(account):
    batch = account.call("send", numbers=BOB, message="Hi", schedule_time=TEN)["batch_id"]
    account.call("cancel_scheduled", sent_id=batch)
    assert account.error_code("cancel_scheduled", sent_id=batch) == 0
    assert account.error_code("cancel_scheduled", sent_id=1) == 0
    assert account.call("balance")["balance"]["sms"] == 100_000_000
