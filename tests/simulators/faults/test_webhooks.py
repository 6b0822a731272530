"""Each fault of a webhook, as seen by its receiver and in the history."""

import pytest

from sendproof_simulators.core.messaging.delivery_outcomes import number_for_code

MINUTE = 60_000


def receipts(bench, *messages: str) -> None:
    """Send messages; their receipts are due three seconds later, in this order."""
    for message in messages:
        assert bench.send(message=message, custom=message).ok


def received(bench) -> list[str]:
    """Return the messages of the receipts, in order of arrival."""
    return [seen.body.get("customID") for seen in bench.listener.calls("receipts")]


def attempts(bench) -> list[tuple[str, int, int | None, str | None]]:
    """Return (time, number, status, fault id) of each attempt."""
    lines = bench.lines("webhook")
    return [(line["at"][11:19], line["attempt"], line["status"], line.get("fault")) for line in lines]


def test_drop_webhook_fault_drops_attempts_and_keeps_the_retry_policy(bench):
    bench.inject("drop_webhook", webhook="textlocal.receipt", attempts=2)
    receipts(bench, "a")
    bench.advance(60 * MINUTE)
    assert attempts(bench) == [
        ("06:00:03", 1, None, "f1"),
        ("06:01:03", 2, None, "f1"),
        ("06:06:03", 3, 200, None),
    ]
    assert [line["dropped"] for line in bench.lines("webhook") if "dropped" in line] == [True, True]
    assert received(bench) == ["a"]


def test_duplicate_webhook_fault_marks_each_copy(bench):
    bench.inject("duplicate_webhook", webhook="textlocal.receipt", copies=2, nth=2)
    receipts(bench, "a", "b", "c")
    bench.advance(MINUTE)
    assert sorted(received(bench)) == ["a", "b", "b", "b", "c"]
    copies = [line for line in bench.lines("webhook") if line.get("fault") == "f1"]
    assert sorted(line.get("resend", 0) for line in copies) == [0, 1, 2]
    assert [line["nth"] for line in bench.lines("fault")] == [2]


def test_delay_webhook_fault_delays_one_webhook(bench):
    bench.inject("delay_webhook", webhook="textlocal.receipt", where={"customid": "a"}, by=30 * MINUTE)
    receipts(bench, "a", "b")
    bench.advance(60 * MINUTE)
    assert received(bench) == ["b", "a"]
    assert attempts(bench) == [("06:00:03", 1, 200, None), ("06:30:03", 1, 200, "f1")]


def test_reorder_webhook_fault_lets_later_webhooks_overtake(bench):
    bench.inject("reorder_webhook", webhook="textlocal.receipt", behind=2)
    for message in ("a", "b", "c", "d"):
        receipts(bench, message)
        bench.advance(1)
    bench.advance(MINUTE)
    assert received(bench) == ["b", "c", "a", "d"]


def test_reordered_webhook_is_sent_when_its_time_is_over(bench):
    bench.inject("reorder_webhook", webhook="textlocal.receipt", within=10 * MINUTE)
    receipts(bench, "a")
    bench.advance(60 * MINUTE)
    assert attempts(bench) == [("06:10:03", 1, 200, "f1")]


def test_webhooks_are_counted_by_their_fields(bench):
    bench.inject("drop_webhook", webhook="textlocal.receipt", where={"status": "D", "number": "447555000000"}, nth=2)
    receipts(bench, "a", "b")
    bench.advance(3_000)
    (fault,) = bench.lines("fault")
    (webhook,) = [line for line in bench.lines("webhook") if "fault" in line]
    fields = {key: fault[key] for key in ("kind", "id", "fault", "target", "service", "name", "nth", "when")}
    assert fields == {
        "kind": "fault", "id": "f1", "fault": "drop_webhook", "target": "webhook", "service": "textlocal",
        "name": "receipt", "nth": 2, "when": "before",
    }  # fmt: skip
    assert (webhook["n"], webhook["fault"]) == (fault["n"] + 1, "f1")
    assert bench.call("GET", "/faults")[0]["injected"] == 1


def test_receipt_before_the_response_can_be_dropped(bench):
    bench.inject("drop_webhook", webhook="textlocal.receipt")
    assert bench.send(numbers="447555000013").json()["status"] == "success"
    assert received(bench) == []
    bench.advance(2 * MINUTE)
    assert len(received(bench)) == 1


def test_forged_webhook_fault_surrounds_a_failure_by_copies_with_another_token(bench):
    bench.inject("forged_webhook", webhook="textlocal.receipt", times="all", secret="receipts")
    receipts(bench, "delivered")
    assert bench.send(numbers=number_for_code("GB", "03"), custom="failed").ok
    bench.advance(MINUTE)
    posted = {
        path: [seen.body["status"] for seen in bench.listener.calls(path) if seen.body["customID"] == "failed"]
        for path in ("receipts", "00000000")
    }
    assert posted == {"receipts": ["U"], "00000000": ["D", "D"]}
    assert [(line["wrong"], line["status"]) for line in bench.lines("forged_webhook")] == [("token", 200)] * 2


def send_failure(bench, path: str, **more: str) -> list[bool | None]:
    """Send a message that fails, with its receipts to a path.

    Return whether each forged copy of its receipt before the real one had the token of another client.
    """
    failed = number_for_code("GB", "03")
    bench.inject("forged_webhook", webhook="textlocal.receipt", secret="own-token", other_secret="other-token")
    assert bench.send(numbers=failed, receipt_url=f"{bench.listener.url}/{path}", **more).ok
    bench.advance(MINUTE)
    posted = [seen.body["status"] for seen in bench.listener.received if seen.body["number"] == failed]
    copies = [line.get("of_other_client") for line in bench.lines("forged_webhook")]
    count = len(copies) // 2
    assert posted == ["D"] * count + ["U"] + ["D"] * count
    assert copies[:count] == copies[count:]
    return copies[:count]


def send_receipts(bench, *paths: str) -> None:
    """Send messages that are delivered, with their receipts to these paths."""
    for path in paths:
        assert bench.send(receipt_url=f"{bench.listener.url}/{path}").ok
    bench.advance(MINUTE)


@pytest.mark.parametrize(
    ("own", "other", "is_forged"),
    [
        ("north/own-token/17", "south/other-token/3", True),
        ("?client=north&token=own-token", "?client=south&token=other-token", True),
        ("own-token", "other-token", False),
        ("hooks/own-token/17", "hooks/other-token/3", False),
        ("own-token/north", "other-token/south", False),
        ("17/north/own-token", "3/south/other-token", False),
        ("north/own-token", "south/no-token", False),
        ("receipts/own-token", "south/receipts/other-token", False),
    ],
)
def test_token_of_another_client_is_only_tried_where_the_address_names_the_client(bench, own, other, is_forged):
    """Where tokens alone tell clients apart, the copy would be a genuine receipt of the other client."""
    send_receipts(bench.guest(), other, other)
    send_receipts(bench, own)
    assert send_failure(bench, own) == [None, *[True] * is_forged]


@pytest.mark.parametrize("others", [(), ("south/other-token",)])
def test_token_of_another_client_is_not_tried_before_its_addresses_are_known(bench, others):
    send_receipts(bench.guest(), *others)
    send_receipts(bench, "north/own-token")
    assert send_failure(bench, "north/own-token") == [None]


def test_part_of_the_address_of_each_message_is_not_taken_for_the_name_of_a_client(bench):
    send_receipts(bench.guest(), "3/other-token", "4/other-token")
    send_receipts(bench, "16/own-token")
    assert send_failure(bench, "17/own-token") == [None]


@pytest.mark.parametrize(
    ("audience", "more"),
    [
        ({}, {"custom": "7001-C0000003"}),
        ({"outcomes": {"undelivered after 3 s": 1}}, {}),
    ],
)
def test_token_of_another_client_is_not_tried_for_a_message_that_this_client_could_have(bench, audience, more):
    """A bridge may go by the token alone, whatever name is in the address."""
    send_receipts(bench.guest(**audience), "south/other-token", "south/other-token")
    send_receipts(bench, "north/own-token")
    assert send_failure(bench, "north/own-token", **more) == [None]


def test_secrets_of_a_forged_webhook_are_not_in_the_history(bench):
    """They are the bridge's tokens for webhooks, and a history is shown to others."""
    secrets = {"secret": "a-token-of-the-bridge", "other_secret": "a-token-of-another"}
    bench.inject("forged_webhook", webhook="textlocal.receipt", **secrets)
    history = str(bench.simulators.history(bench.name))
    assert "'fault': 'forged_webhook'" in history
    assert [secret in history for secret in secrets.values()] == [False, False]


def test_forged_webhook_fault_is_not_injected_without_a_proof_of_origin(bench):
    bench.inject("forged_webhook", webhook="textlocal.receipt", times="all", secret="another")
    assert bench.send(numbers=number_for_code("GB", "03"), custom="failed").ok
    bench.advance(MINUTE)
    assert attempts(bench) == [("06:00:03", 1, 200, None)]
    assert bench.lines("fault", "forged_webhook") == []
