"""Plays a scenario against the bridge or a mutant of it, as a user would, and reads the verdict."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogue import Mutant
from sendproof_scenarios.processes import Child, Program, until

SENDPROOF = (sys.executable, "-m", "sendproof_simulators")
# The slowest scenario takes twenty seconds alone on a small machine; a mutant may never come to an end.
LONGEST_S = 400.0
_READY_S = 60.0


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
    """How a scenario ended: the verdict of the whole, and every check that failed."""

    scenario: Path
    verdict: str
    failed: tuple[Failed, ...]


@contextmanager
def simulators(folder: Path) -> Iterator[str]:
    """Simulators that many runs share, each in a sandbox of its own; answers their control address."""
    log = folder / "simulators.log"
    with Child(
        Program(name="the simulators", words=[*SENDPROOF, "up", "--json", "--port", "0"], log=log, environment={})
    ) as child:
        until(lambda: child.status is not None or "\n" in log.read_text("utf-8"), _READY_S)
        child.must_run()
        yield json.loads(log.read_text("utf-8"))["control"]["url"]


def play(scenario: Path, results: Path, *options: str, package: Path | None = None) -> Played:
    """Run `sendproof run`; the bridge's package is taken from the folder `package` when there is one.

    A mutant is so started exactly as the reference bridge is: Python looks in PYTHONPATH before it looks at what is
    installed.
    """
    words = [*SENDPROOF, "run", str(scenario), "--results", str(results), *options]
    results.mkdir(parents=True, exist_ok=True)
    environment = {} if package is None else {"PYTHONPATH": str(package)}
    log = results / f"{scenario.stem}.log"
    with Child(Program(name=scenario.name, words=words, log=log, environment=environment)) as child:
        until(lambda: child.status is not None, LONGEST_S)
    file = results / scenario.stem / "verdict.json"
    if not file.exists():
        raise PlayError(f"{scenario.name}: expected a verdict within {LONGEST_S:.0f} s, got\n{child.tail()}")
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
