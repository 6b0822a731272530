"""Plays a scenario against the bridge or a mutant of it, as a user would, and reads the verdict."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogue import Mutant

LONGEST_S = 600


class PlayError(Exception):
    """There is no verdict; the message says what the command said instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """One check that failed: its requirement's number, its id, and the causes of its findings."""

    number: str
    check: str
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How a scenario ended: the verdict of the whole, every check that failed, and the faults that were set."""

    scenario: Path
    verdict: str
    failed: tuple[Failed, ...]


def play(scenario: Path, results: Path, package: Path | None = None, options: Sequence[str] = ()) -> Played:
    """Run `sendproof run`; the bridge's package is taken from the folder `package` when there is one.

    A mutant is so started exactly as the reference bridge is: Python looks in PYTHONPATH before it looks at what is
    installed.
    """
    words = [sys.executable, "-m", "sendproof_simulators", "run", scenario, "--results", results, *options]
    environment = os.environ | ({} if package is None else {"PYTHONPATH": str(package)})
    said = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    file = results / scenario.stem / "verdict.json"
    if not file.exists():
        raise PlayError(f"{scenario.name}: no verdict\n{said.stdout}{said.stderr}")
    return read(scenario, json.loads(file.read_text("utf-8")))


def read(scenario: Path, verdict: Mapping[str, Any]) -> Played:
    """The verdict as `verdict.json` tells it."""
    failed = [check for check in verdict["checks"] if check["verdict"] == "fail"]
    return Played(scenario=scenario, verdict=verdict["verdict"], failed=tuple(map(_failed, failed)))


def _failed(check: Mapping[str, Any]) -> Failed:
    causes = tuple(group["cause"] for group in check["findings"] if group["level"] == "fail")
    return Failed(number=check["requirement"]["number"], check=check["id"], causes=causes)


def killers(mutant: Mutant, played: Sequence[Played]) -> list[Failed]:
    """The failed checks that name this mutant's defect; none when it survived, or others found it."""
    return [
        failed
        for one in played
        for failed in one.failed
        if failed.check == mutant.check and any(cause.startswith(mutant.cause) for cause in failed.causes)
    ]
