"""`--accept FILE`: the exit status of a command with accepted failures."""

import json

import pytest
from typer.testing import CliRunner

from sendproof_harness.cli.commands import build_app

AT = {"n": 0, "at": "2026-03-02T06:00:00.000Z", "real": 0.0}
SCENARIO = AT | {"kind": "scenario", "name": "First", "file": "first"}
RUN = AT | {
    "kind": "run", "sendproof": "0.1.0", "began": "2026-03-02T12:00:00.000Z", "duration_s": 1.0, "bridge": "x",
    "options": {}, "python": "3.12", "platform": "Linux", "cores": 2,
}  # fmt: skip
OTHER_CLIENT = AT | {"kind": "other_client", "client": "b", "templates": []}


def entry(scenario="first", expires="2026-03-02"):
    """Return a file with one accepted failure."""
    row = {"scenario": scenario, "check": "delivery.text", "cause": "wrong text", "reason": "x", "expires": expires}
    return json.dumps({"accepted": [row]})


@pytest.fixture
def judge(correct_run, tmp_path):
    """Return the exit status of `judge` on a run with a wrong text, with these accepted failures."""

    def run(accepted, *lines):
        history = tmp_path / "results" / "a" / "history.ndjson"
        history.parent.mkdir(parents=True)
        wrong = correct_run.change_delivery_to(4, text="Hello").plus(SCENARIO, RUN, *lines)
        history.write_bytes(b"".join(wrong.encoded()))
        (tmp_path / "accepted.yaml").write_text(accepted)
        options = ("--accept", str(tmp_path / "accepted.yaml"))
        return CliRunner().invoke(build_app(), ["judge", str(history), *options]).exit_code

    return run


@pytest.mark.parametrize(
    ("accepted", "status"),
    [
        (entry(), 0),
        (entry(scenario="second"), 1),
        (entry(expires="2026-03-01"), 1),
        (entry(expires="soon"), 3),
    ],
)
def test_status_counts_the_accepted_failures_of_the_day_of_the_run(judge, accepted, status):
    """The same history with the same file always has the same verdict, so the day of today does not count."""
    assert judge(accepted) == status


@pytest.mark.parametrize(("scenario", "status"), [("first/a", 0), ("first/b", 1), ("first", 1)])
def test_entry_for_a_scenario_with_clients_names_the_client(judge, scenario, status):
    """Otherwise it would be gone for the client without the failure."""
    assert judge(entry(scenario), OTHER_CLIENT) == status
