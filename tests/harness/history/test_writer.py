"""Adding the facts of a run to a history."""

from pathlib import Path

import pytest

from sendproof_harness.history.reader import HistoryError, read_history
from sendproof_harness.history.writer import OtherClient, RunFacts, add_run_facts, insert_before_end

NOW = "2026-03-02T06:00:00Z"


@pytest.fixture
def file(tmp_path: Path, correct_run) -> Path:
    """Return a history file."""
    path = tmp_path / "history.ndjson"
    path.write_bytes(b"".join(correct_run.encoded()))
    return path


def test_run_facts_become_lines_of_the_history(file) -> None:
    """A judge of this history alone can see that a request was meant for another client."""
    others = [OtherClient(client="south", templates=(91, 92))]
    aborted = {"blame": "bridge", "cause": "the bridge ended", "expected": "a bridge", "got": "none"}
    add_run_facts(file, RunFacts(scenario="Small", file="small", aborted=aborted, other_clients=others), NOW)
    history = read_history(file)
    assert [(scenario.name, scenario.file, scenario.asks) for scenario in history.scenarios] == [
        ("Small", "small", "everything")
    ]
    assert [(client.client, client.templates) for client in history.other_clients] == [("south", (91, 92))]
    assert [aborted.cause for aborted in history.aborted] == ["the bridge ended"]


def test_conformance_run_is_marked(file) -> None:
    add_run_facts(file, RunFacts(scenario="Small", file="small", conformance_only=True), NOW)
    assert read_history(file).scenarios[0].asks == "contract"


def test_wishes_of_client_are_in_the_history(file: Path) -> None:
    add_run_facts(file, RunFacts(scenario="Small", file="small", wishes={"reports": "campaign_metrics"}), NOW)
    assert read_history(file).scenarios[0].reports == "campaign_metrics"


def test_name_of_a_file_that_is_no_text_becomes_an_escape(file: Path) -> None:
    add_run_facts(file, RunFacts(scenario="Small", file="small\udcff"), NOW)
    assert read_history(file).scenarios[0].file == "small\\udcff"


def test_added_lines_are_sealed(file: Path) -> None:
    """A reader must notice if they are altered too."""
    add_run_facts(file, RunFacts(scenario="Small", file="small"), NOW)
    file.write_bytes(file.read_bytes().replace(b'"Small"', b'"Large"'))
    with pytest.raises(HistoryError, match="this line was altered"):
        read_history(file)


def test_altered_history_stays_altered(file: Path) -> None:
    """Adding lines must not seal what was altered before."""
    file.write_bytes(file.read_bytes().replace(b"Ana0", b"Eve0"))
    add_run_facts(file, RunFacts(scenario="Small", file="small"), NOW)
    with pytest.raises(HistoryError, match="this line was altered"):
        read_history(file)


def test_incomplete_history_stays_incomplete(tmp_path: Path) -> None:
    """Added lines must not hide that the end is missing."""
    history = tmp_path / "history.ndjson"
    history.write_text('{"kind":"history"}\n{"kind":"delivery"}\n')
    with pytest.raises(HistoryError, match="expected a last line of the kind 'end', got none; run the scenario again"):
        insert_before_end(history, [{"kind": "scenario"}])
    assert history.read_text() == '{"kind":"history"}\n{"kind":"delivery"}\n'


def test_unauthenticated_requests_become_lines_of_the_history(file) -> None:
    """The verdict counts requests that belong to no sandbox."""
    request = {"service": "optimove", "operation": None, "method": "GET", "path": "/x", "credential": "missing",
               "status": 401}  # fmt: skip
    add_run_facts(file, RunFacts(scenario="Small", file="small", unauthenticated=[request]), NOW)

    assert [(line.path, line.shared) for line in read_history(file).unauthenticated_requests] == [("/x", False)]
