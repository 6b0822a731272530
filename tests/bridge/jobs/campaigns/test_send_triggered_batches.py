"""Waiting triggers are sent together, and each is sent exactly once."""

import json

import pytest

from sendproof_bridge.clock import HOUR
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.providers import providers
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import ClaimRequest
from small_bridge import NOON, bridge_config, open_small_bridge, sent_messages
from stand_in import Reply

A, B, C = "447100000001", "447100000002", "447100000003"


@pytest.fixture
def triggered(tmp_path, database, services):
    """Open a bridge with a single channel, for triggers, with its templates fetched."""
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, channel={"kind": "triggered"})) as bridge:
        bridge.run()
        yield bridge


def meet_trigger(bridge, number, request="once", **other):
    """Let the customer with this number meet a trigger."""
    attributes = {"PHONE": f"+{number}", "CONSENT": "1", "FIRST_NAME": "Ann", **other.pop("attributes", {})}
    event = {"channelID": 505, "campaignID": "8001", "templateID": 11, "customerID": f"C{number[-1]}", **other}
    bridge.receive_event(requestId=f"{number}-{request}", personalization={"personalInfo": attributes}, **event)


def sent_numbers(services):
    """Return the sorted numbers of each call, in a sorted list."""
    return sorted(sorted(message["number"] for message in call) for call in sent_messages(services))


def history_reply(*numbers):
    """Return Textlocal's record with these messages."""
    rows = [{"id": f"id-{number}", "number": number, "message": "Hello Ann"} for number in numbers]
    return Reply({"messages": rows, "status": "success"})


def test_waiting_triggers_of_one_campaign_share_a_call(triggered, services):
    for number in (A, B, C):
        meet_trigger(triggered, number)
    triggered.run()

    assert sent_numbers(services) == [[A, B, C]]


def test_triggers_of_two_campaigns_use_two_calls(triggered, services):
    """A batch belongs to one campaign, which may be cancelled."""
    meet_trigger(triggered, A)
    meet_trigger(triggered, B)
    meet_trigger(triggered, C, campaignID="8002")
    triggered.run()

    assert sent_numbers(services) == [[A, B], [C]]


def test_two_triggers_of_one_number_use_two_calls(triggered, services):
    """A receipt only names the number."""
    meet_trigger(triggered, A, "one")
    meet_trigger(triggered, A, "two")
    meet_trigger(triggered, B)
    triggered.run()

    assert sent_numbers(services) in ([[A], [A, B]], [[A, B], [A]])


def test_repeated_trigger_in_one_group_is_sent_once(triggered, services):
    for number in (A, B, A):
        meet_trigger(triggered, number)
    triggered.run()

    assert sent_numbers(services) == [[A, B]]


def test_dropped_trigger_does_not_block_others(triggered, services):
    meet_trigger(triggered, A, attributes={"CONSENT": "0"})
    meet_trigger(triggered, B)
    meet_trigger(triggered, C)
    triggered.run()

    assert sent_numbers(services) == [[B, C]]
    assert triggered.query("SELECT customer, reason FROM message WHERE state = 'dropped'") == [("C1", "opted_out")]


def test_incomplete_trigger_does_not_block_others(triggered, services):
    services.respond("Attributes", Reply(status=503))
    triggered.receive_event(requestId="bare", channelID=505, campaignID="8001", templateID=11, customerID="C9")
    meet_trigger(triggered, B)
    triggered.run()

    assert sent_numbers(services) == [[B]]
    assert triggered.query("SELECT kind FROM job WHERE last_error LIKE '%failed (503)'") == ["fetch_attributes"]


def test_trigger_with_error_does_not_block_others(tmp_path, database, services):
    """The overrides of one customer's message cannot be written as JSON."""
    overrides = '{"url": personalization.bad.x ? $sum : "https://shop.test"}'
    options = {name: setting.default for name, setting in providers()["delivyr"].items()}
    options |= {"account_id": "an-account", "api_key": Secret("a-key"), "overrides": overrides}
    services.respond("templates", Reply({"templates": [{"id": "HDS7F3Y2", "name": "Hello", "body": "Hello"}]}))
    services.respond("send_sms", Reply({"message_id": "0123456789abcdef0123", "status": "queued"}))
    channel = {"provider": "delivyr", "kind": "triggered", "options": options}
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, channel=channel)) as bridge:
        bridge.run()
        event = {"channelID": 505, "campaignID": "8001", "templateID": int("HDS7F3Y2", 36)}
        for customer, parameters in (("C1", {"bad": {"x": 1}}), ("C2", {}), ("C3", {})):
            personalization = {"personalInfo": {"PHONE": f"+{A}", "CONSENT": "1"}, **parameters}
            bridge.receive_event(requestId=customer, customerID=customer, personalization=personalization, **event)
        bridge.run(until=NOON + HOUR)

        assert len(services.calls("send_sms")) == 2
        assert bridge.query("SELECT kind, state FROM job WHERE last_error LIKE '%TypeError%'") == [
            ("fetch_attributes", "dead")
        ]


def test_more_triggers_than_the_limit_use_several_batches(triggered, services):
    numbers = [f"4471000{index:05}" for index in range(250)]
    for number in numbers:
        meet_trigger(triggered, number, customerID=number)
    triggered.run()

    calls = sent_numbers(services)
    assert sorted(map(len, calls)) == [50, 200]
    assert sorted(number for call in calls for number in call) == numbers


def test_restart_before_storing_messages_sends_once(triggered, services):
    for number in (A, B):
        meet_trigger(triggered, number)
    with triggered.context.store.write() as tx:
        request = ClaimRequest(owner="run-0", now=NOON, real=0.0)
        claimed = job_queue.claim_batch(tx, request, job_queue.claim(tx, request))
    triggered.run()

    assert (len(claimed), sent_numbers(services)) == (2, [[A, B]])


def test_restart_during_call_repeats_only_absent_messages(triggered, services):
    meet_trigger(triggered, A)
    meet_trigger(triggered, B)
    triggered.run()
    triggered.execute("UPDATE message SET state = 'pending', provider_id = NULL, settled_at = NULL")
    triggered.execute("UPDATE batch SET state = 'sending'")
    triggered.execute("UPDATE job SET state = 'running', owner = 'run-0' WHERE kind = 'send_batch'")
    services.respond("get_history_api", history_reply(A), history_reply())
    triggered.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B], [B]]
    assert triggered.query("SELECT state FROM message") == ["accepted", "accepted"]


def test_triggers_during_a_send_form_the_next_group(triggered, services):
    """The first trigger does not wait for others."""

    def meet_more_triggers(request):
        if len(services.calls("bulk_json")) == 1:
            meet_trigger(triggered, B)
            meet_trigger(triggered, C)
        numbers = [message["number"] for message in json.loads(request.body["data"])["messages"]]
        parts = [{"messages": [{"id": number, "recipient": int(number)}]} for number in numbers]
        return Reply({"messages": parts, "status": "success"})

    services.respond("bulk_json", meet_more_triggers)
    meet_trigger(triggered, A)
    triggered.run()

    assert sent_numbers(services)[0] == [A]
    assert sorted(number for call in sent_numbers(services) for number in call) == [A, B, C]
