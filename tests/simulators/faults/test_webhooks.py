"""Each fault of a webhook, as its receiver and the history see it."""

MINUTE = 60_000


def receipts(bench, *messages: str) -> None:
    """Send messages; a receipt of each is due three seconds later, in this order."""
    for message in messages:
        assert bench.send(message=message, custom=message).ok


def heard(bench) -> list[str]:
    """Whose receipts came, in order."""
    return [seen.body.get("customID") for seen in bench.listener.calls("receipts")]


def attempts(bench) -> list[tuple[str, int, int | None, str | None]]:
    """Every attempt: its time, number, status, and what struck it."""
    lines = bench.lines("webhook")
    return [(line["at"][11:19], line["attempt"], line["status"], line.get("fault")) for line in lines]


def test_attempts_that_are_lost(bench):
    """They never come; the service's own ladder goes on, and no third attempt is struck."""
    bench.strike("drop_webhook", webhook="textlocal.receipt", attempts=2)
    receipts(bench, "a")
    bench.advance(60 * MINUTE)
    assert attempts(bench) == [
        ("06:00:03", 1, None, "f1"),
        ("06:01:03", 2, None, "f1"),
        ("06:06:03", 3, 200, None),
    ]
    assert [line["dropped"] for line in bench.lines("webhook") if "dropped" in line] == [True, True]
    assert heard(bench) == ["a"]


def test_a_notification_that_comes_again(bench):
    """Each copy says that it is one, and by which fault."""
    bench.strike("duplicate_webhook", webhook="textlocal.receipt", copies=2, nth=2)
    receipts(bench, "a", "b", "c")
    bench.advance(MINUTE)
    assert sorted(heard(bench)) == ["a", "b", "b", "b", "c"]
    struck = [line for line in bench.lines("webhook") if line.get("fault") == "f1"]
    assert sorted(line.get("resend", 0) for line in struck) == [0, 1, 2]
    assert [line["nth"] for line in bench.lines("fault")] == [2]


def test_a_notification_that_is_late(bench):
    """On the sandbox's clock; what comes after it overtakes it."""
    bench.strike("delay_webhook", webhook="textlocal.receipt", where={"customid": "a"}, by=30 * MINUTE)
    receipts(bench, "a", "b")
    bench.advance(60 * MINUTE)
    assert heard(bench) == ["b", "a"]
    assert attempts(bench) == [("06:00:03", 1, 200, None), ("06:30:03", 1, 200, "f1")]


def test_a_notification_that_is_overtaken(bench):
    """By as many as the fault says, at the same instant."""
    bench.strike("reorder_webhook", webhook="textlocal.receipt", behind=2)
    for message in ("a", "b", "c", "d"):
        receipts(bench, message)
        bench.advance(1)
    bench.advance(MINUTE)
    assert heard(bench) == ["b", "c", "a", "d"]


def test_a_notification_that_nothing_overtakes_comes_in_the_end(bench):
    """When its time is over, so that it is not lost."""
    bench.strike("reorder_webhook", webhook="textlocal.receipt", within=10 * MINUTE)
    receipts(bench, "a")
    bench.advance(60 * MINUTE)
    assert attempts(bench) == [("06:10:03", 1, 200, "f1")]


def test_notifications_are_counted_by_what_they_say(bench):
    """A struck one is told of by a line of its own, before that of its first attempt."""
    bench.strike("drop_webhook", webhook="textlocal.receipt", where={"status": "D", "number": "447555000000"}, nth=2)
    receipts(bench, "a", "b")
    bench.advance(3_000)
    (fault,) = bench.lines("fault")
    (webhook,) = [line for line in bench.lines("webhook") if "fault" in line]
    said = {key: fault[key] for key in ("kind", "id", "fault", "target", "service", "name", "nth", "when")}
    assert said == {
        "kind": "fault", "id": "f1", "fault": "drop_webhook", "target": "webhook", "service": "textlocal",
        "name": "receipt", "nth": 2, "when": "before",
    }  # fmt: skip
    assert (webhook["n"], webhook["fault"]) == (fault["n"] + 1, "f1")
    assert bench.call("GET", "/faults")[0]["injected"] == 1


def test_a_receipt_that_comes_before_the_reply_can_be_lost(bench):
    """It goes out in the call itself, and is struck there as any other."""
    bench.strike("drop_webhook", webhook="textlocal.receipt")
    assert bench.send(numbers="447555000013").json()["status"] == "success"
    assert heard(bench) == []
    bench.advance(2 * MINUTE)
    assert len(heard(bench)) == 1
