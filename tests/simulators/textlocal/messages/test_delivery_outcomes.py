"""Textlocal's behavior for test numbers, which `docs/reference/test-numbers.md` lists."""

from urllib.parse import parse_qs

import pytest

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE, SECOND
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, number_for_code

URL = "http://127.0.0.1:9000/receipts"
BOB = "447700900123"


def number_of_outcome(name):
    """Return the first test number with an outcome."""
    return number_for_code("GB", BY_NAME[name].code)


def receipts_of(account, name, **fields):
    """Return (time after the send, status) of each receipt; -1 is before the response."""
    account.call("send", numbers=number_of_outcome(name), message="Hi", receipt_url=URL, **fields)
    early = [(-1, webhook.about["status"]) for webhook in account.last.before_response]
    later = account.run_until(NINE + 4 * DAY)
    return early + [(at - NINE, webhook.about["status"]) for at, effects in later for webhook in effects.webhooks]


@pytest.mark.parametrize(
    ("name", "receipts"),
    [
        ("delivered after 3 s", [(3 * SECOND, "D")]),
        ("delivered after 1 h", [(HOUR, "D")]),
        ("delivered after 71 h", [(71 * HOUR, "D")]),
        ("undelivered after 3 s", [(3 * SECOND, "U")]),
        ("undelivered after 71 h", [(71 * HOUR, "U")]),
        ("expired after 72 h", []),
        ("invalid after 3 s", [(3 * SECOND, "I")]),
        ("unknown after 72 h", [(72 * HOUR, "?")]),
        ("never", []),
        ("delivered, reported twice", [(3 * SECOND, "D"), (33 * SECOND, "D")]),
        ("delivered, reported out of order", [(5 * SECOND, "D"), (9 * SECOND, "U")]),
        ("delivered, reported before the response", [(-1, "D")]),
        ("undelivered, delivered after all", [(HOUR, "U"), (2 * HOUR, "D")]),
    ],
)
def test_receipts_match_outcome_of_number(account, name, receipts):
    assert receipts_of(account, name) == receipts


def test_repeated_receipts_have_different_keys(account):
    """The older one has the older date."""
    account.call("send", numbers=number_of_outcome("delivered, reported out of order"), message="Hi", receipt_url=URL)
    webhooks = [webhook for _, effects in account.run_until(NINE + MINUTE) for webhook in effects.webhooks]
    assert len({webhook.key for webhook in webhooks}) == 2
    dates = [parse_qs(webhook.body.decode())["datetime"][0] for webhook in webhooks]
    assert dates == ["2026-03-02 09:00:05", "2026-03-02 09:00:02"]


def test_status_is_newest_state_not_last_receipt(account):
    result = account.call("send", numbers=number_of_outcome("delivered, reported out of order"), message="Hi")
    account.run_until(NINE + MINUTE)
    assert account.call("status_message", message_id=result["messages"][0]["id"])["message"]["status"] == "D"


def test_message_without_outcome_stays_pending(account):
    result = account.call("send", numbers=number_of_outcome("never"), message="Hi")
    account.run_until(NINE + 30 * DAY)
    assert account.call("status_message", message_id=result["messages"][0]["id"])["message"]["status"] == "P"


def test_receipt_of_scheduled_message_is_sent_when_it_goes_out(account):
    """There is no response to overtake at that time."""
    assert receipts_of(account, "delivered, reported before the response", schedule_time=NINE // 1000 + 3600) == [
        (HOUR, "D")
    ]


def test_landline_is_invalid_number(account):
    """Documented for invalid numbers: https://api.txtlocal.com/docs/otp_send."""
    result = account.call("send", numbers=f"{BOB},{number_of_outcome('landline')}", message="Hi")
    assert result["warnings"] == [{"code": 3, "message": "Invalid number"}]


def test_blocked_number_is_warning_without_code(account):
    """Without another number it is error 51 (observed: clients in India)."""
    result = account.call("send", numbers=number_of_outcome("blocked"), message="Hi")
    assert result["warnings"] == [{"message": "Number is in DND", "numbers": number_of_outcome("blocked")}]
    assert [error["code"] for error in result["errors"]] == [51]


def test_opted_out_test_number_is_left_out_with_optouts(account):
    """It counts as a number in Textlocal's own list (documented: `optouts` also uses that)."""
    fields = {"numbers": f"{BOB},{number_of_outcome('opted out')}", "message": "Hi"}
    assert account.call("send", **fields, optouts=1)["num_messages"] == 1
    assert account.call("send", **fields)["num_messages"] == 2


def test_full_queue_refuses_whole_call_once(account):
    """The status says that the service failed. Nothing is charged, and a retry succeeds."""
    fields = {"numbers": f"{BOB},{number_of_outcome('queue full')}", "message": "Hi"}
    account.call("send", 503, **fields)
    assert account.entries("delivery") == []
    assert len(account.entries("rejection")) == 2
    assert account.call("balance")["balance"]["sms"] == 100_000_000
    assert account.call("send", **fields)["num_messages"] == 2


def test_bulk_json_rejects_same_test_numbers(account):
    """It lists rejected messages; a full queue refuses the whole call once."""
    messages = [
        {"number": number_of_outcome(name), "text": "Hi"} for name in ("landline", "blocked", "delivered after 3 s")
    ]
    result = account.bulk(*messages)
    assert [message["error"]["code"] for message in result["messages_not_sent"]] == [32, 51]
    assert len(result["messages"]) == 1
    full = {"data": f'{{"messages":[{{"number":"{number_of_outcome("queue full")}","text":"Hi"}}]}}'}
    assert account.call("bulk_json", 503, **full)["status"] == "failure"
    assert account.call("bulk_json", **full)["status"] == "success"


def test_only_tracked_links_have_clicks(account):
    """documented: http://api.txtlocal.com/docs/sendsms."""
    fields = {"numbers": number_of_outcome("delivered, 3 clicks"), "message": "See https://example.com/a"}
    account.call("send", **fields, tracking_links="true")
    account.call("send", **fields)
    entries = [(at, entry) for at, effects in account.run_until(NINE + HOUR) for entry in effects.entries]
    assert [at - NINE for at, entry in entries if entry.kind == "click"] == [MINUTE, 2 * MINUTE, 3 * MINUTE]
