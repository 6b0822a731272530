"""What `sendproof run --json` prints."""

from sendproof_harness.run.results_folder import EARLIER
from sendproof_harness.session.outcome import session_outcome


def test_outcome_names_the_report_of_each_client(tmp_path):
    for folder in ("first/a", "first/b", f"first/{EARLIER}", "second"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "verdict.json").touch()
    first, second = session_outcome({"first": "fail", "second": "error"}, tmp_path)
    reports = [str(tmp_path / "first" / client / "verdict.json") for client in ("a", "b")]
    assert (first["verdict"], first["exit_status"], first["reports"]) == ("fail", 1, reports)
    assert (second["results"], second["exit_status"], second["reports"]) == (str(tmp_path / "second"), 3, [])
