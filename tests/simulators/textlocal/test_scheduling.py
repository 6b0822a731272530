"""What is still to go out, and how it is taken back."""

import pytest

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR

BOB, EVE = "447700900123", "447700900456"
TEN = NINE // 1000 + 3600


def test_a_scheduled_batch_is_listed_in_strings(account):
    """Dashes throughout (documented: https://api.textlocal.in/docs/scheduledmessages/getscheduledmessages)."""
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


def test_the_next_one_comes_first_and_what_went_out_is_gone(account):
    """Each message of `bulk_json` is a batch of its own."""
    account.bulk({"number": BOB, "text": "B"}, {"number": EVE, "text": "C"}, scheduled=TEN + 60)
    account.call("send", numbers=BOB, message="A", schedule_time=TEN)
    account.call("send", numbers=BOB, message="now")
    assert [row["message"] for row in account.call("get_scheduled")["scheduled"]] == ["A", "B", "C"]
    account.now = NINE + HOUR
    assert [row["message"] for row in account.call("get_scheduled")["scheduled"]] == ["B", "C"]


def test_a_cancelled_batch_is_paid_back_and_never_goes_out(account):
    """And it is not known any more (assumed; observed: `sent_id`, https://github.com/scottybo/textlocal)."""
    said = account.call("send", numbers=f"{BOB},{EVE}", message="Hi", schedule_time=TEN)
    message = said["messages"][0]["id"]
    assert account.call("cancel_scheduled", sent_id=said["batch_id"]) == {"status": "success"}
    assert {entry["message"] for entry in account.entries("withdrawal")} == {each["id"] for each in said["messages"]}
    assert account.call("balance")["balance"]["sms"] == 100_000_000
    assert all(led_to.entries == led_to.webhooks == () for _, led_to in account.live_until(NINE + 4 * DAY))
    assert (
        account.code("status_message", message_id=message)
        == account.code("status_batch", batch_id=said["batch_id"])
        == 0
    )
    assert account.call("get_history_api")["total"] == 0


def test_one_of_several_is_cancelled_alone(account):
    """The others of its call go out."""
    said = account.bulk({"number": BOB, "text": "B"}, {"number": EVE, "text": "C"}, scheduled=TEN)
    account.call("cancel_scheduled", sent_id=said["messages"][0]["batch_id"])
    assert [row["message"] for row in account.call("get_scheduled")["scheduled"]] == ["C"]
    account.live_until(NINE + 4 * DAY)
    assert [row["message"] for row in account.call("get_history_api")["messages"]] == ["C"]


@pytest.mark.parametrize("minutes", [60, 61])
def test_what_went_out_cannot_be_cancelled(account, minutes):
    """From its very second on."""
    batch = account.call("send", numbers=BOB, message="Hi", schedule_time=TEN)["batch_id"]
    account.live_until(NINE + minutes * 60_000)
    assert account.code("cancel_scheduled", sent_id=batch) == 0
    assert account.call("get_history_api")["total"] == 1


def test_nothing_is_cancelled_twice(account):
    """Nor what never was."""
    batch = account.call("send", numbers=BOB, message="Hi", schedule_time=TEN)["batch_id"]
    account.call("cancel_scheduled", sent_id=batch)
    assert account.code("cancel_scheduled", sent_id=batch) == 0
    assert account.code("cancel_scheduled", sent_id=1) == 0
    assert account.call("balance")["balance"]["sms"] == 100_000_000
