"""`sendproof load` from the command line: real processes, exit status and result files."""

import json
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from catalogue import build, catalogue
from command_line import CommandResult, sendproof, start
from repository import ROOT
from running import RunningSimulators
from sendproof_harness.run.processes import free_port, wait_until

LOCUST_PORT = 5557
PACE = ["--rate", "20", "--seconds", "3", "--customers", "40"]
MUTANTS = {mutant.name: mutant for mutant in catalogue()}


@dataclass(frozen=True)
class LoadRun:
    """The result of the command, and the content of its result file."""

    command: CommandResult
    folder: Path
    result: dict[str, Any]

    def losses(self) -> dict[str, int]:
        return {loss["name"]: loss["count"] for loss in self.result["losses"]}

    def looked_at(self) -> dict[str, int]:
        return {loss["name"]: loss["looked_at"] for loss in self.result["losses"]}

    def checks(self, status: str) -> set[str]:
        """Return the requirements of the checks of the history that have this status."""
        return {check["requirement"] for check in self.result["checks"] if check["status"] == status}

    def counts(self) -> dict[str, int]:
        return {stage["name"]: stage["count"] for stage in self.result["stages"]}


def run_load_test(folder: Path, kind: str, *words: str, environment: dict[str, str] | None = None) -> LoadRun:
    """Run a load test to its end and read its result."""
    command = sendproof("load", kind, "--results", folder, *words, environment=environment)
    results = folder / f"load_{kind}"
    assert (results / "result.json").exists(), command.out + command.err
    return LoadRun(command, results, json.loads((results / "result.json").read_text()))


def test_paging_checks_every_row(tmp_path: Path) -> None:
    """25,000 customers make three pages."""
    paging = run_load_test(tmp_path, "paging", "--customers", "25000")
    assert paging.command.status == 0, paging.command.out
    assert paging.counts() == {"pages": 25_000}
    assert paging.losses() == {"wrong rows": 0, "missing rows": 0, "repeated rows": 0}
    assert {"report.html", "junit.xml", "verdict.json"} <= {file.name for file in paging.folder.iterdir()}


@pytest.mark.slow
def test_paging_with_workers_gives_the_same_counts(tmp_path: Path) -> None:
    """The counts of three processes must add up to those of one, and each has work although there is one user."""
    paging = run_load_test(tmp_path, "paging", "--customers", "25000", "--processes", "3", "--users", "1")
    assert paging.command.status == 0, paging.command.out
    assert paging.counts() == {"pages": 25_000}
    assert paging.looked_at() == {"wrong rows": 25_000, "missing rows": 25_000, "repeated rows": 25_000}
    assert {process["name"] for process in paging.result["processes"]} == {
        "simulators",
        "load master",
        "load generator 1",
        "load generator 2",
        "load generator 3",
    }
    assert [latency["count"] for latency in paging.result["latencies"]] == [3]


@pytest.mark.slow
def test_campaign_compares_messages_and_reports(tmp_path: Path) -> None:
    """Messages are compared with the due ones, and the last totals with the records of the provider."""
    campaign = run_load_test(tmp_path, "campaign", "--customers", "1200", "--days", "1", "--keep-history")
    assert campaign.command.status == 0, campaign.command.out
    counts = campaign.counts()
    assert (counts["reading"], counts["sending"]) == (1_200, campaign.looked_at()["lost"])
    assert set(campaign.losses().values()) == {0}
    assert campaign.looked_at()["misreported"] == 2
    assert campaign.checks("pass") >= {"R001", "R301", "R401", "R402", "R403", "R404", "R405", "R502", "R503", "R601"}
    assert not campaign.checks("fail") | campaign.checks("unknown")
    assert sendproof("judge", campaign.folder / "history.ndjson").status == 0


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        pytest.param("smtp", "email", marks=pytest.mark.slow),
        *(
            pytest.param("xtremepush", message, marks=pytest.mark.exhaustive)
            for message in ("push", "web_push", "inbox", "email")
        ),
    ],
)
def test_campaign_of_other_messages_is_checked_as_one_of_sms(provider: str, message: str, tmp_path: Path) -> None:
    words = ["--provider", provider, "--message", message, "--customers", "60", "--days", "1"]
    campaign = run_load_test(tmp_path, "campaign", *words)
    assert campaign.command.status == 0, campaign.command.out
    assert set(campaign.losses().values()) == {0}
    assert campaign.counts()["sending"] == campaign.looked_at()["duplicated"] > 50
    assert campaign.checks("pass") >= {"R301", "R401", "R402", "R403", "R404", "R502", "R503", "R601"}


@pytest.mark.parametrize(
    ("mutant", "customers", "loss", "requirement"),
    [
        pytest.param("last_page_dropped", 10_050, "lost", "R301", marks=pytest.mark.slow),
        pytest.param("provider_list_ignored", 300, "sent to opted-out", "R405", marks=pytest.mark.slow),
        pytest.param("accepted_counted_as_delivered", 300, "misreported", "R503", marks=pytest.mark.slow),
    ],
)
def test_mutant_bridge_fails_with_the_loss_of_its_defect(
    mutant: str, customers: int, loss: str, requirement: str, tmp_path: Path
) -> None:
    """The counters see the loss, and a check of the history names the requirement."""
    build(MUTANTS[mutant], tmp_path)
    words = ["--customers", str(customers), "--days", "1"]
    campaign = run_load_test(tmp_path, "campaign", *words, environment={"PYTHONPATH": str(tmp_path)})
    assert campaign.command.status == 1, campaign.command.out
    assert {name for name, count in campaign.losses().items() if count} == {loss}
    assert requirement in campaign.checks("fail")


@pytest.mark.slow
def test_trigger_latency_counts_from_the_intended_start(tmp_path: Path) -> None:
    """A threshold that no bridge can reach decides the status."""
    levels = tmp_path / "levels.yaml"
    levels.write_text("sendproof: 1\nlatency: {message: {p50: 0.001 ms}}\n")
    triggers = run_load_test(tmp_path, "triggers", *PACE, "--thresholds", str(levels))
    assert triggers.counts()["triggers"] == 60
    assert triggers.counts()["sending"] == triggers.looked_at()["lost"]
    assert set(triggers.losses().values()) == {0}
    (message,) = (latency for latency in triggers.result["latencies"] if latency["name"] == "message")
    assert (message["since"], message["count"]) == ("the intended start", triggers.counts()["sending"])
    # Status 1: too slow. Status 2: unknown, because this machine is too busy.
    assert triggers.command.status in {1, 2}


@pytest.mark.slow
def test_duplicate_receipts_are_reported_once(tmp_path: Path) -> None:
    """Every receipt arrives three times."""
    receipts = run_load_test(tmp_path, "receipts", "--customers", "200", "--duplicates", "2")
    assert receipts.command.status == 0, receipts.command.out
    assert receipts.counts()["receipts"] > 2 * receipts.counts()["sending"]
    assert receipts.losses()["misreported"] == 0


@pytest.mark.slow
def test_mutant_that_counts_duplicate_receipts_misreports(tmp_path: Path) -> None:
    build(MUTANTS["receipts_counted_twice"], tmp_path)
    words = ["--customers", "200", "--duplicates", "1"]
    receipts = run_load_test(tmp_path, "receipts", *words, environment={"PYTHONPATH": str(tmp_path)})
    assert receipts.command.status == 1
    assert receipts.losses()["misreported"] > 0


@pytest.mark.slow
def test_preferences_are_stored_and_too_many_are_rejected(tmp_path: Path) -> None:
    """A call can have at most 50,000 customers."""
    preferences = run_load_test(tmp_path, "preferences", "--customers", "120000", "--users", "2")
    assert preferences.command.status == 0, preferences.command.out
    assert preferences.counts() == {"preferences": 120_000}
    assert preferences.looked_at() == {"too many accepted": 2, "not stored": 120_000}


@pytest.mark.slow
def test_bridge_that_does_not_start_fails_with_its_output(tmp_path: Path) -> None:
    command = shlex.join([sys.executable, "-c", "raise SystemExit('no database')"])
    campaign = run_load_test(tmp_path, "campaign", "--customers", "10", "--command", command)
    assert (campaign.command.status, campaign.result["abort_blame"]) == (1, "bridge")
    assert "no database" in campaign.result["abort_reason"]


@pytest.mark.slow
def test_result_is_judged_again_with_other_thresholds(tmp_path: Path) -> None:
    """The result file alone is enough."""
    preferences = run_load_test(tmp_path, "preferences", "--customers", "50000", "--users", "1")
    levels = tmp_path / "levels.yaml"
    levels.write_text("sendproof: 1\nmemory: {simulators: 1 MB}\n")
    again = sendproof("load", "judge", preferences.folder / "result.json", "--thresholds", levels)
    assert (preferences.command.status, again.status) == (0, 1)
    nowhere = sendproof("load", "judge", tmp_path / "nothing.json")
    assert nowhere.status == 3


@pytest.mark.slow
def test_mixed_day_is_judged_by_its_history(tmp_path: Path) -> None:
    """Nightly process, changed template, campaigns, triggers, opt-outs and reports leave something for each check."""
    day = run_load_test(tmp_path, "day", "--customers", "60")
    assert day.command.status == 0, day.command.out
    assert {"reading", "triggers", "sending", "receipts", "reports"} <= set(day.counts())
    assert day.checks("pass") >= {"R201", "R301", "R402", "R403", "R404", "R405", "R406", "R502", "R503", "R701"}
    assert not day.checks("fail") | day.checks("unknown")


@pytest.mark.slow
def test_soak_too_short_to_show_growth_is_unknown(tmp_path: Path) -> None:
    soak = run_load_test(tmp_path, "soak", "--seconds", "2", "--rate", "10", "--customers", "40")
    verdict = json.loads((soak.folder / "verdict.json").read_text())
    levels = {level["id"]: level["status"] for level in verdict["levels"]}
    assert (soak.command.status, soak.counts()["triggers"]) == (2, 20), soak.command.out
    growth = {levels[f"growth.{measure}"] for measure in ("memory", "descriptors", "latency")}
    assert (growth, levels["loss.lost"]) == ({"unknown"}, "pass")


def test_invalid_thresholds_are_refused_before_the_start(tmp_path: Path) -> None:
    """The message names the wrong key."""
    levels = tmp_path / "levels.yaml"
    levels.write_text("sendproof: 1\nlosses: {lost: 0}\nthroughputs: {sending: 1}\n")
    run = sendproof("load", "campaign", "--results", tmp_path, "--thresholds", levels)
    assert run.status == 3
    assert "throughputs" in run.out


@pytest.mark.slow
def test_workers_meet_at_a_port_of_their_own(tmp_path: Path) -> None:
    """At Locust's own port, another load test on this machine would get these workers."""
    with socket.socket() as other:
        with suppress(OSError):  # else another process has it already
            other.bind(("127.0.0.1", LOCUST_PORT))
        words = ["--results", tmp_path, "--processes", "2", "--control-url", "http://127.0.0.1:1"]
        run = sendproof("load", "paging", *words)
    assert run.status == 3
    assert "expected simulators at http://127.0.0.1:1, got no response" in run.out


@pytest.mark.slow
def test_worker_of_another_command_does_the_work_while_the_page_is_shown(tmp_path: Path) -> None:
    """The master waits for its worker, so the page is there before the end."""
    port, web_port = str(free_port("127.0.0.1")), str(free_port("127.0.0.1"))
    words = ["--results", tmp_path, "--customers", "1000", "--workers", "1", "--master-bind-port", port]
    master = start("load", "preferences", *words, "--web", "--web-port", web_port)
    assert wait_until(lambda: _responds(f"http://127.0.0.1:{web_port}/"), 300)
    worker = sendproof("load", "worker", "preferences", "--master", "127.0.0.1", "--port", port)
    out, _ = master.communicate(timeout=300)
    assert (master.returncode, worker.status) == (0, 0), out
    result = json.loads((tmp_path / "load_preferences" / "result.json").read_text())
    assert [stage["count"] for stage in result["stages"]] == [1_000]


@pytest.mark.slow
def test_worker_of_another_kind_ends_the_test_with_the_remedy(tmp_path: Path) -> None:
    """It has no users for the work: an error of the set-up, and no defect of Sendproof."""
    port = str(free_port("127.0.0.1"))
    words = ["--results", tmp_path, "--customers", "1000", "--workers", "1", "--master-bind-port", port]
    master = start("load", "preferences", *words)
    worker = sendproof("load", "worker", "paging", "--master", "127.0.0.1", "--port", port)
    out, _ = master.communicate(timeout=300)
    assert (master.returncode, worker.status) == (3, 3), out
    for text in (out, worker.out + worker.err):
        assert "KIND: expected preferences" in " ".join(text.split())
        assert "Traceback" not in text


def test_worker_of_an_unknown_kind_is_refused() -> None:
    refused = sendproof("load", "worker", "trigger", "--master", "first")
    assert (refused.status, 'did you mean "triggers"' in refused.err) == (3, True), refused.err


def _responds(url: str) -> bool:
    with suppress(requests.ConnectionError):
        return requests.get(url, timeout=60).ok
    return False


def sandbox_names(simulators: RunningSimulators) -> list[str]:
    """Return the names of all sandboxes."""
    return [sandbox["sandbox"] for sandbox in simulators.call("GET", "/sandboxes")]


@pytest.mark.slow
def test_plain_locust_gives_the_same_verdict(simulators: RunningSimulators, tmp_path: Path) -> None:
    """It must also clean up in simulators that completed before."""
    words = ["--headless", "--users", "2", "--customers", "15000", "--results", str(tmp_path)]
    before = sandbox_names(simulators)
    file = str(ROOT / "loadtests" / "paging.py")
    command = [sys.executable, "-m", "locust", "-f", file, "--host", simulators.control, *words]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert sandbox_names(simulators) == before
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert json.loads((tmp_path / "load_paging" / "result.json").read_text())["stages"][0]["count"] == 15_000


@pytest.mark.slow
def test_interrupted_load_test_reports_and_stops(tmp_path: Path) -> None:
    """The result has the counts so far."""
    running = start("load", "triggers", "--results", tmp_path, "--rate", "5", "--seconds", "600")
    log = tmp_path / "load_triggers" / "simulators.log"
    assert wait_until(lambda: log.exists() and b"POST" not in log.read_bytes() and _is_firing(tmp_path), 300)
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate(timeout=300)
    assert running.returncode == 128 + signal.SIGTERM, out
    result = json.loads((tmp_path / "load_triggers" / "result.json").read_text())
    assert result["abort_reason"] == "it was interrupted"


def _is_firing(folder: Path) -> bool:
    """Return True if the bridge runs and accepts events."""
    log = folder / "load_triggers" / "bridge.log"
    return log.exists() and "accepted" in log.read_text()
