"""Obligations that nobody can tell apart: the same number is owed the same text, at the same instant, twice."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from history_builder import FIRST_SEND, Line, Story
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks import delivery, metrics, text, timing, totals
from sendproof_harness.judge.facts.delivery_ledger import ledger

LEDGER_CHECKS = (*delivery.CHECKS, *text.CHECKS, *timing.CHECKS)
REPORT_CHECKS = (*metrics.CHECKS, *totals.CHECKS)

# Of customer 3, whose template is 11: the first message, and the one for the second campaign.
FIRST, SECOND = "0000000003", "again-0000000003"


@pytest.fixture
def twice(sound: Story) -> Story:
    """Two campaigns, alike in everything; the second message to customer 3 was not delivered."""
    story = replace(sound, lines=tuple(again for line in sound.lines for again in _both(line)))
    return story.change(
        "delivery_status", lambda line: line | {"status": "undelivered"} if line["message"] == SECOND else line
    )


def _both(line: Line) -> Iterable[Line]:
    if line["kind"] in {"campaign", "obligation"}:
        return line, line | {"campaign": 7002}
    if line["kind"] in {"delivery", "delivery_status"}:
        return line, line | {"message": f"again-{line['message']}"}
    if line["kind"] == "metrics":
        items: list[Line] = line["items"]  # type: ignore[assignment]
        return (line | {"items": [*items, *(item | {"CampaignID": 7002} for item in items)]},)
    return (line,)


def totalled(story: Story, campaign: int, **values: int) -> Story:
    """Other totals of template 11 in one campaign, from the first push to the last."""
    metric = {"sent": 0, "delivered": 1, "bounced": 9}
    given = {metric[name]: value for name, value in values.items()}

    def change(line: Line) -> Line:
        items: list[Line] = line["items"]  # type: ignore[assignment]
        of = {"CampaignID": campaign, "TemplateID": 11, "ChannelID": 505}
        kept = [item for item in items if item["MetricID"] not in given or not of.items() <= item.items()]
        return line | {"items": [*kept, *(of | {"MetricID": m, "MetricValue": v} for m, v in given.items())]}

    return story.change("metrics", change)


def interactions(campaign: int, event: int, customer: str = "C0000003") -> Line:
    """The bridge says that this happened to a customer."""
    return {"n": 990, "at": iso(FIRST_SEND + DAY), "kind": "interactions", "campaign": campaign, "channel": 505,
            "template": 11, "event_id": event, "date": "2026-03-03", "customers": [customer]}  # fmt: skip


def causes(story: Story) -> list[tuple[str, int | None]]:
    """What is wrong with the reports, and with which campaign."""
    return [(some.cause, some.where.campaign) for some in story.findings(REPORT_CHECKS)]


def named(story: Story) -> dict[tuple[int, str], str]:
    """The fate of each obligation that is not as it should be."""
    fates = ledger(story.history()).recipients
    return {
        (fate.obligation.campaign, fate.obligation.customer): fate.kind
        for fate in fates
        if fate.kind not in {"ok", "withheld"}
    }


def test_sound(twice):
    """Everybody got both messages."""
    assert twice.findings(LEDGER_CHECKS) == []


@pytest.mark.parametrize("bounced", [7001, 7002])
def test_either_campaign_may_have_had_the_message_that_bounced(twice, bounced):
    """Only the bridge knows which message it sent for which campaign."""
    assert causes(totalled(twice, bounced, delivered=3, bounced=1)) == []


def test_the_sum_of_both_must_be_right(twice):
    """One message bounced, so neither none nor two of them may have."""
    none, both = twice, totalled(totalled(twice, 7001, delivered=3, bounced=1), 7002, delivered=3, bounced=1)

    (delivered, bounced) = none.findings(REPORT_CHECKS)
    assert (delivered.cause, delivered.expected, delivered.got) == (
        "the total of delivered is not what the provider said",
        "7",
        "4 for campaign 7001 + 4 for campaign 7002 = 8, lastly pushed 2026-03-09 09:00:00 UTC",
    )
    assert (bounced.expected, bounced.got.partition(",")[0]) == ("1", "0 for campaign 7001 + 0 for campaign 7002 = 0")
    assert {cause for cause, _ in causes(both)} == {
        "the total of delivered is not what the provider said",
        "the total of bounced is not what the provider said",
    }


def test_no_campaign_may_have_more_than_the_range(twice):
    """One of four messages may or may not have bounced; two cannot, whatever the sum is."""
    (finding, *_) = totalled(totalled(twice, 7001, delivered=2, bounced=2), 7002, delivered=5).findings(totals.CHECKS)

    assert (finding.where.campaign, finding.expected, finding.got.partition(",")[0]) == (7001, "3 to 4", "2")


@pytest.mark.parametrize("bounced", [7001, 7002])
def test_interactions_of_either_campaign(twice, bounced):
    """Delivered for one and bounced for the other is true either way round."""
    story = totalled(twice, 7001, delivered=3, bounced=1)
    said = [interactions(bounced, 9), interactions(14003 - bounced, 1), interactions(7001, 0), interactions(7002, 0)]

    assert causes(story.plus(*said)) == []


def test_interactions_of_both_campaigns(twice):
    """One message was delivered; whoever says it of both says it once too often, and so does whoever repeats it."""
    story = totalled(twice, 7001, delivered=3, bounced=1)
    said = [interactions(7001, 1), interactions(7001, 1), interactions(7002, 1)]

    assert causes(story.plus(*said)) == [
        ("interactions: a customer said to be delivered who was not", 7002),
        ("interactions: a customer named twice as delivered", 7001),
    ]


def test_one_of_two_lost(twice):
    """With one message for two, either campaign may have sent it, but not both."""
    story = twice.without("delivery", lambda line: line["message"] == SECOND)

    assert causes(totalled(totalled(story, 7001, sent=3, delivered=3), 7002, sent=4, delivered=4)) == [
        ("sent and dropped are not all the customers targeted", 7001)
    ]
    assert list(named(story).values()) == ["lost"]


def test_a_repeat_may_be_of_either(twice):
    """Three messages for two obligations: either campaign may have sent two."""
    again = next(line for line in twice.of("delivery") if line["message"] == FIRST) | {"message": "third"}
    story = totalled(twice.plus(again), 7001, delivered=3, bounced=1)

    assert causes(totalled(story, 7001, sent=5)) == [("sent and dropped are not all the customers targeted", 7001)]
    assert causes(totalled(story, 7002, sent=5)) == [("sent and dropped are not all the customers targeted", 7002)]
    assert list(named(story).values()) == ["duplicated"]


def test_minutes_apart_are_alike_when_both_were_sent_late(sound):
    """Due two minutes apart and sent together: both in time, whichever is which."""
    due = parse_instant(str(sound.of_customer(3)["due"]))
    second = sound.of_customer(3) | {"campaign": 7002, "due": iso(due + 2 * MINUTE)}
    sent = {"send_at": iso(due + 3 * MINUTE)}
    story = sound.change_delivery_to(3, **sent).plus(second, sound.delivery_to(3) | {"message": SECOND} | sent)

    assert [len(group) for group in ledger(story.history()).interchangeable] == [2]


def test_hours_apart_are_not_alike(sound):
    """Each was sent when it was due, so each is told by its time."""
    due = parse_instant(str(sound.of_customer(3)["due"]))
    second = sound.of_customer(3) | {"campaign": 7002, "due": iso(due + HOUR)}
    story = sound.plus(second, sound.delivery_to(3) | {"message": SECOND, "send_at": iso(due + HOUR)})

    assert ledger(story.history()).interchangeable == ()


def test_without_the_clock_equal_texts_are_alike(sound):
    """Where send times say nothing, they tell nothing apart."""
    header = sound.lines[0] | {"clock": {"mode": "virtual", "start": None, "rate": None, "participants": []}}
    second = sound.of_customer(3) | {"campaign": 7002, "due": iso(FIRST_SEND + DAY)}
    story = Story((header, *sound.without("clock").plus(second, sound.delivery_to(3) | {"message": SECOND}).lines[1:]))

    assert [len(group) for group in ledger(story.history()).interchangeable] == [2]


def test_the_one_that_is_missing_is_lost_and_no_other_late(sound):
    """Owed at nine and at noon, sent at noon: the one of nine is lost, and the one of noon in time."""
    noon = iso(FIRST_SEND + 3 * HOUR)
    story = sound.plus(sound.of_customer(3) | {"campaign": 7002, "due": noon}).change_delivery_to(3, send_at=noon)

    assert named(story) == {(7001, "C0000003"): "lost"}


def test_what_is_late_belongs_to_the_nearest(sound):
    """Owed at nine and at noon, sent at one: the one of noon is an hour late."""
    second = sound.of_customer(3) | {"campaign": 7002, "due": iso(FIRST_SEND + 3 * HOUR)}
    story = sound.plus(second).change_delivery_to(3, send_at=iso(FIRST_SEND + 4 * HOUR))

    assert named(story) == {(7001, "C0000003"): "lost", (7002, "C0000003"): "late"}


def test_a_repeat_belongs_to_the_nearest(sound):
    """Owed on two days, sent twice on the second."""
    tomorrow = iso(FIRST_SEND + DAY)
    again = [sound.delivery_to(3) | {"message": message, "send_at": tomorrow} for message in (SECOND, "third")]
    story = sound.plus(sound.of_customer(3) | {"campaign": 7002, "due": tomorrow}, *again)

    assert named(story) == {(7002, "C0000003"): "duplicated"}


def test_wrong_texts_are_told_apart_by_time(sound):
    """Two damaged texts, accepted in the other order: wrong texts, but in time."""
    noon = iso(FIRST_SEND + 3 * HOUR)
    second = sound.of_customer(3) | {"campaign": 7002, "due": noon, "text": "At noon"}
    damaged = sound.delivery_to(3) | {"text": "??"}
    story = Story((*sound.without("delivery", lambda line: line["message"] == FIRST).lines, second)).plus(
        damaged | {"message": SECOND, "send_at": noon}, damaged
    )

    assert set(named(story).values()) == {"wrong text"}
    assert story.findings(timing.CHECKS) == []


def test_another_spelling_is_told_apart_by_time(sound):
    """Both messages went to the number with a plus, the later campaign first: wrong numbers, but in time."""
    early = sound.of_customer(3) | {"campaign": 7002, "due": iso(FIRST_SEND - HOUR)}
    plus = {"number": f"+{sound.of_customer(3)['number']}"}
    first = sound.delivery_to(3) | plus | {"message": "early", "send_at": iso(FIRST_SEND - HOUR)}
    story = sound.change_delivery_to(3, **plus).plus(early, first)

    assert set(named(story).values()) == {"wrong number"}
    assert story.findings(timing.CHECKS) == []


def test_somebody_elses_number_is_told_apart_by_time(sound):
    """Equal texts that went to numbers of nobody belong to whoever was due then."""
    noon = {"due": iso(FIRST_SEND + 3 * HOUR)}
    same = sound.change("obligation", lambda line: line | {"text": "Hi"}).change(
        "delivery", lambda line: line | {"text": "Hi"}
    )
    story = same.change("obligation", lambda line: line | noon if line["customer"] == "C0000003" else line)
    lost = story.delivery_to(6)["message"]
    story = story.without("delivery", lambda line: line["message"] == lost)
    story = story.change_delivery_to(3, number="447999999999", send_at=noon["due"])

    assert named(story) == {(7001, "C0000003"): "wrong number", (7001, "C0000006"): "lost"}


def test_a_cancelled_campaign_that_was_sent_all_the_same(sound):
    """Nobody was owed tomorrow's message, so it is unexpected; it repeats nothing, for all that its text was owed."""
    tomorrow = iso(FIRST_SEND + DAY)
    cancelled = sound.of_customer(3) | {"campaign": 7002, "due": tomorrow, "owed": False, "reason": "cancelled"}
    sent = sound.delivery_to(3) | {"message": SECOND, "send_at": tomorrow}

    assert named(sound.plus(cancelled | {"text": None}, sent)) == {(7002, "C0000003"): "unexpected"}


def test_each_forbidden_message_counts(sound):
    """Somebody opted out, and two campaigns wrote at one instant: two messages that should not have been."""
    first = sound.of_customer(1)
    sent = sound.delivery_to(4) | {"number": first["number"], "text": "Hi", "send_at": first["due"]}
    story = sound.plus(first | {"campaign": 7002}, sent | {"message": "x"}, sent | {"message": "y"})

    assert set(named(story)) == {(7001, "C0000001"), (7002, "C0000001")}


def test_a_template_that_is_never_reported(sound):
    """Totals that are left out are zero, not right."""
    story = sound.change("metrics", lambda line: line | {"items": [i for i in line["items"] if i["TemplateID"] != 12]})

    assert [(some.cause, some.expected) for some in story.findings(totals.CHECKS)] == [
        ("the total of sent is not what the provider said", "3"),
        ("the total of delivered is not what the provider said", "3"),
    ]


def test_owed_another_message_by_the_same_campaign(twice):
    """Tomorrow's message was delivered, so both campaigns have one that was: whichever bounced today."""
    tomorrow = iso(FIRST_SEND + DAY)
    sent, ended = (
        next(line for line in twice.of(kind) if line["message"] == FIRST) for kind in ("delivery", "delivery_status")
    )
    story = twice.plus(
        twice.of("obligation")[6] | {"due": tomorrow},
        sent | {"message": "third", "send_at": tomorrow},
        ended | {"message": "third"},
        interactions(7001, 1),
        interactions(7002, 1),
    )

    assert not [cause for cause, _ in causes(story) if cause.startswith("interactions")]
