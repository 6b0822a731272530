"""Accepted failures: what they excuse, and when they fail the run themselves."""

import json
from dataclasses import replace
from datetime import date
from xml.etree.ElementTree import fromstring

import pytest

from sendproof_harness.judge.acceptance import AcceptedFailure
from sendproof_harness.judge.accepted_failures import accept_failures
from sendproof_harness.report import write_reports

TODAY = date(2026, 3, 2)
KNOWN = AcceptedFailure(
    scenario="first",
    check="delivery.text",
    cause="wrong text",
    reason="ticket 812",
    expires=TODAY,
    place="accepted.yaml:2",
)


@pytest.fixture
def wrong_run(correct_run):
    """Return a run with one wrong text."""
    return correct_run.change_delivery_to(4, text="Hello")


def states(verdict):
    """Return the state of each entry that was applied."""
    return [acceptance.state for acceptance in verdict.acceptances]


def test_accepted_failure_keeps_the_verdict_and_ends_with_0(wrong_run):
    verdict = accept_failures(wrong_run.verdict(), [KNOWN], "first", TODAY)

    assert (verdict.status, verdict.accepted_status, verdict.exit_status) == ("fail", "pass", 0)
    assert (states(verdict), verdict.acceptances[0].count) == (["accepted"], 1)


def test_another_failure_is_not_accepted(wrong_run):
    run = wrong_run.without("delivery", lambda line: line == wrong_run.delivery_to(5))

    assert accept_failures(run.verdict(), [KNOWN], "first", TODAY).exit_status == 1


def test_another_cause_of_the_same_check_is_not_accepted(wrong_run):
    other = replace(KNOWN, cause="not sent")

    assert accept_failures(wrong_run.verdict(), [other], "first", TODAY).exit_status == 1


def test_entry_for_another_scenario_is_not_applied(wrong_run):
    verdict = accept_failures(wrong_run.verdict(), [replace(KNOWN, scenario="second")], "first", TODAY)

    assert (verdict.acceptances, verdict.exit_status) == ((), 1)


def test_accepted_failure_that_passes_again_fails_the_run(correct_run):
    verdict = accept_failures(correct_run.verdict(), [KNOWN], "first", TODAY)

    assert (verdict.status, states(verdict), verdict.exit_status) == ("pass", ["gone"], 1)
    assert verdict.acceptances[0].text.endswith("passes again; remove the entry at accepted.yaml:2")


def test_expired_entry_fails_the_run(wrong_run, correct_run):
    """It does so even if the bridge is right again: someone must look at the entry."""
    expired = replace(KNOWN, expires=date(2026, 3, 1))
    verdicts = [accept_failures(run.verdict(), [expired], "first", TODAY) for run in (wrong_run, correct_run)]

    assert [(states(verdict), verdict.exit_status) for verdict in verdicts] == [(["expired"], 1)] * 2


def test_entry_is_not_gone_if_its_check_could_not_judge(correct_run):
    """Without a delivery, no text was looked at."""
    run = correct_run.without("delivery").without("request").without("page")
    verdict = accept_failures(run.verdict(), [KNOWN], "first", TODAY)

    assert (states(verdict), verdict.accepted_status) == (["unseen"], "fail")


def test_what_follows_from_an_accepted_root_is_accepted_too(correct_run):
    """A bridge that never heard of a campaign can do nothing about it."""
    run = correct_run.without("delivery").without("delivery_status").without("metrics")
    run = run.without("webhook", lambda line: line["service"] == "textlocal")
    run = run.without("request", lambda line: "SendDetails" in line["operation"])
    verdict = run.change("webhook", lambda line: line | {"status": None, "error": "refused"}).verdict()
    (root,) = verdict.roots
    accepted = accept_failures(verdict, [replace(KNOWN, check=root.check, cause=root.cause)], "first", TODAY)

    assert {"delivery.once", "paging.complete", root.check} <= accepted.accepted_checks
    assert accept_failures(verdict, [], "first", TODAY).accepted_checks == frozenset()


def test_reports_show_accepted_failures(wrong_run, tmp_path):
    verdict = accept_failures(wrong_run.verdict(), [KNOWN], "first", TODAY)
    paths = write_reports(verdict, wrong_run.history(), tmp_path)
    suite = fromstring(paths["junit"].read_text()).find("testsuite")
    document = json.loads(paths["json"].read_text())

    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("0", "0", "1")
    assert (document["verdict"], document["exit_status"]) == ("fail", 0)
    assert [check["id"] for check in document["checks"] if check["accepted"]] == ["delivery.text"]
    assert (
        "accepted until 2026\\-03\\-02" in paths["markdown"].read_text()
        or "ticket 812" in paths["markdown"].read_text()
    )


def test_junit_has_a_failure_for_an_entry_that_is_gone(correct_run, tmp_path):
    """Otherwise the server would show a job that failed without a reason."""
    verdict = accept_failures(correct_run.verdict(), [KNOWN], "first", TODAY)
    paths = write_reports(verdict, correct_run.history(), tmp_path)
    failures = fromstring(paths["junit"].read_text()).findall(".//failure")

    assert [failure.get("message") for failure in failures] == [
        "delivery.text: wrong text: passes again; remove the entry at accepted.yaml:2"
    ]
