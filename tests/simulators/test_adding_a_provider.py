"""Adding a simulator takes one contract and one folder: the test follows docs/add-a-provider.md."""

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
    """Return the files of the page, without those for the bridge and the harness."""
    return {name: text for name, text in named_files(name_of(PAGE)).items() if not name.startswith("my_")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Create a folder with the files of the page, and nothing else."""
    folder = tmp_path_factory.mktemp("my_simulators")
    for name, text in simulator_files().items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def simulators(folder) -> Iterator[RunningSimulators]:
    """Start the simulators with the new one."""
    with running_simulators("--simulators-path", str(folder)) as running:
        yield running


def test_page_shows_each_listed_file():
    listed = re.search(r"my_simulators/\n  (\S+)\n  pigeon/\n    (.*)\n", PAGE.read_text())
    assert set(simulator_files()) == {listed[1], *(f"pigeon/{name}" for name in listed[2].split())}


def test_no_other_file_mentions_the_new_provider():
    """To add a simulator, you add its folder and its contract. You edit no list, table or test."""
    knowing = {name_of(path) for path in files() if "pigeon" in path.read_text().lower()}
    assert knowing == {
        "docs/add-a-provider.md",
        "tests/end_to_end/test_fourth_provider.py",
        "tests/simulators/test_adding_a_provider.py",
    }


def test_new_simulator_is_listed_with_its_evidence(folder):
    output = sendproof("simulators", "--simulators-path", folder, "--json")
    entry = next(entry for entry in json.loads(output.out) if entry["name"] == "pigeon")
    assert entry["contract"] == str(folder / "pigeon.yaml")
    assert (entry["operations"], entry["documented"], entry["assumed"], entry["sends_messages"]) == (2, 1, 1, True)


def test_new_simulator_has_a_port_a_prefix_and_credentials(simulators):
    service = simulators.services["pigeon"]
    key = {"x-pigeon-key": service["credentials"]["pigeon_key"]}
    for url in (service["url"], f"{simulators.control}/pigeon"):
        assert requests.get(f"{url}/templates", headers=key, timeout=60).json() == []
        assert requests.get(f"{url}/templates", timeout=60).status_code == 401
        refused = requests.post(f"{url}/messages", json={"to": "Ada"}, headers=key, timeout=60)
        assert (refused.status_code, "body.text" in refused.json()["error"]) == (400, True)


def test_new_simulator_is_in_the_history(simulators):
    sandbox = simulators.call("POST", "/sandboxes", {"seed": 7, "channels": [{"id": 505, "provider": "pigeon"}]})
    base, access = f"/sandboxes/{sandbox['sandbox']}", sandbox["services"]["pigeon"]
    texts = [{"title": "Hello", "body": "Hi {{FIRST_NAME}}"}]
    (template,) = simulators.call("POST", f"{base}/providers/pigeon/templates", texts)
    message = {"to": NUMBER, "text": "Hi", "receipt_url": simulators.control + "/nowhere"}
    headers = {"x-pigeon-key": access["credentials"]["pigeon_key"]}
    accepted = requests.post(f"{access['url']}/messages", json=message, headers=headers, timeout=60)
    simulators.call("POST", f"{base}/clock/advance", {"by_ms": 5_000})
    lines = [line for line in simulators.history(sandbox["sandbox"]) if line.get("service") == "pigeon"]
    assert (template["id"], accepted.status_code) == (1, 201)
    assert [line["kind"] for line in lines] == [
        "provider_template",
        "action",
        "request",
        "delivery",
        "delivery_status",
        "webhook",
    ]
    assert lines[4]["message"] == accepted.json()["id"]


def test_new_simulator_says_how_its_messages_ended(simulators):
    """It has `message_status`, so that people who look at a message see what the provider knows."""
    sandbox = simulators.call("POST", "/sandboxes", {"seed": 7, "channels": [{"id": 505, "provider": "pigeon"}]})
    base, access = f"/sandboxes/{sandbox['sandbox']}", sandbox["services"]["pigeon"]
    headers = {"x-pigeon-key": access["credentials"]["pigeon_key"]}
    message = {"to": NUMBER, "text": "Hi"}
    requests.post(f"{access['url']}/messages", json=message, headers=headers, timeout=60)
    simulators.call("POST", f"{base}/clock/advance", {"by_ms": 5_000})
    (item,) = simulators.call("GET", f"{base}/messages")["items"]
    assert (item["state"], item["parts"], item["encoding"]) == ("delivered", 1, "gsm")


def test_faults_can_be_injected_into_the_new_simulator(simulators):
    sandbox = simulators.call("POST", "/sandboxes", {"seed": 7, "clock": {"mode": "virtual"}})
    base, access = f"/sandboxes/{sandbox['sandbox']}", sandbox["services"]["pigeon"]
    faults = [
        {"fault": "rate_limited", "call": "pigeon.sendMessage"},
        {"fault": "drop_webhook", "webhook": "pigeon.receipt"},
    ]
    simulators.call("POST", f"{base}/faults", faults)
    message = {"to": NUMBER, "text": "Hi", "receipt_url": simulators.control + "/nowhere"}
    headers = {"x-pigeon-key": access["credentials"]["pigeon_key"]}
    responses = [
        requests.post(f"{access['url']}/messages", json=message, headers=headers, timeout=60) for _ in range(2)
    ]
    simulators.call("POST", f"{base}/clock/advance", {"by_ms": 5_000})
    lines = simulators.history(sandbox["sandbox"])
    assert [response.status_code for response in responses] == [429, 201]
    assert responses[0].json() == {"error": "the rate limit is exceeded"}
    assert [(line["fault"], line["name"]) for line in lines if line["kind"] == "fault"] == [
        ("rate_limited", "sendMessage"),
        ("drop_webhook", "receipt"),
    ]
    assert [line["dropped"] for line in lines if line["kind"] == "webhook"] == [True]


@pytest.mark.slow
def test_contract_and_architecture_tests_include_the_new_simulator(folder):
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
        "test_responses_keep_the_contract",
        "test_request_without_credentials_is_refused",
        "test_fast_path_and_connexion_give_equal_responses",
        "test_contract_is_valid",
        "test_each_statement_has_evidence",
        "test_each_operation_has_a_handler",
        "test_simulator_has_a_readme",
        "test_simulator_imports_only_itself_and_core",
    }


def changed_copy(folder: Path, tmp_path: Path, old: str, new: str) -> Path:
    """Copy the folder with one text replaced, and return the copy."""
    for path in folder.rglob("*.*"):
        if path.suffix in {".py", ".yaml", ".md"}:
            copy = tmp_path / path.relative_to(folder)
            copy.parent.mkdir(exist_ok=True)
            copy.write_text(path.read_text().replace(old, new))
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("SIMULATOR = Simulator(", "NOBODY = Simulator(", "expected a folder that holds simulators, but no package in"),
        (
            "def send_message(",
            "def send(",
            "pigeon: expected a function send_message in its handlers to serve sendMessage",
        ),
        ('contract="pigeon.yaml"', 'contract="dove.yaml"', "dove.yaml"),
        ("openapi: 3.0.3", "openapi: 3.1.0", "expected a contract in OpenAPI 3.0.x, got '3.1.0'"),
        ('NAME = "pigeon"', 'NAME = "textlocal"', "expected different names of simulators, got two named 'textlocal'"),
    ],
)
def test_invalid_simulator_is_refused_before_the_start(folder, tmp_path, old, new, message):
    output = sendproof("up", "--port", "0", "--simulators-path", changed_copy(folder, tmp_path, old, new))
    assert (output.status, output.err.count("\n")) == (3, 1), output.err
    assert message in output.err


def test_invalid_folder_is_refused_with_the_reason(tmp_path):
    output = sendproof("simulators", "--simulators-path", tmp_path / "nowhere")
    assert (output.status, "which is no folder" in output.err) == (3, True)
    (tmp_path / "textlocal").mkdir()
    (tmp_path / "textlocal" / "__init__.py").touch()
    output = sendproof("simulators", "--simulators-path", tmp_path)
    assert (output.status, "got 'textlocal', a part of Sendproof" in output.err) == (3, True)
