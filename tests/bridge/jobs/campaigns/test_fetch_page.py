"""From a page of customers to messages, batches and sends."""

import json
from hashlib import sha256

import pytest

from sendproof_bridge.clock import HOUR
from small_bridge import HELLO, NOON, recipient_row, sent_messages
from stand_in import Reply

PAGE = "GetCustomerSendDetailsByChannel"


def set_pages(services, *pages):
    """Let Optimove return these pages, and then an empty one."""
    services.respond(PAGE, *[Reply(list(page)) for page in pages], Reply([]))


def sent_texts(services):
    """Return (number, encoded text) of each message, sorted."""
    return sorted((message["number"], message["text"]) for call in sent_messages(services) for message in call)


def phone(index):
    return f"+4471000{index:05d}"


def test_each_customer_gets_a_personalized_text(bridge, services):
    set_pages(services, [recipient_row("C1", phone(1), name="Ann"), recipient_row("C2", phone(2), name=None)])
    bridge.start_campaign()
    bridge.run()

    assert sent_texts(services) == [("447100000001", "Hello Ann"), ("447100000002", "Hello ")]


def test_ambiguous_customer_is_dropped_alone(bridge, services):
    """A comma in a joined text may be part of a value, and Optimove refuses to say."""
    rows = [recipient_row("C1", phone(1), name="Ann"), recipient_row("C2", phone(2), name="Bo, Jr.")]
    joined = [row | {"CustomerAttribute": ",".join(map(str, row.pop("CustomerAttributes")))} for row in rows]
    services.respond("Attributes", Reply("no", status=403))
    set_pages(services, joined)
    bridge.start_campaign()
    bridge.run()

    assert sent_texts(services) == [("447100000001", "Hello Ann")]
    assert bridge.query("SELECT customer, reason FROM message WHERE state = 'dropped'") == [("C2", "not_looked_up")]


def test_page_that_cannot_be_processed_is_requested_until_it_can(bridge, services):
    """More often than an error of the bridge itself, which gives the job up after six attempts."""
    too_deep = Reply(b"[" * 100_000 + b"]" * 100_000)
    services.respond(PAGE, *[too_deep] * 9, Reply([recipient_row("C1", phone(1))]), Reply([]))
    bridge.start_campaign()
    bridge.run(until=NOON + HOUR)

    assert sent_texts(services) == [("447100000001", "Hello Ann")]


def test_page_requests_phone_consent_and_placeholders(bridge, services):
    """Phone first, as in vendors' guides."""
    services.respond(
        "get_templates", Reply({"templates": [HELLO, {**HELLO, "id": 12, "body": "%%|CITY%%"}], "status": "success"})
    )
    bridge.start_campaign()
    bridge.run()

    assert services.calls(PAGE)[0].query["CustomerAttributes"] == "PHONE;CONSENT;CITY;FIRST_NAME"


def test_page_requests_placeholders_of_its_own_templates_only(bridge, services):
    """Event parameters in a trigger's template are no customer attributes, so the page would fail."""
    trigger_template = {**HELLO, "id": 12, "body": "%%|page%%"}
    services.respond("get_templates", Reply({"templates": [HELLO, trigger_template], "status": "success"}))
    used = {"SendID": "5f2b8c", "TemplateID": HELLO["id"], "ScheduledTime": "2026-03-02 12:00:00"}
    services.respond("GetExecutedCampaignChannelDetails", Reply([used]))
    bridge.start_campaign()
    bridge.run()

    assert services.calls(PAGE)[0].query["CustomerAttributes"] == "PHONE;CONSENT;FIRST_NAME"


def test_pages_are_read_until_one_is_empty(bridge, services):
    """A short page need not be the last: a service may limit its pages."""
    set_pages(services, [recipient_row("C1", phone(1)), recipient_row("C2", phone(2))], [recipient_row("C3", phone(3))])
    bridge.start_campaign()
    bridge.run()

    assert [call.query["$skip"] for call in services.calls(PAGE)] == ["0", "2", "3"]
    assert len(sent_texts(services)) == 3


def test_customer_on_two_pages_gets_one_message(bridge, services):
    """Pages may overlap, because rows can move between two calls."""
    set_pages(
        services,
        [recipient_row("C1", phone(1)), recipient_row("C2", phone(2))],
        [recipient_row("C2", phone(2)), recipient_row("C3", phone(3))],
    )
    bridge.start_campaign()
    bridge.run()

    assert [number for number, _ in sent_texts(services)] == ["447100000001", "447100000002", "447100000003"]


def test_unreachable_customers_are_dropped_with_reason(bridge, services):
    set_pages(
        services,
        [
            recipient_row("C1", phone(1), consent="0"),
            recipient_row("C2", "n/a"),
            recipient_row("C3", None),
            recipient_row("C4", phone(4), template=99),
        ],
    )
    bridge.start_campaign()
    bridge.run()

    assert bridge.query("SELECT customer, state, reason FROM message ORDER BY customer") == [
        ("C1", "dropped", "opted_out"),
        ("C2", "dropped", "unusable_number"),
        ("C3", "dropped", "unusable_number"),
        ("C4", "dropped", "unknown_template"),
    ]
    assert sent_texts(services) == []


def test_customer_whose_id_is_too_long_is_left_out_alone(bridge, services):
    """PostgreSQL indexes no row of more than 2,704 bytes; this one cannot be compressed."""
    endless = "".join(sha256(b"%d" % number).hexdigest() for number in range(50))
    set_pages(
        services, [recipient_row(endless, phone(1)), recipient_row("C2", phone(2))], [recipient_row("C3", phone(3))]
    )
    bridge.start_campaign()
    bridge.run()

    assert sent_texts(services) == [("447100000002", "Hello Ann"), ("447100000003", "Hello Ann")]
    assert [call.query["$skip"] for call in services.calls(PAGE)] == ["0", "2", "3"]


def test_messages_wait_for_their_scheduled_time(bridge, services):
    set_pages(
        services,
        [
            recipient_row("C1", phone(1), at="2026-03-02 13:00:00"),
            recipient_row("C2", phone(2), at="2026-03-02 15:00:00"),
        ],
    )
    bridge.start_campaign()

    bridge.run(until=NOON + HOUR - 1)
    assert len(sent_texts(services)) == 0
    bridge.run(until=NOON + HOUR)
    assert len(sent_texts(services)) == 1
    bridge.run(until=NOON + 3 * HOUR)
    assert len(sent_texts(services)) == 2


def test_call_has_at_most_500_messages(bridge, services):
    """Textlocal recommends this limit."""
    set_pages(services, [recipient_row(f"C{index}", phone(index)) for index in range(1_200)])
    bridge.start_campaign()
    bridge.run()

    assert sorted(len(call) for call in sent_messages(services)) == [200, 500, 500]


def test_shared_number_gets_two_messages_in_two_calls(bridge, services):
    """Receipts of one call could not be assigned."""
    set_pages(services, [recipient_row("C1", phone(1)), recipient_row("C2", phone(1))])
    bridge.start_campaign()
    bridge.run()

    assert sent_texts(services) == [("447100000001", "Hello Ann")] * 2
    assert len(services.calls("bulk_json")) == 2


def test_only_texts_that_need_unicode_use_it(bridge, services):
    set_pages(services, [recipient_row("C1", phone(1), name="Ann"), recipient_row("C2", phone(2), name="Łucja")])
    bridge.start_campaign()
    bridge.run()

    calls = [json.loads(call.body["data"]) for call in services.calls("bulk_json")]
    assert sorted((call["messages"][0]["number"], call.get("unicode")) for call in calls) == [
        ("447100000001", None),
        ("447100000002", True),
    ]


def test_new_template_on_later_page_is_fetched(bridge, services):
    new = {**HELLO, "id": 12, "body": "Bye %%|FIRST_NAME%%"}
    services.respond(
        "get_templates",
        Reply({"templates": [HELLO], "status": "success"}),
        Reply({"templates": [HELLO, new], "status": "success"}),
    )
    last = [recipient_row("C2", phone(2), template=12)]
    set_pages(services, [recipient_row("C1", phone(1))], last, last)
    bridge.start_campaign()
    bridge.run()

    assert sent_texts(services) == [("447100000001", "Hello Ann"), ("447100000002", "Bye Ann")]


@pytest.mark.parametrize("failure", [Reply(status=503), Reply(status=429), Reply(b"<html>"), Reply(status=404)])
def test_failed_page_is_retried(bridge, services, failure):
    services.respond(PAGE, failure, Reply([recipient_row("C1", phone(1))]), Reply([]))
    bridge.start_campaign()
    bridge.run(until=NOON + HOUR)

    assert len(sent_texts(services)) == 1


def test_campaign_without_customers_finishes(bridge, services):
    bridge.start_campaign()
    bridge.run(until=NOON + 8 * 24 * HOUR)

    assert bridge.query("SELECT state FROM campaign") == ["finished"]
    assert services.calls("UpdateCampaignMetrics") == []


def test_long_campaign_respects_the_rate_limit(bridge, services):
    set_pages(services, *[[recipient_row(f"C{index}", phone(index))] for index in range(70)])
    bridge.start_campaign()
    bridge.run()
    assert len(services.calls(PAGE)) + len(services.calls("RegisterEventListener")) <= 50

    bridge.run(until=NOON + 60_000)
    assert len(sent_texts(services)) == 70
