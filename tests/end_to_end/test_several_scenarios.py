"""`sendproof run --parallel`: a process and a sandbox for each scenario, and the worst verdict."""

import json
import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from command_line import sendproof, start
from repository import ROOT
from sendproof_harness.run.processes import listens, wait_until

SMALL = """\
sendproof: 1
name: Small
seed: 7
starts: 2026-03-02T06:00:00Z
providers: [textlocal, delivyr]
audience: {customers: 50, opted_out: 4%}
channels:
  - {id: 505, provider: any}
  - {id: 250, provider: any, kind: triggered}
templates:
  - {provider: any, title: Welcome, body: "Hello {{FIRST_NAME}}"}
  - {provider: any, title: Come back, body: "{{FIRST_NAME}}, see {{page}}"}
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits: [{share: 100%, template: Welcome, send_at: 2026-03-02T09:00:00Z}]
triggers:
  - {trigger: Visit, campaign: 8001, channel: 250, template: Come back, criteria: [{event: visit}]}
faults:
  - {fault: kill, call: any.send, nth: 1, when: after}
steps:
  - wait_for: {listeners: 2, synchronised: true}
  - plan: 7001
  - trigger: Visit
  - events: {event: visit, customers: 10, parameters: {page: /offers}}
  - advance: 8 days
"""


@pytest.mark.slow
def test_parallel_runs_with_killed_bridge_pass(tmp_path: Path) -> None:
    """The output of each run must not be mixed with that of the other."""
    (tmp_path / "small.yaml").write_text(SMALL)
    run = sendproof("run", tmp_path / "small.yaml", "--parallel", "2", "--results", tmp_path / "results")
    assert run.status == 0, run.out + run.err
    assert run.out.splitlines()[:2] == ["started small-textlocal  (run 1 of 2)", "started small-delivyr  (run 2 of 2)"]
    assert run.out.count("Fault f1 kills the bridge.") == 2
    for provider in ("textlocal", "delivyr"):
        verdict = json.loads((tmp_path / "results" / f"small-{provider}" / "verdict.json").read_text())
        assert {name: count for name, count in verdict["ledger"].items() if count}.keys() <= {"ok", "withheld"}


@pytest.mark.slow
def test_cancelled_parallel_runs_stop_all_processes(tmp_path: Path) -> None:
    """The runs share their simulators, which must end, too."""
    (tmp_path / "small.yaml").write_text(SMALL)
    handovers = [tmp_path / f"small-{provider}" / "handover.json" for provider in ("textlocal", "delivyr")]
    with start(
        "run", tmp_path / "small.yaml", "--parallel", "2", "--results", tmp_path, "--command", "sleep 600"
    ) as command:
        assert wait_until(lambda: all(file.exists() for file in handovers), 300)
        simulators = urlsplit(json.loads(handovers[0].read_text())["clock_url"])
        command.send_signal(signal.SIGTERM)
        command.communicate(timeout=120)
    assert command.returncode == 128 + signal.SIGTERM
    assert not listens(str(simulators.hostname), int(simulators.port or 0))


def test_scenarios_json_lists_the_library() -> None:
    listed = json.loads(sendproof("scenarios", "--json").out)
    files = {f"{scenario['theme']}/{scenario['scenario']}.yaml" for scenario in listed}
    assert files == {str(file.relative_to(ROOT / "scenarios")) for file in (ROOT / "scenarios").glob("*/*.yaml")}


def test_fail_fast_ends_the_session_at_the_first_failure(tmp_path: Path) -> None:
    """GitHub shows the failure, and the record says what did not run."""
    (tmp_path / "small.yaml").write_text(SMALL)
    results = tmp_path / "results"
    options = ("--command", "false", "--fail-fast", "--results", results)
    run = sendproof("run", tmp_path / "small.yaml", *options, environment={"GITHUB_ACTIONS": "true"})
    outcomes = json.loads((results / "session.json").read_text())["outcomes"]

    assert run.status == 1, run.out + run.err
    assert [(item["scenario"], item["verdict"]) for item in outcomes] == [
        ("small-textlocal", "fail"),
        ("small-delivyr", None),
    ]
    assert run.out.count("::error title=small-textlocal%3A ") == 1
    assert "not run: an earlier scenario did not pass (--fail-fast): small-delivyr" in run.out
