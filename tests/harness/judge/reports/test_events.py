"""Engagement events that the bridge reports by saveEvent."""

import pytest

from fault_helpers import fault_effect, injection_line, request_line, with_faults
from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks.campaign_state import CHECKS as TESTING
from sendproof_harness.judge.checks.reports import events
from two_opt_outs import on_second_channel, stop_lines


def event_line(name: str, customer: object, at: int) -> Line:
    """Return one event that the bridge reported."""
    return {"n": 7_000, "at": iso(at), "real": 0.0, "kind": "engagement", "event": name, "customer": customer,
            "visitor": None, "timestamp": iso(at), "context": {}}  # fmt: skip


def scenario_line(**wishes: object) -> Line:
    """Return the line of a scenario with wishes of the client."""
    return {"n": 9_000, "at": iso(FIRST_SEND + 7 * DAY), "real": 0.0, "kind": "scenario", "name": "Small",
            "file": "small", **wishes}  # fmt: skip


def reported_events(correct_run: HistoryBuilder) -> list[Line]:
    """Return all real events, each reported a quarter of an hour after it was known."""
    statuses = {line["message"]: line for line in correct_run.lines_of("delivery_status")}
    numbers = {line["number"]: line for line in correct_run.lines_of("obligation")}
    lines = [
        event_line("delivered" if statuses[sent["message"]]["status"] == "delivered" else "bounced",
              numbers[sent["number"]]["customer"], parse_instant(str(sent["at"])) + 17 * MINUTE)
        for sent in correct_run.lines_of("delivery")
    ]  # fmt: skip
    dropped = [line for line in correct_run.lines_of("obligation") if not line["owed"]]
    return lines + [
        event_line("dropped", line["customer"], parse_instant(str(line["due"])) + MINUTE) for line in dropped
    ]


@pytest.fixture
def reporting_run(correct_run) -> HistoryBuilder:
    """Return the run of a bridge that reports by saveEvent and pushes no totals."""
    return correct_run.without("metrics").plus(*reported_events(correct_run))


def causes(run: HistoryBuilder, *levels: str) -> list[str]:
    """Return the cause of each finding."""
    return [finding.cause for finding in run.findings(events.CHECKS, *levels)]


def test_accurate_events_pass_and_totals_are_not_required(reporting_run):
    results = {result.check.id: result for result in reporting_run.verdict().results}

    assert causes(reporting_run) == []
    assert {"events.accurate", "events.cadence"} <= results.keys()
    assert {"metrics.cadence", "metrics.consistent"}.isdisjoint(results)


def test_second_stop_at_another_provider_need_not_be_reported(reporting_run):
    """A STOP at one provider may end the messages of both, so the next report is about an opt-out days later."""
    twice = on_second_channel(reporting_run.plus(*stop_lines(reporting_run))).plus(scenario_line(reports="save_event"))
    reports = [event_line("unsubscribed", "C0000003", FIRST_SEND + after) for after in (45 * MINUTE, 3 * DAY)]
    again = [line | {"at": iso(FIRST_SEND + 3 * DAY - HOUR)} for line in stop_lines(reporting_run)[1:]]

    assert [cause for cause in causes(twice.plus(reports[0])) if "unsubscribed" in cause] == []
    assert causes(twice.plus(*again, *reports), "fail") == []


def test_bridge_without_any_report_fails(correct_run):
    found = [
        group.cause for group in correct_run.without("metrics").verdict().groups if group.check == "metrics.cadence"
    ]

    assert found == ["no metrics for a whole day"]


def test_rejected_sent_event_fails_without_the_events_of_its_request(reporting_run):
    """They are missing for the same reason."""
    rejected = request_line(
        FIRST_SEND + DAY, 8_000, "optimove-metrics", "saveEvent", status=400, summary={"refused_event": "sent"}
    )
    run = reporting_run.without("engagement", lambda line: line["customer"] == "C0000000").plus(rejected)

    assert causes(run) == [
        (
            "saveEvent: 'sent' is no event, because each customer who is not dropped counts as sent; "
            "nothing in the request was saved"
        ),
    ]


def test_rejected_unknown_event_is_named(reporting_run):
    rejected = request_line(
        FIRST_SEND + DAY, 8_000, "optimove-metrics", "saveEvent", status=400, summary={"refused_event": "seen"}
    )

    assert causes(reporting_run.plus(rejected)) == [
        "saveEvent: 'seen' cannot be reported, and nothing in the request was saved"
    ]


def test_event_that_did_not_happen_fails(reporting_run):
    """Customer 5 bounced."""
    run = reporting_run.plus(event_line("delivered", "C0000005", FIRST_SEND + DAY))

    assert causes(run) == ["saveEvent: a customer was reported as delivered but was not"]


def test_event_reported_before_it_happened_fails(correct_run, reporting_run):
    run = reporting_run.change(
        "engagement", lambda line: line | {"at": iso(FIRST_SEND - HOUR)} if line["customer"] == "C0000003" else line
    )

    assert causes(run) == ["saveEvent: a customer was reported as delivered but was not"]


def test_event_reported_twice_fails(reporting_run):
    """Optimove adds events up."""
    run = reporting_run.plus(event_line("delivered", "C0000003", FIRST_SEND + DAY))

    assert causes(run) == ["saveEvent: delivered reported more often than it happened"]


def test_event_reported_again_after_lost_response_is_noted(reporting_run):
    """The bridge cannot know if the first request counted."""
    effect = fault_effect("connection_reset", "lost", effect=True)
    lost = request_line(FIRST_SEND, 6_999, "optimove-metrics", "saveEvent", fault=effect)
    run = reporting_run.plus(lost, event_line("delivered", "C0000003", FIRST_SEND + DAY))

    assert causes(run) == []
    assert causes(run, "note") == [
        "saveEvent: delivered reported again after a lost response, or after the bridge was killed"
    ]


def test_event_never_reported_fails(reporting_run):
    run = reporting_run.without("engagement", lambda line: line["customer"] == "C0000003")

    assert causes(run) == ["saveEvent: delivered was never reported"]


def test_event_missing_after_lost_request_is_unknown(reporting_run):
    """The request may have counted."""
    effect = fault_effect("connection_reset", "lost", effect=False)
    run = reporting_run.without("engagement", lambda line: line["customer"] == "C0000003")
    run = run.plus(request_line(FIRST_SEND + HOUR, 6_999, "optimove-metrics", "saveEvent", status=0, fault=effect))

    assert causes(run, "unknown") == ["saveEvent: delivered was never reported, or its request got no response"]


def test_event_that_is_twice_in_a_lost_request_fails(reporting_run):
    """The lost response is no reason for it."""
    effect = fault_effect("connection_reset", "lost", effect=True)
    (first,) = (line for line in reporting_run.lines_of("engagement") if line["customer"] == "C0000003")
    lost = request_line(FIRST_SEND, 6_999, "optimove-metrics", "saveEvent", fault=effect)

    assert causes(reporting_run.plus(lost, first)) == ["saveEvent: delivered reported more often than it happened"]


@pytest.mark.parametrize("lost_at", [FIRST_SEND - HOUR, FIRST_SEND + 3 * DAY], ids=["before", "long after"])
def test_event_that_was_not_in_the_lost_request_is_missing(reporting_run, lost_at):
    effect = fault_effect("connection_reset", "lost", effect=False)
    run = reporting_run.without("engagement", lambda line: line["customer"] == "C0000003")
    run = run.plus(request_line(lost_at, 6_999, "optimove-metrics", "saveEvent", status=0, fault=effect))

    assert causes(run) == ["saveEvent: delivered was never reported"]


@pytest.mark.parametrize(("killed_after", "count"), [(MINUTE, 0), (12 * HOUR, 1)])
def test_kill_excuses_repetitions_of_what_was_just_reported(reporting_run, killed_after, count):
    """A bridge that is killed hours later had the time to store what it reported."""
    reported = FIRST_SEND + 17 * MINUTE
    run = with_faults(reporting_run, {"fault": "kill", "call": "optimove.GetChannelTemplates"})
    kill = injection_line(reported + killed_after, 7_001, "kill", "optimove", "GetChannelTemplates")
    run = run.plus(kill, event_line("delivered", "C0000003", FIRST_SEND + DAY))

    assert causes(run) == ["saveEvent: delivered reported more often than it happened"] * count


def test_event_reported_a_day_later_fails_cadence(reporting_run):
    late = {"at": iso(FIRST_SEND + DAY)}
    run = reporting_run.change("engagement", lambda line: line | late if line["customer"] == "C0000003" else line)

    assert causes(run) == ["saveEvent: reported too late"]


def test_event_of_a_visitor_with_the_customers_id_is_named(reporting_run):
    """Optimove keeps customers and visitors apart."""
    run = reporting_run.change(
        "engagement",
        lambda line: line | {"customer": None, "visitor": "C0000003"} if line["customer"] == "C0000003" else line,
    )

    assert causes(run) == ["saveEvent: delivered was only reported for a visitor with the customer's id"]


def test_click_may_be_reported_once(reporting_run):
    (message,) = [
        line["message"]
        for line in reporting_run.lines_of("delivery")
        if line["number"] == reporting_run.obligation_of(3)["number"]
    ]
    click = {"n": 6_000, "at": iso(FIRST_SEND + HOUR), "real": 0.0, "kind": "click", "service": "textlocal",
               "message": message, "number": reporting_run.obligation_of(3)["number"]}  # fmt: skip
    once = reporting_run.plus(click, event_line("clicked", "C0000003", FIRST_SEND + 2 * HOUR))

    assert causes(once) == []
    assert causes(once.plus(event_line("clicked", "C0000003", FIRST_SEND + 3 * HOUR))) == [
        "saveEvent: clicked reported more often than it happened"
    ]


def with_event(run: HistoryBuilder, **fields: object) -> HistoryBuilder:
    """Change the event about customer 3, who was delivered to two minutes after the first send."""
    return run.change("engagement", lambda line: line | fields if line["customer"] == "C0000003" else line)


@pytest.mark.parametrize(
    ("stated", "cause"),
    [
        (FIRST_SEND - DAY, "saveEvent: delivered dated before it happened"),
        (FIRST_SEND - DAY // 2 + 2 * MINUTE, "saveEvent: delivered dated exactly 12 h early, as if in local time"),
        (FIRST_SEND + HOUR + 2 * MINUTE, "saveEvent: delivered dated exactly 1 h late, as if in local time"),
        (FIRST_SEND + 2 * DAY, "saveEvent: delivered dated in the future"),
    ],
)
def test_event_with_another_time_fails(reporting_run, stated, cause):
    assert causes(with_event(reporting_run, timestamp=iso(stated))) == [cause]


def test_event_with_a_time_without_zone_is_in_utc(reporting_run):
    assert causes(with_event(reporting_run, timestamp="2026-03-02 09:02:00")) == []
    assert len(causes(with_event(reporting_run, timestamp="2026-03-02T09:02:00+05:00"))) == 1


def test_event_time_of_another_clock_is_not_judged(reporting_run):
    header = reporting_run.lines[0] | {"clock": reporting_run.lines[0]["clock"] | {"participants": []}}
    run = with_event(reporting_run.without("clock"), timestamp=iso(FIRST_SEND + 900 * DAY))

    assert causes(HistoryBuilder((header, *run.lines[1:])), "fail") == []


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"campaign_id": 7001, "channel_id": "505", "templateID": 11, "anything": None}, []),
        ({"CampaignID": 7002}, ["saveEvent: delivered reported for another campaign than the customer's"]),
        ({"channel_id": 506}, ["saveEvent: delivered reported for another channel than the customer's"]),
        ({"template_id": 12}, ["saveEvent: delivered reported for another template than the customer's"]),
    ],
)
def test_ids_in_the_context_must_be_the_customers(reporting_run, context, expected):
    assert causes(with_event(reporting_run, context=context)) == expected


def test_rejected_old_event_names_the_reason_first(correct_run):
    """The events that the request held, and the totals that the bridge does not push, are no findings of their own."""
    summary = {"refused_event": "delivered", "refused_for": "age"}
    rejected = request_line(FIRST_SEND + 7 * DAY, 8_000, "optimove-metrics", "saveEvent", status=400, summary=summary)
    run = correct_run.without("metrics").plus(rejected, scenario_line(reports="save_event"))
    groups = [group for group in run.verdict().groups if group.check.startswith(("events", "metrics"))]

    (group,) = [group for group in groups if group.level == "fail"]

    assert group.cause.startswith("saveEvent: delivered was rejected, because the timestamp is more than 7 days old;")


def test_bridge_that_reports_no_event_of_a_client_who_wants_them_fails(correct_run):
    run = correct_run.plus(scenario_line(reports="save_event"))

    assert set(causes(run)) == {f"saveEvent: {name} was never reported" for name in ("delivered", "bounced", "dropped")}


def test_events_of_a_channel_in_testing_mode_are_not_expected(correct_run):
    run = correct_run.without("metrics").plus(scenario_line(reports="save_event"))
    channels = [channel | {"testing": True} for channel in run.lines[0]["channels"]]
    testing = HistoryBuilder((run.lines[0] | {"channels": channels}, *run.lines[1:]))

    assert {"events.accurate", "events.cadence"} <= {result.check.id for result in run.verdict().results}
    assert {"events.accurate", "events.cadence"}.isdisjoint(result.check.id for result in testing.verdict().results)


def test_customer_may_be_dropped_when_the_campaign_is_announced(reporting_run):
    run = reporting_run.change(
        "engagement",
        lambda line: (
            line | {"at": iso(FIRST_SEND - HOUR), "timestamp": iso(FIRST_SEND - HOUR)}
            if line["event"] == "dropped"
            else line
        ),
    )

    assert causes(run) == []


def test_polled_status_may_be_reported_late_and_dated_by_its_send_time(reporting_run):
    key = f"receipt:{reporting_run.delivery_to(3)['message']}"
    run = reporting_run.without("webhook", lambda line: line["key"] == key)

    assert causes(with_event(run, at=iso(FIRST_SEND + 16 * HOUR), timestamp=iso(FIRST_SEND))) == []
    assert causes(with_event(run, at=iso(FIRST_SEND + 18 * HOUR))) == ["saveEvent: reported too late"]


def test_scenario_sets_the_number_of_reports_a_day(reporting_run):
    run = with_event(reporting_run, at=iso(FIRST_SEND + 18 * HOUR))

    assert causes(run) == ["saveEvent: reported too late"]
    assert causes(run.plus(scenario_line(reports="save_event", reports_a_day=1))) == []


def test_event_dated_by_the_report_fails(reporting_run):
    """The bridge received the receipt hours before."""
    at = iso(FIRST_SEND + 6 * HOUR)

    assert causes(with_event(reporting_run, at=at, timestamp=at)) == ["saveEvent: delivered dated when it was reported"]


@pytest.mark.parametrize("name", ["opened", "spam_reported"])
def test_event_that_no_provider_reports_fails(reporting_run, name):
    run = reporting_run.plus(event_line(name, "C0000003", FIRST_SEND + HOUR))

    assert causes(run) == [f"saveEvent: {name} was reported, an event that no message of the run had"]


def test_delivyr_clicks_need_an_event_each(reporting_run):
    """Delivyr documents one event for each click; a repeated webhook is the same click."""
    message = reporting_run.delivery_to(3)["message"]
    first, second, repeated = (
        {"n": 990 + index, "at": iso(FIRST_SEND + index * HOUR), "kind": "webhook", "service": "delivyr",
         "event": "clicked", "key": f"clicked:{message}:{click}", "url": "", "attempt": 1, "status": 200,
         "error": None}
        for index, click in enumerate([1, 2, 2], start=1)
    )  # fmt: skip
    clicks = [
        {"n": 980, "at": iso(FIRST_SEND + hours * HOUR), "kind": "click", "service": "delivyr", "message": message,
         "number": "44"}
        for hours in (1, 2)
    ]  # fmt: skip
    events_wanted = scenario_line(reports="save_event")
    run = reporting_run.change_delivery_to(3, service="delivyr").plus(first, second, repeated, *clicks, events_wanted)
    once, again = (
        event_line("clicked", "C0000003", FIRST_SEND + 3 * HOUR) | {"timestamp": iso(FIRST_SEND + hours * HOUR)}
        for hours in (1, 2)
    )

    assert causes(run.plus(once)) == ["saveEvent: clicked was reported for some of a customer's clicks, not for each"]
    assert causes(run.plus(once, again)) == []


@pytest.mark.parametrize(
    ("name", "customer", "context", "expected"),
    [
        ("delivered", "C0000003", {"campaignId": 7002, "channelId": 506}, 1),
        ("delivered", "C0000003", {"CAMPAIGN_ID": "7002"}, 1),
        ("dropped", "C0000099", {}, 1),
        ("delivered", "C0000003", {}, 0),
        ("delivered", "C0000003", {"campaignId": 7001, "channelId": 505}, 0),
        ("unsubscribed", "C0000099", {}, 0),
    ],
)
def test_event_about_a_channel_in_testing_mode_fails(reporting_run, name, customer, context, expected):
    """Another channel sends. A customer of both may be reported for that one, and opt out from all."""
    channels = [*reporting_run.lines[0]["channels"],
                {"id": 506, "provider": "textlocal", "kind": "scheduled", "testing": True}]  # fmt: skip
    run = reporting_run.change("history", lambda line: line | {"channels": channels})
    due = run.obligation_of(3) | {"campaign": 7002, "channel": 506}
    run = run.plus(due, due | {"customer": "C0000099", "number": "447100000099"})

    found = run.plus(event_line(name, customer, FIRST_SEND + HOUR) | {"context": context}).findings(TESTING)
    assert [finding.cause for finding in found] == ["saveEvent for a channel in testing mode"] * expected
