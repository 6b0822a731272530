"""Calls and answers of a conformance run lead its reports."""

import pytest

from history_builder import HistoryBuilder
from sendproof_harness.report import html
from sendproof_harness.report.calls import calls
from sendproof_harness.report.summary import summary


@pytest.fixture
def contract_run(correct_run: HistoryBuilder) -> HistoryBuilder:
    """Return a run with two accepted valid events, and an invalid one that got a server error."""
    line = {"n": 0, "at": correct_run.lines[0]["ended"]}
    scenario = line | {"kind": "scenario", "name": "Everyday", "file": "contract", "asks": "contract"}
    probe = line | {
        "kind": "probe", "url": "http://127.0.0.1:9000/events", "event": 13, "what": "a generated event",
        "expects": "accepted", "method": "POST", "sent": "{}", "within_s": 10.0, "status": 200,
    }  # fmt: skip
    broken = probe | {"what": "no body", "expects": "answered", "wrong": "the body is missing", "status": 500}
    return correct_run.plus(scenario, probe, probe, broken)


def test_calls_are_counted_by_event_kind_and_answer(contract_run):
    rows = calls(contract_run.history()).posted

    assert [(row.event, row.kind, row.count, row.answers, row.wrong) for row in rows] == [
        (13, "valid events", 2, "200: 2", 0),
        (13, "events and calls that the bridge may refuse", 1, "500: 1", 1),
    ]


def test_summary_of_a_conformance_run_begins_with_the_calls(contract_run):
    text = summary(contract_run.verdict())

    assert text.startswith("All 2 valid events were accepted. 0 of 1 other call was answered without an error. All ")


def test_page_of_a_conformance_run_has_calls_before_findings_and_recipients(contract_run):
    page = html.render(contract_run.verdict(), contract_run.history())

    assert (
        page.index('<section id="calls">') < page.index('<section id="findings">') < page.index("<h2>Recipients</h2>")
    )


def test_other_runs_have_no_calls(correct_run):
    assert calls(correct_run.history()) is None
