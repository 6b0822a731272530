"""The record of a results folder."""

import pytest

from sendproof_harness.report import write_reports
from sendproof_harness.report.combined.record import (
    FAILED_FAST,
    NOT_REACHED,
    RecordError,
    read_record,
    record_outcomes,
)
from session_results import outcome, write_results


def test_later_session_replaces_its_scenarios_and_keeps_the_others(correct_run, tmp_path):
    write_results(tmp_path, correct_run, [outcome("a"), outcome("b")])
    record_outcomes(tmp_path, [outcome("b", "fail")])

    assert [(item.scenario, item.verdict) for item in read_record(tmp_path).outcomes] == [("a", "pass"), ("b", "fail")]


def test_outcome_without_its_reports_is_forgotten(tmp_path):
    """Otherwise a folder that a user removed would break the reports of all others."""
    record_outcomes(tmp_path, [outcome("a")])

    assert record_outcomes(tmp_path, []).outcomes == ()


def test_shards_in_one_folder_complete_each_other(correct_run, tmp_path):
    first, second = {"shard": 1, "shards": 2}, {"shard": 2, "shards": 2}
    write_results(tmp_path, correct_run, [outcome("a", **first), outcome("b", None, **second)])
    write_results(tmp_path, correct_run, [outcome("a", None, **first), outcome("b", **second)])

    assert read_record(tmp_path).status == "pass"


@pytest.mark.parametrize(
    ("missing", "status"), [({"why": NOT_REACHED}, "unknown"), ({"why": FAILED_FAST}, "unknown"), ({}, "error")]
)
def test_scenario_that_did_not_run_never_passes(missing, status):
    assert outcome("a", None, **missing).status == status


def test_accepted_failures_of_scenarios_that_did_not_run_are_named(tmp_path):
    record = record_outcomes(tmp_path, [outcome("a", None, why=NOT_REACHED)], ["a", "b/client", "b/client"])

    assert record.unused == ("b/client",)


def test_accepted_failures_of_unknown_clients_are_named(correct_run, tmp_path):
    """An entry without the client would never be applied."""
    write_reports(correct_run.verdict(), correct_run.history(), tmp_path / "a" / "north")
    record = record_outcomes(tmp_path, [outcome("a")], ["a", "a/north", "a/south"])

    assert record.unused == ("a", "a/south")


@pytest.mark.parametrize("content", ["", "[]", '{"outcomes": 1}', '{"report": "other"}'])
def test_other_file_is_refused(content, tmp_path):
    (tmp_path / "session.json").write_text(content)

    with pytest.raises(RecordError, match="expected the record of a session"):
        read_record(tmp_path)
