"""Sending exactly once, for each possible result of a send."""

import json

import pytest

from sendproof_bridge.clock import HOUR, SECOND
from small_bridge import (
    NOON,
    bridge_config,
    metric_values,
    open_small_bridge,
    receive_statuses,
    recipient_row,
    sent_messages,
)
from stand_in import Reply

A, B = "447100000001", "447100000002"


@pytest.fixture
def planned(bridge, services):
    """Start a campaign with two messages that are due now."""
    page = Reply([recipient_row("C1", f"+{A}"), recipient_row("C2", f"+{B}")])
    services.respond("GetCustomerSendDetailsByChannel", page, Reply([]))
    bridge.start_campaign()
    return bridge


def send_reply(*numbers, not_sent=()):
    """Return Textlocal's response to a batch, with accepted numbers and (number, code) of others."""
    parts = [{"messages": [{"id": f"id-{number}", "recipient": int(number)}]} for number in numbers]
    refused = [{"number": number, "error": {"code": code, "message": "no"}} for number, code in not_sent]
    return Reply({"messages": parts, "messages_not_sent": refused, "status": "success"})


def history_reply(*numbers, text="Hello Ann"):
    """Return Textlocal's record with these messages."""
    rows = [{"id": f"id-{number}", "number": number, "message": text} for number in numbers]
    return Reply({"messages": rows, "status": "success"})


EMPTY_HISTORY = Reply({"messages": [], "status": "success"})


def sent_numbers(services):
    """Return the numbers of each call."""
    return [[message["number"] for message in call] for call in sent_messages(services)]


def messages(bridge):
    """Return the number, state and provider id of each message."""
    return bridge.query("SELECT number, state, provider_id FROM message ORDER BY number")


def test_accepted_messages_have_the_provider_ids(planned, services):
    services.respond("bulk_json", send_reply(A, B))
    planned.run()

    assert messages(planned) == [(A, "accepted", f"id-{A}"), (B, "accepted", f"id-{B}")]
    assert planned.query("SELECT state FROM campaign") == ["reporting"]


def test_receipt_url_contains_the_batch(planned, services):
    """Only the URL distinguishes one send from another."""
    planned.run()

    data = json.loads(services.calls("bulk_json")[0].body["data"])
    assert data["receiptUrl"] == "http://bridge.test/webhooks/textlocal/acme/a-token-for-tests/505-7001-0-0"


def test_rejected_message_is_not_retried(planned, services):
    services.respond("bulk_json", send_reply(A, not_sent=[(B, 32)]))
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B]]
    assert planned.query("SELECT state, reason FROM message WHERE number = :n", n=B) == [("rejected", "32 no")]


def test_postponed_message_is_retried_alone(planned, services):
    services.respond("bulk_json", send_reply(A, not_sent=[(B, 7)]), send_reply(B))
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B], [B]]


@pytest.mark.parametrize(
    "lost", [Reply(status=500), Reply(b"<html>"), Reply({"status": "success"}), Reply(b"[" * 100_000)], ids=range(4)
)
def test_lost_response_is_looked_up_and_not_repeated(planned, services, lost):
    services.respond("bulk_json", lost)
    services.respond("get_history_api", history_reply(A, B), EMPTY_HISTORY)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B]]
    assert messages(planned) == [(A, "accepted", f"id-{A}"), (B, "accepted", f"id-{B}")]


def test_id_from_a_receipt_shows_that_the_message_was_sent(planned, services):
    """A click or a STOP names the message before the look-up, and leaves it pending."""

    def name_the_second(_request):
        planned.execute("UPDATE message SET provider_id = :id WHERE number = :n", id=f"id-{B}", n=B)
        return Reply(status=500)

    services.respond("bulk_json", name_the_second)
    services.respond("get_history_api", history_reply(A, B), EMPTY_HISTORY)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B]]
    assert messages(planned) == [(A, "accepted", f"id-{A}"), (B, "accepted", f"id-{B}")]


def test_only_absent_messages_are_sent_again(planned, services):
    """The provider accepted the first message and failed before the second."""
    services.respond("bulk_json", Reply(status=502), send_reply(B))
    services.respond("get_history_api", history_reply(A), EMPTY_HISTORY)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B], [B]]


def test_message_missing_in_response_is_looked_up(planned, services):
    services.respond("bulk_json", send_reply(A))
    services.respond("get_history_api", history_reply(A, B), EMPTY_HISTORY)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B]]
    assert [state for _, state, _ in messages(planned)] == ["accepted", "accepted"]


def test_message_missing_in_response_and_record_is_rejected(planned, services):
    """It may have been sent under another name."""
    services.respond("bulk_json", send_reply(A), send_reply())
    services.respond("get_history_api", EMPTY_HISTORY)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B]]
    assert planned.query("SELECT state, reason FROM message WHERE number = :n", n=B) == [("rejected", "not_mentioned")]
    assert planned.query("SELECT state FROM campaign") == ["reporting"]


def test_postponed_message_is_sent_again_when_others_are_missing(planned, services):
    services.respond("bulk_json", send_reply(not_sent=[(A, 7)]), send_reply(A))
    services.respond("get_history_api", EMPTY_HISTORY)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B], [A]]
    assert [state for _, state, _ in messages(planned)] == ["accepted", "rejected"]


def test_record_with_another_text_does_not_match(planned, services):
    services.respond("bulk_json", Reply(status=500), send_reply(A, B))
    services.respond("get_history_api", history_reply(A, B, text="Bye Ann"), EMPTY_HISTORY)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B], [A, B]]


def test_record_of_another_message_does_not_match(planned, services):
    """The same number got the same text in an earlier campaign, and that message has this id."""
    planned.run()
    services.respond("GetCustomerSendDetailsByChannel", Reply([recipient_row("C1", f"+{A}")]), Reply([]))
    services.respond("bulk_json", Reply(status=500), send_reply(A))
    services.respond(
        "get_history_api",
        Reply({"messages": [{"id": "001", "number": A, "message": "Hello Ann"}], "status": "success"}),
        EMPTY_HISTORY,
    )
    planned.start_campaign(7002)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B], [A], [A]]


def test_failed_look_up_is_retried_without_sending(planned, services):
    services.respond("bulk_json", Reply(status=500))
    services.respond("get_history_api", Reply(status=503))
    planned.run(until=NOON + 6 * HOUR)

    assert sent_numbers(services) == [[A, B]]
    assert [state for _, state, _ in messages(planned)] == ["pending", "pending"]
    assert len(services.calls("get_history_api")) > 10


def test_record_is_not_read_at_once(planned, services):
    """The provider may still process the interrupted call."""
    services.respond("bulk_json", Reply(status=500))
    planned.run(until=NOON + 29 * SECOND)

    assert services.calls("get_history_api") == []


@pytest.mark.parametrize(
    "refusal", [Reply(status=429), Reply(status=404), Reply({"errors": [{"code": 7}], "status": "failure"})]
)
def test_refused_call_is_retried_without_look_up(planned, services, refusal):
    """It certainly had no effect."""
    services.respond("bulk_json", refusal, send_reply(A, B))
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B], [A, B]]
    assert services.calls("get_history_api") == []


def test_rejected_batch_is_retried_then_marked_rejected(planned, services):
    """The sender's name may be registered meanwhile."""
    services.respond(
        "bulk_json", Reply({"errors": [{"code": 43, "message": "Invalid sender name"}], "status": "failure"})
    )
    planned.run(until=NOON + HOUR)

    assert len(sent_numbers(services)) == 6
    assert planned.query("SELECT DISTINCT state, reason FROM message") == [
        ("rejected", "Textlocal bulk_json: 43 Invalid sender name")
    ]


def test_refused_credentials_keep_messages_pending(planned, services):
    """They are sent when an operator has set a valid key."""
    unauthorized = Reply({"errors": [{"code": 3, "message": "Invalid login details"}], "status": "failure"})
    services.respond("bulk_json", unauthorized, unauthorized, send_reply(A, B))
    planned.run(until=NOON + HOUR)

    assert [state for _, state, _ in messages(planned)] == ["accepted", "accepted"]


def test_message_older_than_a_day_is_dropped(planned, services):
    """After an outage, a late offer must not wake people at night."""
    services.respond("bulk_json", Reply(status=401))
    planned.run(until=NOON + 24 * HOUR)
    services.respond("bulk_json", send_reply(A, B))
    calls = len(sent_numbers(services))
    planned.run(until=NOON + 48 * HOUR)

    assert len(sent_numbers(services)) == calls
    assert planned.query("SELECT DISTINCT state, reason FROM message") == [("dropped", "too_late")]
    values = metric_values(services.calls("UpdateCampaignMetrics")[-1])
    assert (values[0], values[5]) == (0, 2)


def test_too_late_after_hours_is_applied(tmp_path, database, services):
    services.respond(
        "GetCustomerSendDetailsByChannel", Reply([recipient_row("C1", f"+{A}", at="2026-03-02 10:30:00")]), Reply([])
    )
    with open_small_bridge(
        tmp_path, bridge_config(tmp_path, services.url, channel={"too_late_after_hours": 1})
    ) as bridge:
        bridge.start_campaign()
        bridge.run()
        assert (sent_numbers(services), bridge.query("SELECT reason FROM message")) == ([], ["too_late"])


def test_restart_during_send_looks_up_before_sending(planned, services):
    """The next start only finds the state `sending`."""
    planned.run(until=NOON)
    planned.execute("UPDATE message SET state = 'pending', provider_id = NULL")
    planned.execute("UPDATE batch SET state = 'sending'")
    planned.execute("UPDATE job SET state = 'running', owner = 'run-0' WHERE kind = 'send_batch'")
    services.respond("get_history_api", history_reply(A, B), EMPTY_HISTORY)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [[A, B]]
    assert [state for _, state, _ in messages(planned)] == ["accepted", "accepted"]


def test_receipt_before_response_keeps_delivered_state(planned, services):
    def deliver_first(_request):
        receive_statuses(planned, (A, "D"))
        return send_reply(A, B)

    services.respond("bulk_json", deliver_first)
    planned.run()

    assert messages(planned) == [(A, "delivered", f"id-{A}"), (B, "accepted", f"id-{B}")]
