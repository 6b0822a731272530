"""From a page of customers to messages, batches and jobs."""

import json

import pytest

from sendproof_bridge.clock import HOUR
from small_bridge import HELLO, NOON, row
from stand_in import Says

PAGE = "GetCustomerSendDetailsByChannel"


def pages(outside, *pages):
    """Let Optimove answer with these pages, and then with nothing."""
    outside.say(PAGE, *[Says(list(page)) for page in pages], Says([]))


def texts(outside):
    """What was sent, by number."""
    sent = [json.loads(call.body["data"])["messages"] for call in outside.calls("bulk_json")]
    return sorted((one["number"], one["text"]) for some in sent for one in some)


def phone(index):
    """A number of its own for each index."""
    return f"+4471000{index:05d}"


def test_every_customer_gets_their_own_text(small, outside):
    """Numbers as digits, names filled in."""
    pages(outside, [row("C1", phone(1), name="Ann"), row("C2", phone(2), name=None)])
    small.announce()
    small.work()

    assert texts(outside) == [("447100000001", "Hello%20Ann"), ("447100000002", "Hello%20")]


def test_phone_consent_and_the_names_in_templates_are_asked_for(small, outside):
    """Phone first, as vendors' guides have it."""
    outside.say(
        "get_templates", Says({"templates": [HELLO, {**HELLO, "id": 12, "body": "%%|CITY%%"}], "status": "success"})
    )
    small.announce()
    small.work()

    assert outside.calls(PAGE)[0].query["CustomerAttributes"] == "PHONE;CONSENT;CITY;FIRST_NAME"


def test_only_what_the_campaigns_own_templates_want_is_asked_for(small, outside):
    """The text of a trigger wants parameters of events; nobody knows them as attributes, and the page would fail."""
    of_a_trigger = {**HELLO, "id": 12, "body": "%%|page%%"}
    outside.say("get_templates", Says({"templates": [HELLO, of_a_trigger], "status": "success"}))
    used = {"SendID": "5f2b8c", "TemplateID": HELLO["id"], "ScheduledTime": "2026-03-02 12:00:00"}
    outside.say("GetExecutedCampaignChannelDetails", Says([used]))
    small.announce()
    small.work()

    assert outside.calls(PAGE)[0].query["CustomerAttributes"] == "PHONE;CONSENT;FIRST_NAME"


def test_pages_are_read_until_one_is_empty(small, outside):
    """A page shorter than asked is not taken for the end: a service may cap its pages."""
    pages(outside, [row("C1", phone(1)), row("C2", phone(2))], [row("C3", phone(3))])
    small.announce()
    small.work()

    assert [call.query["$skip"] for call in outside.calls(PAGE)] == ["0", "2", "3"]
    assert len(texts(outside)) == 3


def test_a_customer_who_comes_twice_gets_one_message(small, outside):
    """Rows can move between two calls, so pages may overlap."""
    pages(outside, [row("C1", phone(1)), row("C2", phone(2))], [row("C2", phone(2)), row("C3", phone(3))])
    small.announce()
    small.work()

    assert [number for number, _ in texts(outside)] == ["447100000001", "447100000002", "447100000003"]


def test_who_did_not_agree_is_dropped(small, outside):
    """So is who cannot be reached, and both with a reason."""
    pages(
        outside, [row("C1", phone(1), consent="0"), row("C2", "n/a"), row("C3", None), row("C4", phone(4), template=99)]
    )
    small.announce()
    small.work()

    assert small.rows("SELECT customer, state, reason FROM message ORDER BY customer") == [
        ("C1", "dropped", "opted_out"),
        ("C2", "dropped", "unusable_number"),
        ("C3", "dropped", "unusable_number"),
        ("C4", "dropped", "unknown_template"),
    ]
    assert texts(outside) == []


def test_messages_wait_for_their_time(small, outside):
    """Each customer has a time of their own, in UTC."""
    pages(outside, [row("C1", phone(1), at="2026-03-02 13:00:00"), row("C2", phone(2), at="2026-03-02 15:00:00")])
    small.announce()

    small.work(until=NOON + HOUR - 1)
    assert len(texts(outside)) == 0
    small.work(until=NOON + HOUR)
    assert len(texts(outside)) == 1
    small.work(until=NOON + 3 * HOUR)
    assert len(texts(outside)) == 2


def test_no_call_has_more_than_five_hundred_messages(small, outside):
    """What Textlocal recommends."""
    pages(outside, [row(f"C{index}", phone(index)) for index in range(1_200)])
    small.announce()
    small.work()

    sizes = sorted(len(json.loads(call.body["data"])["messages"]) for call in outside.calls("bulk_json"))
    assert sizes == [200, 500, 500]


def test_a_number_that_two_customers_share_is_sent_to_twice(small, outside):
    """In two calls, so that receipts can be told apart."""
    pages(outside, [row("C1", phone(1)), row("C2", phone(1))])
    small.announce()
    small.work()

    assert texts(outside) == [("447100000001", "Hello%20Ann")] * 2
    assert len(outside.calls("bulk_json")) == 2


def test_only_texts_that_need_unicode_go_out_so(small, outside):
    """In a call of their own."""
    pages(outside, [row("C1", phone(1), name="Ann"), row("C2", phone(2), name="Łucja")])
    small.announce()
    small.work()

    said = [json.loads(call.body["data"]) for call in outside.calls("bulk_json")]
    assert sorted((one["messages"][0]["number"], one.get("unicode")) for one in said) == [
        ("447100000001", None),
        ("447100000002", True),
    ]


def test_a_template_that_came_since_is_fetched(small, outside):
    """A later page may name one that was not there at the first."""
    new = {**HELLO, "id": 12, "body": "Bye %%|FIRST_NAME%%"}
    outside.say(
        "get_templates",
        Says({"templates": [HELLO], "status": "success"}),
        Says({"templates": [HELLO, new], "status": "success"}),
    )
    last = [row("C2", phone(2), template=12)]
    pages(outside, [row("C1", phone(1))], last, last)
    small.announce()
    small.work()

    assert texts(outside) == [("447100000001", "Hello%20Ann"), ("447100000002", "Bye%20Ann")]


@pytest.mark.parametrize("trouble", [Says(status=503), Says(status=429), Says(b"<html>"), Says(status=404)])
def test_a_page_that_cannot_be_read_is_read_later(small, outside, trouble):
    """Nobody behind it is lost."""
    outside.say(PAGE, trouble, Says([row("C1", phone(1))]), Says([]))
    small.announce()
    small.work(until=NOON + HOUR)

    assert len(texts(outside)) == 1


def test_a_campaign_without_customers_is_reported_on(small, outside):
    """It ends like any other."""
    small.announce()
    small.work(until=NOON + 8 * 24 * HOUR)

    assert small.rows("SELECT state FROM campaign") == ["finished"]
    assert outside.calls("UpdateCampaignMetrics") == []


def test_optimove_is_called_once_at_a_time_and_not_too_often(small, outside):
    """A long campaign keeps the rate limit on the injected clock."""
    pages(outside, *[[row(f"C{index}", phone(index))] for index in range(70)])
    small.announce()
    small.work()
    assert len(outside.calls(PAGE)) + len(outside.calls("RegisterEventListener")) <= 50

    small.work(until=NOON + 60_000)
    assert len(texts(outside)) == 70
