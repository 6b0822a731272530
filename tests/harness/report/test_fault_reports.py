"""Faults in the reports of a run and in the explanation of a customer."""

import io
import json

import pytest
from rich.console import Console

from fault_helpers import fault_effect, injection_line, request_line, with_faults
from history_builder import FIRST_SEND, START, HistoryBuilder
from sendproof_harness.explain.customer import Explanation, explain, find_customer
from sendproof_harness.history.timestamps import HOUR, iso
from sendproof_harness.report import print_verdict, write_reports
from sendproof_harness.report.summary import summary


@pytest.fixture
def faulty_run(correct_run) -> HistoryBuilder:
    """Return a run with a lost response to a send request, and a second fault that was never injected."""
    effect = fault_effect("connection_reset", "lost", effect=True)
    sent = correct_run.delivery_to(3)["message"]
    lines = (
        injection_line(FIRST_SEND, 5_000, "connection_reset", "textlocal", "send", when="after"),
        request_line(FIRST_SEND, 5_001, "textlocal", "send", fault=effect),
    )
    run = with_faults(
        correct_run,
        {"fault": "connection_reset", "call": "textlocal.send", "when": "after"},
        {"fault": "drop_webhook", "webhook": "optimove.13"},
    )
    return run.plus(*lines).change(
        "delivery", lambda line: line | {"request": 5_001} if line["message"] == sent else line
    )


def test_page_has_the_time_of_the_effect_for_calls_alone(faulty_run, tmp_path):
    page = write_reports(faulty_run.verdict(), faulty_run.history(), tmp_path)["html"].read_text()

    assert "<small>f1, after the effect</small>" in page
    assert "<small>f2</small>" in page


def explained(run: HistoryBuilder, customer: str) -> Explanation:
    history = run.history()
    return explain(history, run.verdict(), find_customer(history, customer))


def test_terminal_shows_each_fault_with_its_effect(faulty_run):
    """A fault that was never injected is unknown, with the reason."""
    console = Console(file=io.StringIO(), width=160)
    print_verdict(faulty_run.verdict(), console)
    text = console.file.getvalue()

    effect = "injected 1 time: the request took effect, and no response arrived"
    assert f"f1  connection_reset at call 1 of textlocal.send  {effect}" in text
    assert "f2  drop_webhook at webhook 1 of optimove.13  injected 0 times: never injected" in text
    assert "unknown  a fault was never injected" in text


def test_json_junit_and_html_show_faults(faulty_run, tmp_path):
    paths = write_reports(faulty_run.verdict(), faulty_run.history(), tmp_path)
    texts = {name: path.read_text() for name, path in paths.items()}

    assert json.loads(texts["json"])["faults"][0] == {
        "id": "f1", "fault": "connection_reset", "target": "call", "where": "textlocal.send", "nth": 1, "when": "after",
        "injected": 1, "first_at": iso(FIRST_SEND), "effect": "the request took effect, and no response arrived",
    }  # fmt: skip
    value = "connection_reset at call 1 of textlocal.send, after: injected 1 time;"
    assert f'name="fault f1" value="{value}' in texts["junit"]
    assert "The request took effect, and no response arrived" in texts["html"]


def test_page_of_a_run_without_faults_has_no_fault_section(correct_run, tmp_path):
    page = write_reports(correct_run.verdict(), correct_run.history(), tmp_path)["html"].read_text()

    assert 'id="faults"' not in page


def test_explanation_shows_injection_with_its_effect(faulty_run):
    (entry,) = [entry for entry in explained(faulty_run, "C0000003").timeline if entry.actor == "fault"]

    assert (entry.text, entry.detail, entry.line) == (
        "connection_reset is injected at call 1 of textlocal send",
        "the request took effect, and no response arrived",
        5_000,
    )


def test_explanation_shows_kill_at_a_call_of_another_client(correct_run):
    run = correct_run.plus(injection_line(FIRST_SEND, 5_000, "kill", "textlocal", "send", id="north/f1", down=HOUR))
    (entry,) = [entry for entry in explained(run, "C0000003").timeline if entry.actor == "fault"]

    assert (entry.text, entry.detail) == ("the bridge is killed at call 1 of textlocal send of another client", "")


def test_explanation_shows_trigger_and_attribute_of_batch_file(correct_run):
    common = {"n": 900, "at": iso(FIRST_SEND + HOUR), "real": 0.0}
    run = correct_run.plus(
        common | {"kind": "trigger", "trigger": "Visit", "campaign": 8001, "channel": 250, "customer": "C0000003",
                  "template": 21, "request_id": "r"},
        common | {"n": 901, "kind": "attributes", "source": "batch_file", "request": None,
                  "changes": [{"customer": "C0000003", "field": "SMS_OPT_IN", "value": "0"}]},
    )  # fmt: skip
    actions = [(entry.actor, entry.text) for entry in explained(run, "C0000003").timeline]

    assert ("optimove", "finds that the customer meets trigger Visit of campaign 8001") in actions
    assert ("optimove", "sets SMS_OPT_IN of the customer to 0") in actions


def test_explanation_shows_campaign_on_hold(correct_run):
    hold = {"n": 900, "at": iso(START), "real": 0.0, "kind": "clearance", "campaign": 7001, "action": "required",
            "required_by": iso(FIRST_SEND), "named": 0, "cleared": 0}  # fmt: skip
    run = correct_run.plus(hold, hold | {"action": "closed", "at": iso(FIRST_SEND), "cleared": 4})
    texts = [entry.text for entry in explained(run, "C0000003").timeline]

    assert "puts campaign 7001 on hold until 2026-03-02 09:00:00 UTC" in texts
    assert "takes campaign 7001 off hold: 4 customers are cleared" in texts


def test_summary_counts_undetermined_recipients(correct_run):
    dropped = {"status": None, "error": "lost", "dropped": True}
    run = correct_run.change("webhook", lambda line: line | dropped if line["event"] == "13" else line)

    expected = (
        "10 more are undetermined: a fault, the clock or a last-minute cancellation leaves the right result open."
    )
    assert expected in summary(run.without("delivery").verdict())
