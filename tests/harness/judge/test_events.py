"""Engagement events that the bridge reports by saveEvent."""

import pytest

from fault_helpers import fault_effect, request_line
from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import DAY, HOUR, MINUTE, iso, parse_instant
from sendproof_harness.judge.checks.reports import events


def event_line(name: str, customer: object, at: int) -> Line:
    """Return one event that the bridge reported."""
    return {"n": 7_000, "at": iso(at), "real": 0.0, "kind": "engagement", "event": name, "customer": customer,
            "visitor": None, "timestamp": iso(at), "context": {}}  # fmt: skip


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


def test_bridge_without_any_report_fails(correct_run):
    found = [
        group.cause for group in correct_run.without("metrics").verdict().groups if group.check == "metrics.cadence"
    ]

    assert found == ["no metrics for a whole day"]


def test_rejected_sent_event_fails_with_the_events_of_its_request(reporting_run):
    rejected = request_line(
        FIRST_SEND + DAY, 8_000, "optimove-metrics", "saveEvent", status=400, summary={"refused_event": "sent"}
    )
    run = reporting_run.without("engagement", lambda line: line["customer"] == "C0000000").plus(rejected)

    assert causes(run) == [
        (
            "saveEvent: 'sent' is no event, because each customer who is not dropped counts as sent; "
            "nothing in the request was saved"
        ),
        "saveEvent: delivered was never reported, or only in a rejected request",
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
    run = run.plus(request_line(FIRST_SEND, 6_999, "optimove-metrics", "saveEvent", status=0, fault=effect))

    assert causes(run, "unknown") == ["saveEvent: delivered was never reported, or its request got no response"]


def test_event_reported_a_day_later_fails_cadence(reporting_run):
    late = {"at": iso(FIRST_SEND + DAY)}
    run = reporting_run.change("engagement", lambda line: line | late if line["customer"] == "C0000003" else line)

    assert causes(run) == ["saveEvent: reported too late"]


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
