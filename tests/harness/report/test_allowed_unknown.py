"""Checks that may be unknown: `--allow-unknown`."""

import json
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import pytest
import typer

from history_builder import HistoryBuilder
from sendproof_harness.cli.options import allowed_checks
from sendproof_harness.judge.verdict import allow_unknown
from sendproof_harness.report import write_reports

TIMES = frozenset({"delivery.time", "metrics.cadence"})


@pytest.fixture
def run_without_virtual_time(correct_run: HistoryBuilder) -> HistoryBuilder:
    """Return a correct run with unknown times only."""
    clock = correct_run.lines[0]["clock"] | {"participants": []}
    return HistoryBuilder((correct_run.lines[0] | {"clock": clock}, *correct_run.without("clock").lines[1:]))


def test_verdict_stays_unknown_with_exit_status_0_if_all_unknown_checks_are_allowed(run_without_virtual_time):
    verdict = allow_unknown(run_without_virtual_time.verdict(), TIMES)

    assert (verdict.status, verdict.accepted_status, verdict.exit_status) == ("unknown", "pass", 0)


def test_one_unknown_check_that_is_not_allowed_keeps_exit_status_2(run_without_virtual_time):
    verdict = allow_unknown(run_without_virtual_time.verdict(), frozenset({"delivery.time"}))

    assert (verdict.accepted_status, verdict.exit_status) == ("unknown", 2)


def test_a_failure_is_never_allowed(run_without_virtual_time):
    run = run_without_virtual_time.change_delivery_to(4, text="Hello")

    assert allow_unknown(run.verdict(), TIMES | {"delivery.text"}).exit_status == 1


def test_a_run_without_a_single_pass_is_not_accepted(run_without_virtual_time):
    """Nothing would be proven."""
    verdict = run_without_virtual_time.verdict()
    unknown = tuple(result for result in verdict.results if result.status == "unknown")

    assert allow_unknown(replace(verdict, results=unknown), TIMES).exit_status == 2


def test_reports_show_allowed_checks_as_skipped(run_without_virtual_time, tmp_path):
    run = run_without_virtual_time
    paths = write_reports(allow_unknown(run.verdict(), TIMES), run.history(), tmp_path)
    suite = fromstring(paths["junit"].read_text()).find("testsuite")
    document = json.loads(paths["json"].read_text())

    assert (suite.get("errors"), suite.get("skipped")) == ("0", "2")
    assert (document["verdict"], document["exit_status"]) == ("unknown", 0)
    assert document["allowed_unknown"] == sorted(TIMES)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("delivery.tme", "the id of a check, got 'delivery.tme'; did you mean \"delivery.time\"?"),
        ("run.completed", "another check than run.completed; a run that did not complete proves nothing"),
    ],
)
def test_wrong_check_is_refused_with_status_3(name, problem, capsys):
    with pytest.raises(typer.Exit) as refusal:
        allowed_checks([name])

    assert refusal.value.exit_code == 3
    assert capsys.readouterr().err == f"--allow-unknown: expected {problem}\n"
