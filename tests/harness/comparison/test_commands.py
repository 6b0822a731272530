"""The commands `compare` and `invariants` as a user runs them."""

import json
import shlex
import sys

import pytest

from command_line import sendproof
from repository import ROOT

FLASK = shlex.join([sys.executable, str(ROOT / "bridge" / "examples" / "flask_bridge" / "app.py")])
SCENARIO = """
sendproof: 1
name: Twenty customers
seed: 3
starts: 2026-03-02T06:00:00Z
providers: [textlocal]
audience: {customers: 20, opted_out: 10%, unusable_numbers: 10%}
channels: [{id: 505, provider: any}]
templates: [{provider: any, title: News, body: "Hello {{FIRST_NAME}}, there is news. Reply STOP to opt out."}]
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits: [{share: 50%, template: News, send_at: 2026-03-02T09:00:00Z},
      {share: 50%, template: News, send_at: 2026-03-02T11:00:00Z}]
steps: [{wait_for: {listeners: 1, templates: 1}}, {plan: 7001}, {advance: 4 hours}, {cancel: 7001}, {advance: 2 hours}]
"""


@pytest.fixture
def recorded(tmp_path, correct_run):
    """Return two results folders of one scenario: of a correct bridge, and of one that lost a message."""
    lost = correct_run.delivery_to(3)["message"]
    runs = {"good": correct_run, "bad": correct_run.without("delivery", lambda line: line["message"] == lost)}
    for name, run in runs.items():
        folder = tmp_path / name / "campaign"
        folder.mkdir(parents=True)
        (folder / "history.ndjson").write_bytes(b"".join(run.encoded()))
    return tmp_path / "good", tmp_path / "bad"


def test_recorded_runs_are_compared_without_a_bridge(recorded):
    good, bad = recorded
    result = sendproof("compare", good, bad)
    assert result.status == 1
    assert "1 recipient: messages that only A sent" in result.out
    assert "fail: 1 scenario: the bridges differ" in result.out
    assert sendproof("compare", good / "campaign", good).status == 0


def test_repair_is_no_regression(recorded):
    good, bad = recorded
    assert sendproof("compare", good, "--since", bad).status == 0
    result = sendproof("compare", bad, "--since", good)
    assert (result.status, "fail: 1 scenario: B is worse than A" in result.out) == (1, True)


def test_json_has_each_difference(recorded):
    result = sendproof("compare", *recorded, "--json")
    (client,) = json.loads(result.out)["scenarios"][0]["clients"]
    worse = [difference for difference in client["differences"] if difference["standing"] == "worse"]
    assert [(difference["area"], difference["customer"], difference["b"]) for difference in worse] == [
        ("recipient", "C0000003", "nothing")
    ]


def test_run_that_only_one_folder_has_is_not_compared(recorded):
    good, bad = recorded
    file = bad / "campaign" / "history.ndjson"
    file.unlink()
    result = sendproof("compare", good, bad)
    assert result.status == 3
    assert "expected the run of a scenario, got no history.ndjson" in result.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "./a"], "expected two bridges, got one; name B, or the earlier version"),
        (["compare", "./a", "./b", "--since", "./c"], "--since: expected one bridge with it, got two"),
        (["compare", "http://localhost:9000", "./b"], "name the results folder of sendproof run --bridge"),
        (["compare", "./a", "./b"], "--scenario: expected at least one file"),
        (["compare", "./a", "./b", "--scenario", "no/such"], "no scenario 'no/such'"),
        (
            ["invariants", "scheduled/by_night", "--only", "dayz"],
            "--only: expected the name of an invariant, got 'dayz'",
        ),
    ],
)
def test_wrong_command_line_is_refused_with_the_next_action(arguments, message):
    result = sendproof(*arguments)
    assert (result.status, message in result.err) == (3, True), result.err


@pytest.mark.exhaustive
def test_bridge_without_cancellations_is_worse_than_the_reference_bridge(tmp_path):
    scenario = tmp_path / "twenty.yaml"
    scenario.write_text(SCENARIO)
    result = sendproof(
        "compare", "reference", FLASK, "--scenario", scenario, "--results", tmp_path / "results", "--json"
    )
    (client,) = json.loads(result.out)["scenarios"][0]["clients"]
    worse = {
        difference["what"]
        for difference in client["differences"]
        if difference["standing"] == "worse" and difference["area"] == "recipient"
    }
    assert (result.status, worse) == (1, {"messages that only B sent"})
    assert (tmp_path / "results" / "B" / "twenty-textlocal" / "history.ndjson").exists()


@pytest.mark.exhaustive
def test_reference_bridge_keeps_an_invariant(tmp_path):
    scenario = tmp_path / "twenty.yaml"
    scenario.write_text(SCENARIO)
    names = ("--only", "days", "--only", "halves", "--only", "provider")
    result = sendproof("invariants", scenario, *names, "--results", tmp_path / "results", "--json")
    checked = json.loads(result.out)["scenarios"][0]["invariants"]
    assert [invariant["result"] for invariant in checked] == ["not applicable", "holds", "not applicable"]
    assert result.status == 0
