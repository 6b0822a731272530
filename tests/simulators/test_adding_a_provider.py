"""Adding a provider is one contract and one folder: what docs/add-a-provider.md says is done here, as it says it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from command_line import sendproof
from documents import named_files
from repository import ROOT, files, name_of
from running import RunningSimulators, running_simulators

PAGE = ROOT / "docs" / "add-a-provider.md"
NUMBER = "+447555000000"


def simulator_files() -> dict[str, str]:
    """The files of the page, without those for the bridge and the harness."""
    return {name: text for name, text in named_files(name_of(PAGE)).items() if not name.startswith("my_")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with what the page shows, and nothing else."""
    made = tmp_path_factory.mktemp("my_simulators")
    for name, text in simulator_files().items():
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_text(text)
    return made


@pytest.fixture(scope="module")
def simulators(folder) -> Iterator[RunningSimulators]:
    """The simulators with one more."""
    with running_simulators("--simulators-path", str(folder)) as running:
        yield running


def test_the_page_shows_every_file_that_it_lists():
    """A contract and a folder."""
    listed = re.search(r"my_simulators/\n  (\S+)\n  pigeon/\n    (.*)\n", PAGE.read_text())
    assert set(simulator_files()) == {listed[1], *(f"pigeon/{name}" for name in listed[2].split())}


def test_nothing_else_of_the_repository_knows_it():
    """No list, table or test was edited for it."""
    knowing = {name_of(path) for path in files() if "pigeon" in path.read_text().lower()}
    assert knowing == {
        "docs/add-a-provider.md",
        "tests/end_to_end/test_fourth_provider.py",
        "tests/simulators/test_adding_a_provider.py",
    }


def test_it_is_listed(folder):
    """With its contract, and how well that is founded."""
    said = sendproof("simulators", "--simulators-path", folder, "--json")
    entry = next(entry for entry in json.loads(said.out) if entry["name"] == "pigeon")
    assert entry["contract"] == str(folder / "pigeon.yaml")
    assert (entry["operations"], entry["documented"], entry["assumed"], entry["sends_messages"]) == (2, 1, 1, True)


def test_it_is_mounted(simulators):
    """At a port of its own and below the control port, with credentials, and it answers."""
    service = simulators.services["pigeon"]
    key = {"x-pigeon-key": service["credentials"]["pigeon_key"]}
    for url in (service["url"], f"{simulators.control}/pigeon"):
        assert requests.get(f"{url}/templates", headers=key, timeout=60).json() == []
        assert requests.get(f"{url}/templates", timeout=60).status_code == 401
        refused = requests.post(f"{url}/messages", json={"to": "Ada"}, headers=key, timeout=60)
        assert (refused.status_code, "body.text" in refused.json()["error"]) == (400, True)


def test_it_is_journaled(simulators):
    """Request, delivery, outcome and receipt are in the history of a sandbox of its own."""
    sandbox = simulators.call("POST", "/sandboxes", {"seed": 7, "channels": [{"id": 505, "provider": "pigeon"}]})
    base, access = f"/sandboxes/{sandbox['sandbox']}", sandbox["services"]["pigeon"]
    texts = [{"title": "Hello", "body": "Hi {{FIRST_NAME}}"}]
    (template,) = simulators.call("POST", f"{base}/providers/pigeon/templates", texts)
    message = {"to": NUMBER, "text": "Hi", "receipt_url": simulators.control + "/nowhere"}
    headers = {"x-pigeon-key": access["credentials"]["pigeon_key"]}
    taken = requests.post(f"{access['url']}/messages", json=message, headers=headers, timeout=60)
    simulators.call("POST", f"{base}/clock/advance", {"by_ms": 5_000})
    lines = [line for line in simulators.history(sandbox["sandbox"]) if line.get("service") == "pigeon"]
    assert (template["id"], taken.status_code) == (1, 201)
    assert [line["kind"] for line in lines] == [
        "provider_template",
        "request",
        "delivery",
        "delivery_status",
        "webhook",
    ]
    assert lines[3]["message"] == taken.json()["id"]


def test_it_is_faulted(simulators):
    """A fault strikes its calls and its webhooks, and a name that it does not have is refused."""
    sandbox = simulators.call("POST", "/sandboxes", {"seed": 7, "clock": {"mode": "virtual"}})
    base, access = f"/sandboxes/{sandbox['sandbox']}", sandbox["services"]["pigeon"]
    faults = [
        {"fault": "rate_limited", "call": "pigeon.sendMessage"},
        {"fault": "drop_webhook", "webhook": "pigeon.receipt"},
    ]
    simulators.call("POST", f"{base}/faults", faults)
    message = {"to": NUMBER, "text": "Hi", "receipt_url": simulators.control + "/nowhere"}
    headers = {"x-pigeon-key": access["credentials"]["pigeon_key"]}
    sent = [requests.post(f"{access['url']}/messages", json=message, headers=headers, timeout=60) for _ in range(2)]
    simulators.call("POST", f"{base}/clock/advance", {"by_ms": 5_000})
    lines = simulators.history(sandbox["sandbox"])
    assert [one.status_code for one in sent] == [429, 201]
    assert sent[0].json() == {"error": "the rate limit is exceeded"}
    assert [(line["fault"], line["name"]) for line in lines if line["kind"] == "fault"] == [
        ("rate_limited", "sendMessage"),
        ("drop_webhook", "receipt"),
    ]
    assert [line["dropped"] for line in lines if line["kind"] == "webhook"] == [True]


@pytest.mark.slow
def test_it_is_tested_as_all_others(folder):
    """Schemathesis, the two lanes and the laws find it by themselves, and it passes."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-v",
        "-p",
        "no:cacheprovider",
        "tests/contract",
        "tests/architecture",
        "-k",
        "pigeon",
    ]
    environment = {**os.environ, "SENDPROOF_SIMULATORS": str(folder)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    passed = set(re.findall(r"::(\w+)\[pigeon(?:\.yaml)?\] PASSED", done.stdout))
    assert done.returncode == 0, done.stdout
    assert passed >= {
        "test_every_answer_keeps_to_the_contract",
        "test_nobody_is_served_without_credentials",
        "test_both_lanes_give_one_answer",
        "test_contract_is_valid",
        "test_every_part_is_founded",
        "test_every_operation_has_its_handler",
        "test_provider_tells_its_quirks",
        "test_simulator_imports_core_and_provider_only",
    }


def broken(folder: Path, tmp_path: Path, old: str, new: str) -> Path:
    """A copy of the folder in which something is otherwise."""
    for path in folder.rglob("*.*"):
        if path.suffix in {".py", ".yaml", ".md"}:
            copy = tmp_path / path.relative_to(folder)
            copy.parent.mkdir(exist_ok=True)
            copy.write_text(path.read_text().replace(old, new))
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("SIMULATOR = Simulator(", "NOBODY = Simulator(", "expected a folder that holds simulators, but none in"),
        (
            "def send_message(",
            "def send(",
            "pigeon: expected a function send_message in its handlers to serve sendMessage",
        ),
        ('contract="pigeon.yaml"', 'contract="dove.yaml"', "dove.yaml"),
        ("openapi: 3.0.3", "openapi: 3.1.0", "expected a contract in OpenAPI 3.0.x, got '3.1.0'"),
        ('NAME = "pigeon"', 'NAME = "textlocal"', "two simulators are named 'textlocal'"),
    ],
)
def test_what_is_wrong_with_one_is_told(folder, tmp_path, old, new, message):
    """In one line, with status 3, before anything is served."""
    said = sendproof("up", "--port", "0", "--simulators-path", broken(folder, tmp_path, old, new))
    assert (said.status, said.err.count("\n")) == (3, 1), said.err
    assert message in said.err


def test_a_folder_that_is_not_there_is_told(tmp_path):
    """So is one whose name Sendproof has for a part of its own."""
    said = sendproof("simulators", "--simulators-path", tmp_path / "nowhere")
    assert (said.status, "which is no folder" in said.err) == (3, True)
    (tmp_path / "textlocal").mkdir()
    (tmp_path / "textlocal" / "__init__.py").touch()
    said = sendproof("simulators", "--simulators-path", tmp_path)
    assert (said.status, "'textlocal' is a part of Sendproof already" in said.err) == (3, True)
