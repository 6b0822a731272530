"""What the reports, and a customer's story, say of faults."""

import io
import json

import pytest
from rich.console import Console

from fault_helpers import call, laid, strike, struck
from history_builder import FIRST_SEND, START, Story
from sendproof_harness.explain.customer import Explanation, explain, find_customer
from sendproof_harness.history.timestamps import HOUR, iso
from sendproof_harness.report import print_verdict, write_reports
from sendproof_harness.report.summary import summary


@pytest.fixture
def faulty(sound) -> Story:
    """The reply to a send was lost, and a second fault never struck."""
    said = struck("connection_reset", "lost", effect=True)
    sent = sound.delivery_to(3)["message"]
    lines = (
        strike(FIRST_SEND, 5_000, "connection_reset", "textlocal", "send", when="after"),
        call(FIRST_SEND, 5_001, "textlocal", "send", fault=said),
    )
    laid_faults = laid(
        sound,
        {"fault": "connection_reset", "call": "textlocal.send", "when": "after"},
        {"fault": "drop_webhook", "webhook": "optimove.13"},
    )
    return laid_faults.plus(*lines).change(
        "delivery", lambda line: line | {"request": 5_001} if line["message"] == sent else line
    )


def told(lines: Story, customer: str) -> Explanation:
    """The story as the command tells it."""
    history = lines.history()
    return explain(history, lines.verdict(), find_customer(history, customer))


def test_terminal(faulty):
    """A line for each, with what came of it; the one that never struck makes the run prove nothing."""
    console = Console(file=io.StringIO(), width=160)
    print_verdict(faulty.verdict(), console)
    text = console.file.getvalue()

    assert (
        "f1  connection_reset at call 1 of textlocal.send  struck 1: the service had done it, and no reply came" in text
    )
    assert "f2  drop_webhook at webhook 1 of optimove.13  struck 0: it never struck" in text
    assert "error  a fault never struck" in text


def test_json_junit_and_html(faulty, tmp_path):
    """Programs, CI servers and people are told the same."""
    paths = write_reports(faulty.verdict(), faulty.history(), tmp_path)
    texts = {name: path.read_text() for name, path in paths.items()}

    assert json.loads(texts["json"])["faults"][0] == {
        "id": "f1", "fault": "connection_reset", "target": "call", "where": "textlocal.send", "nth": 1, "when": "after",
        "injected": 1,
        "first_at": iso(FIRST_SEND), "effect": "the service had done it, and no reply came",
    }  # fmt: skip
    assert 'name="fault f1" value="connection_reset at call 1 of textlocal.send, after: struck 1;' in texts["junit"]
    assert "The service had done it, and no reply came" in texts["html"]


def test_a_run_without_faults_has_no_such_part(sound, tmp_path):
    """Most runs have none."""
    page = write_reports(sound.verdict(), sound.history(), tmp_path)["html"].read_text()

    assert 'id="faults"' not in page


def test_the_story_tells_what_struck(faulty):
    """In its place between what was owed and what was sent."""
    (moment,) = [one for one in told(faulty, "C0000003").timeline if one.actor == "fault"]

    assert (moment.text, moment.detail, moment.line) == (
        "connection_reset strikes at call 1 of textlocal send",
        "the service had done it, and no reply came",
        5_000,
    )


def test_the_story_of_a_trigger_and_an_opt_out(sound):
    """What the platform saw, and what was noted of the customer."""
    at = {"n": 900, "at": iso(FIRST_SEND + HOUR), "real": 0.0}
    lines = sound.plus(
        at | {"kind": "trigger", "trigger": "Visit", "campaign": 8001, "channel": 250, "customer": "C0000003",
              "template": 21, "request_id": "r"},
        at | {"n": 901, "kind": "attributes", "source": "batch_file", "request": None,
              "changes": [{"customer": "C0000003", "field": "SMS_OPT_IN", "value": "0"}]},
    )  # fmt: skip
    said = [(one.actor, one.text) for one in told(lines, "C0000003").timeline]

    assert ("platform", "finds that the customer meets trigger Visit of campaign 8001") in said
    assert ("platform", "notes SMS_OPT_IN 0 of the customer") in said


def test_a_hold_and_what_became_of_it(sound):
    """The customer waits with the campaign."""
    hold = {"n": 900, "at": iso(START), "real": 0.0, "kind": "clearance", "campaign": 7001, "action": "required",
            "required_by": iso(FIRST_SEND), "named": 0, "cleared": 0}  # fmt: skip
    lines = sound.plus(hold, hold | {"action": "closed", "at": iso(FIRST_SEND), "cleared": 4})
    said = [one.text for one in told(lines, "C0000003").timeline]

    assert "puts campaign 7001 on hold until 2026-03-02 09:00:00 UTC" in said
    assert "takes campaign 7001 off hold: 4 customers are cleared" in said


def test_nobody_can_know(sound):
    """A summary says of how many."""
    lost = {"status": None, "error": "lost", "dropped": True}
    lines = sound.change("webhook", lambda line: line | lost if line["event"] == "13" else line).without("delivery")

    assert "Of 10 more nobody can know, as a fault hid it from the bridge." in summary(lines.verdict())
