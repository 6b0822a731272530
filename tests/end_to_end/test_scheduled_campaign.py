"""The whole thing as a user has it: real processes, real HTTP, one command."""

import json
import shlex
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from command_line import Said, scaled_down, sendproof, start
from sendproof_harness.run.processes import listens, wait_until


@dataclass(frozen=True)
class Ran:
    """One run of the first scenario with 400 customers: what the command said, and what it left behind."""

    said: Said
    folder: Path


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Run once for all tests that only look."""
    folder = tmp_path_factory.mktemp("run")
    said = sendproof("run", scaled_down(folder, 400), "--results", folder / "results")
    return Ran(said, folder / "results" / "first_campaign")


def test_the_reference_bridge_passes_the_first_scenario(ran: Ran) -> None:
    """A week of virtual time, and every check has something to look at and finds nothing wrong."""
    assert ran.said.status == 0, ran.said.out + ran.said.err
    verdict = json.loads((ran.folder / "verdict.json").read_text())
    assert {check["verdict"] for check in verdict["checks"]} == {"pass"}


def test_a_run_leaves_its_reports_history_and_logs(ran: Ran) -> None:
    """Everything that a reader, a program or a CI server wants is in one folder, and nothing else."""
    assert sorted(file.name for file in ran.folder.iterdir()) == [
        "bridge.log",
        "bridge.toml",
        "handover.json",
        "history.ndjson",
        "junit.xml",
        "report.html",
        "simulators.log",
        "verdict.json",
    ]
    assert ET.parse(ran.folder / "junit.xml").getroot().tag == "testsuites"


def test_nothing_runs_any_more_after_a_run(ran: Ran) -> None:
    """Simulators and bridge are gone: nobody answers at any of their addresses."""
    told = json.loads((ran.folder / "handover.json").read_text())
    addresses = [told["clock_url"], *(service["url"] for service in told["services"].values())]
    places = [(urlsplit(address).hostname, urlsplit(address).port) for address in addresses]
    assert not any(listens(host, port) for host, port in [*places, (told["listen"]["host"], told["listen"]["port"])])


def test_the_settings_of_the_bridge_hold_no_secret(ran: Ran) -> None:
    """Keys and tokens reach the bridge through its environment only."""
    told = json.loads((ran.folder / "handover.json").read_text())
    settings = (ran.folder / "bridge.toml").read_text()
    secrets = [told["webhook_token"], *(v for s in told["services"].values() for v in s["credentials"].values())]
    assert not [secret for secret in secrets if secret in settings]


def test_the_history_alone_leads_to_the_same_verdict(ran: Ran, tmp_path: Path) -> None:
    """Somebody else can judge the run later, from one file."""
    checked = sendproof("judge", ran.folder / "history.ndjson", "--results", tmp_path)
    assert checked.status == 0
    assert (tmp_path / "verdict.json").read_bytes() == (ran.folder / "verdict.json").read_bytes()


def test_a_bridge_that_cannot_start_fails_and_the_scenario_after_it_still_runs(tmp_path: Path) -> None:
    """The worst verdict is the exit status, and the last words of the bridge are on the screen."""
    other = scaled_down(tmp_path, 10).rename(tmp_path / "other.yaml")
    broken = shlex.join([sys.executable, "-c", "raise SystemExit('no licence')"])
    said = sendproof("run", scaled_down(tmp_path, 10), other, "--command", broken, "--results", tmp_path / "results")
    assert said.status == 1
    assert said.out.count("\nno licence\n") == 2
    assert said.out.splitlines()[-2].split()[:2] == ["fail", "first_campaign"]
    assert said.out.splitlines()[-1].split()[:2] == ["fail", "other"]


def test_nothing_runs_before_every_file_is_right(tmp_path: Path) -> None:
    """A mistake in the second file is told before the first has cost a minute."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(scaled_down(tmp_path, 10).read_text().replace("announced:", "anounced:"))
    said = sendproof("run", tmp_path / "first_campaign.yaml", wrong, "--results", tmp_path / "results")
    assert (said.status, said.out) == (3, "")
    assert said.err == f'{wrong}:35: campaigns[0].anounced: unknown key, did you mean "announced"?\n'
    assert not (tmp_path / "results").exists()


def test_a_bridge_that_runs_already_and_a_command_exclude_each_other(tmp_path: Path) -> None:
    """The two ways to name a bridge cannot both be meant."""
    said = sendproof("run", scaled_down(tmp_path, 10), "--bridge", "http://localhost:9", "--command", "true")
    assert (said.status, said.err.partition(":")[0]) == (3, "--bridge")


def test_a_file_that_is_no_history_is_an_error(tmp_path: Path) -> None:
    """Exit status 3, one line, no traceback."""
    file = tmp_path / "history.ndjson"
    file.write_text("hello\n")
    said = sendproof("judge", file)
    assert said.status == 3
    assert said.err.startswith(f"{file}: line 1: this is no history: expected a first line")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_cancelled_leaves_nothing_running(number: int, status: int, tmp_path: Path) -> None:
    """A CI server sends SIGTERM, a person Ctrl-C; both ends of the wire are gone with the run."""
    idle = shlex.join([sys.executable, "-c", "import time; time.sleep(600)"])
    handover = tmp_path / "first_campaign" / "handover.json"
    with start("run", scaled_down(tmp_path, 10), "--command", idle, "--results", tmp_path) as running:
        assert wait_until(lambda: handover.exists() and handover.read_text().endswith("}\n"), 120)
        simulators = urlsplit(json.loads(handover.read_text())["services"]["optimove"]["url"])
        running.send_signal(number)
        running.communicate(timeout=120)
    assert running.returncode == status
    assert not listens(str(simulators.hostname), int(simulators.port or 0))
