"""What Textlocal makes of numbers that dial a fate; `docs/reference/test-numbers.md` lists them."""

from urllib.parse import parse_qs

import pytest

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE, SECOND
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, number_for_code

URL = "http://127.0.0.1:9000/receipts"
BOB = "447700900123"


def magic(name):
    """The first number that dials a fate."""
    return number_for_code("GB", BY_NAME[name].code)


def told(account, name, **fields):
    """When receipts come, after the sending, and what they say; the first may overtake the reply."""
    account.call("send", numbers=magic(name), message="Hi", receipt_url=URL, **fields)
    early = [(-1, webhook.about["status"]) for webhook in account.last.before_reply]
    later = account.live_until(NINE + 4 * DAY)
    return early + [(at - NINE, webhook.about["status"]) for at, led_to in later for webhook in led_to.webhooks]


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
        ("delivered, told twice", [(3 * SECOND, "D"), (33 * SECOND, "D")]),
        ("delivered, told out of order", [(5 * SECOND, "D"), (9 * SECOND, "U")]),
        ("delivered, told before the reply", [(-1, "D")]),
        ("undelivered, delivered after all", [(HOUR, "U"), (2 * HOUR, "D")]),
    ],
)
def test_receipts_come_as_dialled(account, name, receipts):
    """Outcome and time are in the number."""
    assert told(account, name) == receipts


def test_each_telling_is_a_notification_of_its_own(account):
    """Two of one message have two keys; the older one says when it was true."""
    account.call("send", numbers=magic("delivered, told out of order"), message="Hi", receipt_url=URL)
    webhooks = [webhook for _, led_to in account.live_until(NINE + MINUTE) for webhook in led_to.webhooks]
    assert len({webhook.key for webhook in webhooks}) == 2
    dates = [parse_qs(webhook.body.decode())["datetime"][0] for webhook in webhooks]
    assert dates == ["2026-03-02 09:00:05", "2026-03-02 09:00:02"]


def test_the_last_state_is_the_newest_and_not_the_one_told_last(account):
    """Whoever asks is told right."""
    said = account.call("send", numbers=magic("delivered, told out of order"), message="Hi")
    account.live_until(NINE + MINUTE)
    assert account.call("status_message", message_id=said["messages"][0]["id"])["message"]["status"] == "D"


def test_never_stays_pending(account):
    """No receipt, and none to be asked for."""
    said = account.call("send", numbers=magic("never"), message="Hi")
    account.live_until(NINE + 30 * DAY)
    assert account.call("status_message", message_id=said["messages"][0]["id"])["message"]["status"] == "P"


def test_what_is_scheduled_cannot_be_told_before_the_reply(account):
    """It is told when it goes out."""
    assert told(account, "delivered, told before the reply", schedule_time=NINE // 1000 + 3600) == [(HOUR, "D")]


def test_a_landline_is_an_invalid_number(account):
    """So the warning says (documented for invalid numbers: https://api.txtlocal.com/docs/otp_send)."""
    said = account.call("send", numbers=f"{BOB},{magic('landline')}", message="Hi")
    assert said["warnings"] == [{"code": 3, "message": "Invalid number", "numbers": magic("landline")}]


def test_a_blocked_number_is_a_warning_without_a_code(account):
    """And alone, error 51 (observed: clients in India)."""
    said = account.call("send", numbers=magic("blocked"), message="Hi")
    assert said["warnings"] == [{"message": "Number is in DND", "numbers": magic("blocked")}]
    assert [error["code"] for error in said["errors"]] == [51]


def test_an_opted_out_number_is_left_out_when_asked_for(account):
    """As if it stood in Textlocal's own list (documented: `optouts` looks there, too)."""
    fields = {"numbers": f"{BOB},{magic('opted out')}", "message": "Hi"}
    assert account.call("send", **fields, optouts=1)["num_messages"] == 1
    assert account.call("send", **fields)["num_messages"] == 2


def test_a_full_queue_refuses_the_whole_call_once(account):
    """With a status that says that the service failed, and nothing sent or charged; a repeat is taken."""
    fields = {"numbers": f"{BOB},{magic('queue full')}", "message": "Hi"}
    account.call("send", 503, **fields)
    assert account.facts("delivery") == []
    assert len(account.facts("rejection")) == 2
    assert account.call("balance")["balance"]["sms"] == 100_000_000
    assert account.call("send", **fields)["num_messages"] == 2


def test_the_same_at_the_door_of_bulk_json(account):
    """What is not sent is listed; a full queue refuses everything, once."""
    messages = [{"number": magic(name), "text": "Hi"} for name in ("landline", "blocked", "delivered after 3 s")]
    said = account.bulk(*messages)
    assert [each["error"]["code"] for each in said["messages_not_sent"]] == [32, 51]
    assert len(said["messages"]) == 1
    full = {"data": f'{{"messages":[{{"number":"{magic("queue full")}","text":"Hi"}}]}}'}
    assert account.call("bulk_json", 503, **full)["status"] == "failure"
    assert account.call("bulk_json", **full)["status"] == "success"


def test_clicks_are_clicks_on_tracked_links(account):
    """Without `tracking_links` nobody hears of them (documented: http://api.txtlocal.com/docs/sendsms)."""
    fields = {"numbers": magic("delivered, 3 clicks"), "message": "See https://example.com/a"}
    account.call("send", **fields, tracking_links="true")
    account.call("send", **fields)
    facts = [(at, fact) for at, led_to in account.live_until(NINE + HOUR) for fact in led_to.facts]
    assert [at - NINE for at, fact in facts if fact.kind == "click"] == [MINUTE, 2 * MINUTE, 3 * MINUTE]
