"""Reports of single customers by saveEvent."""

import pytest

from fault_helpers import fault_effect, request_line
from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks import events


def event(name: str, customer: object, at: int) -> Line:
    """The bridge told one thing."""
    return {"n": 7_000, "at": iso(at), "real": 0.0, "kind": "engagement", "event": name, "customer": customer,
            "visitor": None, "timestamp": iso(at), "context": {}}  # fmt: skip


def told(correct_run: HistoryBuilder) -> list[Line]:
    """Everything that happened, each a quarter of an hour after it was known."""
    ended = {line["message"]: line for line in correct_run.lines_of("delivery_status")}
    numbers = {line["number"]: line for line in correct_run.lines_of("obligation")}
    lines = [
        event("delivered" if ended[sent["message"]]["status"] == "delivered" else "bounced",
              numbers[sent["number"]]["customer"], parse_instant(str(sent["at"])) + 17 * MINUTE)
        for sent in correct_run.lines_of("delivery")
    ]  # fmt: skip
    dropped = [line for line in correct_run.lines_of("obligation") if not line["owed"]]
    return lines + [event("dropped", line["customer"], parse_instant(str(line["due"])) + MINUTE) for line in dropped]


@pytest.fixture
def signed(correct_run) -> HistoryBuilder:
    """A bridge that reports by saveEvent and pushes no totals."""
    return correct_run.without("metrics").plus(*told(correct_run))


def causes(run: HistoryBuilder, *levels: str) -> list[str]:
    """What was found, in short."""
    return [some.cause for some in run.findings(events.CHECKS, *levels)]


def test_sound(signed):
    """Every event is true, complete, told once and in time; totals are not asked for."""
    results = {result.check.id: result for result in signed.verdict().results}

    assert causes(signed) == []
    assert {"events.accurate", "events.cadence"} <= results.keys()
    assert {"metrics.cadence", "metrics.consistent"}.isdisjoint(results)


def test_neither_totals_nor_events(correct_run):
    """A bridge that reports nothing has not done its work."""
    found = [
        group.cause for group in correct_run.without("metrics").verdict().groups if group.check == "metrics.cadence"
    ]

    assert found == ["no metrics for a whole day"]


def test_sent_is_no_event(signed):
    """It is named as what it is, and what came with it in the call as its consequence."""
    refused = request_line(
        FIRST_SEND + DAY, 8_000, "optimove-metrics", "saveEvent", status=400, summary={"refused_event": "sent"}
    )
    run = signed.without("engagement", lambda line: line["customer"] == "C0000000").plus(refused)

    assert causes(run) == [
        "saveEvent: 'sent' is no event, because each customer who is not dropped counts as sent; nothing in the request was saved",
        "saveEvent: delivered was never reported, or only in a rejected request",
    ]


def test_an_event_that_nobody_knows(signed):
    """Some other name is told by that name."""
    refused = request_line(
        FIRST_SEND + DAY, 8_000, "optimove-metrics", "saveEvent", status=400, summary={"refused_event": "seen"}
    )

    assert causes(signed.plus(refused)) == [
        "saveEvent: 'seen' cannot be reported, and nothing in the request was saved"
    ]


def test_untrue(signed):
    """Customer 5 bounced."""
    run = signed.plus(event("delivered", "C0000005", FIRST_SEND + DAY))

    assert causes(run) == ["saveEvent: a customer was reported as delivered but was not"]


def test_told_before_it_happened(correct_run, signed):
    """Nobody can know that yet."""
    run = signed.change(
        "engagement", lambda line: line | {"at": iso(FIRST_SEND - HOUR)} if line["customer"] == "C0000003" else line
    )

    assert causes(run) == ["saveEvent: a customer was reported as delivered but was not"]


def test_told_twice(signed):
    """Events add up, so it counts twice."""
    run = signed.plus(event("delivered", "C0000003", FIRST_SEND + DAY))

    assert causes(run) == ["saveEvent: delivered reported more often than it happened"]


def test_told_again_after_a_lost_reply(signed):
    """Whether the first call counted, nobody could know."""
    said = fault_effect("connection_reset", "lost", effect=True)
    lost = request_line(FIRST_SEND, 6_999, "optimove-metrics", "saveEvent", fault=said)
    run = signed.plus(lost, event("delivered", "C0000003", FIRST_SEND + DAY))

    assert causes(run) == []
    assert causes(run, "note") == [
        "saveEvent: delivered reported again after a lost response, or after the bridge was killed"
    ]


def test_never_told(signed):
    """Customer 3 was delivered to, and nobody says so."""
    run = signed.without("engagement", lambda line: line["customer"] == "C0000003")

    assert causes(run) == ["saveEvent: delivered was never reported"]


def test_told_in_a_call_without_a_reply(signed):
    """It may have counted, so it is neither right nor wrong."""
    said = fault_effect("connection_reset", "lost", effect=False)
    run = signed.without("engagement", lambda line: line["customer"] == "C0000003")
    run = run.plus(request_line(FIRST_SEND, 6_999, "optimove-metrics", "saveEvent", status=0, fault=said))

    assert causes(run, "unknown") == ["saveEvent: delivered was never reported, or its request got no response"]


def test_told_too_late(signed):
    """A day later is not several times a day."""
    late = {"at": iso(FIRST_SEND + DAY)}
    run = signed.change("engagement", lambda line: line | late if line["customer"] == "C0000003" else line)

    assert causes(run) == ["saveEvent: reported too late"]


def test_a_click(signed):
    """One click may be told, a second one not."""
    (message,) = [
        line["message"] for line in signed.lines_of("delivery") if line["number"] == signed.obligation_of(3)["number"]
    ]
    clicked = {"n": 6_000, "at": iso(FIRST_SEND + HOUR), "real": 0.0, "kind": "click", "service": "textlocal",
               "message": message, "number": signed.obligation_of(3)["number"]}  # fmt: skip
    once = signed.plus(clicked, event("clicked", "C0000003", FIRST_SEND + 2 * HOUR))

    assert causes(once) == []
    assert causes(once.plus(event("clicked", "C0000003", FIRST_SEND + 3 * HOUR))) == [
        "saveEvent: clicked reported more often than it happened"
    ]
