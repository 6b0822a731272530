"""The pytest plugin, in a project of its own with pytest as a separate process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from repository import ROOT

PYTHON = sys.executable
EXAMPLE = f"{PYTHON} {ROOT / 'bridge/examples/flask_bridge/app.py'}"
ENDS_AT_ONCE = f"{PYTHON} -c ''"
SANDBOX_TESTS = """
import pytest, requests
from datetime import timedelta

@pytest.mark.parametrize("text", ["one", "two", "three", "four"])
def test_own_sandbox(sendproof_sandbox, text):
    textlocal = sendproof_sandbox.service("textlocal")
    form = {"apikey": textlocal.credentials["apikey"], "numbers": "447700900123", "message": text}
    requests.post(f"{textlocal.url}/send/", data=form)
    sendproof_sandbox.clock.advance(timedelta(hours=1))
    assert [message["text"] for message in sendproof_sandbox.messages()] == [text]

@pytest.fixture
def sendproof_settings():
    return {"seed": 3, "audience": {"customers": 5}}

def test_failure(sendproof_sandbox):
    textlocal = sendproof_sandbox.service("textlocal")
    requests.post(f"{textlocal.url}/send/", data={"apikey": textlocal.credentials["apikey"]})
    requests.post(f"{textlocal.url}/send/", data={"apikey": "wrong"})
    assert len(list(sendproof_sandbox.customers())) == 6
"""
SCENARIO_TESTS = """
import pytest

@pytest.mark.scenario("triggered/one_event", provider="textlocal")
def test_marked(sendproof_results):
    [result] = sendproof_results
    assert (result.name, result.verdict) == ("one_event-textlocal", "pass")
    assert (result.folder / "report.html").is_file()
    print("the function was called")
"""
BROKEN_TESTS = """
import pytest

@pytest.mark.parametrize("name", ["a b", "a/b"])
@pytest.mark.scenario("triggered/one_event", provider="textlocal")
def test_without_a_program(name): pass

@pytest.mark.scenario("triggered/one_event", providr="textlocal")
def test_misspelled_option(): pass

def test_without_a_mark(sendproof_results): pass
"""


def run_pytest(folder: Path, content: str, *options: str) -> tuple[dict[str, int], str]:
    """Run pytest on one file of tests; return the number of tests by outcome, and the output."""
    (folder / "test_it.py").write_text(content)
    (folder / "pytest.ini").write_text("[pytest]\n")
    plugins = ["-p", "no:locust", "-p", "no:cacheprovider", f"--basetemp={folder / 'temporary'}"]
    command = [PYTHON, "-m", "pytest", "-rA", "--strict-markers", *plugins, *options]
    # Those of the tests around this one, which may run in a worker.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    last = done.stdout.splitlines()[-1]
    return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", last)}, done.stdout


@pytest.mark.slow
def test_each_test_has_a_sandbox_also_with_several_workers(tmp_path):
    outcomes, output = run_pytest(tmp_path, SANDBOX_TESTS, "-n", "2")
    assert outcomes == {"passed": 4, "failed": 1}, output
    assert "Requests in the sandbox sandbox-" in output
    assert re.search(r"200  textlocal\.send  .*No message content", output), output
    assert "200  textlocal.send  the value of apikey is no credential of this sandbox" in output


@pytest.mark.slow
def test_function_is_called_if_the_scenario_passes(tmp_path):
    outcomes, output = run_pytest(tmp_path, SCENARIO_TESTS, f"--sendproof-command={EXAMPLE}")
    assert outcomes == {"passed": 1}, output
    assert "the function was called" in output


@pytest.mark.slow
def test_test_fails_with_the_findings_if_the_scenario_fails(tmp_path):
    outcomes, output = run_pytest(
        tmp_path, SCENARIO_TESTS, f"--sendproof-command={ENDS_AT_ONCE}", "--sendproof-results=results"
    )
    assert outcomes == {"failed": 1}, output
    assert "R001 The run was completed" in output
    assert "the function was called" not in output
    [report] = (tmp_path / "results").rglob("report.html")
    assert str(report) in output


@pytest.mark.slow
def test_test_that_cannot_run_is_an_error_with_the_reason(tmp_path):
    options = ("--sendproof-command=no/such/bridge", "--sendproof-results=results")
    outcomes, output = run_pytest(tmp_path, BROKEN_TESTS, *options)
    assert outcomes == {"error": 4}, output
    assert "--command: expected a program that exists" in output
    assert "unexpected keyword argument 'providr'" in output
    assert "expected a test with @pytest.mark.scenario, got one without" in output
    # Tests with similar names have folders of their own.
    assert len(list((tmp_path / "results").glob("*without_a_program*"))) == 2


def test_test_without_a_bridge_is_an_error(tmp_path):
    """That of Sendproof would pass in place of that of the project."""
    outcomes, output = run_pytest(tmp_path, SCENARIO_TESTS)
    assert outcomes == {"error": 1}, output
    assert "expected your bridge in sendproof_command or sendproof_bridge, got none or both" in output


def test_unused_plugin_imports_nothing_of_sendproof():
    """Pytest imports it in every project where Sendproof is installed."""
    code = "import sys, sendproof.pytest_plugin; print([name for name in sys.modules if name.startswith('sendproof')])"
    done = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout.strip() == "['sendproof', 'sendproof.pytest_plugin']"
