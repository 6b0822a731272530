"""With the index of a large history, one customer is explained as from the whole history."""

import os

import pytest

from history_builder import HistoryBuilder, build_correct_run
from sendproof_harness.explain.customer import explain, find_customer
from sendproof_harness.history.large.customer_index import load_index, save_index
from sendproof_harness.history.large.indexing import index_history
from sendproof_harness.judge.judged_file import JudgedFile, judge_for_customer, judge_whole

ALWAYS = 0


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "history.ndjson"
    file.write_bytes(b"".join(build_correct_run(60, page=20).encoded()))
    return file


def explained(judged: JudgedFile, name: str):
    return explain(judged.history, judged.verdict, find_customer(judged.history, name))


@pytest.mark.parametrize("customer", range(60))
def test_explanation_is_that_of_the_whole_history(customer, file):
    name = f"C{customer:07d}"
    condensed = judge_for_customer(file, name, index_history(file, ALWAYS))

    assert len(condensed.history.obligations) < 25
    assert explained(condensed, name) == explained(judge_whole(file), name)


@pytest.mark.parametrize("customer", [0, 3, 7, 33, 41])
def test_explanation_of_a_failure_is_that_of_the_whole_history(customer, tmp_path):
    """Every third message has a wrong text, and no total is right."""
    lines = [
        line | {"text": line["text"].upper()} if line["kind"] == "delivery" and line["n"] % 3 == 0 else line
        for line in build_correct_run(60, page=20).lines
        if line["kind"] != "metrics"
    ]
    file = tmp_path / "history.ndjson"
    file.write_bytes(b"".join(HistoryBuilder(tuple(lines)).encoded()))
    name = f"C{customer:07d}"
    condensed = judge_for_customer(file, name, index_history(file, ALWAYS))

    assert len(condensed.history.obligations) < 60
    assert explained(condensed, name) == explained(judge_whole(file), name)


def test_rejected_text_of_another_number_is_explained_alike(tmp_path):
    """A rejection belongs to the only customer who is due its text, so that customer must not be left out."""
    run = build_correct_run(60, page=60)
    rejection = {"kind": "rejection", "service": "textlocal", "number": "447100000001", "n": 9_000,
                 "text": run.obligation_of(9)["text"], "at": run.obligation_of(9)["due"]}  # fmt: skip
    file = tmp_path / "history.ndjson"
    file.write_bytes(b"".join(run.plus(rejection).encoded()))
    judged = judge_for_customer(file, "C0000009", index_history(file, ALWAYS))

    assert len(judged.history.obligations) < 25
    assert explained(judged, "C0000009") == explained(judge_whole(file), "C0000009")


def test_customer_is_found_by_any_form_of_the_number(file):
    index = index_history(file, ALWAYS)

    assert index.find("+44 71 00000042") == index.find("447100000042") == index.find("C0000042") == 42


def test_unknown_customer_is_looked_for_in_the_whole_history(file):
    index = index_history(file, ALWAYS)

    assert index.find("C0000099") is None
    assert len(judge_for_customer(file, "C0000099", index).history.obligations) == 60


def test_index_is_saved_and_loaded(file):
    save_index(file, index_history(file, ALWAYS))

    assert load_index(file) == index_history(file, ALWAYS)


def test_index_of_another_history_is_ignored(file):
    save_index(file, index_history(file, ALWAYS))
    file.write_bytes(b"".join(build_correct_run(30).encoded()))
    os.utime(file, ns=(0, 0))

    assert load_index(file) is None


def test_damaged_index_is_ignored(file):
    save_index(file, index_history(file, ALWAYS))
    file.with_name("history.ndjson.index").write_bytes(b"\x81")

    assert load_index(file) is None


def test_index_does_not_follow_a_link_of_another_user(file, tmp_path):
    """The history may be in an archive of someone else, with a link to a file that its reader can write."""
    own = tmp_path / "own"
    own.write_text("mine")
    (tmp_path / "history.ndjson.index").symlink_to(own)
    save_index(file, index_history(file, ALWAYS))

    assert (own.read_text(), load_index(file) is None) == ("mine", False)


def test_index_that_is_no_file_is_ignored(file, tmp_path):
    """Reading the pipe would never end."""
    os.mkfifo(tmp_path / "history.ndjson.index")
    assert load_index(file) is None


def test_history_in_a_folder_without_permission_has_no_index(file):
    save_index(file.parent / "missing" / file.name, index_history(file, ALWAYS))

    assert load_index(file) is None


def test_customers_with_own_titles_and_devices_are_alike(tmp_path):
    """Otherwise a large campaign of push notifications is read whole."""
    own = {"message_type": "push", "payload": None}
    run = build_correct_run(60, page=20).change(
        "delivery",
        lambda line: (
            line | own | {"heading": line["text"], "devices": [{"platform": "ios", "token": f"token-{line['number']}"}]}
        ),
    )
    file = tmp_path / "history.ndjson"
    file.write_bytes(b"".join(run.encoded()))
    condensed = judge_for_customer(file, "C0000033", index_history(file, ALWAYS))

    assert len(condensed.history.obligations) < 25
    assert explained(condensed, "C0000033") == explained(judge_whole(file), "C0000033")
