"""Trials side by side. Each place has a folder and a silent server of its own, so trials share nothing."""

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import NoReturn

from commands import failed_run
from interrupted_runs import (
    Outcome,
    Trial,
    let_commands_react,
    prepared_commands,
    run_trial,
    silent_server,
    trials,
)

# A trial waits for much of its time, and each of its processes must also get a processor within the limit of 10 s.
_PLACES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The folders in which trials run, each taken by one trial at a time."""

    free: SimpleQueue[Path] = field(default_factory=SimpleQueue)

    def run(self, number: int, trial: Trial) -> Outcome:
        """Run a trial at a free place."""
        place = self.free.get()
        try:
            (own := place / str(number)).mkdir()
            with silent_server() as silent:
                command = prepared_commands(place, silent)[trial.name]
                outcome = run_trial(replace(trial, command=command), own, silent)
            shutil.rmtree(own, ignore_errors=True)
            return outcome
        finally:
            self.free.put(place)


def prepared_places(folder: Path, count: int, *, needs_failed_run: bool) -> Places:
    """Return places in a folder. The failed run that some commands need is made once, and copied."""
    places = Places()
    for number in range(count):
        (place := folder / str(number)).mkdir()
        with silent_server() as silent:
            prepared_commands(place, silent)
        if needs_failed_run and number == 0:
            _run_to_fail(place)
        elif needs_failed_run:
            shutil.copytree(folder / "0" / "failed", place / "failed")
        places.free.put(place)
    return places


def _run_to_fail(place: Path) -> None:
    words = failed_run(place / "interrupted.yaml")
    command = [sys.executable, "-m", "sendproof_harness", *words]
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if ended.returncode != 1:
        raise SystemExit(f"expected a run that fails, got status {ended.returncode}: {ended.stderr[-2000:]}")


def chosen_trials(options: argparse.Namespace) -> Sequence[Trial]:
    """Return the trials of the options. Their commands are replaced by those of a place."""
    with tempfile.TemporaryDirectory() as folder, silent_server() as silent:
        known = prepared_commands(Path(folder), silent)
    chosen = {name: command for name, command in known.items() if (options.command or "") in name}
    found = [trial for trial in trials(chosen, options.seed) if (options.stage or "") in trial.stage]
    return found[: options.trials]


def outcomes(every: Sequence[Trial], at_once: int) -> Iterator[Outcome]:
    """Run the trials, and yield each outcome in the order of the trials."""
    needs_failed_run = any(trial.command.needs_failed_run for trial in every)
    with tempfile.TemporaryDirectory(prefix="sendproof-interrupts-") as folder, _pool(at_once) as pool:
        places = prepared_places(Path(folder), at_once, needs_failed_run=needs_failed_run)
        yield from pool.map(places.run, range(len(every)), every)


@contextmanager
def _pool(at_once: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of threads. If this program is interrupted, the trials that have not begun are cancelled."""
    with ExitStack() as stack:
        pool = ThreadPoolExecutor(at_once)
        stack.callback(pool.shutdown, cancel_futures=True)
        yield pool


def _exit_with_signal(number: int, frame: object) -> NoReturn:
    """End the program after the trials that run: they end their processes."""
    del frame
    raise SystemExit(128 + number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials, print the table, and return 1 if anything is left or wrong."""
    parser = argparse.ArgumentParser(prog="make signals", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="order of the trials (default 1)")
    parser.add_argument("--trials", type=int, help="number of trials; all by default")
    parser.add_argument("--at-once", type=int, default=_PLACES, help=f"trials side by side (default {_PLACES})")
    parser.add_argument("--command", help="only the commands whose names contain this text")
    parser.add_argument("--stage", help="only the stages whose texts contain this text")
    options = parser.parse_args(arguments)
    let_commands_react()
    signal.signal(signal.SIGTERM, _exit_with_signal)
    done = []
    for outcome in outcomes(chosen_trials(options), options.at_once):
        done.append(outcome)
        sys.stdout.write(f"{outcome.line}\n")
        sys.stdout.flush()
    wrong = sum(bool(outcome.wrong) for outcome in done)
    slowest = max((outcome.seconds for outcome in done), default=0.0)
    late = sum(outcome.is_late for outcome in done)
    sys.stdout.write(
        f"{len(done)} trials, {late} of them too late; wrong: {wrong}; the slowest end took {slowest:.1f} s\n"
    )
    return 1 if wrong else 0
