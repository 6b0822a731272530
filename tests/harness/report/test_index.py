"""The overview of all runs in a results folder."""

import json
from pathlib import Path

import pytest

from sendproof_harness.report import write_reports
from sendproof_harness.report.overview.index import write_index
from sendproof_harness.report.overview.runs import RUNS_MAX, find_series


@pytest.fixture
def results(correct_run, tmp_path: Path) -> Path:
    """Return a results folder with a scenario that passed before and fails now, and one that passes."""
    failed = correct_run.change_delivery_to(4, text="Hello")
    write_reports(correct_run.verdict(), correct_run.history(), tmp_path / "first" / "earlier" / "1")
    write_reports(failed.verdict(), failed.history(), tmp_path / "first")
    write_reports(correct_run.verdict(), correct_run.history(), tmp_path / "another")
    return tmp_path


def test_series_has_the_earlier_runs_first_and_the_worst_scenario_first(results):
    series = find_series(results)

    assert [(item.name, [run.verdict for run in item.runs]) for item in series] == [
        ("first", ["pass", "fail"]),
        ("another", ["pass"]),
    ]
    assert (series[0].change, series[1].change) == ("worse", "")


def test_page_links_to_the_report_of_each_run(results):
    page = write_index(results).read_text("utf-8")

    for report in ("first/report.html", "first/earlier/1/report.html", "another/report.html"):
        assert f'href="{report}"' in page
        assert (results / report).is_file()
    assert "▼ worse" in page


def test_client_of_a_scenario_has_a_series_of_its_own(results):
    (results / "first").rename(results / "client")
    (results / "two_clients").mkdir()
    (results / "client").rename(results / "two_clients" / "alpha")

    assert [item.name for item in find_series(results)] == ["two_clients/alpha", "another"]


def test_unreadable_verdict_is_left_out(results):
    """It may be being written, or be of another program."""
    (results / "first" / "verdict.json").write_text("{")
    (results / "another" / "verdict.json").write_text(json.dumps({"verdict": "great"}))

    assert [(item.name, len(item.runs)) for item in find_series(results)] == [("first", 1)]


def test_hostile_names_are_escaped(results):
    (results / "another").rename(results / "<b>'\"")
    page = write_index(results).read_text("utf-8")

    assert "<b>'" not in page
    assert "&lt;b&gt;" in page


def test_trend_is_limited_to_the_newest_runs(results):
    verdict = json.loads((results / "another" / "verdict.json").read_text())
    for number in range(1, RUNS_MAX + 5):
        folder = results / "another" / "earlier" / str(number)
        folder.mkdir(parents=True)
        (folder / "verdict.json").write_text(json.dumps(verdict))

    assert len(find_series(results)[1].runs) == RUNS_MAX


def test_folder_without_verdicts_has_no_overview(tmp_path):
    assert write_index(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
