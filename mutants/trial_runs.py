"""Runs of a scenario with the reference bridge or a mutant, through the command line, and their verdicts."""

import json
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from catalogue import ALL_PROVIDERS, Mutant, Trial
from sendproof_harness.certificate.differences import differences, recount_file
from sendproof_harness.history.reader import read_history
from sendproof_harness.judge.verdict import EXIT_STATUS, WORST_FIRST
from sendproof_harness.run.processes import Child, Program, wait_until

SENDPROOF = (sys.executable, "-m", "sendproof_harness")
# The slowest scenario takes 20 seconds alone on a small machine, and many times as long beside other work.
TIMEOUT_S = 1_800.0
_READY_TIMEOUT_S = 600.0
# A few examples of each event are enough for a defect that all of them show.
_CONTRACT_OPTIONS = ["--examples", "5"]


class TrialError(Exception):
    """A run has no verdict, or none to rely on. The message has the output of the command, or the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCheck:
    """A check with findings of one level: the number of its requirement, its id, and the causes of these findings."""

    number: str
    check: str
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """The result of a trial: the worst verdict, the failed checks, and the checks with unknowns or notes, by level."""

    trial: Trial
    verdict: str
    failed: tuple[FailedCheck, ...]
    others: Mapping[str, tuple[FailedCheck, ...]] = field(default_factory=dict)

    def checks(self, level: str) -> tuple[FailedCheck, ...]:
        """Return the checks with findings of a level: `fail`, `unknown` or `note`."""
        return self.failed if level == "fail" else self.others.get(level, ())


def exit_on_sigterm() -> None:
    """Make SIGTERM raise `SystemExit`, so that all child processes end with this program."""

    def exit_with_signal(number: int, frame: object) -> NoReturn:
        del frame
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, exit_with_signal)


@contextmanager
def cancelled_on_error(at_once: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of threads. If this program is interrupted, the trials that have not begun are cancelled."""
    pool = ThreadPoolExecutor(at_once)
    try:
        yield pool
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


@contextmanager
def simulators(folder: Path) -> Iterator[str]:
    """Start simulators for all runs, which each have their own sandbox. Yield the control URL."""
    log = folder / "simulators.log"
    with Child(
        Program(name="the simulators", command=[*SENDPROOF, "up", "--json", "--port", "0"], log=log, environment={})
    ) as child:
        wait_until(lambda: child.exit_status is not None or "\n" in log.read_text("utf-8"), _READY_TIMEOUT_S)
        child.check_running()
        yield json.loads(log.read_text("utf-8"))["control"]["url"]


def run_trial(
    trial: Trial, folder: Path, url: str | None, package: Path | None = None, options: Sequence[str] = ()
) -> TrialResult:
    """Run `sendproof run`, or another command, with the simulators at `url`, and results in the new `folder`.

    `package` is the folder with the package of a mutant. The run starts it exactly like the reference bridge, because
    Python searches PYTHONPATH before the installed packages. Without a `url`, the run also starts its own simulators.
    """
    subject = [str(trial.scenario)] if trial.command == "run" else _CONTRACT_OPTIONS
    services = [] if url is None else ["--control-url", url]
    provider = [] if trial.provider == ALL_PROVIDERS else ["--provider", trial.provider]
    destination = [*provider, *services, "--results", str(folder)]
    command = [*SENDPROOF, trial.command, *subject, *destination, *options]
    folder.mkdir(parents=True)
    log = folder / "output.log"
    environment = {} if package is None else {"PYTHONPATH": str(package)}
    with Child(Program(name=trial.name, command=command, log=log, environment=environment)) as child:
        wait_until(lambda: child.exit_status is not None, TIMEOUT_S)
    # A scenario with several clients has a verdict for each.
    verdicts = [json.loads(file.read_text("utf-8")) for file in sorted(folder.rglob("verdict.json"))]
    if child.exit_status not in EXIT_STATUS.values() or not verdicts:
        raise TrialError(f"{trial.name}: expected a verdict within {TIMEOUT_S:.0f} s, got\n{child.tail()}")
    _require_equal_ledgers(trial, folder)
    return trial_result(trial, verdicts)


def _require_equal_ledgers(trial: Trial, folder: Path) -> None:
    """Raise `TrialError` if the recount of a history differs from the judge: one of them has a mistake."""
    for file in sorted(folder.rglob("history.ndjson")):
        found = differences(read_history(file), recount_file(file))
        if found:
            raise TrialError(f"{trial.name}: the recount differs from the judge: {'; '.join(map(str, found[:3]))}")


def trial_result(trial: Trial, verdicts: Sequence[Mapping[str, Any]]) -> TrialResult:
    """Return the result from the content of all `verdict.json`; the worst verdict counts."""
    checks = [check for verdict in verdicts for check in verdict["checks"]]
    worst_status = min((verdict["verdict"] for verdict in verdicts), key=WORST_FIRST.index)
    others = {level: _with_level(checks, level) for level in ("unknown", "note")}
    return TrialResult(trial=trial, verdict=worst_status, failed=_with_level(checks, "fail"), others=others)


def _with_level(checks: Sequence[Mapping[str, Any]], level: str) -> tuple[FailedCheck, ...]:
    return tuple(
        FailedCheck(number=check["requirement"]["number"], check=check["id"], causes=causes)
        for check in checks
        if (causes := tuple(group["cause"] for group in check["findings"] if group["level"] == level))
    )


def killing_checks(mutant: Mutant, results: Sequence[TrialResult]) -> list[FailedCheck]:
    """Return the checks that name the mutant's defect; none if it survived, or only other checks failed."""
    return [
        failed
        for result in results
        for failed in result.checks(mutant.level)
        if failed.check == mutant.check and any(cause.startswith(mutant.cause) for cause in failed.causes)
    ]
