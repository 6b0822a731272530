"""Delivyr, against a server that answers in its forms: one recipient a call, none repeated when a reply was lost."""

import json

import pytest

from sendproof_bridge.clock import HOUR, SECOND, iso
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.domain import receipts
from sendproof_bridge.outbound.http import HttpClient
from sendproof_bridge.outbound.providers import (
    ComposedMessage,
    ComposeRequest,
    OpenMessage,
    OptOut,
    Receipt,
    Template,
    open_channel,
    providers,
)
from small_bridge import NOON, opened, row, settings
from stand_in import Says

TEMPLATE = {"id": "HDS7F3Y2", "name": "Hello", "synchronised_name": "HDS7F3Y2 - Hello", "body": "Hello {{FIRST_NAME}}"}
NUMBER = int("HDS7F3Y2", 36)
OPTIONS = {name: setting.default for name, setting in providers()["delivyr"].items()}
OPTIONS |= {"account_id": "an-account", "api_key": Secret("a-delivyr-key")}


def channel(**options):
    """The channel's settings."""
    own = {name: value for name, value in options.items() if name in OPTIONS}
    rest = {name: value for name, value in options.items() if name not in OPTIONS}
    return {"provider": "delivyr", "default_region": "US", "options": {**OPTIONS, **own}, **rest}


@pytest.fixture
def account(outside):
    """A Delivyr with one template that takes every message."""
    outside.say("templates", Says({"templates": [TEMPLATE]}))
    outside.say("send_sms", Says({"message_id": "0123456789abcdef0123", "status": "queued"}))
    rows = [row("C1", "+12125550100", template=NUMBER)]
    outside.say("GetCustomerSendDetailsByChannel", Says(rows), Says([]))
    return outside


def play(folder, outside, until=NOON + HOUR, **options):
    """One campaign; answers how its message stands."""
    with opened(folder, settings(folder, outside.url, channel=channel(**options))) as small:
        small.announce()
        small.work(until=until)
        return small.rows("SELECT state, reason, provider_id FROM message")


def test_a_message_is_a_template_with_variables(tmp_path, account):
    """The number in E.164, the template in Delivyr's letters, the credentials as headers."""
    assert play(tmp_path, account) == [("accepted", None, "0123456789abcdef0123")]

    (call,) = account.calls("send_sms")
    assert call.body == {
        "template_id": "HDS7F3Y2",
        "variables": {"FIRST_NAME": "Ann"},
        "phone_number": "+12125550100",
    }
    assert (call.headers["x-account-id"], call.headers["x-api-key"]) == ("an-account", "a-delivyr-key")


def test_templates_are_synchronised_under_delivyrs_names(tmp_path, account):
    """The number is what the letters write in base 36."""
    play(tmp_path, account)

    assert account.calls("AddChannelTemplates")[0].body == [{"TemplateID": NUMBER, "TemplateName": "HDS7F3Y2 - Hello"}]


def test_testing_mode_is_passed_on_and_nothing_is_reported(tmp_path, account):
    """Nothing went out that a report could be about."""
    play(tmp_path, account, testing=True)

    assert account.calls("send_sms")[0].body["testing"] is True
    assert account.calls("UpdateCampaignMetrics") == []


@pytest.mark.parametrize("lost", [Says(status=500), Says(b"oops"), Says(["?"])])
def test_a_lost_reply_is_recorded_as_unknown(tmp_path, account, lost):
    """No published call tells what became of it, so it is not repeated."""
    account.say("send_sms", lost)

    assert play(tmp_path, account) == [("unknown", "reply_lost", None)]
    assert len(account.calls("send_sms")) == 1


@pytest.mark.parametrize(("logged", "calls"), [(True, 1), (False, 2)])
def test_a_readable_message_log_settles_it(tmp_path, account, logged, calls):
    """What is found is not repeated; what is absent is."""
    taken = {"message_id": "0123456789abcdef0123", "template_id": "HDS7F3Y2", "created_at": "2026-03-02T12:00:00.000Z"}
    account.say("send_sms", Says(status=500), Says({"message_id": "0123456789abcdef0123"}))
    account.say("messages", Says({"messages": [taken] if logged else [], "next": None}))

    assert play(tmp_path, account, message_log=True) == [("accepted", None, "0123456789abcdef0123")]
    assert len(account.calls("send_sms")) == calls


def test_a_full_queue_is_tried_again(tmp_path, account):
    """Of all 503 this one says that nothing was taken."""
    full = Says({"error": {"code": "queue_full", "message": "later"}}, status=503)
    account.say("send_sms", full, Says({"message_id": "1"}))

    assert play(tmp_path, account) == [("accepted", None, "1")]


def test_a_full_queue_is_left_in_peace_as_long_as_it_says(tmp_path, account):
    """It is Delivyr's way to say that there are too many calls, so it holds back all sends."""
    full = Says({"error": {"code": "queue_full", "message": "later"}}, status=503, headers=(("Retry-After", "30"),))
    account.say("send_sms", full)

    play(tmp_path, account, until=NOON + 29 * SECOND)
    assert len(account.calls("send_sms")) == 1


def test_a_customer_who_is_opted_out_there_is_rejected_and_shared(tmp_path, account):
    """Optimove learns of it."""
    account.say("send_sms", Says({"error": {"code": "opted_out", "message": "no"}}, status=422))

    assert play(tmp_path, account) == [("rejected", "opted_out", None)]
    assert account.calls("SetCustomerChannelPreference")[0].body["CustomerIDs"] == ["C1"]


def test_what_happens_to_a_message_is_known_by_its_id(tmp_path, account):
    """Clicks come one by one; a STOP is an opt-out."""
    with opened(tmp_path, settings(tmp_path, account.url, channel=channel())) as small:
        small.announce()
        small.work()
        provider = small.bridge.clients["acme"].channels[505].provider
        for event in ("delivered", "clicked", "clicked", "opted_out"):
            told = {"event": event, "message_id": "0123456789abcdef0123", "occurred_at": "2026-03-02T12:00:03.000Z"}
            with small.bridge.store.write() as tx:
                found = provider.parse_webhook(json.dumps(told).encode(), {}, "")
                receipts.store_receipts(tx, [("acme", one) for one in found])
        small.work(until=NOON + 10 * SECOND)

        assert small.rows("SELECT state FROM message") == ["delivered"]
        assert small.rows("SELECT kind FROM engagement ORDER BY id") == ["clicked", "clicked", "unsubscribed"]
        assert small.rows("SELECT number FROM opt_out") == ["12125550100"]


def test_whoever_opts_out_counts_though_the_message_is_not_known(tmp_path, account):
    """It may have been sent before this bridge was there."""
    config = settings(tmp_path, account.url, channel=channel()).clients[0].channels[0]
    told = b'{"event": "opted_out", "message_id": "another", "phone_number": "+12125550100"}'
    assert open_channel(config, HttpClient()).parse_webhook(told, {}, "") == [
        OptOut(number="12125550100", source="reply")
    ]


def test_what_is_posted_must_name_a_message(account, tmp_path):
    """Anything else is refused with what was expected."""
    config = settings(tmp_path, account.url, channel=channel()).clients[0].channels[0]
    with pytest.raises(ValueError, match="expected an object with event"):
        open_channel(config, HttpClient()).parse_webhook(b'{"event": "delivered"}', {}, "")
    assert Receipt(recipient="", status_code="delivered", provider_time="", message="1") in open_channel(
        config, HttpClient()
    ).parse_webhook(b'{"event": "delivered", "message_id": 1}', {}, "")


def test_overrides_are_merged_over_a_triggers_request(account, tmp_path):
    """Object by object; a scheduled message knows no event, and has none."""
    over = '{"phone_number": personalization.win.other, "variables": {"CODE": campaignID}}'
    config = settings(tmp_path, account.url, channel=channel(overrides=over)).clients[0].channels[0]
    order = {
        "customer": "C1",
        "template": Template(id=NUMBER, title="", body="{{FIRST_NAME}}"),
        "values": {"PHONE": "+12125550100", "FIRST_NAME": "Ann"},
    }
    event = {"campaignID": "2.38", "personalization": {"win": {"other": "+12125550199"}}}
    provider = open_channel(config, HttpClient())

    usual = {"template_id": "HDS7F3Y2", "variables": {"FIRST_NAME": "Ann"}}
    assert provider.compose(ComposeRequest(**order)) == ComposedMessage(phone="+12125550100", content=json.dumps(usual))
    changed = {"template_id": "HDS7F3Y2", "variables": {"FIRST_NAME": "Ann", "CODE": "2.38"}}
    assert provider.compose(ComposeRequest(**order, event=event)) == ComposedMessage(
        phone="+12125550199", content=json.dumps(changed)
    )


def test_a_rejection_that_is_told_later_counts_as_dropped(tmp_path, account):
    """Until then the message counted as nothing, so that no total goes back."""
    with opened(tmp_path, settings(tmp_path, account.url, channel=channel())) as small:
        small.announce()
        small.work()
        told = Receipt(recipient="", status_code="rejected", provider_time="", message="0123456789abcdef0123")
        with small.bridge.store.write() as tx:
            receipts.store_receipts(tx, [("acme", told)])
        small.work(until=NOON + HOUR)

    totals = {item["MetricID"]: item["MetricValue"] for item in account.calls("UpdateCampaignMetrics")[-1].body}
    assert (totals[0], totals[5]) == (0, 1)


def test_what_is_not_rejected_soon_counts_as_sent(tmp_path, account):
    """Of a telephone that is never switched on no receipt ever comes."""
    play(tmp_path, account, until=NOON + HOUR)

    totals = {item["MetricID"]: item["MetricValue"] for item in account.calls("UpdateCampaignMetrics")[-1].body}
    assert (totals[0], totals[5]) == (1, 0)


@pytest.mark.parametrize("lost", [False, True])
def test_what_is_posted_before_the_id_is_known_counts_when_it_is(tmp_path, account, lost):
    """The network may be quicker than the reply to the send, and is so when that has to be looked up."""
    logged = {"message_id": "an-id", "template_id": "HDS7F3Y2", "created_at": "2026-03-02T12:00:00.000Z"}
    account.say("send_sms", Says(status=500 if lost else 429), Says({"message_id": "an-id"}))
    account.say("messages", Says({"messages": [logged], "next": None}))
    with opened(tmp_path, settings(tmp_path, account.url, channel=channel(message_log=True))) as small:
        small.announce()
        small.work()
        with small.bridge.store.write() as tx:
            told = Receipt(recipient="", status_code="delivered", provider_time="", message="an-id")
            receipts.store_receipts(tx, [("acme", told)])
        small.work()
        assert small.rows("SELECT result FROM receipt") == ["stray"]

        small.work(until=NOON + HOUR)
        assert small.rows("SELECT state FROM message") == ["delivered"]


def test_without_an_id_a_receipt_is_known_by_number_and_template(tmp_path, account):
    """From then on the message has the id that the receipt told."""
    account.say("send_sms", Says({"success": True}))
    with opened(tmp_path, settings(tmp_path, account.url, channel=channel())) as small:
        small.announce()
        small.work()
        provider = small.bridge.clients["acme"].channels[505].provider
        told = {"message_id": "an-id", "phone_number": "+12125550100", "template_id": "HDS7F3Y2"}
        for event in ("clicked", "delivered"):
            with small.bridge.store.write() as tx:
                found = provider.parse_webhook(json.dumps({**told, "event": event}).encode(), {}, "")
                receipts.store_receipts(tx, [("acme", one) for one in found])
            small.work()

        assert small.rows("SELECT state, provider_id FROM message") == [("delivered", "an-id")]
        assert small.rows("SELECT result FROM receipt ORDER BY id") == ["marked", "applied"]


def test_without_an_id_the_log_is_asked_for_the_number(tmp_path, account):
    """The first message by that template since the send is the one."""
    logged = {"message_id": "an-id", "template_id": "HDS7F3Y2", "created_at": iso(NOON), "status": "undelivered"}
    account.say("send_sms", Says({"success": True}))
    account.say("messages", Says({"messages": [logged], "next": None}))

    assert play(tmp_path, account, until=NOON + 80 * HOUR, message_log=True) == [("undelivered", None, "an-id")]


def the_account(outside, folder, **options):
    """The account itself."""
    (client,) = settings(folder, outside.url, channel=channel(**options)).clients
    return open_channel(client.channels[0], HttpClient())


def open_messages(number):
    """So many that were sent one after the other."""
    return [
        OpenMessage(recipient=f"1212555{index:04}", message=f"id-{index}", template=NUMBER, sent_at=NOON + index)
        for index in range(number)
    ]


def test_of_many_messages_the_log_is_read_by_the_page(tmp_path, account):
    """From the oldest on; a call for each would be thousands."""
    logged = [{"message_id": f"id-{index}", "status": "delivered"} for index in range(1, 60)]
    account.say("id-0", Says({"message_id": "id-0", "status": "undelivered"}))
    account.say(
        "messages", Says({"messages": logged[:40], "next": "id-40"}), Says({"messages": logged[40:], "next": None})
    )

    found = list(the_account(account, tmp_path, message_log=True).poll_statuses(open_messages(60)))
    assert [one.status_code for one in found] == ["undelivered"] + ["delivered"] * 59
    asked = [call.query for call in account.seen]
    assert asked == [{}, {"after": "id-0", "limit": "500"}, {"after": "id-40", "limit": "500"}]


def test_what_a_page_leaves_out_is_asked_about_by_itself(tmp_path, account):
    """Several are sent at once, so some may be logged before the oldest."""
    logged = [{"message_id": f"id-{index}", "status": "delivered"} for index in range(2, 60)]
    account.say("messages", Says({"messages": logged, "next": None}))
    for name in ("id-0", "id-1"):
        account.say(name, Says({"message_id": name, "status": "delivered"}))

    found = list(the_account(account, tmp_path, message_log=True).poll_statuses(open_messages(60)))
    assert sorted(one.message for one in found) == sorted(f"id-{index}" for index in range(60))


def test_a_message_that_the_log_does_not_know_does_not_stop_the_others(tmp_path, account):
    """It stays open."""
    account.say("id-0", Says({"error": {"code": "not_found", "message": "no"}}, status=404))
    account.say("id-1", Says({"message_id": "id-1", "status": "delivered"}))

    found = list(the_account(account, tmp_path, message_log=True).poll_statuses(open_messages(2)))
    assert [one.message for one in found] == ["id-1"]
