"""Inbound messages: STOP is put into the inbox and group 6, and posted to the inbound URL."""

from urllib.parse import parse_qs

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, number_for_code

STOPPER = number_for_code("GB", BY_NAME["delivered, replies STOP"].code)
OTHER = number_for_code("GB", BY_NAME["delivered, replies STOP"].code, 6)
URL = "http://127.0.0.1:9000/inbound"


def effects_of_stop(account, numbers=STOPPER):
    """Send to numbers that reply STOP; return the effects of the next hour."""
    account.call("send", numbers=numbers, message="Hi")
    return [effects for _, effects in account.run_until(NINE + HOUR)]


def test_stop_opts_number_out(account):
    """It is then in group 6 (documented: https://api.txtlocal.com/docs/helpfulinfo)."""
    effects = effects_of_stop(account)
    kinds = [
        (entry.kind, entry.fields["number"])
        for effects in effects
        for entry in effects.entries
        if "number" in entry.fields
    ]
    assert kinds == [("inbound", STOPPER), ("opt_out", STOPPER)]
    assert account.call("get_contacts", group_id=6, number=STOPPER)["num_contacts"] == 1
    assert account.error_code("send", numbers=STOPPER, message="Hi", optouts=1) == 51


def test_start_takes_number_off_the_list(account):
    number = number_for_code("GB", BY_NAME["delivered, replies STOP, then START"].code)
    account.call("send", numbers=number, message="Hi")
    account.run_until(NINE + 25 * HOUR)
    assert account.call("get_contacts", group_id=6, number=number)["num_contacts"] == 1
    entries = [entry for _, effects in account.run_until(NINE + 27 * HOUR) for entry in effects.entries]
    assert [entry.kind for entry in entries] == ["inbound", "opt_in"]
    assert account.call("get_contacts", group_id=6, number=number)["num_contacts"] == 0


def test_other_reply_is_posted_and_opts_nobody_out(account):
    account.set(inbound_url=URL)
    number = number_for_code("GB", BY_NAME["delivered, replies thanks"].code)
    effects = effects_of_stop(account, number)
    (webhook,) = [webhook for effect in effects for webhook in effect.webhooks if webhook.event == "inbound"]
    assert parse_qs(webhook.body.decode())["content"] == ["Thanks!"]
    assert account.call("get_contacts", group_id=6, number=number).get("num_contacts", 0) == 0


def test_repeated_opt_out_is_ignored(account):
    effects_of_stop(account)
    account.now = NINE + HOUR
    account.call("send", numbers=STOPPER, message="Hi")
    later = [entry.kind for _, effects in account.run_until(NINE + 2 * HOUR) for entry in effects.entries]
    assert later == ["delivery_status", "inbound"]


def test_inbox_counts_messages_until_they_are_read(account):
    """documented: https://api.txtlocal.com/docs/inboundmessages/getinboxes."""
    effects_of_stop(account, f"{STOPPER},{OTHER}")
    (inbox,) = account.call("get_inboxes")["inboxes"]
    assert inbox == {
        "id": 10,
        "number": 447_860_033_333,
        "keyword": None,
        "num_messages": 2,
        "num_contacts": 2,
        "newMsgs": 2,
    }
    account.call("get_messages", inbox_id=inbox["id"])
    assert account.call("get_inboxes")["inboxes"][0]["newMsgs"] == 0


def test_inbound_messages_are_paged_oldest_first(account):
    """By date or number, in a period (documented: https://api.txtlocal.com/docs/inboundmessages/getmessages)."""
    effects_of_stop(account, f"{OTHER},{STOPPER}")
    result = account.call("get_messages", inbox_id=10, limit=1)
    assert (result["num_messages"], result["sort_order"], result["sort_field"]) == (2, "asc", "date")
    assert result["messages"] == [
        {"id": 1, "number": int(OTHER), "message": "STOP", "date": "2026-03-02 09:01:00", "isNew": True}
    ]
    by_number = account.call("get_messages", inbox_id=10, sort_field="number", sort_order="desc", start=1)
    assert [row["number"] for row in by_number["messages"]] == [min(int(OTHER), int(STOPPER))]
    late = (NINE + 2 * MINUTE) // 1000
    assert account.call("get_messages", inbox_id=10, min_time=late)["num_messages"] == 0


def test_unknown_inbox_is_refused(account):
    assert account.error_code("get_messages", inbox_id=11) == 0


def test_inbound_message_is_posted_to_inbound_url(account):
    """documented: https://api.txtlocal.com/docs/inboundmessages/postmessages."""
    account.set(inbound_url=URL)
    (webhook,) = (webhook for effects in effects_of_stop(account) for webhook in effects.webhooks)
    form = parse_qs(webhook.body.decode(), keep_blank_values=True)
    assert form == {
        "sender": [STOPPER],
        "keyword": ["STOP"],
        "content": ["STOP"],
        "comments": [""],
        "inNumber": ["447860033333"],
        "email": [""],
        "credits": ["99999999"],
    }
    assert (webhook.url, webhook.event, webhook.key) == (URL, "inbound", "inbound:1")


def test_own_keywords_and_stop_words_are_not_available(account):
    """Assumed."""
    account.set(keywords=["Shop"])
    free = {word: account.call("check_keyword", keyword=word)["available"] for word in ("shop", "stop", "fun")}
    assert free == {"shop": False, "stop": False, "fun": True}
