"""Triggers that wait together go out together, and each is still sent exactly once."""

import json

import pytest

from sendproof_bridge.clock import HOUR
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.providers import providers
from sendproof_bridge.storage import job_queue
from sendproof_bridge.storage.job_queue import ClaimRequest
from small_bridge import NOON, opened, settings
from stand_in import Says

A, B, C = "447100000001", "447100000002", "447100000003"


@pytest.fixture
def triggered(tmp_path, outside):
    """A bridge whose one channel is for triggers, and which knows its templates."""
    with opened(tmp_path, settings(tmp_path, outside.url, channel={"kind": "triggered"})) as made:
        made.work()
        yield made


def meet(small, number, request="once", **other):
    """The customer with this number meets a trigger."""
    person = {"PHONE": f"+{number}", "CONSENT": "1", "FIRST_NAME": "Ann", **other.pop("person", {})}
    about = {"channelID": 505, "campaignID": "8001", "templateID": 11, "customerID": f"C{number[-1]}", **other}
    small.tell(requestId=f"{number}-{request}", personalization={"personalInfo": person}, **about)


def sent(outside):
    """The numbers of each call, both in order."""
    calls = [json.loads(call.body["data"])["messages"] for call in outside.calls("bulk_json")]
    return sorted(sorted(one["number"] for one in call) for call in calls)


def record(*numbers):
    """What Textlocal's record holds."""
    rows = [{"id": f"id-{number}", "number": number, "message": "Hello Ann"} for number in numbers]
    return Says({"messages": rows, "status": "success"})


def test_what_waits_of_one_campaign_goes_out_in_one_call(triggered, outside):
    """A call of its own for each would be too slow for a busy evening."""
    for number in (A, B, C):
        meet(triggered, number)
    triggered.work()

    assert sent(outside) == [[A, B, C]]


def test_campaigns_are_sent_apart(triggered, outside):
    """Each batch belongs to one campaign, which may be cancelled."""
    meet(triggered, A)
    meet(triggered, B)
    meet(triggered, C, campaignID="8002")
    triggered.work()

    assert sent(outside) == [[A, B], [C]]


def test_two_events_of_one_number_go_out_in_two_calls(triggered, outside):
    """A receipt names nothing but the number."""
    meet(triggered, A, "one")
    meet(triggered, A, "two")
    meet(triggered, B)
    triggered.work()

    assert sent(outside) in ([[A], [A, B]], [[A, B], [A]])


def test_an_event_that_is_told_twice_in_one_group_is_sent_once(triggered, outside):
    """As if it had been told again later."""
    for number in (A, B, A):
        meet(triggered, number)
    triggered.work()

    assert sent(outside) == [[A, B]]


def test_whoever_may_not_be_sent_to_does_not_hold_up_the_others(triggered, outside):
    """One is dropped, the others go out together."""
    meet(triggered, A, person={"CONSENT": "0"})
    meet(triggered, B)
    meet(triggered, C)
    triggered.work()

    assert sent(outside) == [[B, C]]
    assert triggered.rows("SELECT customer, reason FROM message WHERE state = 'dropped'") == [("C1", "opted_out")]


def test_whoever_must_be_looked_up_does_not_hold_up_the_others(triggered, outside):
    """Optimove does not answer; what needs nothing of it goes out."""
    outside.say("Attributes", Says(status=503))
    triggered.tell(requestId="bare", channelID=505, campaignID="8001", templateID=11, customerID="C9")
    meet(triggered, B)
    triggered.work()

    assert sent(outside) == [[B]]
    assert triggered.rows("SELECT kind FROM job WHERE last_error LIKE '%failed (503)'") == ["fetch_attributes"]


def test_an_event_that_is_the_cause_of_a_fault_does_not_hold_up_the_others(tmp_path, outside):
    """Its job says what is wrong with it. Here the overrides of one customer's message cannot be written as JSON."""
    overrides = '{"url": personalization.bad.x ? $sum : "https://shop.test"}'
    options = {name: setting.default for name, setting in providers()["delivyr"].items()}
    options |= {"account_id": "an-account", "api_key": Secret("a-key"), "overrides": overrides}
    outside.say("templates", Says({"templates": [{"id": "HDS7F3Y2", "name": "Hello", "body": "Hello"}]}))
    outside.say("send_sms", Says({"message_id": "0123456789abcdef0123", "status": "queued"}))
    channel = {"provider": "delivyr", "kind": "triggered", "options": options}
    with opened(tmp_path, settings(tmp_path, outside.url, channel=channel)) as small:
        small.work()
        for customer, happened in (("C1", {"bad": {"x": 1}}), ("C2", {}), ("C3", {})):
            person = {"personalInfo": {"PHONE": f"+{A}", "CONSENT": "1"}, **happened}
            about = {"channelID": 505, "campaignID": "8001", "templateID": int("HDS7F3Y2", 36), "customerID": customer}
            small.tell(requestId=customer, personalization=person, **about)
        small.work(until=NOON + HOUR)

        assert len(outside.calls("send_sms")) == 2
        assert small.rows("SELECT kind, state FROM job WHERE last_error LIKE '%TypeError%'") == [
            ("fetch_attributes", "dead")
        ]


def test_more_than_one_transaction_should_hold_go_out_in_several(triggered, outside):
    """Nobody is left behind."""
    numbers = [f"4471000{index:05}" for index in range(250)]
    for number in numbers:
        meet(triggered, number, customerID=number)
    triggered.work()

    calls = sent(outside)
    assert sorted(map(len, calls)) == [50, 200]
    assert sorted(number for call in calls for number in call) == numbers


def test_a_bridge_that_died_before_it_stored_the_messages_sends_them_once(triggered, outside):
    """The next start finds all of the group running, and its owner dead."""
    for number in (A, B):
        meet(triggered, number)
    with triggered.bridge.store.write() as tx:
        claimant = ClaimRequest(owner="run-0", now=NOON, real=0.0)
        taken = job_queue.claim_batch(tx, claimant, job_queue.claim(tx, claimant))
    triggered.work()

    assert (len(taken), sent(outside)) == (2, [[A, B]])


def test_a_bridge_that_died_during_the_call_repeats_only_what_did_not_go_out(triggered, outside):
    """The provider's record has one of the two."""
    meet(triggered, A)
    meet(triggered, B)
    triggered.work()
    triggered.change("UPDATE message SET state = 'pending', provider_id = NULL, settled_at = NULL")
    triggered.change("UPDATE batch SET state = 'sending'")
    triggered.change("UPDATE job SET state = 'running', owner = 'run-0' WHERE kind = 'send_batch'")
    outside.say("get_history_api", record(A), record())
    triggered.work(until=NOON + HOUR)

    assert sent(outside) == [[A, B], [B]]
    assert triggered.rows("SELECT state FROM message") == ["accepted", "accepted"]


def test_what_comes_while_others_are_sent_goes_out_as_the_next_group(triggered, outside):
    """Nothing is kept back for company: the first is alone."""

    def others_come(seen):
        if len(outside.calls("bulk_json")) == 1:
            meet(triggered, B)
            meet(triggered, C)
        numbers = [one["number"] for one in json.loads(seen.body["data"])["messages"]]
        parts = [{"messages": [{"id": number, "recipient": int(number)}]} for number in numbers]
        return Says({"messages": parts, "status": "success"})

    outside.say("bulk_json", others_come)
    meet(triggered, A)
    triggered.work()

    assert sent(outside)[0] == [A]
    assert sorted(number for call in sent(outside) for number in call) == [A, B, C]
