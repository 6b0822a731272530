"""Merging the results of several jobs."""

import io
from pathlib import Path

import pytest

from sendproof_harness.report.combined.record import FAILED_FAST, Record, RecordError, read_record, write_record
from sendproof_harness.session.merge import merge, merge_records
from sendproof_harness.terminal import Terminal
from session_results import outcome, write_results

FIRST, SECOND = {"shard": 1, "shards": 2}, {"shard": 2, "shards": 2}


@pytest.fixture
def shards(correct_run, tmp_path):
    """Return the folders of two jobs: the second one failed."""
    wrong = correct_run.change_delivery_to(4, text="Hello")
    return [
        write_results(tmp_path / "1", correct_run, [outcome("a", **FIRST), outcome("b", None, **SECOND)]),
        write_results(tmp_path / "2", wrong, [outcome("a", None, **FIRST), outcome("b", "fail", **SECOND)]),
    ]


def merged(*records):
    return merge_records({Path(str(number)): Record(outcomes=record) for number, record in enumerate(records)})


def test_merged_folder_has_all_runs_and_the_worst_status(shards, tmp_path):
    status = merge(shards, tmp_path / "all", Terminal(io.StringIO()))

    assert (status, read_record(tmp_path / "all").status) == ("fail", "fail")
    assert {path.parent.name for path in (tmp_path / "all").glob("*/report.html")} == {"a", "b"}
    assert {"index.html", "junit.xml", "summary.md", "sendproof.sarif"} <= {
        path.name for path in (tmp_path / "all").iterdir()
    }


def test_missing_shard_is_an_error(shards, tmp_path):
    output = io.StringIO()

    assert merge(shards[:1], tmp_path / "all", Terminal(output)) == "error"
    assert "b: shard 2 of 2 has no results; name its results folder too" in output.getvalue()


def test_second_merge_moves_the_first_one_aside(shards, tmp_path):
    """What an earlier merge left there proves nothing."""
    merge(shards, tmp_path / "all", Terminal(io.StringIO()))
    merge(shards[:1], tmp_path / "all", Terminal(io.StringIO()))

    assert not (tmp_path / "all" / "b" / "verdict.json").exists()
    assert (tmp_path / "all" / "b" / "earlier" / "1" / "verdict.json").exists()


def test_scenario_that_fail_fast_left_out_is_unknown():
    record = merged((outcome("a", "fail", **FIRST), outcome("b", None, **SECOND)),
                    (outcome("a", None, **FIRST), outcome("b", None, why=FAILED_FAST, **SECOND)))  # fmt: skip

    assert [item.status for item in record.outcomes] == ["fail", "unknown"]


def test_accepted_failure_is_unused_if_the_folder_of_its_scenario_says_so():
    """Each shard only knows the clients of its own scenarios."""
    first = Record(outcomes=(outcome("a", **FIRST), outcome("b", None, **SECOND)), unused=("a/x", "c"))
    second = Record(outcomes=(outcome("a", None, **FIRST), outcome("b", **SECOND)), unused=("c",))

    assert merge_records({Path("1"): first, Path("2"): second}).unused == ("a/x", "c")


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (outcome("a", **FIRST), "both 0 and 1 have run a"),
        (outcome("a", shard=1, shards=3), "0 has a in shard 1/2, and 1 in shard 1/3"),
        (outcome("a"), "0 has a in shard 1/2, and 1 in no shard"),
    ],
)
def test_folders_that_do_not_belong_together_are_refused(other, problem):
    with pytest.raises(RecordError, match=problem):
        merged((outcome("a", **FIRST),), (other,))


def test_results_of_two_versions_are_refused():
    records = {Path("1"): Record(sendproof="0.1.0"), Path("2"): Record(sendproof="0.2.0")}

    with pytest.raises(RecordError, match=r"one version of Sendproof, got 0\.1\.0 and 0\.2\.0"):
        merge_records(records)


@pytest.mark.parametrize("name", ["../2", "..", ".", "", "/tmp", "earlier", "a/b", ".git"])
def test_record_cannot_name_a_folder_elsewhere(name, correct_run, tmp_path):
    """Results may come from another job. With "..", a merge moved everything next to its results aside."""
    folder = write_results(tmp_path / "1", correct_run, [])
    write_record(folder, Record(outcomes=(outcome(name),)))

    with pytest.raises(RecordError, match="expected the name of a results folder"):
        merge([folder], tmp_path / "all" / "deep", Terminal(io.StringIO()))
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_only_what_a_run_writes_is_copied(shards, tmp_path):
    """Git would obey the settings of a folder `.git` in results of someone else."""
    scenario = shards[0] / "a"
    for name in (".git/config", ".git/verdict.json", "north/history.ndjson", "north/hook", "x/y"):
        (scenario / name).parent.mkdir(exist_ok=True)
        (scenario / name).write_bytes((scenario / "verdict.json").read_bytes())
    merge(shards, tmp_path / "all", Terminal(io.StringIO()))
    copied = {path.relative_to(tmp_path / "all" / "a").as_posix() for path in (tmp_path / "all" / "a").rglob("*")}

    reports = {"report.html", "junit.xml", "summary.md", "verdict.json"}
    assert copied == {*reports, "north", "north/history.ndjson"}


def test_summary_of_somebody_else_does_not_hide_the_others(shards, tmp_path):
    """An open comment would hide the rest of the summary of a job."""
    (shards[1] / "b" / "summary.md").write_text("**b** \\<x>\n<!--\n```\n[a](b)")
    merge(shards, tmp_path / "all", Terminal(io.StringIO()))

    summary = (tmp_path / "all" / "summary.md").read_text()
    assert summary.endswith("**b** \\<x\\>\n\\<\\!--\n\\`\\`\\`\n\\[a\\](b)")


def test_summary_of_a_run_is_merged_as_it_is(shards, tmp_path):
    merge(shards, tmp_path / "all", Terminal(io.StringIO()))
    assert (tmp_path / "all" / "summary.md").read_text().endswith((shards[1] / "b" / "summary.md").read_text())


def test_link_in_results_is_not_followed(shards, tmp_path):
    """A link in results of someone else could lead to a private file, or to a device without end."""
    (tmp_path / "private").write_text("mine")
    (shards[0] / "a" / "notes").symlink_to(tmp_path / "private")
    (shards[0] / "a" / "logs").symlink_to(tmp_path)
    merge(shards, tmp_path / "all", Terminal(io.StringIO()))

    assert {"notes", "logs"}.isdisjoint(path.name for path in (tmp_path / "all" / "a").iterdir())


@pytest.mark.parametrize("name", ["a", "a/verdict.json", "a/bridge.log", "a/north/history.ndjson"])
def test_link_in_place_of_results_is_refused_before_anything_is_moved(name, shards, tmp_path):
    merge(shards, tmp_path / "all", Terminal(io.StringIO()))
    link = shards[0] / name
    link.parent.mkdir(exist_ok=True)
    if link.exists():
        link.rename(tmp_path / "elsewhere")
    link.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(RecordError, match=f"{name} is a symbolic link; copy what it leads to first"):
        merge(shards, tmp_path / "all", Terminal(io.StringIO()))
    assert not list((tmp_path / "all").glob("*/earlier"))


def test_folder_is_not_merged_into_itself(shards):
    with pytest.raises(RecordError, match="--results: expected another folder"):
        merge(shards, shards[0], Terminal(io.StringIO()))


def test_link_to_itself_has_no_results(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(RecordError, match="Too many levels of symbolic links"):
        merge([tmp_path / "loop"], tmp_path / "all", Terminal(io.StringIO()))


def test_unfinished_history_of_a_client_is_merged(shards, tmp_path):
    """A run of several clients that ended too early has nothing else of them."""
    (client := tmp_path / "1" / "a" / "north").mkdir()
    (client / "history.ndjson.part").write_text("half")
    merge(shards, tmp_path / "all", Terminal(io.StringIO()))

    assert (tmp_path / "all" / "a" / "north" / "history.ndjson.part").read_text() == "half"
