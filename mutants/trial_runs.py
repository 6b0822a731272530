"""Plays a scenario against the bridge or a mutant of it, as a user would, and reads the verdict."""

import json
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from catalogue import Mutant, Trial
from sendproof_harness.judge.verdict import EXIT_STATUS, WORST_FIRST
from sendproof_harness.run.processes import Child, Program, wait_until

SENDPROOF = (sys.executable, "-m", "sendproof_harness")
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
    """How a trial ended: the verdict of the whole, and every check that failed."""

    trial: Trial
    verdict: str
    failed: tuple[Failed, ...]


def end_in_order() -> None:
    """Let SIGTERM end this program as Ctrl-C does: whatever was started ends with it."""

    def leave(number: int, frame: object) -> NoReturn:
        del frame
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)


@contextmanager
def simulators(folder: Path) -> Iterator[str]:
    """Simulators that many runs share, each in a sandbox of its own; answers their control address."""
    log = folder / "simulators.log"
    with Child(
        Program(name="the simulators", command=[*SENDPROOF, "up", "--json", "--port", "0"], log=log, environment={})
    ) as child:
        wait_until(lambda: child.exit_status is not None or "\n" in log.read_text("utf-8"), _READY_S)
        child.check_running()
        yield json.loads(log.read_text("utf-8"))["control"]["url"]


def play(trial: Trial, folder: Path, url: str, package: Path | None = None, options: Sequence[str] = ()) -> Played:
    """Run `sendproof run` at the simulators of `url`, with its results in `folder`, which must not be there yet.

    A mutant, whose package lies in the folder `package`, is so started exactly as the reference bridge is: Python looks
    in PYTHONPATH before it looks at what is installed.
    """
    where = ["--provider", trial.provider, "--control-url", url, "--results", str(folder)]
    words = [*SENDPROOF, "run", str(trial.scenario), *where, *options]
    folder.mkdir(parents=True)
    log = folder / "said.log"
    environment = {} if package is None else {"PYTHONPATH": str(package)}
    with Child(Program(name=trial.name, command=words, log=log, environment=environment)) as child:
        wait_until(lambda: child.exit_status is not None, LONGEST_S)
    # Of a scenario with several clients there is a verdict for each.
    verdicts = [json.loads(file.read_text("utf-8")) for file in sorted(folder.rglob("verdict.json"))]
    if child.exit_status not in EXIT_STATUS.values() or not verdicts:
        raise PlayError(f"{trial.name}: expected a verdict within {LONGEST_S:.0f} s, got\n{child.tail()}")
    return read(trial, verdicts)


def read(trial: Trial, verdicts: Sequence[Mapping[str, Any]]) -> Played:
    """The verdicts as `verdict.json` tells them; the worst counts."""
    failed = [check for verdict in verdicts for check in verdict["checks"] if check["verdict"] == "fail"]
    worst_status = min((verdict["verdict"] for verdict in verdicts), key=WORST_FIRST.index)
    return Played(trial=trial, verdict=worst_status, failed=tuple(map(_failed, failed)))


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
