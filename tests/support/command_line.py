"""The `sendproof` command as a user runs it: its own process, exit status and output."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from forked_program import run_program

FIRST = Path(__file__).parents[2] / "scenarios" / "scheduled" / "first_campaign.yaml"


@dataclass(frozen=True)
class CommandResult:
    """The exit status and the output of a command."""

    status: int
    out: str
    err: str


def sendproof(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> CommandResult:
    """Run the command to its end, with additional environment variables."""
    ended = run_program("sendproof_harness", *arguments, environment=environment)
    return CommandResult(ended.returncode, ended.stdout, ended.stderr)


def sendproof_in_new_interpreter(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> CommandResult:
    """Do as `sendproof`, for tests of what an interpreter does at its start, such as the seed of its hashes."""
    running = start(*arguments, environment=environment)
    out, err = running.communicate(timeout=600)
    return CommandResult(running.returncode, out, err)


def start(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start the command, with additional environment variables."""
    command = [sys.executable, "-m", "sendproof_harness", *map(str, arguments)]
    env = {**os.environ, **(environment or {})}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def scaled_down(folder: Path, customers: int) -> Path:
    """Write a copy of the first scenario of the library with fewer customers. Return the file."""
    file = folder / "first_campaign.yaml"
    file.write_text(FIRST.read_text().replace("customers: 10000", f"customers: {customers}"))
    return file
