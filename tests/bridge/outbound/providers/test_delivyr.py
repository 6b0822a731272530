"""Delivyr, against a server with responses in its form: one recipient per call, and no call repeated blindly."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import pytest

from running_bridge import wait_until
from sendproof_bridge.clock import HOUR, MINUTE, SECOND, iso
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.jobs.handlers import HANDLERS
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
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import ClaimRequest
from small_bridge import NOON, bridge_config, metric_values, open_small_bridge, recipient_row
from stand_in import Reply

pytestmark = pytest.mark.usefixtures("database")

TEMPLATE = {"id": "HDS7F3Y2", "name": "Hello", "synchronised_name": "HDS7F3Y2 - Hello", "body": "Hello {{FIRST_NAME}}"}
NUMBER = int("HDS7F3Y2", 36)
OPTIONS = {name: setting.default for name, setting in providers()["delivyr"].items()}
OPTIONS |= {"account_id": "an-account", "api_key": Secret("a-delivyr-key")}


def channel(**settings):
    """Return the settings of a channel; some of them are the provider's own options."""
    options = {name: value for name, value in settings.items() if name in OPTIONS}
    other = {name: value for name, value in settings.items() if name not in OPTIONS}
    return {"provider": "delivyr", "default_region": "US", "options": {**OPTIONS, **options}, **other}


@pytest.fixture
def account(services):
    """Return a stand-in of Delivyr with one template, which accepts every message."""
    services.respond("templates", Reply({"templates": [TEMPLATE]}))
    services.respond("send_sms", Reply({"message_id": "0123456789abcdef0123", "status": "queued"}))
    rows = [recipient_row("C1", "+12125550100", template=NUMBER)]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    return services


def open_account(services, folder, **settings):
    """Open the account alone."""
    (client,) = bridge_config(folder, services.url, channel=channel(**settings)).clients
    return open_channel(client.channels[0], HttpClient())


def run_campaign(folder, services, until=NOON + HOUR, **settings):
    """Run a campaign of one customer; return the state, reason and provider id of the message."""
    with open_small_bridge(folder, bridge_config(folder, services.url, channel=channel(**settings))) as bridge:
        bridge.start_campaign()
        bridge.run(until=until)
        return bridge.query("SELECT state, reason, provider_id FROM message")


def test_message_has_template_variables_and_number(tmp_path, account):
    assert run_campaign(tmp_path, account) == [("accepted", None, "0123456789abcdef0123")]

    (call,) = account.calls("send_sms")
    assert call.body == {
        "template_id": "HDS7F3Y2",
        "variables": {"FIRST_NAME": "Ann"},
        "phone_number": "+12125550100",
    }
    assert (call.headers["x-account-id"], call.headers["x-api-key"]) == ("an-account", "a-delivyr-key")


def test_templates_are_synced_with_base_36_ids_and_names(tmp_path, account):
    run_campaign(tmp_path, account)

    assert account.calls("AddChannelTemplates")[0].body == [{"TemplateID": NUMBER, "TemplateName": "HDS7F3Y2 - Hello"}]


def test_testing_mode_is_sent_and_nothing_is_reported(tmp_path, account):
    run_campaign(tmp_path, account, testing=True)

    assert account.calls("send_sms")[0].body["testing"] is True
    assert account.calls("UpdateCampaignMetrics") == []


@pytest.mark.parametrize("lost", [Reply(status=500), Reply(b"oops"), Reply(["?"])])
def test_lost_response_is_recorded_as_unknown(tmp_path, account, lost):
    """No published call returns the outcome, so the send is not repeated."""
    account.respond("send_sms", lost)

    assert run_campaign(tmp_path, account) == [("unknown", "reply_lost", None)]
    assert len(account.calls("send_sms")) == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_response_is_stored_when_the_database_is_back(tmp_path, account, postgres_database, caplog):
    """It cannot be looked up, and a rejected message would count as sent."""
    lost, responding = ExitStack(), threading.Event()

    def refuse_others_and_reject(_request):
        lost.enter_context(postgres_database.refuse_others())
        responding.set()
        return Reply({"error": {"code": "invalid_number"}}, status=422)

    account.respond("send_sms", refuse_others_and_reject)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_campaign, tmp_path, account)
        with lost:
            assert responding.wait(60)
            wait_until(lambda: "not currently accepting connections" in caplog.text, "the lost database")
        ((state, _, _),) = running.result(120)

    assert state == "rejected"


@pytest.mark.parametrize(("logged", "calls"), [(True, 1), (False, 2)])
def test_readable_message_log_decides_on_repetition(tmp_path, account, logged, calls):
    logged_message = {
        "message_id": "0123456789abcdef0123",
        "template_id": "HDS7F3Y2",
        "created_at": "2026-03-02T12:00:00.000Z",
    }
    account.respond("send_sms", Reply(status=500), Reply({"message_id": "0123456789abcdef0123"}))
    account.respond("messages", Reply({"messages": [logged_message] if logged else [], "next": None}))

    assert run_campaign(tmp_path, account, message_log=True) == [("accepted", None, "0123456789abcdef0123")]
    assert len(account.calls("send_sms")) == calls


def test_full_queue_is_retried(tmp_path, account):
    """Unlike any other 503, it means that nothing was accepted."""
    full = Reply({"error": {"code": "queue_full", "message": "later"}}, status=503)
    account.respond("send_sms", full, Reply({"message_id": "1"}))

    assert run_campaign(tmp_path, account) == [("accepted", None, "1")]


def test_full_queue_pauses_all_sends_for_retry_after(tmp_path, account):
    """It is Delivyr's form of a rate limit."""
    full = Reply({"error": {"code": "queue_full", "message": "later"}}, status=503, headers=(("Retry-After", "30"),))
    account.respond("send_sms", full)

    run_campaign(tmp_path, account, until=NOON + 29 * SECOND)
    assert len(account.calls("send_sms")) == 1


def test_opted_out_number_is_rejected_and_reported(tmp_path, account):
    account.respond("send_sms", Reply({"error": {"code": "opted_out", "message": "no"}}, status=422))

    assert run_campaign(tmp_path, account) == [("rejected", "opted_out", None)]
    assert account.calls("SetCustomerChannelPreference")[0].body["CustomerIDs"] == ["C1"]


def test_events_are_assigned_by_message_id(tmp_path, account):
    """An opt-out is stored."""
    with open_small_bridge(tmp_path, bridge_config(tmp_path, account.url, channel=channel())) as bridge:
        bridge.start_campaign()
        bridge.run()
        message = {"message_id": "0123456789abcdef0123", "occurred_at": "2026-03-02T12:00:03.000Z"}
        for event in ("delivered", "clicked", "opted_out"):
            bridge.receive_webhook({**message, "event": event})
        bridge.run(until=NOON + 10 * SECOND)

        assert bridge.query("SELECT state FROM message") == ["delivered"]
        assert bridge.query("SELECT kind FROM engagement ORDER BY id") == ["clicked", "unsubscribed"]
        assert bridge.query("SELECT number FROM opt_out") == ["12125550100"]


def test_click_that_is_posted_twice_counts_once(tmp_path, account):
    """Two clicks have two times."""
    with open_small_bridge(tmp_path, bridge_config(tmp_path, account.url, channel=channel())) as bridge:
        bridge.start_campaign()
        bridge.run()
        click = {"message_id": "0123456789abcdef0123", "event": "clicked"}
        bridge.clock.time = NOON + MINUTE
        for second in (3, 3, 4):
            bridge.receive_webhook(click | {"occurred_at": f"2026-03-02T12:00:0{second}.000Z"})

        assert bridge.query("SELECT at FROM engagement ORDER BY id") == [NOON + 3 * SECOND, NOON + 4 * SECOND]


def test_opt_out_of_unknown_message_is_stored(tmp_path, account):
    """It may have been sent before this bridge existed."""
    webhook = b'{"event": "opted_out", "message_id": "another", "phone_number": "+12125550100"}'

    assert open_account(account, tmp_path).parse_webhook(webhook, {}, "") == [
        OptOut(number="12125550100", source="reply")
    ]


def test_event_without_message_id_is_refused(account, tmp_path):
    provider = open_account(account, tmp_path)

    with pytest.raises(ValueError, match="expected an object with event"):
        provider.parse_webhook(b'{"event": "delivered"}', {}, "")
    assert provider.parse_webhook(b'{"event": "delivered", "message_id": 1}', {}, "") == [
        Receipt(recipient="", status_code="delivered", provider_time="", message="1")
    ]


def test_overrides_are_merged_for_triggers_only(account, tmp_path):
    """A scheduled message has no event."""
    overrides = '{"phone_number": personalization.win.other, "variables": {"CODE": campaignID}}'
    request = {
        "customer": "C1",
        "template": Template(id=NUMBER, title="", body="{{FIRST_NAME}}"),
        "values": {"PHONE": "+12125550100", "FIRST_NAME": "Ann"},
    }
    event = {"campaignID": "2.38", "personalization": {"win": {"other": "+12125550199"}}}
    provider = open_account(account, tmp_path, overrides=overrides)

    scheduled = {"template_id": "HDS7F3Y2", "variables": {"FIRST_NAME": "Ann"}}
    assert provider.compose(ComposeRequest(**request)) == ComposedMessage(
        phone="+12125550100", content=json.dumps(scheduled)
    )
    triggered = {"template_id": "HDS7F3Y2", "variables": {"FIRST_NAME": "Ann", "CODE": "2.38"}}
    assert provider.compose(ComposeRequest(**request, event=event)) == ComposedMessage(
        phone="+12125550199", content=json.dumps(triggered)
    )


def test_later_rejection_counts_as_dropped(tmp_path, account):
    """Until then the message counts as nothing, so that no total decreases."""
    with open_small_bridge(tmp_path, bridge_config(tmp_path, account.url, channel=channel())) as bridge:
        bridge.start_campaign()
        bridge.run()
        bridge.receive_webhook({"event": "rejected", "message_id": "0123456789abcdef0123"})
        bridge.run(until=NOON + HOUR)

    values = metric_values(account.calls("UpdateCampaignMetrics")[-1])
    assert (values[0], values[5]) == (0, 1)


def test_message_without_early_rejection_counts_as_sent(tmp_path, account):
    """A phone that is never switched on sends no receipt."""
    run_campaign(tmp_path, account, until=NOON + HOUR)

    values = metric_values(account.calls("UpdateCampaignMetrics")[-1])
    assert (values[0], values[5]) == (1, 0)


@pytest.mark.parametrize("lost", [False, True])
def test_receipt_before_known_id_is_applied_later(tmp_path, account, lost):
    """The network may be faster than the response to the send, or than its look-up."""
    logged = {"message_id": "an-id", "template_id": "HDS7F3Y2", "created_at": "2026-03-02T12:00:00.000Z"}
    account.respond("send_sms", Reply(status=500 if lost else 429), Reply({"message_id": "an-id"}))
    account.respond("messages", Reply({"messages": [logged], "next": None}))
    with open_small_bridge(tmp_path, bridge_config(tmp_path, account.url, channel=channel(message_log=True))) as bridge:
        bridge.start_campaign()
        bridge.run()
        bridge.receive_webhook({"event": "delivered", "message_id": "an-id"})
        bridge.run()
        assert bridge.query("SELECT result FROM receipt") == ["stray"]

        bridge.run(until=NOON + HOUR)
        assert bridge.query("SELECT state FROM message") == ["delivered"]


def test_receipt_without_known_id_is_matched_by_number_and_template(tmp_path, account):
    """The message then has the id of the receipt."""
    account.respond("send_sms", Reply({"success": True}))
    with open_small_bridge(tmp_path, bridge_config(tmp_path, account.url, channel=channel())) as bridge:
        bridge.start_campaign()
        bridge.run()
        message = {"message_id": "an-id", "phone_number": "+12125550100", "template_id": "HDS7F3Y2"}
        for event in ("clicked", "delivered"):
            bridge.receive_webhook({**message, "event": event})
            bridge.run()

        assert bridge.query("SELECT state, provider_id FROM message") == [("delivered", "an-id")]
        assert bridge.query("SELECT result FROM receipt ORDER BY id") == ["marked", "applied"]


def log_row(id_, at, status=None):
    """Return a row of the Message Log."""
    return {
        "message_id": id_,
        "template_id": "HDS7F3Y2",
        "created_at": iso(at),
        "updated_at": iso(at),
        "status": status,
    }


def test_receipt_of_two_open_messages_waits_for_the_log(tmp_path, account):
    """Both have its number and its template: the log tells them apart."""
    rows = [[recipient_row("C1", "+12125550100", template=NUMBER, at=at)] for at in (iso(NOON), iso(NOON + HOUR))]
    account.respond("GetCustomerSendDetailsByChannel", Reply(rows[0]), Reply([]), Reply(rows[1]), Reply([]))
    account.respond("send_sms", Reply({"success": True}))
    account.respond("messages", Reply({"messages": [], "next": None}))
    with open_small_bridge(tmp_path, bridge_config(tmp_path, account.url, channel=channel(message_log=True))) as bridge:
        bridge.start_campaign(7001)
        bridge.run(until=NOON + HOUR)
        bridge.start_campaign(7002)
        bridge.run()
        message = {"message_id": "second", "phone_number": "+12125550100", "template_id": "HDS7F3Y2"}
        for event in ("delivered", "clicked"):
            bridge.receive_webhook({**message, "event": event})
        logged = [log_row("first", NOON), log_row("second", NOON + HOUR, "delivered")]
        account.respond("messages", Reply({"messages": logged, "next": None}))
        bridge.run(until=NOON + 8 * HOUR)

        states = bridge.query("SELECT campaign, state, provider_id FROM message ORDER BY campaign")
        assert states == [("7001", "accepted", "first"), ("7002", "delivered", "second")]
        assert bridge.query("SELECT campaign FROM engagement") == ["7002"]


def test_log_without_known_id_is_read_by_number(tmp_path, account):
    logged = {"message_id": "an-id", "template_id": "HDS7F3Y2", "created_at": iso(NOON), "status": "undelivered"}
    account.respond("send_sms", Reply({"success": True}))
    account.respond("messages", Reply({"messages": [logged], "next": None}))

    assert run_campaign(tmp_path, account, until=NOON + 80 * HOUR, message_log=True) == [("undelivered", None, "an-id")]


REJECTED = {"message_id": "an-id", "template_id": "HDS7F3Y2", "created_at": iso(NOON), "status": "rejected"}


def test_message_that_is_being_polled_does_not_count_as_sent(tmp_path, account):
    """After an outage the poll and the report are due at once, and the webhooks of the rejection are lost."""
    account.respond("send_sms", Reply({"message_id": "an-id"}))
    account.respond("an-id", Reply(REJECTED))
    with open_small_bridge(tmp_path, bridge_config(tmp_path, account.url, channel=channel(message_log=True))) as bridge:
        bridge.start_campaign()
        bridge.run()
        bridge.clock.time = NOON + 24 * MINUTE
        with bridge.context.store.write() as tx:
            poll, report = (job_queue.claim(tx, ClaimRequest(owner="a", now=NOON + HOUR, real=0.0)) for _ in range(2))
        for job in (report, poll):
            HANDLERS[job.kind](bridge.context, job)
        bridge.run(until=NOON + 7 * HOUR)

    reports = [metric_values(call) for call in account.calls("UpdateCampaignMetrics")]
    assert [(values[0], values[5]) for values in reports] == [(0, 0), (0, 1)]


def test_look_up_reads_the_status_of_a_found_message(tmp_path, account):
    """The message is old enough to count as sent, and was never polled."""
    account.respond("send_sms", Reply(status=500))
    account.respond("messages", Reply({"messages": [REJECTED], "next": None}))
    account.respond("an-id", Reply(REJECTED))

    assert run_campaign(tmp_path, account, until=NOON + MINUTE, message_log=True) == [("rejected", None, "an-id")]


def test_status_that_cannot_be_read_at_the_look_up_is_polled_later(tmp_path, account):
    account.respond("send_sms", Reply(status=500))
    account.respond("messages", Reply({"messages": [REJECTED], "next": None}))
    account.respond("an-id", Reply(status=500), Reply(REJECTED))

    assert run_campaign(tmp_path, account, message_log=True) == [("rejected", None, "an-id")]
    assert len(account.calls("send_sms")) == 1


def test_late_rejection_corrects_the_totals(tmp_path, account):
    """Without a log, the bridge hears of it after the message counts as sent."""
    with open_small_bridge(tmp_path, bridge_config(tmp_path, account.url, channel=channel())) as bridge:
        bridge.start_campaign()
        bridge.run(until=NOON + HOUR)
        bridge.receive_webhook({"event": "rejected", "message_id": "0123456789abcdef0123"})
        bridge.run(until=NOON + 7 * HOUR)

    reports = [metric_values(call) for call in account.calls("UpdateCampaignMetrics")]
    assert [(values[0], values[5]) for values in reports] == [(1, 0), (0, 1)]


def open_messages(number):
    """Return messages that were sent one after the other."""
    return [
        OpenMessage(recipient=f"1212555{index:04}", message=f"id-{index}", template=NUMBER, sent_at=NOON + index)
        for index in range(number)
    ]


def test_many_messages_are_polled_by_pages_of_the_log(tmp_path, account):
    """One call per message would be thousands of calls."""
    logged = [{"message_id": f"id-{index}", "status": "delivered"} for index in range(1, 60)]
    account.respond("id-0", Reply({"message_id": "id-0", "status": "undelivered"}))
    account.respond(
        "messages", Reply({"messages": logged[:40], "next": "id-40"}), Reply({"messages": logged[40:], "next": None})
    )

    found = list(open_account(account, tmp_path, message_log=True).poll_statuses(open_messages(60)))
    assert [receipt.status_code for receipt in found] == ["undelivered"] + ["delivered"] * 59
    queries = [call.query for call in account.received]
    assert queries == [{}, {"after": "id-0", "limit": "500"}, {"after": "id-40", "limit": "500"}]


def test_messages_missing_in_pages_are_polled_singly(tmp_path, account):
    """Several are sent in parallel, so some may be logged before the oldest."""
    logged = [{"message_id": f"id-{index}", "status": "delivered"} for index in range(2, 60)]
    account.respond("messages", Reply({"messages": logged, "next": None}))
    for name in ("id-0", "id-1"):
        account.respond(name, Reply({"message_id": name, "status": "delivered"}))

    found = list(open_account(account, tmp_path, message_log=True).poll_statuses(open_messages(60)))
    assert sorted(receipt.message for receipt in found) == sorted(f"id-{index}" for index in range(60))


def test_message_missing_in_log_does_not_stop_polling(tmp_path, account):
    account.respond("id-0", Reply({"error": {"code": "not_found", "message": "no"}}, status=404))
    account.respond("id-1", Reply({"message_id": "id-1", "status": "delivered"}))

    found = list(open_account(account, tmp_path, message_log=True).poll_statuses(open_messages(2)))
    assert [receipt.message for receipt in found] == ["id-1"]


def test_row_without_a_final_status_tells_the_id_of_a_message_that_has_none(tmp_path, account):
    row = {"template_id": "HDS7F3Y2", "created_at": iso(NOON), "status": "sent", "message_id": "first"}
    account.respond("messages", Reply({"messages": [row], "next": None}))
    account.respond("first", Reply(row))
    without_id = OpenMessage(recipient="12125550100", message="", template=NUMBER, sent_at=NOON)

    provider = open_account(account, tmp_path, message_log=True)
    (found,) = provider.poll_statuses([without_id])
    assert (found.message, found.status_code) == ("first", "")
    assert list(provider.poll_statuses([replace(without_id, message="first")])) == []


def test_log_row_of_another_message_is_ignored(tmp_path, account):
    row = {"template_id": "HDS7F3Y2", "created_at": iso(NOON), "status": "delivered"}
    log = [row | {"message_id": "first"}, row | {"message_id": "second", "status": "undelivered"}]
    account.respond("messages", Reply({"messages": log, "next": None}))
    message = OpenMessage(recipient="12125550100", message="", template=NUMBER, sent_at=NOON)

    provider = open_account(account, tmp_path, message_log=True)
    assert [found.message for found in provider.poll_statuses([message], {"first"}.intersection)] == ["second"]
