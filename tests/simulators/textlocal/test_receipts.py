"""What becomes of messages, who is told, and what the reports say."""

from collections import Counter
from urllib.parse import parse_qs

import pytest

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, SECOND
from sendproof_simulators.core.effects import Timer
from sendproof_simulators.services.textlocal import SIMULATOR

URL = "http://127.0.0.1:9000/receipts"
THOUSAND = ",".join(str(447_700_000_000 + place) for place in range(1_000))


def test_every_message_ends_once_within_three_days(account):
    """And in about the shares that the fates have."""
    account.call("send", numbers=THOUSAND, message="Hi")
    outcomes = [entry.fields for _, effects in account.live_until(NINE + 3 * DAY + SECOND) for entry in effects.entries]
    assert len({effects["message"] for effects in outcomes}) == len(outcomes) == 1_000
    letters = Counter(effects["letter"] for effects in outcomes)
    assert letters.keys() == set("DUIE?")
    assert 910 < letters["D"] < 970
    assert account.timers == []


def test_a_receipt_is_a_form_about_one_number(account):
    """It has no message id: `customID` is all there is to go by."""
    account.call("send", numbers=THOUSAND, message="Hi", receipt_url=URL, custom="campaign 7001&co")
    at, effects = account.live_until(NINE + 10 * SECOND)[0]
    webhook = effects.webhooks[0]
    form = parse_qs(webhook.body.decode(), strict_parsing=True)
    assert form["customID"] == ["campaign 7001&co"]
    assert form["datetime"] == [f"2026-03-02 09:00:0{(at - NINE) // 1000}"]
    assert form["number"] == [webhook.about["number"]]
    assert form["status"] == [webhook.about["status"]]
    assert (webhook.url, webhook.event, webhook.key) == (URL, "receipt", f"receipt:{webhook.about['message']}")


def test_expired_is_an_outcome_but_never_a_receipt(account):
    """Pending and expired can only be asked for."""
    account.call("send", numbers=THOUSAND, message="Hi", receipt_url=URL)
    rung = account.live_until(NINE + 4 * DAY)
    pushed = Counter(w.about["status"] for _, effects in rung for w in effects.webhooks)
    ended = Counter(entry.fields["letter"] for _, effects in rung for entry in effects.entries)
    assert ended["E"] > 0
    assert pushed == {letter: count for letter, count in ended.items() if letter != "E"}


def test_nobody_is_told_who_did_not_ask(account):
    """Without a receipt_url there are outcomes only."""
    account.call("send", numbers=THOUSAND, message="Hi")
    assert all(effects.webhooks == () for _, effects in account.live_until(NINE + 4 * DAY))


def test_one_timer_a_call_tells_all_receipts_of_an_instant(account):
    """Receipts come at whole seconds, so a thousand of them wake their reader a few dozen times in the first minute."""
    account.call("send", numbers=THOUSAND, message="Hi", receipt_url=URL)
    assert len(account.timers) == 1
    rung = account.live_until(NINE + 61 * SECOND)
    assert len(rung) < 62
    assert len(account.timers) == 1
    assert all(at % SECOND == 0 for at, _ in rung)


def test_nothing_outlives_its_validity(account):
    """What would have come later has expired by then."""
    account.call("send", numbers=THOUSAND, message="Hi", validity=NINE // 1000 + 30)
    rung = account.live_until(NINE + 30 * SECOND)
    letters = Counter(entry.fields["letter"] for _, effects in rung for entry in effects.entries)
    assert letters.total() == 1_000
    assert letters["E"] > 300
    assert account.timers == []


def ends_of(account):
    """When and how each message ended, by its id."""
    rung = account.live_until(NINE + 4 * DAY)
    return {entry.fields["message"]: (at, entry.fields["letter"]) for at, led_to in rung for entry in led_to.entries}


def test_the_order_of_calls_does_not_change_a_fate(account, same_account):
    """It depends on the seed and the message's id, and that on what the call says."""
    for some, texts in ((account, ("Hi", "Ho")), (same_account, ("Ho", "Hi"))):
        for text in texts:
            some.call("send", numbers=THOUSAND, message=text)
    assert ends_of(account) == ends_of(same_account)


def test_a_strange_timer_is_refused(account):
    """A timer names the first message of its dispatch."""
    with pytest.raises(TypeError, match="expected the first message id"):
        SIMULATOR.on_timer(account.context, account.state, Timer(at=NINE, name="receipts", payload="x"), NINE)


def test_the_status_of_a_message_is_pending_until_it_ends(account):
    """Here its id is a number."""
    sent = account.call("send", numbers=THOUSAND, message="Hi")["messages"][0]
    said = account.call("status_message", message_id=sent["id"])
    assert said["message"] == {
        "id": int(sent["id"]),
        "recipient": sent["recipient"],
        "type": "sms",
        "status": "P",
        "date": "2026-03-02 09:00:00",
    }
    account.live_until(NINE + 4 * DAY)
    assert account.call("status_message", message_id=sent["id"])["message"]["status"] != "P"


def test_the_report_of_a_batch_counts_all_but_the_pending(account):
    """Its rows have no id, and pending no counter."""
    batch = account.call("send", numbers=THOUSAND, message="Hi")["batch_id"]
    said = account.call("status_batch", batch_id=batch)
    counters = ("num_delivered", "num_undelivered", "num_expired", "num_unknown", "num_invalid")
    assert [said[name] for name in counters] == [0, 0, 0, 0, 0]
    assert said["messages"][0] == {"recipient": 447_700_000_000, "status": "P"}
    account.live_until(NINE + 4 * DAY)
    said = account.call("status_batch", batch_id=batch)
    assert sum(said[name] for name in counters) == said["num_messages"] == 1_000


def test_a_batch_of_a_bulk_call_has_one_message(account):
    """Each message can be asked for by its own batch."""
    said = account.bulk({"number": "447700900123", "text": "Hi"}, {"number": "447700900456", "text": "Ho"})
    batch = account.call("status_batch", batch_id=said["messages"][1]["batch_id"])
    assert batch["messages"] == [{"recipient": 447_700_900_456, "status": "P"}]


@pytest.mark.parametrize(("command", "name"), [("status_message", "message_id"), ("status_batch", "batch_id")])
def test_unknown_ids_are_refused(account, command, name):
    """With the code that stands for what nobody documents; so are ids that are none, or missing."""
    account.call("send", numbers="447700900123", message="Hi")
    assert account.code(command, **{name: 1}) == 0
    assert account.code(command, **{name: 10**18}) == 0
    assert account.code(command, **{name: "latest"}) == 0
    assert account.code(command) == 0


def test_the_history_is_paged_newest_first(account):
    """`total` counts the whole period."""
    for place in range(3):
        account.now = NINE + place * HOUR
        account.call("send", numbers="447700900123,447700900456", message=f"Text {place}", custom=f"c{place}")
    said = account.call("get_history_api", start=1, limit=2)
    assert (said["start"], said["limit"], said["total"]) == (1, 2, 6)
    assert [(row["number"], row["message"]) for row in said["messages"]] == [
        ("447700900123", "Text 2"),
        ("447700900456", "Text 1"),
    ]
    pages = [account.call("get_history_api", start=start, limit=4)["messages"] for start in (0, 4, 8)]
    assert [len(page) for page in pages] == [4, 2, 0]
    ascending = account.call("get_history_api", sort_order="asc")["messages"]
    assert ascending == [row for page in pages for row in page][::-1]


def test_a_row_of_the_history(account):
    """Everything that is needed to find out whether a lost reply was a send."""
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


def test_the_period_of_a_history_includes_both_ends(account):
    """In whole seconds; without one it is the last six months."""
    account.call("send", numbers="447700900123", message="Hi")
    at = NINE // 1000
    totals = [
        account.call("get_history_api", min_time=a, max_time=b)["total"]
        for a, b in [(at, at), (at + 1, at + 9), (0, at - 1)]
    ]
    assert totals == [1, 0, 0]
    account.now = NINE + 184 * DAY
    assert account.call("get_history_api")["total"] == 0


def test_a_thousand_rows_are_the_most(account):
    """One more is refused; none at all, too."""
    account.call("send", numbers=THOUSAND + ",447700900123", message="Hi")
    assert len(account.call("get_history_api", limit=1_000)["messages"]) == 1_000
    assert len(account.call("get_history_api")["messages"]) == 1_000
    assert account.code("get_history_api", limit=1_001) == 0
    assert account.code("get_history_api", limit=0) == 0
    assert account.code("get_history_api", sort_order="up") == 0
