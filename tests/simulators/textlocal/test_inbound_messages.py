"""What people write back: STOP goes to the inbox, into group 6, and to the address that was set."""

from urllib.parse import parse_qs

from instants import NINE
from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, number_for_code

STOPPER = number_for_code("GB", BY_NAME["delivered, replies STOP"].code)
OTHER = number_for_code("GB", BY_NAME["delivered, replies STOP"].code, 7)
URL = "http://127.0.0.1:9000/inbound"


def stopped(account, numbers=STOPPER):
    """An account to which somebody wrote STOP; what the minutes led to."""
    account.call("send", numbers=numbers, message="Hi")
    return [led_to for _, led_to in account.live_until(NINE + HOUR)]


def test_stop_opts_out(account):
    """From then on the number is in group 6 (documented: https://api.txtlocal.com/docs/helpfulinfo)."""
    led_to = stopped(account)
    kinds = [
        (entry.kind, entry.fields["number"])
        for effects in led_to
        for entry in effects.entries
        if "number" in entry.fields
    ]
    assert kinds == [("inbound", STOPPER), ("opt_out", STOPPER)]
    assert account.call("get_contacts", group_id=6, number=STOPPER)["num_contacts"] == 1
    assert account.code("send", numbers=STOPPER, message="Hi", optouts=1) == 51


def test_whoever_is_out_already_opts_out_no_more(account):
    """The second STOP is a message only."""
    stopped(account)
    account.now = NINE + HOUR
    account.call("send", numbers=STOPPER, message="Hi")
    later = [entry.kind for _, led_to in account.live_until(NINE + 2 * HOUR) for entry in led_to.entries]
    assert later == ["delivery_status", "inbound"]


def test_the_inbox_counts_what_is_new(account):
    """Until it is read (documented: https://api.txtlocal.com/docs/inboundmessages/getinboxes)."""
    stopped(account, f"{STOPPER},{OTHER}")
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


def test_messages_are_paged_oldest_first(account):
    """By date or number, within a period (documented: https://api.txtlocal.com/docs/inboundmessages/getmessages)."""
    stopped(account, f"{OTHER},{STOPPER}")
    said = account.call("get_messages", inbox_id=10, limit=1)
    assert (said["num_messages"], said["sort_order"], said["sort_field"]) == (2, "asc", "date")
    assert said["messages"] == [
        {"id": 1, "number": int(OTHER), "message": "STOP", "date": "2026-03-02 09:01:00", "isNew": True}
    ]
    by_number = account.call("get_messages", inbox_id=10, sort_field="number", sort_order="desc", start=1)
    assert [row["number"] for row in by_number["messages"]] == [min(int(OTHER), int(STOPPER))]
    late = (NINE + 2 * MINUTE) // 1000
    assert account.call("get_messages", inbox_id=10, min_time=late)["num_messages"] == 0


def test_an_unknown_inbox_is_refused(account):
    """There is one."""
    assert account.code("get_messages", inbox_id=11) == 0


def test_the_address_that_was_set_is_told(account):
    """One form (documented: https://api.txtlocal.com/docs/inboundmessages/postmessages)."""
    account.set(inbound_url=URL)
    (webhook,) = (webhook for led_to in stopped(account) for webhook in led_to.webhooks)
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


def test_a_keyword_is_free_or_not(account):
    """The account's own and those that stop are not (assumed)."""
    account.set(keywords=["Shop"])
    free = {word: account.call("check_keyword", keyword=word)["available"] for word in ("shop", "stop", "fun")}
    assert free == {"shop": False, "stop": False, "fun": True}
