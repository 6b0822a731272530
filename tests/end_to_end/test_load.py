"""Load tests as their user runs them: a command, real processes, a verdict with its exit status, files to read."""

import json
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from catalogue import build, catalogue
from command_line import Said, sendproof, start
from repository import ROOT
from running import RunningSimulators
from sendproof_harness.run.processes import wait_until

PACE = ["--rate", "20", "--seconds", "3", "--customers", "40"]
MUTANTS = {mutant.name: mutant for mutant in catalogue()}


@dataclass(frozen=True)
class Loaded:
    """What the command said, and the result that it left."""

    said: Said
    folder: Path
    result: dict[str, Any]

    def losses(self) -> dict[str, int]:
        return {loss["name"]: loss["count"] for loss in self.result["losses"]}

    def looked_at(self) -> dict[str, int]:
        return {loss["name"]: loss["looked_at"] for loss in self.result["losses"]}

    def counts(self) -> dict[str, int]:
        return {stage["name"]: stage["count"] for stage in self.result["stages"]}


def loaded(folder: Path, kind: str, *words: str, environment: dict[str, str] | None = None) -> Loaded:
    """Run a load test to its end."""
    said = sendproof("load", kind, "--results", folder, *words, environment=environment)
    results = folder / f"load_{kind}"
    assert (results / "result.json").exists(), said.out + said.err
    return Loaded(said, results, json.loads((results / "result.json").read_text()))


def test_every_row_of_every_page_is_checked(tmp_path: Path) -> None:
    """Twenty-five thousand customers on three pages; every report is there."""
    paging = loaded(tmp_path, "paging", "--customers", "25000")
    assert paging.said.status == 0, paging.said.out
    assert paging.counts() == {"pages": 25_000}
    assert paging.losses() == {"wrong rows": 0, "missing rows": 0, "repeated rows": 0}
    assert {"report.html", "junit.xml", "verdict.json"} <= {file.name for file in paging.folder.iterdir()}


@pytest.mark.slow
def test_master_and_workers_come_to_the_same_verdict(tmp_path: Path) -> None:
    """Two processes share the pages; their counts add up to those of one."""
    paging = loaded(tmp_path, "paging", "--customers", "25000", "--processes", "2", "--users", "4")
    assert paging.said.status == 0, paging.said.out
    assert paging.counts() == {"pages": 25_000}
    assert paging.looked_at() == {"wrong rows": 25_000, "missing rows": 25_000, "repeated rows": 25_000}
    assert {one["name"] for one in paging.result["processes"]} == {
        "simulators",
        "load master",
        "load generator 1",
        "load generator 2",
    }


def test_a_campaign_is_followed_to_its_last_report(tmp_path: Path) -> None:
    """Every message is compared with what is owed, and the last totals with what the provider said."""
    campaign = loaded(tmp_path, "campaign", "--customers", "1200", "--days", "1", "--keep-history")
    assert campaign.said.status == 0, campaign.said.out
    counts = campaign.counts()
    assert (counts["reading"], counts["sending"]) == (1_200, campaign.looked_at()["lost"])
    assert set(campaign.losses().values()) == {0}
    assert campaign.looked_at()["misreported"] == 2
    assert sendproof("judge", campaign.folder / "history.ndjson").status == 0


@pytest.mark.parametrize(
    ("mutant", "customers", "loss"),
    [
        pytest.param("last_page_dropped", 10_050, "lost", marks=pytest.mark.slow),
        ("opted_out_still_sent", 300, "sent to opted-out"),
        pytest.param("sent_taken_for_delivered", 300, "misreported", marks=pytest.mark.slow),
    ],
)
def test_a_bridge_that_is_almost_right_fails(mutant: str, customers: int, loss: str, tmp_path: Path) -> None:
    """By the loss that names its defect, and by no other."""
    build(MUTANTS[mutant], tmp_path)
    words = ["--customers", str(customers), "--days", "1"]
    campaign = loaded(tmp_path, "campaign", *words, environment={"PYTHONPATH": str(tmp_path)})
    assert campaign.said.status == 1, campaign.said.out
    assert {name for name, count in campaign.losses().items() if count} == {loss}


@pytest.mark.slow
def test_triggers_are_timed_from_when_they_were_to_be_fired(tmp_path: Path) -> None:
    """Sixty in three seconds, in real time; a level that no bridge can keep decides the status."""
    levels = tmp_path / "levels.yaml"
    levels.write_text("sendproof: 1\nlatency: {message: {p50: 0.001 ms}}\n")
    triggers = loaded(tmp_path, "triggers", *PACE, "--thresholds", str(levels))
    assert triggers.counts()["triggers"] == 60
    assert triggers.counts()["sending"] == triggers.looked_at()["lost"]
    assert set(triggers.losses().values()) == {0}
    (message,) = (one for one in triggers.result["latencies"] if one["name"] == "message")
    assert (message["since"], message["count"]) == ("the intended start", triggers.counts()["sending"])
    # Too slow, or not to be judged, if this machine is too busy to tell.
    assert triggers.said.status in {1, 2}


@pytest.mark.slow
def test_receipts_come_again_and_are_counted_once(tmp_path: Path) -> None:
    """Every receipt three times: what is reported is still what the provider said."""
    receipts = loaded(tmp_path, "receipts", "--customers", "200", "--duplicates", "2")
    assert receipts.said.status == 0, receipts.said.out
    assert receipts.counts()["receipts"] > 2 * receipts.counts()["sending"]
    assert receipts.losses()["misreported"] == 0


@pytest.mark.slow
def test_a_bridge_that_counts_receipts_twice_misreports(tmp_path: Path) -> None:
    """It reports more than the provider has said."""
    build(MUTANTS["receipts_counted_twice"], tmp_path)
    words = ["--customers", "200", "--duplicates", "1"]
    receipts = loaded(tmp_path, "receipts", *words, environment={"PYTHONPATH": str(tmp_path)})
    assert receipts.said.status == 1
    assert receipts.losses()["misreported"] > 0


@pytest.mark.slow
def test_preferences_are_told_by_fifty_thousand(tmp_path: Path) -> None:
    """All are kept, and one more than may be is refused."""
    preferences = loaded(tmp_path, "preferences", "--customers", "120000", "--users", "2")
    assert preferences.said.status == 0, preferences.said.out
    assert preferences.counts() == {"preferences": 120_000}
    assert preferences.looked_at() == {"too many taken": 2, "not kept": 120_000}


@pytest.mark.slow
def test_a_bridge_that_never_gets_ready_fails_with_its_reason(tmp_path: Path) -> None:
    """It is the bridge's fault, and the result says so."""
    command = shlex.join([sys.executable, "-c", "raise SystemExit('no database')"])
    campaign = loaded(tmp_path, "campaign", "--customers", "10", "--command", command)
    assert (campaign.said.status, campaign.result["abort_blame"]) == (1, "bridge")
    assert "no database" in campaign.result["abort_reason"]


@pytest.mark.slow
def test_a_load_test_can_be_judged_again_by_other_levels(tmp_path: Path) -> None:
    """From its result alone."""
    preferences = loaded(tmp_path, "preferences", "--customers", "50000", "--users", "1")
    levels = tmp_path / "levels.yaml"
    levels.write_text("sendproof: 1\nmemory: {simulators: 1 MB}\n")
    again = sendproof("load", "judge", preferences.folder / "result.json", "--thresholds", levels)
    assert (preferences.said.status, again.status) == (0, 1)
    nowhere = sendproof("load", "judge", tmp_path / "nothing.json")
    assert nowhere.status == 3


def test_levels_that_cannot_be_read_are_refused_before_anything_starts(tmp_path: Path) -> None:
    """With the key that is meant."""
    levels = tmp_path / "levels.yaml"
    levels.write_text("sendproof: 1\nlosses: {lost: 0}\nthroughputs: {sending: 1}\n")
    said = sendproof("load", "campaign", "--results", tmp_path, "--thresholds", levels)
    assert said.status == 3
    assert "throughputs" in said.out


def test_a_worker_without_a_user_is_refused(tmp_path: Path) -> None:
    """Its share would be done by nobody."""
    said = sendproof("load", "paging", "--results", tmp_path, "--processes", "2", "--users", "1")
    assert said.status == 3
    assert "expected --users 2 or more, one for each of 2 workers, got 1" in said.out


def names(simulators: RunningSimulators) -> list[str]:
    """Of all sandboxes."""
    return [one["sandbox"] for one in simulators.call("GET", "/sandboxes")]


@pytest.mark.slow
def test_plain_locust_comes_to_the_same_verdict(simulators: RunningSimulators, tmp_path: Path) -> None:
    """With simulators that run already, which are left as they were."""
    words = ["--headless", "--users", "2", "--customers", "15000", "--results", str(tmp_path)]
    before = names(simulators)
    file = str(ROOT / "loadtests" / "paging.py")
    command = [sys.executable, "-m", "locust", "-f", file, "--host", simulators.control, *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert names(simulators) == before
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads((tmp_path / "load_paging" / "result.json").read_text())["stages"][0]["count"] == 15_000


@pytest.mark.slow
def test_a_load_test_that_is_interrupted_leaves_nothing_running(tmp_path: Path) -> None:
    """It says what it has seen so far, and that it was not all."""
    running = start("load", "triggers", "--results", tmp_path, "--rate", "5", "--seconds", "600")
    log = tmp_path / "load_triggers" / "simulators.log"
    assert wait_until(lambda: log.exists() and b"POST" not in log.read_bytes() and _asked(tmp_path), 300)
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate(timeout=300)
    assert running.returncode == 3, out
    result = json.loads((tmp_path / "load_triggers" / "result.json").read_text())
    assert result["abort_reason"] == "it was interrupted"


def _asked(folder: Path) -> bool:
    """Whether the bridge has been started, and triggers are being fired."""
    log = folder / "load_triggers" / "bridge.log"
    return log.exists() and "accepted" in log.read_text()
