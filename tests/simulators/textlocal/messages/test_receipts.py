"""Delivery statuses, receipts, and the commands that query them."""

from collections import Counter
from urllib.parse import parse_qs, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, SECOND
from sendproof_simulators.core.effects import Timer
from sendproof_simulators.services.textlocal import SIMULATOR
from sendproof_simulators.services.textlocal.messages.webhooks import quoted

URL = "http://127.0.0.1:9000/receipts"
THOUSAND = ",".join(str(447_700_000_000 + index) for index in range(1_000))


def test_every_message_gets_one_final_status_within_three_days(account):
    """The shares of the statuses are near their configured rates."""
    account.call("send", numbers=THOUSAND, message="Hi")
    outcomes = [entry.fields for _, effects in account.run_until(NINE + 3 * DAY + SECOND) for entry in effects.entries]
    assert len({effects["message"] for effects in outcomes}) == len(outcomes) == 1_000
    letters = Counter(effects["letter"] for effects in outcomes)
    assert letters.keys() == set("DUIE?")
    assert 910 < letters["D"] < 970
    assert account.timers == []


def test_receipt_is_form_about_one_number(account):
    """It has no message id: only `customID` identifies the message."""
    account.call("send", numbers=THOUSAND, message="Hi", receipt_url=URL, custom="campaign 7001&co")
    at, effects = account.run_until(NINE + 10 * SECOND)[0]
    webhook = effects.webhooks[0]
    form = parse_qs(webhook.body.decode(), strict_parsing=True)
    assert form["customID"] == ["campaign 7001&co"]
    assert form["datetime"] == [f"2026-03-02 09:00:0{(at - NINE) // 1000}"]
    assert form["number"] == [webhook.about["number"]]
    assert form["status"] == [webhook.about["status"]]
    assert (webhook.url, webhook.event, webhook.key) == (URL, "receipt", f"receipt:{webhook.about['message']}")


def test_expired_message_has_status_but_no_receipt(account):
    """A query is the only way to learn of pending and expired messages."""
    account.call("send", numbers=THOUSAND, message="Hi", receipt_url=URL)
    fired = account.run_until(NINE + 4 * DAY)
    pushed = Counter(webhook.about["status"] for _, effects in fired for webhook in effects.webhooks)
    ended = Counter(entry.fields["letter"] for _, effects in fired for entry in effects.entries)
    assert ended["E"] > 0
    assert pushed == {letter: count for letter, count in ended.items() if letter != "E"}


def test_send_without_receipt_url_has_no_receipts(account):
    account.call("send", numbers=THOUSAND, message="Hi")
    assert all(effects.webhooks == () for _, effects in account.run_until(NINE + 4 * DAY))


def test_one_timer_per_call_sends_all_receipts_of_an_instant(account):
    """Receipts have whole seconds, so a thousand of them need a few dozen timers in the first minute."""
    account.call("send", numbers=THOUSAND, message="Hi", receipt_url=URL)
    assert len(account.timers) == 1
    fired = account.run_until(NINE + 61 * SECOND)
    assert len(fired) < 62
    assert len(account.timers) == 1
    assert all(at % SECOND == 0 for at, _ in fired)


def test_message_expires_at_end_of_validity(account):
    account.call("send", numbers=THOUSAND, message="Hi", validity=NINE // 1000 + 30)
    fired = account.run_until(NINE + 30 * SECOND)
    letters = Counter(entry.fields["letter"] for _, effects in fired for entry in effects.entries)
    assert letters.total() == 1_000
    assert letters["E"] > 300
    assert account.timers == []


def final_statuses(account):
    """Return (time, status code) of the final status of each message, by id."""
    fired = account.run_until(NINE + 4 * DAY)
    return {entry.fields["message"]: (at, entry.fields["letter"]) for at, effects in fired for entry in effects.entries}


def test_outcome_does_not_depend_on_order_of_calls(account, same_account):
    """It depends on the seed and the message id, and the id on the content of the call."""
    for caller, texts in ((account, ("Hi", "Ho")), (same_account, ("Ho", "Hi"))):
        for text in texts:
            caller.call("send", numbers=THOUSAND, message=text)
    assert final_statuses(account) == final_statuses(same_account)


def test_timer_with_wrong_payload_raises(account):
    with pytest.raises(TypeError, match="expected the first message id"):
        SIMULATOR.on_timer(account.context, account.state, Timer(at=NINE, name="receipts", payload="x"), NINE)


def test_status_message_is_pending_until_final_status(account):
    """Here the message id is a number."""
    sent = account.call("send", numbers=THOUSAND, message="Hi")["messages"][0]
    result = account.call("status_message", message_id=sent["id"])
    assert result["message"] == {
        "id": int(sent["id"]),
        "recipient": sent["recipient"],
        "type": "sms",
        "status": "P",
        "date": "2026-03-02 09:00:00",
    }
    account.run_until(NINE + 4 * DAY)
    assert account.call("status_message", message_id=sent["id"])["message"]["status"] != "P"


def test_status_batch_has_no_counter_for_pending(account):
    """Its rows have no id."""
    batch = account.call("send", numbers=THOUSAND, message="Hi")["batch_id"]
    result = account.call("status_batch", batch_id=batch)
    counters = ("num_delivered", "num_undelivered", "num_expired", "num_unknown", "num_invalid")
    assert [result[name] for name in counters] == [0, 0, 0, 0, 0]
    assert result["messages"][0] == {"recipient": 447_700_000_000, "status": "P"}
    account.run_until(NINE + 4 * DAY)
    result = account.call("status_batch", batch_id=batch)
    assert sum(result[name] for name in counters) == result["num_messages"] == 1_000


def test_summary_names_the_expired_messages_of_a_batch(account):
    """The judge requires them in reports once the bridge has asked, because no receipt is posted for them."""
    batch = account.call("send", numbers=THOUSAND, message="Hi")["batch_id"]
    account.run_until(NINE + 4 * DAY)
    expired = account.call("status_batch", batch_id=batch)["num_expired"]
    assert expired > 0
    assert len(account.last.summary["expired"]) == expired


def test_batch_of_bulk_call_has_one_message(account):
    result = account.bulk({"number": "447700900123", "text": "Hi"}, {"number": "447700900456", "text": "Ho"})
    batch = account.call("status_batch", batch_id=result["messages"][1]["batch_id"])
    assert batch["messages"] == [{"recipient": 447_700_900_456, "status": "P"}]


@pytest.mark.parametrize(("command", "name"), [("status_message", "message_id"), ("status_batch", "batch_id")])
def test_unknown_id_is_refused(account, command, name):
    """The code is the general one, as no document names another. It also refuses invalid and missing ids."""
    account.call("send", numbers="447700900123", message="Hi")
    assert account.error_code(command, **{name: 1}) == 0
    assert account.error_code(command, **{name: 10**18}) == 0
    assert account.error_code(command, **{name: "latest"}) == 0
    assert account.error_code(command) == 0


def test_history_is_paged_newest_first(account):
    """`total` counts the whole period."""
    for index in range(3):
        account.now = NINE + index * HOUR
        account.call("send", numbers="447700900123,447700900456", message=f"Text {index}", custom=f"c{index}")
    result = account.call("get_history_api", start=1, limit=2)
    assert (result["start"], result["limit"], result["total"]) == (1, 2, 6)
    assert [(row["number"], row["message"]) for row in result["messages"]] == [
        ("447700900123", "Text 2"),
        ("447700900456", "Text 1"),
    ]
    pages = [account.call("get_history_api", start=start, limit=4)["messages"] for start in (0, 4, 8)]
    assert [len(page) for page in pages] == [4, 2, 0]
    ascending = account.call("get_history_api", sort_order="asc")["messages"]
    assert ascending == [row for page in pages for row in page][::-1]


def test_history_row_identifies_message(account):
    """After a lost response a bridge can find out from it if the messages were sent."""
    sent = account.call("send", numbers="447700900123", message="Hi", sender="Shop", custom="c7")
    assert account.call("get_history_api")["messages"] == [
        {
            "id": sent["messages"][0]["id"],
            "batch_id": sent["batch_id"],
            "number": "447700900123",
            "sender": "Shop",
            "message": "Hi",
            "content": "Hi",
            "datetime": "2026-03-02 09:00:00",
            "status": "P",
            "custom": "c7",
            "num_credits": 1,
        }
    ]


def test_history_period_includes_both_ends(account):
    """It has whole seconds; the default is the last six months."""
    account.call("send", numbers="447700900123", message="Hi")
    at = NINE // 1000
    totals = [
        account.call("get_history_api", min_time=a, max_time=b)["total"]
        for a, b in [(at, at), (at + 1, at + 9), (0, at - 1)]
    ]
    assert totals == [1, 0, 0]
    account.now = NINE + 184 * DAY
    assert account.call("get_history_api")["total"] == 0


def test_history_page_beyond_limits_is_refused(account):
    account.call("send", numbers=THOUSAND + ",447700900123", message="Hi")
    assert len(account.call("get_history_api", limit=1_000)["messages"]) == 1_000
    assert len(account.call("get_history_api")["messages"]) == 1_000
    assert account.error_code("get_history_api", limit=1_001) == 0
    assert account.error_code("get_history_api", limit=0) == 0
    assert account.error_code("get_history_api", sort_order="up") == 0


@given(value=st.text(max_size=20))
def test_value_of_a_receipt_is_quoted_as_in_any_form(value: str) -> None:
    assert quoted(value) == quote_plus(value)
