"""Schemathesis' own command line, as users run it: it finds nothing in any contract.

The command is that of docs/fuzz-the-contracts.md, in an empty folder and in the repository: its configuration has the
credentials that no header carries.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from repository import CONTRACTS, ROOT
from running import RunningSimulators, running_simulators

# Minutes with the 20 examples of `make fuzz`.
EXAMPLES = os.environ.get("SENDPROOF_COMMAND_EXAMPLES", "2")
# A guard against hanging only: with 20 examples, the longest takes minutes on two busy cores.
GUARD_S = 1_800
COMMAND = (sys.executable, "-m", "schemathesis.cli", "--no-color", "run")
OPTIONS = ("--checks", "all", "--max-examples", EXAMPLES, "--generation-database", "none", "--seed", "1")
DELIVYR = ("x-api-key: sendproof-delivyr-key", "x-account-id: sendproof-delivyr-account")
# By contract: the headers of the default sandbox.
HEADERS: dict[str, tuple[str, ...]] = {
    "delivyr": DELIVYR,
    "optimove": ("X-API-KEY: sendproof-optimove-key",),
    "optimove-metrics": (),
    "xtremepush": (),
}


@pytest.fixture(scope="module")
def simulators() -> Iterator[RunningSimulators]:
    """Start simulators of their own, without rate limits."""
    with running_simulators("--no-rate-limits") as running:
        yield running


def run_schemathesis(contract: str, url: str, folder: Path, *options: str) -> str:
    """Run the command in a folder, and return its output; the exit status must be 0."""
    # One worker: `ast.parse`, which Hypothesis calls, can fail in threads of Python 3.11 (python/cpython#106905).
    command = [*COMMAND, str(CONTRACTS / f"{contract}.yaml"), "--url", url, *OPTIONS, *options]
    # The variable belongs to the simulators of the tests.
    completed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=GUARD_S)
    assert completed.returncode == 0, completed.stdout[-4_000:]
    return completed.stdout


@pytest.mark.slow
@pytest.mark.parametrize("contract", HEADERS)
def test_command_finds_nothing_without_any_configuration(
    simulators: RunningSimulators, tmp_path: Path, contract: str
) -> None:
    headers = [word for header in HEADERS[contract] for word in ("-H", header)]
    output = run_schemathesis(contract, simulators.services[contract]["url"], tmp_path, *headers)
    assert " passed" in output
    assert "Failures:" not in output


@pytest.mark.exhaustive
def test_command_finds_nothing_in_the_control_api(simulators: RunningSimulators, tmp_path: Path) -> None:
    """An advance waits until every participant is parked, up to a day: no time-out of a client is right for it."""
    waits = ("--exclude-operation-id", "advanceClock")
    assert " passed" in run_schemathesis("control", simulators.control, tmp_path, *waits)


@pytest.mark.exhaustive
@pytest.mark.parametrize("contract", ["textlocal", "xtremepush"])
def test_command_finds_nothing_with_the_configuration_of_the_repository(
    simulators: RunningSimulators, contract: str
) -> None:
    """With the credential, so that the requests reach the operations."""
    output = run_schemathesis(contract, simulators.services[contract]["url"], ROOT)
    assert "Failures:" not in output


def test_every_unsuited_check_of_a_contract_has_a_reason() -> None:
    """Those of the configuration are among them."""
    for file in CONTRACTS.glob("*.yaml"):
        document = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
        for reason in document.get("x-unsuited-checks", {}).values():
            assert len(reason.split()) > 1, file.name
