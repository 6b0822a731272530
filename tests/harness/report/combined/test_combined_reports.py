"""The reports of all scenarios of a folder together."""

import json
from dataclasses import replace
from datetime import date
from xml.etree.ElementTree import fromstring

import pytest

from sendproof_harness.judge.acceptance import AcceptedFailure
from sendproof_harness.judge.accepted_failures import accept_failures
from sendproof_harness.report.combined.annotations import Annotation, github_lines
from sendproof_harness.report.combined.record import FAILED_FAST, NOT_REACHED, RecordError, read_record
from sendproof_harness.report.combined.write import write_combined
from session_results import outcome, write_results

TODAY = date(2026, 3, 2)
KNOWN = AcceptedFailure(
    scenario="wrong",
    check="delivery.text",
    cause="wrong text",
    reason="ticket 812",
    expires=TODAY,
    place="known.yaml:2",
)
ANNOTATION = Annotation(
    rule="delivery.text", scenario="a", cause="late: b, c", text="50%\nlate", file="scenarios/a.yaml"
)


@pytest.fixture
def results(correct_run, tmp_path):
    """Return a folder with a scenario of each kind: passed, failed, not run, and not judged."""
    wrong = correct_run.change_delivery_to(4, text="Hello")
    write_results(tmp_path, correct_run, [outcome("right")])
    write_results(tmp_path, wrong, [outcome("wrong", "fail", file="scenarios/wrong.yaml")])
    left = [outcome("left", None, why=FAILED_FAST), outcome("killed", None, why=NOT_REACHED)]
    return write_results(tmp_path, wrong, [*left, outcome("unstarted", "error", why="no free port")])


def suites(results):
    """Return what fails, is an error, or is skipped in each suite of the combined JUnit report."""
    root = fromstring((results / "junit.xml").read_text())
    return [tuple(suite.get(name) for name in ("failures", "errors", "skipped")) for suite in root]


def test_junit_has_a_suite_for_each_scenario(results):
    """A scenario that was not reached is an error, unless --fail-fast left it out."""
    write_combined(results, read_record(results))

    assert suites(results) == [
        ("0", "0", "1"), ("0", "1", "0"), ("0", "1", "0"), ("0", "0", "0"), ("1", "0", "0")
    ]  # fmt: skip


def test_summary_begins_with_the_worst_scenario(results):
    write_combined(results, read_record(results))
    rows = [line.split(" | ") for line in (results / "summary.md").read_text().splitlines() if line.startswith("| ")]

    assert [row[1] for row in rows[1:6]] == ["unstarted", "wrong", "left", "killed", "right"]
    assert "no free port" in rows[1][2]


def test_sarif_has_a_result_for_each_cause_with_its_rule(results):
    write_combined(results, read_record(results))
    (run,) = json.loads((results / "sendproof.sarif").read_text())["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    found = [(rules[result["ruleIndex"]], result["suppressions"]) for result in run["results"]]

    assert found == [("run.started", []), ("run.started", []), ("delivery.text", [])]
    (place,) = run["results"][2]["locations"]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "scenarios/wrong.yaml"}


def test_accepted_failure_is_suppressed_with_its_reason(correct_run, tmp_path):
    run = correct_run.change_delivery_to(4, text="Hello")
    verdict = accept_failures(run.verdict(), [KNOWN], "wrong", TODAY)
    write_results(tmp_path, run, [outcome("wrong")], verdict)
    found = write_combined(tmp_path, read_record(tmp_path))
    (result,) = json.loads((tmp_path / "sendproof.sarif").read_text())["runs"][0]["results"]

    assert [item["justification"] for item in result["suppressions"]] == ["ticket 812 (until 2026-03-02)"]
    assert list(github_lines(found)) == []
    assert "| ✅ pass | wrong | Verdict fail, accepted; 1 accepted failure. " in (tmp_path / "summary.md").read_text()


def test_entry_that_is_gone_is_shown_at_its_file(correct_run, tmp_path):
    verdict = accept_failures(correct_run.verdict(), [KNOWN], "wrong", TODAY)
    write_results(tmp_path, correct_run, [outcome("wrong", "fail")], verdict)
    (found,) = write_combined(tmp_path, read_record(tmp_path))

    assert (found.rule, found.cause, found.file) == ("accepted.failure", "accepted failure passes again", "known.yaml")


def test_github_shows_annotations_in_the_file():
    assert list(github_lines([ANNOTATION])) == [
        "::error file=scenarios/a.yaml,title=a%3A late%3A b%2C c::50%25%0Alate",
    ]


def test_text_of_a_bridge_is_no_workflow_command():
    """Each annotation stays one line, whatever a bridge wrote."""
    hostile = replace(ANNOTATION, text="late\r\n::add-mask::x", cause="a\n::error::b", scenario="s\n::warning::")

    assert [line.count("\n") for line in github_lines([hostile])] == [0]


def test_github_shows_ten_annotations_and_the_number_of_the_others():
    *shown, rest = github_lines([ANNOTATION] * 12)

    assert (len(shown), rest) == (10, "::notice title=Sendproof::2 more causes are in the summary and the reports")


def refusal(results):
    with pytest.raises(RecordError) as caught:
        write_combined(results, read_record(results))
    return str(caught.value)


@pytest.mark.parametrize("status", [-1, 4, 99, None, "0"])
def test_verdict_with_another_exit_status_is_refused(results, status):
    file = results / "wrong" / "verdict.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"exit_status": status}))
    assert refusal(results).startswith(f"{file}: expected a verdict of this version of Sendproof: ")


def test_finding_without_an_example_is_refused(results):
    file = results / "wrong" / "verdict.json"
    verdict = json.loads(file.read_text())
    next(check for check in verdict["checks"] if check["findings"])["findings"][0]["examples"] = []
    file.write_text(json.dumps(verdict))
    assert refusal(results).startswith(f"{file}: expected a verdict of this version of Sendproof: Expected `array`")


@pytest.mark.parametrize(
    "content",
    [b"<a>" * 21 + b"</a>" * 21, b"<a>" * 1_200 + b"</a>" * 1_200, b"<a>", b"", b"<a>\xff</a>"],
    ids=["21 levels", "1,200 levels", "no end", "empty", "no UTF-8"],
)
def test_junit_report_that_no_run_writes_is_refused(results, content):
    (results / "wrong" / "junit.xml").write_bytes(content)
    assert refusal(results).startswith(f"{results}/wrong/junit.xml: expected the JUnit report of a run: ")


@pytest.mark.parametrize("encoding", ["foo", "gbk", "hex", "utf-16"])
def test_junit_report_is_read_as_utf_8_whatever_it_states(results, encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><testsuites><testsuite name="\u00fc"/></testsuites>'
    (results / "wrong" / "junit.xml").write_text(text, encoding="utf-8")
    write_combined(results, read_record(results))
    assert "\u00fc" in (results / "junit.xml").read_text(encoding="utf-8")
