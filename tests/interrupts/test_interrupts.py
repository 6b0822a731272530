"""Commands that get a signal: no process, port or lock is left. `make signals` tries every stage and every signal."""

import sys
from pathlib import Path

import pytest

from interrupted_runs import Trial, let_commands_react, prepared_commands, run_trial, silent_server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to find the processes of a command")

# Without a bound, what is left would last forever. A busy machine needs some of this.
LIMIT_S = 60.0


@pytest.mark.parametrize(
    ("name", "stage", "sent"),
    [
        pytest.param("contract", "file bridge.log", "TERM", marks=pytest.mark.slow),
        ("load campaign", "file bridge.log", "KILL"),
        ("run --parallel", "file bridge.log", "KILL"),
        pytest.param("up that judges", "judge started", "HUP", marks=pytest.mark.slow),
        pytest.param("up with workers that judges", "judge started", "TERM", marks=pytest.mark.slow),
        ("doctor", "connected", "HUP"),
        ("bridge serve", "after 0.25", "INT"),
    ],
)
def test_interrupted_command_leaves_nothing(name: str, stage: str, sent: str, tmp_path: Path) -> None:
    """The bridge of some commands has child processes that have left its session and ignore every other signal."""
    let_commands_react()
    with silent_server() as silent:
        command = prepared_commands(tmp_path, silent)[name]
        outcome = run_trial(Trial(name=name, command=command, stage=stage, sent=sent), tmp_path, silent, LIMIT_S)
    assert (outcome.wrong, outcome.is_late) == ((), False), outcome.line
