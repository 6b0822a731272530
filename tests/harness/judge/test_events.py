"""Reports of single customers by saveEvent."""

import pytest

from fault_helpers import call, struck
from history_builder import FIRST_SEND, Line, Story
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks import events


def event(name: str, customer: object, at: int) -> Line:
    """The bridge told one thing."""
    return {"n": 7_000, "at": iso(at), "real": 0.0, "kind": "engagement", "event": name, "customer": customer,
            "visitor": None, "timestamp": iso(at), "context": {}}  # fmt: skip


def told(sound: Story) -> list[Line]:
    """Everything that happened, each a quarter of an hour after it was known."""
    ended = {line["message"]: line for line in sound.of("delivery_status")}
    numbers = {line["number"]: line for line in sound.of("obligation")}
    lines = [
        event("delivered" if ended[sent["message"]]["status"] == "delivered" else "bounced",
              numbers[sent["number"]]["customer"], parse_instant(str(sent["at"])) + 17 * MINUTE)
        for sent in sound.of("delivery")
    ]  # fmt: skip
    dropped = [line for line in sound.of("obligation") if not line["owed"]]
    return lines + [event("dropped", line["customer"], parse_instant(str(line["due"])) + MINUTE) for line in dropped]


@pytest.fixture
def signed(sound) -> Story:
    """A bridge that reports by saveEvent and pushes no totals."""
    return sound.without("metrics").plus(*told(sound))


def causes(story: Story, *levels: str) -> list[str]:
    """What was found, in short."""
    return [some.cause for some in story.findings(events.CHECKS, *levels)]


def test_sound(signed):
    """Every event is true, complete, told once and in time; totals are not asked for."""
    results = {result.check.id: result for result in signed.verdict().results}

    assert causes(signed) == []
    assert {"events.accurate", "events.cadence"} <= results.keys()
    assert {"metrics.cadence", "metrics.consistent"}.isdisjoint(results)


def test_neither_totals_nor_events(sound):
    """A bridge that reports nothing has not done its work."""
    found = [group.cause for group in sound.without("metrics").verdict().groups if group.check == "metrics.cadence"]

    assert found == ["no metrics for a whole day"]


def test_sent_is_no_event(signed):
    """It is named as what it is, and what came with it in the call as its consequence."""
    refused = call(
        FIRST_SEND + DAY, 8_000, "optimove-metrics", "saveEvent", status=400, summary={"refused_event": "sent"}
    )
    story = signed.without("engagement", lambda line: line["customer"] == "C0000000").plus(refused)

    assert causes(story) == [
        "saveEvent: 'sent' is no event: whoever is not dropped was sent to; nothing of the call was saved",
        "saveEvent: delivered was never told, or only in a call that was refused",
    ]


def test_an_event_that_nobody_knows(signed):
    """Some other name is told by that name."""
    refused = call(
        FIRST_SEND + DAY, 8_000, "optimove-metrics", "saveEvent", status=400, summary={"refused_event": "seen"}
    )

    assert causes(signed.plus(refused)) == ["saveEvent: 'seen' cannot be told, and nothing that came with it was saved"]


def test_untrue(signed):
    """Customer 5 bounced."""
    story = signed.plus(event("delivered", "C0000005", FIRST_SEND + DAY))

    assert causes(story) == ["saveEvent: a customer said to be delivered who was not"]


def test_told_before_it_happened(sound, signed):
    """Nobody can know that yet."""
    story = signed.change(
        "engagement", lambda line: line | {"at": iso(FIRST_SEND - HOUR)} if line["customer"] == "C0000003" else line
    )

    assert causes(story) == ["saveEvent: a customer said to be delivered who was not"]


def test_told_twice(signed):
    """Events add up, so it counts twice."""
    story = signed.plus(event("delivered", "C0000003", FIRST_SEND + DAY))

    assert causes(story) == ["saveEvent: delivered told more often than it happened"]


def test_told_again_after_a_lost_reply(signed):
    """Whether the first call counted, nobody could know."""
    said = struck("connection_reset", "lost", effect=True)
    lost = call(FIRST_SEND, 6_999, "optimove-metrics", "saveEvent", fault=said)
    story = signed.plus(lost, event("delivered", "C0000003", FIRST_SEND + DAY))

    assert causes(story) == []
    assert causes(story, "note") == [
        "saveEvent: delivered told again after a call without a reply, or by a bridge that was killed"
    ]


def test_never_told(signed):
    """Customer 3 was delivered to, and nobody says so."""
    story = signed.without("engagement", lambda line: line["customer"] == "C0000003")

    assert causes(story) == ["saveEvent: delivered was never told"]


def test_told_in_a_call_without_a_reply(signed):
    """It may have counted, so it is neither right nor wrong."""
    said = struck("connection_reset", "lost", effect=False)
    story = signed.without("engagement", lambda line: line["customer"] == "C0000003")
    story = story.plus(call(FIRST_SEND, 6_999, "optimove-metrics", "saveEvent", status=0, fault=said))

    assert causes(story, "unknown") == ["saveEvent: delivered was never told, or its call had no reply"]


def test_told_too_late(signed):
    """A day later is not several times a day."""
    late = {"at": iso(FIRST_SEND + DAY)}
    story = signed.change("engagement", lambda line: line | late if line["customer"] == "C0000003" else line)

    assert causes(story) == ["saveEvent: told too late"]


def test_a_click(signed):
    """One click may be told, a second one not."""
    (message,) = [
        line["message"] for line in signed.of("delivery") if line["number"] == signed.of_customer(3)["number"]
    ]
    clicked = {"n": 6_000, "at": iso(FIRST_SEND + HOUR), "real": 0.0, "kind": "click", "service": "textlocal",
               "message": message, "number": signed.of_customer(3)["number"]}  # fmt: skip
    once = signed.plus(clicked, event("clicked", "C0000003", FIRST_SEND + 2 * HOUR))

    assert causes(once) == []
    assert causes(once.plus(event("clicked", "C0000003", FIRST_SEND + 3 * HOUR))) == [
        "saveEvent: clicked told more often than it happened"
    ]
