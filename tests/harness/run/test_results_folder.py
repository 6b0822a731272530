"""The results folder keeps what an earlier run wrote."""

import subprocess
import sys
from pathlib import Path

import pytest

from sendproof_harness.report.write import write_texts
from sendproof_harness.run.errors import RunError
from sendproof_harness.run.results_folder import REPORTS, fresh_folder, fresh_run_folder, locked_folder


def written(folder: Path) -> dict[str, str]:
    """Return the text of each file, by its path in the folder."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def run_in(folder: Path, verdict: str) -> None:
    (fresh_folder(folder) / "verdict.json").write_text(verdict)


def test_earlier_results_are_kept_in_order(tmp_path: Path) -> None:
    for verdict in ("first", "second", "third"):
        run_in(tmp_path, verdict)
    assert written(tmp_path) == {
        "verdict.json": "third",
        "earlier/1/verdict.json": "first",
        "earlier/2/verdict.json": "second",
    }


def test_folders_of_clients_move_with_their_run(tmp_path: Path) -> None:
    run_in(tmp_path, "first")
    (tmp_path / "north").mkdir()
    (tmp_path / "north" / "history.ndjson").write_text("north")
    fresh_folder(tmp_path)
    assert written(tmp_path) == {"earlier/1/verdict.json": "first", "earlier/1/north/history.ndjson": "north"}


def test_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    run_in(tmp_path, "first")
    fresh_folder(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_data_of_a_bridge_moves_with_the_run_that_started_it(tmp_path: Path) -> None:
    """In the next run, the bridge would believe that its work is done."""
    run_in(tmp_path, "first")
    (tmp_path / "bridge.db").write_text("done")
    fresh_run_folder(tmp_path)
    assert written(tmp_path) == {"earlier/1/verdict.json": "first", "earlier/1/bridge.db": "done"}


def test_new_verdict_on_a_history_moves_the_reports_only(tmp_path: Path) -> None:
    run_in(tmp_path, "first")
    (tmp_path / "history.ndjson").write_text("history")
    fresh_folder(tmp_path, REPORTS)
    assert written(tmp_path) == {"history.ndjson": "history", "earlier/1/verdict.json": "first"}


def test_link_in_place_of_earlier_runs_is_refused(tmp_path: Path) -> None:
    """In results of someone else, it could lead to any folder of the user."""
    results, outside = tmp_path / "results", tmp_path / "outside"
    outside.mkdir()
    run_in(results, "first")
    (results / "earlier").symlink_to(outside)
    with pytest.raises(RunError, match=r"expected a folder for earlier runs, got .*/earlier, which is a symbolic link"):
        fresh_folder(results)
    assert (written(outside), (results / "verdict.json").read_text()) == ({}, "first")


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(RunError, match=r"--results: .* cannot be used: File exists; choose another folder"):
        fresh_folder(tmp_path / "results")


def test_folder_of_a_running_run_is_refused_under_any_path(tmp_path: Path) -> None:
    """Two runs in one folder would mix their logs and their histories."""
    folder, link = tmp_path / "results", tmp_path / "link"
    link.symlink_to(folder)
    expected = r"--results: expected a folder that no other run uses, got .*link.*; wait for its end, or choose another"
    with locked_folder(folder), pytest.raises(RunError, match=expected), locked_folder(link):
        pass


def test_folder_is_free_after_its_run_was_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from sendproof_harness.run.results_folder import locked_folder\n"
        "with locked_folder(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False, timeout=120)
    with locked_folder(tmp_path):
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("leads_to", ["file", "nothing"])
def test_link_of_an_earlier_run_moves_and_is_not_written_through(leads_to: str, tmp_path: Path) -> None:
    """The folder may be in an archive of someone else."""
    results = tmp_path / "results"
    results.mkdir()
    (tmp_path / "file").write_text("mine")
    (results / "verdict.json").symlink_to(tmp_path / leads_to)
    write_texts({"json": ("verdict.json", "new")}, fresh_folder(results))

    assert (results / "earlier" / "1" / "verdict.json").is_symlink()
    assert ((tmp_path / "file").read_text(), (tmp_path / "nothing").exists()) == ("mine", False)


def test_report_replaces_a_link_at_its_place(tmp_path: Path) -> None:
    """The reports of all scenarios of a folder are written in place."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "junit.xml").symlink_to(tmp_path / "file")
    write_texts({"junit": ("junit.xml", "new")}, tmp_path)

    assert ((tmp_path / "file").read_text(), (tmp_path / "junit.xml").read_text()) == ("mine", "new")
