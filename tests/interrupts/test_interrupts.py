"""Commands that get a signal: no process, port or lock is left. `make signals` tries every stage and every signal."""

import sys
from pathlib import Path

import pytest

from commands import SCENARIO, commands
from interrupted_runs import Trial, run_trial, silent_server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to find the processes of a command")

# Without a bound, what is left would last forever. A busy machine needs some of this.
LIMIT_S = 60.0


@pytest.mark.parametrize(
    ("name", "stage", "sent"),
    [
        pytest.param("contract", "file bridge.log", "TERM", marks=pytest.mark.slow),
        ("load campaign", "file bridge.log", "KILL"),
        ("run --parallel", "file bridge.log", "KILL"),
        ("doctor", "connected", "HUP"),
    ],
)
def test_interrupted_command_leaves_nothing(name: str, stage: str, sent: str, tmp_path: Path) -> None:
    """The bridge of some commands has child processes that have left its session and ignore every other signal."""
    (scenario := tmp_path / "interrupted.yaml").write_text(SCENARIO)
    with silent_server() as silent:
        command = commands(scenario, f"http://127.0.0.1:{silent.getsockname()[1]}")[name]
        outcome = run_trial(Trial(name=name, command=command, stage=stage, sent=sent), tmp_path, silent, LIMIT_S)
    assert (outcome.wrong, outcome.is_late) == ((), False), outcome.line
