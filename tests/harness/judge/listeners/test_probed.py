"""Responses of listeners to probes, and messages that probes caused."""

import pytest

from history_builder import HistoryBuilder, Line
from sendproof_harness.judge.checks.listeners.probed import CHECKS

URL = "http://127.0.0.1:9000/webhooks/optimove/client/token"


def probe_line(**fields: object) -> Line:
    """Return a probe that all listeners must accept."""
    return {
        "n": 0, "at": "2026-03-09T08:00:01.000Z", "kind": "probe", "url": URL, "event": 13, "what": "an event",
        "expects": "accepted", "method": "POST", "sent": "application/json {}", "within_s": 10.0, "status": 200,
    } | fields  # fmt: skip


def conformance_run(run: HistoryBuilder, *probes: Line) -> HistoryBuilder:
    """Return the run as a conformance run with these probes."""
    scenario: Line = {
        "n": 0,
        "at": "2026-03-09T10:00:00.000Z",
        "kind": "scenario",
        "name": "Everyday",
        "file": "contract",
    }
    return run.plus(scenario | {"asks": "contract"}, *probes)


def found(run: HistoryBuilder, *levels: str) -> list[tuple[str, str]]:
    """Return check and cause of each finding."""
    return [(finding.check, finding.cause) for finding in run.findings(CHECKS, *levels)]


def test_listener_checks_only_apply_to_conformance_runs(correct_run):
    assert [check.applies(correct_run.history()) for check in CHECKS] == [False] * 3
    assert [check.applies(conformance_run(correct_run).history()) for check in CHECKS] == [True] * 3


def test_bridge_without_listener_is_unknown(correct_run):
    statuses = {result.check.id: result.status for result in conformance_run(correct_run).verdict().results}
    assert {statuses[check.id] for check in CHECKS} == {"unknown"}


@pytest.mark.parametrize(
    ("response", "cause"),
    [
        ({"status": 200}, None),
        ({"status": 204}, None),
        ({"status": 302}, "event 13: status 302 for an event"),
        ({"status": 415}, "event 13: status 415 for an event"),
        ({"status": 500}, "event 13: status 500 for an event"),
        ({"status": None, "error": "no answer within 10 s"}, "event 13: no answer within 10 s for an event"),
    ],
)
def test_valid_event_must_get_a_2xx_response(correct_run, response, cause):
    assert found(conformance_run(correct_run, probe_line(**response))) == (
        [] if cause is None else [("listener.accepts_valid", cause)]
    )


@pytest.mark.parametrize(
    ("fields", "fails"),
    [
        ({"status": 200}, False),
        ({"status": 404}, False),
        ({"status": 503}, True),
        ({"status": 501, "method": "PUT"}, False),
        ({"status": 501, "method": "POST"}, True),
        ({"status": None, "error": "the connection was cut"}, True),
        ({"status": None, "error": "the connection was cut", "expects": "survived"}, False),
        ({"status": None, "error": "no answer", "timed_out": True, "expects": "survived"}, True),
    ],
)
def test_invalid_event_must_not_break_listener(correct_run, fields, fails):
    """It may be rejected or ignored, and cut off if it is huge."""
    invalid = probe_line(**{"expects": "answered", "wrong": "/CampaignID is missing"} | fields)
    assert [check for check, _ in found(conformance_run(correct_run, invalid))] == ["listener.survives_invalid"] * fails


def test_finding_names_smallest_wrong_part_first(correct_run):
    failed = probe_line(expects="answered", wrong="/CampaignID: expected a value of type integer, got null", status=500)
    (finding,) = conformance_run(correct_run, failed).findings(CHECKS)
    assert finding.got.startswith("/CampaignID: expected a value of type integer, got null: status 500 for POST")
    assert finding.where.listener == URL


def test_tolerable_responses_are_notes(correct_run):
    accepted = probe_line(expects="answered", wrong="/CampaignID is missing")
    rejected = probe_line(expects="answered", what="numbers as text", status=400)
    assert found(conformance_run(correct_run, accepted, rejected), "note") == [
        (
            "listener.survives_invalid",
            "accepted an event that no contract allows; this is fine if the bridge ignores it",
        ),
        (
            "listener.survives_invalid",
            "event 13: status 400 for numbers as text; it is unknown if Optimove posts it",
        ),
    ]


def test_message_to_number_of_a_probe_fails(correct_run):
    """Only this probe named the number."""
    invalid = probe_line(
        expects="answered", what="a trigger without a template", number="447410000001", forbids="no template"
    )
    sent = correct_run.delivery_to(0) | {"number": "447410000001", "message": "999"}
    (finding,) = conformance_run(correct_run, invalid).plus(sent).findings(CHECKS)
    assert (finding.check, finding.cause, finding.expected) == (
        "listener.no_side_effects",
        "a message went out because of a trigger without a template",
        "no message: no template",
    )


def test_message_to_number_of_a_probe_is_blamed_once(correct_run):
    """The probe is its cause; that no recipient was due follows from it."""
    invalid = probe_line(expects="answered", what="a wrong token", number="447410000001", forbids="wrong token")
    sent = correct_run.delivery_to(0) | {"number": "447410000001", "message": "999"}
    results = conformance_run(correct_run, invalid).plus(sent).verdict().results
    assert [result.check.id for result in results if result.status == "fail"] == ["listener.no_side_effects"]


def test_requests_after_first_probe_are_not_judged(correct_run):
    """A bridge may request a campaign that a probe invented."""
    rejected: Line = {
        "n": 990, "at": "2026-03-09T08:30:00.000Z", "kind": "request", "service": "optimove", "method": "GET",
        "operation": "GetCampaignDetails", "path": "/x", "credential": "known", "status": 404,
    }  # fmt: skip
    failed = [
        result.check.id
        for result in conformance_run(correct_run).plus(rejected).verdict().results
        if result.status == "fail"
    ]
    assert failed == ["contract.requests"]
    failed = [
        result.check.id
        for result in conformance_run(correct_run, probe_line()).plus(rejected).verdict().results
        if result.status == "fail"
    ]
    assert failed == []
