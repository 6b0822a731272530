"""`sendproof run` and `judge` from the command line, with real processes and real HTTP."""

import json
import shlex
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import psutil
import pytest
import requests

from command_line import CommandResult, scaled_down, sendproof, start
from sendproof_harness.run.processes import listens, wait_until


@dataclass(frozen=True)
class CompletedRun:
    """A run of the first scenario with 400 customers: the result of the command, and the folder of results."""

    command: CommandResult
    folder: Path


@pytest.fixture(scope="module")
def completed(tmp_path_factory: pytest.TempPathFactory) -> CompletedRun:
    """Run once for all tests that only read the results."""
    folder = tmp_path_factory.mktemp("run")
    command = sendproof("run", scaled_down(folder, 400), "--results", folder / "results")
    return CompletedRun(command, folder / "results" / "first_campaign")


def test_reference_bridge_passes_first_scenario(completed: CompletedRun) -> None:
    """Every check must apply, and none may find anything."""
    assert completed.command.status == 0, completed.command.out + completed.command.err
    verdict = json.loads((completed.folder / "verdict.json").read_text())
    assert {check["verdict"] for check in verdict["checks"]} == {"pass"}


def test_run_writes_reports_history_and_logs(completed: CompletedRun) -> None:
    """The folder must have nothing else, because CI servers store all of it."""
    assert sorted(file.name for file in completed.folder.iterdir()) == [
        "bridge.log",
        "bridge.toml",
        "handover.json",
        "history.ndjson",
        "junit.xml",
        "report.html",
        "scenario.yaml",
        "simulators.log",
        "summary.md",
        "verdict.json",
    ]
    assert ET.parse(completed.folder / "junit.xml").getroot().tag == "testsuites"


def test_run_stops_simulators_and_bridge(completed: CompletedRun) -> None:
    """Another process may have taken one of their ports since then."""
    bridges = [process for process in psutil.process_iter(["cmdline"]) if str(completed.folder) in _command(process)]
    assert bridges == []
    with suppress(requests.ConnectionError):
        clock_url = json.loads((completed.folder / "handover.json").read_text())["clock_url"]
        assert requests.get(clock_url, timeout=60).status_code in {400, 401, 403, 404, 405}


def _command(process: psutil.Process) -> str:
    return " ".join(process.info["cmdline"] or ())


def test_settings_of_the_bridge_have_no_secrets(completed: CompletedRun) -> None:
    """Keys and tokens are passed in environment variables."""
    handover = json.loads((completed.folder / "handover.json").read_text())
    settings = (completed.folder / "bridge.toml").read_text()
    secrets = [
        handover["webhook_token"],
        *(v for s in handover["services"].values() for v in s["credentials"].values()),
    ]
    assert not [secret for secret in secrets if secret in settings]


def test_judge_of_the_history_gives_the_same_verdict(completed: CompletedRun, tmp_path: Path) -> None:
    """Other people must be able to judge the run later from this one file."""
    checked = sendproof("judge", completed.folder / "history.ndjson", "--results", tmp_path)
    assert checked.status == 0
    assert (tmp_path / "verdict.json").read_bytes() == (completed.folder / "verdict.json").read_bytes()


def test_bridge_that_does_not_start_fails_each_scenario(tmp_path: Path) -> None:
    """The end of its log must be printed, and later scenarios still run."""
    other = scaled_down(tmp_path, 10).rename(tmp_path / "other.yaml")
    broken = shlex.join([sys.executable, "-c", "raise SystemExit('no licence')"])
    run = sendproof("run", scaled_down(tmp_path, 10), other, "--command", broken, "--results", tmp_path / "results")
    assert run.status == 1
    assert [line.strip() for line in run.out.splitlines()].count("no licence") == 2
    first, second = run.out.splitlines()[-2:]
    assert (first.split()[:2], second.split()[:2]) == (["fail", "first_campaign"], ["fail", "other"])
    assert " all runs " in run.out


def test_invalid_file_is_refused_before_any_run(tmp_path: Path) -> None:
    """The first scenario would cost minutes before the mistake in the second shows."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(scaled_down(tmp_path, 10).read_text().replace("announced:", "anounced:"))
    run = sendproof("run", tmp_path / "first_campaign.yaml", wrong, "--results", tmp_path / "results")
    assert (run.status, run.out) == (3, "")
    assert run.err == f'{wrong}:40: campaigns[0].anounced: unknown key, did you mean "announced"?\n'
    assert not (tmp_path / "results").exists()


def test_bridge_and_command_together_are_refused(tmp_path: Path) -> None:
    run = sendproof("run", scaled_down(tmp_path, 10), "--bridge", "http://localhost:9", "--command", "true")
    assert (run.status, run.err.partition(":")[0]) == (3, "--bridge")


def test_judge_of_an_invalid_history_is_an_error(tmp_path: Path) -> None:
    """The error has one line and no traceback."""
    file = tmp_path / "history.ndjson"
    file.write_text("hello\n")
    run = sendproof("judge", file)
    assert run.status == 3
    assert run.err.startswith(f"{file}: line 1: this is no history: expected a first line")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_cancelled_run_stops_all_processes(number: int, status: int, tmp_path: Path) -> None:
    """A CI server sends SIGTERM, and Ctrl-C sends SIGINT."""
    idle = shlex.join([sys.executable, "-c", "import time; time.sleep(600)"])
    handover = tmp_path / "first_campaign" / "handover.json"
    with start("run", scaled_down(tmp_path, 10), "--command", idle, "--results", tmp_path) as running:
        assert wait_until(lambda: handover.exists() and handover.read_text().endswith("}\n"), 120)
        simulators = urlsplit(json.loads(handover.read_text())["services"]["optimove"]["url"])
        running.send_signal(number)
        _, errors = running.communicate(timeout=120)
    assert running.returncode == status, errors
    assert not listens(str(simulators.hostname), int(simulators.port or 0))
