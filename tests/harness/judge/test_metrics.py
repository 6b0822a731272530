"""Reports: how often, whether they add up, and whether they are true."""

import pytest

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks import metrics, totals

CHECKS = (*metrics.CHECKS, *totals.CHECKS)


def causes(run: HistoryBuilder, *levels: str) -> list[str]:
    """What was found, in short."""
    return [some.cause for some in run.findings(CHECKS, *levels)]


def with_value(run: HistoryBuilder, template: int, metric: int, value: int, since: int = 0) -> HistoryBuilder:
    """Another total of one template's metric, from some time on."""

    def change(line: Line) -> Line:
        if line["at"] < iso(since):
            return line
        items = [item | {"MetricValue": value} if (item["TemplateID"], item["MetricID"]) == (template, metric) else item
                 for item in line["items"]]  # fmt: skip
        return line | {"items": items}

    return run.change("metrics", change)


def interactions(*customers: str, event: int = 1, template: int = 11) -> Line:
    """The bridge names customers to whom something happened."""
    return {"n": 990, "at": iso(FIRST_SEND + DAY), "kind": "interactions", "campaign": 7001, "channel": 505,
            "template": template, "event_id": event, "date": "2026-03-03", "customers": list(customers)}  # fmt: skip


def test_sound(correct_run):
    """Pushes every six hours for a week, with the totals of the provider."""
    assert causes(correct_run, "fail", "unknown", "note") == []
    assert [check.run(correct_run.history()).looked_at for check in CHECKS] == [7, 9, 9]


def clicked(message: str) -> Line:
    """The provider told the bridge of a click."""
    return {"n": 991, "at": iso(FIRST_SEND + HOUR), "kind": "webhook", "service": "delivyr", "event": "clicked",
            "key": f"clicked:{message}:1", "url": "http://127.0.0.1:9000/x", "attempt": 1, "status": 200,
            "error": None}  # fmt: skip


def test_clicks_that_were_told_and_never_reported(correct_run):
    """Worth a note, as no document demands that they are reported."""
    run = correct_run.plus(clicked(correct_run.delivery_to(0)["message"]))

    assert causes(run, "fail", "unknown", "note") == ["the provider reported clicks, and the bridge reported none"]
    assert causes(run.plus(interactions("C0000000", event=3)), "note") == []


def test_stops_on_day_six(correct_run):
    """Reporting that stops early is found on each day without it."""
    run = correct_run.without("metrics", lambda line: line["at"] >= iso(FIRST_SEND + 5 * DAY))

    assert causes(run) == ["no metrics for a whole day: they stopped after day 5"] * 2


def test_once_a_day(correct_run):
    """Once a day is not several times a day."""
    days = {iso(FIRST_SEND + day * DAY + 6 * HOUR) for day in range(7)}
    run = correct_run.without("metrics", lambda line: line["at"] not in days)

    assert causes(run) == ["metrics pushed too rarely"] * 7


def test_several_calls_are_one_push(correct_run):
    """A push that needs many calls at one moment is one push all the same."""
    days = {iso(FIRST_SEND + day * DAY + 6 * HOUR) for day in range(7)}
    once = correct_run.without("metrics", lambda line: line["at"] not in days)

    assert causes(once.plus(*once.lines_of("metrics"), *once.lines_of("metrics"))) == ["metrics pushed too rarely"] * 7


def test_clock_not_observed(correct_run):
    """A bridge that lives by another clock pushes at its own times, so its pace is unknown, not wrong."""
    header = correct_run.lines[0] | {"clock": {"mode": "virtual", "start": None, "rate": None, "participants": []}}
    run = HistoryBuilder((header, *correct_run.without("clock").without("metrics").lines[1:]))

    (finding,) = [some for some in run.findings(CHECKS) if some.check == "metrics.cadence"]
    assert (finding.level, finding.got) == ("unknown", "a virtual clock without the bridge, and 0 pushes")


def test_history_ends_early(correct_run):
    """Days that were not over are not judged; when that is all of them, the check is unknown."""
    header = correct_run.lines[0] | {"ended": iso(FIRST_SEND + 20 * HOUR)}
    run = HistoryBuilder((header, *correct_run.without("metrics").lines[1:]))
    cadence = next(result for result in run.verdict().results if result.check.id == "metrics.cadence")

    assert (cadence.status, cadence.looked_at) == ("unknown", 0)
    assert causes(run, "note") == ["the history ends before the seven days are over"]


def test_dropped_forgotten(correct_run):
    """Customers who are neither sent to nor dropped are missing from the sum."""
    assert causes(with_value(correct_run, 12, 5, 0)) == ["sent plus dropped is not the number of targeted customers"]


def test_shrinking(correct_run):
    """A total that shrinks is wrong, whatever the truth is."""
    run = with_value(correct_run, 11, 1, 9)

    assert "the total of delivered decreased" not in causes(run)
    assert "the total of delivered decreased" in causes(with_value(run, 11, 1, 4, since=FIRST_SEND + DAY))


def test_more_delivered_than_sent(correct_run):
    """More receipts than messages cannot be."""
    assert causes(with_value(correct_run, 11, 1, 5)) == [
        "more delivered or bounced than sent",
        "the total of delivered does not match the provider's records",
    ]


def test_delivered_not_counted(correct_run):
    """A total below what the provider said is a receipt that got lost in the bridge."""
    (finding,) = with_value(correct_run, 11, 1, 3).findings(CHECKS)

    assert finding.cause == "the total of delivered does not match the provider's records"
    assert (finding.expected, finding.got) == ("4", "3, last pushed at 2026-03-09 09:00:00 UTC")


def test_receipt_on_its_way(correct_run):
    """A receipt of the last minutes may or may not be in the last total."""
    late = correct_run.lines_of("delivery_status")[0]["message"]
    run = correct_run.change(
        "delivery_status", lambda line: line | {"at": iso(FIRST_SEND + 7 * DAY)} if line["message"] == late else line
    )

    assert causes(run) == []
    assert causes(with_value(run, 11, 1, 3)) == []


@pytest.mark.parametrize("bounced", [0, 1])
def test_expired_may_be_counted(correct_run, bounced):
    """The provider does not post that a message expired, so a bridge that does not ask cannot know."""
    run = correct_run.change(
        "delivery_status", lambda line: line | {"status": "expired"} if line["message"] == "0000000005" else line
    )

    assert causes(with_value(run, 13, 9, 1 + bounced)) == []
    assert causes(with_value(run, 13, 9, 0)) == ["the total of bounced does not match the provider's records"]


def delivered_after_all(run: HistoryBuilder, after: int) -> HistoryBuilder:
    """The provider says of the bounced message to customer 5, so much later, that it was delivered."""
    first = next(line for line in run.lines_of("delivery_status") if line["message"] == "0000000005")
    return run.plus(first | {"at": iso(parse_instant(str(first["at"])) + after), "status": "delivered"})


@pytest.mark.parametrize(("bounced", "delivered"), [(2, 1), (1, 2), (2, 2)])
def test_a_word_that_was_taken_back_may_stand(correct_run, bounced, delivered):
    """It may have been reported already, and totals never shrink."""
    run = delivered_after_all(correct_run, HOUR)

    assert causes(with_value(with_value(run, 13, 9, bounced), 13, 1, delivered)) == (
        ["more delivered or bounced than sent"] if bounced + delivered > 3 else []
    )
    assert causes(run.plus(interactions("C0000005", event=9, template=13))) == []
    assert causes(run.plus(interactions("C0000005", event=1, template=13))) == []


def test_the_last_word_counts_when_it_came_soon(correct_run):
    """Whoever heard both within a minute knows which is newer, in whatever order they came."""
    run = delivered_after_all(correct_run, MINUTE)

    assert causes(with_value(with_value(run, 13, 9, 1), 13, 1, 2)) == []
    assert set(causes(run)) == {
        "the total of bounced does not match the provider's records",
        "the total of delivered does not match the provider's records",
    }


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        ("CampaignID", 7999, "metrics of a campaign that does not exist on this channel"),
        ("ChannelID", 506, "metrics of a campaign that does not exist on this channel"),
        ("TemplateID", 99, "metrics of a template that the campaign does not use"),
        ("MetricID", 77, "an unknown metric"),
    ],
)
def test_foreign(correct_run, field, value, cause):
    """Totals of something that the run does not know are found."""
    extra = correct_run.lines_of("metrics")[-1]
    run = correct_run.plus(extra | {"items": [extra["items"][0] | {field: value}]})

    assert causes(run) == [cause]


def test_interactions_sound(correct_run):
    """Reporting exactly the customers that got their message, and those that bounced, is true."""
    run = correct_run.plus(interactions("C0000000", "C0000003"), interactions("C0000005", event=9, template=13))

    assert causes(run) == []


def test_interaction_of_somebody_not_delivered(correct_run):
    """A customer whose message bounced must not be said to have got it."""
    (finding,) = correct_run.plus(interactions("C0000000", "C0000005")).findings(CHECKS)

    assert (finding.cause, finding.where.customer, finding.got) == (
        "interactions: a customer was reported as delivered but was not", "C0000005", "undelivered",
    )  # fmt: skip


def test_interaction_of_a_stranger(correct_run):
    """A customer who is not in the campaign has no business in its report; an id without its letter is a stranger."""
    assert causes(correct_run.plus(interactions("0000000"))) == ["interactions: a customer outside the campaign"]


def test_values_that_are_added_up(correct_run):
    """Where Optimove adds, a bridge tells what is new; what it told before is not less."""
    header = correct_run.lines[0] | {"dialects": {"optimove.metric_values": "additive"}}
    first, *others = correct_run.lines_of("metrics")
    nothing = [item | {"MetricValue": 0} for item in first["items"]]
    run = HistoryBuilder((header, *correct_run.without("metrics").lines[1:])).plus(
        first, *(push | {"items": nothing} for push in others)
    )

    assert causes(run) == []
    assert set(causes(run.plus(first))) >= {"sent plus dropped is not the number of targeted customers"}


@pytest.mark.parametrize(("value", "expected"), [(0, []), (1, ["the total of clicked is higher than the real number"])])
def test_more_clicks_than_there_were(correct_run, value, expected):
    """Nobody followed a link."""
    push = correct_run.lines_of("metrics")[-1]
    clicked = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": 3, "MetricValue": value}

    assert causes(correct_run.plus(push | {"items": [*push["items"], clicked]})) == expected


def test_unsubscribed_who_did_not(correct_run):
    """An interaction names somebody who never opted out."""
    run = correct_run.plus(interactions("C0000003", event=4))

    assert causes(run) == ["interactions: a customer was reported as unsubscribed but was not"]


def test_named_twice(correct_run):
    """Optimove adds up calls, so the second one counts again."""
    run = correct_run.plus(interactions("C0000003"), interactions("C0000003"))

    assert causes(run) == ["interactions: a customer was reported twice as delivered"]
