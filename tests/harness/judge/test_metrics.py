"""Reports: how often, whether they add up, and whether they are true."""

import pytest

from history_builder import FIRST_SEND, Line, Story
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks import metrics, totals

CHECKS = (*metrics.CHECKS, *totals.CHECKS)


def causes(story: Story, *levels: str) -> list[str]:
    """What was found, in short."""
    return [some.cause for some in story.findings(CHECKS, *levels)]


def with_value(story: Story, template: int, metric: int, value: int, since: int = 0) -> Story:
    """Another total of one template's metric, from some time on."""

    def change(line: Line) -> Line:
        if line["at"] < iso(since):
            return line
        items = [item | {"MetricValue": value} if (item["TemplateID"], item["MetricID"]) == (template, metric) else item
                 for item in line["items"]]  # fmt: skip
        return line | {"items": items}

    return story.change("metrics", change)


def interactions(*customers: str, event: int = 1, template: int = 11) -> Line:
    """The bridge names customers to whom something happened."""
    return {"n": 990, "at": iso(FIRST_SEND + DAY), "kind": "interactions", "campaign": 7001, "channel": 505,
            "template": template, "event_id": event, "date": "2026-03-03", "customers": list(customers)}  # fmt: skip


def test_sound(sound):
    """Pushes every six hours for a week, with the totals of the provider."""
    assert causes(sound, "fail", "unknown", "note") == []
    assert [check.run(sound.history()).looked_at for check in CHECKS] == [7, 9, 9]


def clicked(message: str) -> Line:
    """The provider told the bridge of a click."""
    return {"n": 991, "at": iso(FIRST_SEND + HOUR), "kind": "webhook", "service": "delivyr", "event": "clicked",
            "key": f"clicked:{message}:1", "url": "http://127.0.0.1:9000/x", "attempt": 1, "status": 200,
            "error": None}  # fmt: skip


def test_clicks_that_were_told_and_never_reported(sound):
    """Worth a note, as no document demands that they are reported."""
    story = sound.plus(clicked(sound.delivery_to(0)["message"]))

    assert causes(story, "fail", "unknown", "note") == ["clicks were told to the bridge, and it reported none"]
    assert causes(story.plus(interactions("C0000000", event=3)), "note") == []


def test_stops_on_day_six(sound):
    """Reporting that stops early is found on each day without it."""
    story = sound.without("metrics", lambda line: line["at"] >= iso(FIRST_SEND + 5 * DAY))

    assert causes(story) == ["no metrics for a whole day: they stopped after day 5"] * 2


def test_once_a_day(sound):
    """Once a day is not several times a day."""
    days = {iso(FIRST_SEND + day * DAY + 6 * HOUR) for day in range(7)}
    story = sound.without("metrics", lambda line: line["at"] not in days)

    assert causes(story) == ["metrics pushed too seldom"] * 7


def test_several_calls_are_one_push(sound):
    """A push that needs many calls at one moment is one push all the same."""
    days = {iso(FIRST_SEND + day * DAY + 6 * HOUR) for day in range(7)}
    once = sound.without("metrics", lambda line: line["at"] not in days)

    assert causes(once.plus(*once.of("metrics"), *once.of("metrics"))) == ["metrics pushed too seldom"] * 7


def test_clock_not_observed(sound):
    """A bridge that lives by another clock pushes at its own times, so its pace is unknown, not wrong."""
    header = sound.lines[0] | {"clock": {"mode": "virtual", "start": None, "rate": None, "participants": []}}
    story = Story((header, *sound.without("clock").without("metrics").lines[1:]))

    (finding,) = [some for some in story.findings(CHECKS) if some.check == "metrics.cadence"]
    assert (finding.level, finding.got) == ("unknown", "a virtual clock without the bridge, and 0 pushes")


def test_history_ends_early(sound):
    """Days that were not over are not judged; when that is all of them, the check is unknown."""
    header = sound.lines[0] | {"ended": iso(FIRST_SEND + 20 * HOUR)}
    story = Story((header, *sound.without("metrics").lines[1:]))
    cadence = next(result for result in story.verdict().results if result.check.id == "metrics.cadence")

    assert (cadence.status, cadence.looked_at) == ("unknown", 0)
    assert causes(story, "note") == ["the history ends before the seven days are over"]


def test_dropped_forgotten(sound):
    """Customers who are neither sent to nor dropped are missing from the sum."""
    assert causes(with_value(sound, 12, 5, 0)) == ["sent and dropped are not all the customers targeted"]


def test_shrinking(sound):
    """A total that shrinks is wrong, whatever the truth is."""
    story = with_value(sound, 11, 1, 9)

    assert "the total of delivered shrank" not in causes(story)
    assert "the total of delivered shrank" in causes(with_value(story, 11, 1, 4, since=FIRST_SEND + DAY))


def test_more_delivered_than_sent(sound):
    """More receipts than messages cannot be."""
    assert causes(with_value(sound, 11, 1, 5)) == [
        "more delivered or bounced than sent",
        "the total of delivered is not what the provider said",
    ]


def test_delivered_not_counted(sound):
    """A total below what the provider said is a receipt that got lost in the bridge."""
    (finding,) = with_value(sound, 11, 1, 3).findings(CHECKS)

    assert finding.cause == "the total of delivered is not what the provider said"
    assert (finding.expected, finding.got) == ("4", "3, lastly pushed 2026-03-09 09:00:00 UTC")


def test_receipt_on_its_way(sound):
    """A receipt of the last minutes may or may not be in the last total."""
    late = sound.of("delivery_status")[0]["message"]
    story = sound.change(
        "delivery_status", lambda line: line | {"at": iso(FIRST_SEND + 7 * DAY)} if line["message"] == late else line
    )

    assert causes(story) == []
    assert causes(with_value(story, 11, 1, 3)) == []


@pytest.mark.parametrize("bounced", [0, 1])
def test_expired_may_be_counted(sound, bounced):
    """The provider does not post that a message expired, so a bridge that does not ask cannot know."""
    story = sound.change(
        "delivery_status", lambda line: line | {"status": "expired"} if line["message"] == "0000000005" else line
    )

    assert causes(with_value(story, 13, 9, 1 + bounced)) == []
    assert causes(with_value(story, 13, 9, 0)) == ["the total of bounced is not what the provider said"]


def delivered_after_all(story: Story, after: int) -> Story:
    """The provider says of the bounced message to customer 5, so much later, that it was delivered."""
    first = next(line for line in story.of("delivery_status") if line["message"] == "0000000005")
    return story.plus(first | {"at": iso(parse_instant(str(first["at"])) + after), "status": "delivered"})


@pytest.mark.parametrize(("bounced", "delivered"), [(2, 1), (1, 2), (2, 2)])
def test_a_word_that_was_taken_back_may_stand(sound, bounced, delivered):
    """It may have been reported already, and totals never shrink."""
    story = delivered_after_all(sound, HOUR)

    assert causes(with_value(with_value(story, 13, 9, bounced), 13, 1, delivered)) == (
        ["more delivered or bounced than sent"] if bounced + delivered > 3 else []
    )
    assert causes(story.plus(interactions("C0000005", event=9, template=13))) == []
    assert causes(story.plus(interactions("C0000005", event=1, template=13))) == []


def test_the_last_word_counts_when_it_came_soon(sound):
    """Whoever heard both within a minute knows which is newer, in whatever order they came."""
    story = delivered_after_all(sound, MINUTE)

    assert causes(with_value(with_value(story, 13, 9, 1), 13, 1, 2)) == []
    assert set(causes(story)) == {
        "the total of bounced is not what the provider said",
        "the total of delivered is not what the provider said",
    }


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        ("CampaignID", 7999, "metrics of a campaign that does not exist on this channel"),
        ("ChannelID", 506, "metrics of a campaign that does not exist on this channel"),
        ("TemplateID", 99, "metrics of a template that the campaign does not use"),
        ("MetricID", 77, "a metric that nobody knows"),
    ],
)
def test_foreign(sound, field, value, cause):
    """Totals of something that the run does not know are found."""
    extra = sound.of("metrics")[-1]
    story = sound.plus(extra | {"items": [extra["items"][0] | {field: value}]})

    assert causes(story) == [cause]


def test_interactions_sound(sound):
    """Reporting exactly the customers that got their message, and those that bounced, is true."""
    story = sound.plus(interactions("C0000000", "C0000003"), interactions("C0000005", event=9, template=13))

    assert causes(story) == []


def test_interaction_of_somebody_not_delivered(sound):
    """A customer whose message bounced must not be said to have got it."""
    (finding,) = sound.plus(interactions("C0000000", "C0000005")).findings(CHECKS)

    assert (finding.cause, finding.where.customer, finding.got) == (
        "interactions: a customer said to be delivered who was not", "C0000005", "undelivered",
    )  # fmt: skip


def test_interaction_of_a_stranger(sound):
    """A customer who is not in the campaign has no business in its report; an id without its letter is a stranger."""
    assert causes(sound.plus(interactions("0000000"))) == ["interactions: a customer outside the campaign"]


def test_values_that_are_added_up(sound):
    """Where Optimove adds, a bridge tells what is new; what it told before is not less."""
    header = sound.lines[0] | {"dialects": {"optimove.metric_values": "additive"}}
    first, *others = sound.of("metrics")
    nothing = [item | {"MetricValue": 0} for item in first["items"]]
    story = Story((header, *sound.without("metrics").lines[1:])).plus(
        first, *(push | {"items": nothing} for push in others)
    )

    assert causes(story) == []
    assert set(causes(story.plus(first))) >= {"sent and dropped are not all the customers targeted"}


@pytest.mark.parametrize(("value", "expected"), [(0, []), (1, ["the total of clicked is more than there were"])])
def test_more_clicks_than_there_were(sound, value, expected):
    """Nobody followed a link."""
    push = sound.of("metrics")[-1]
    clicked = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": 3, "MetricValue": value}

    assert causes(sound.plus(push | {"items": [*push["items"], clicked]})) == expected


def test_unsubscribed_who_did_not(sound):
    """An interaction names somebody who never opted out."""
    story = sound.plus(interactions("C0000003", event=4))

    assert causes(story) == ["interactions: a customer said to be unsubscribed who was not"]


def test_named_twice(sound):
    """Optimove adds up calls, so the second one counts again."""
    story = sound.plus(interactions("C0000003"), interactions("C0000003"))

    assert causes(story) == ["interactions: a customer named twice as delivered"]
