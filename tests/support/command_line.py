"""The `sendproof` command as a user runs it: a process of its own, its exit status and its words."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FIRST = Path(__file__).parents[2] / "scenarios" / "scheduled" / "first_campaign.yaml"


@dataclass(frozen=True)
class CommandResult:
    """How a command ended."""

    status: int
    out: str
    err: str


def sendproof(*words: str | Path, environment: Mapping[str, str] | None = None) -> CommandResult:
    """Run the command to its end, with more in its environment."""
    running = start(*words, environment=environment)
    out, err = running.communicate(timeout=600)
    return CommandResult(running.returncode, out, err)


def start(*words: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the command."""
    command = [sys.executable, "-m", "sendproof_harness", *map(str, words)]
    env = {**os.environ, **(environment or {})}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def scaled_down(folder: Path, customers: int) -> Path:
    """The first scenario of the library with fewer customers and nothing else changed."""
    file = folder / "first_campaign.yaml"
    file.write_text(FIRST.read_text().replace("customers: 10000", f"customers: {customers}"))
    return file
