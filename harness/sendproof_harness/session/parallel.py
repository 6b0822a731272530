"""Running several scenarios at once, each in its own process, so that no run waits for the judge of another.

The output of a run is printed when the run is over, so that runs do not mix.
"""

import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from rich.console import Console

from sendproof_harness.interruption import DEADLINE_S, delayed_signals, enter_stage, keep
from sendproof_harness.run.runner import RunOptions
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.session.judged_run import StatusAndReason
from sendproof_harness.session.run_process import run_in_process
from sendproof_harness.session.schedule import Schedule

#: The scenarios that have run, by name.
Statuses = dict[str, StatusAndReason]

#: What a process sends when its run is over: the status with its reason, its output, and what it keeps if it was
#: interrupted.
_Sent = tuple[StatusAndReason, str, list[str]]


def run_parallel(
    scenarios: Mapping[str, Scenario], options: RunOptions, schedule: Schedule, console: Console, statuses: Statuses
) -> None:
    """Run several scenarios at once, and add the status of each when it is known.

    With `fail_fast`, those that run when one does not pass come to their end.
    """
    waiting = iter(enumerate(scenarios.items(), start=1))
    with _running_processes() as running:
        try:
            while True:
                has_ended = schedule.fail_fast and has_failed(statuses)
                while not has_ended and len(running) < schedule.parallel and (item := next(waiting, None)) is not None:
                    number, (name, scenario) = item
                    progress = schedule.progress(number, len(scenarios))
                    console.print(f"started {name}  ({progress})", style="dim", markup=False, highlight=False)
                    _start(running, scenario, name, options, console.width)
                    enter_stage(f"running {', '.join(running)}")
                if not running:
                    return
                ready = wait([pipe for _, pipe in running.values()])
                for name in [name for name, (_, pipe) in running.items() if pipe in ready]:
                    statuses[name] = _finish(*running[name], name, console)
                    del running[name]
        except KeyboardInterrupt:
            keep_verdicts(statuses, len(scenarios))
            raise


def has_failed(statuses: Statuses) -> bool:
    """Return True if a scenario did not pass."""
    return any(status != "pass" for status, _ in statuses.values())


def keep_verdicts(statuses: Statuses, total: int) -> None:
    """Say how many scenarios of an interrupted session have a verdict, if there are several."""
    if total > 1:
        keep(f"{len(statuses)} of {total} scenarios have a verdict.")


@contextmanager
def _running_processes() -> Iterator[dict[str, tuple[SpawnProcess, Connection]]]:
    """Yield the processes by name; the end of the block terminates those that still run."""
    running: dict[str, tuple[SpawnProcess, Connection]] = {}
    try:
        yield running
    finally:
        for process, _ in running.values():
            process.terminate()
        for process, pipe in running.values():
            with suppress(EOFError, OSError):
                if pipe.poll(DEADLINE_S):
                    for sentence in pipe.recv()[2]:
                        keep(sentence)
            process.join(DEADLINE_S)
            process.kill()


def _start(
    running: dict[str, tuple[SpawnProcess, Connection]], scenario: Scenario, name: str, options: RunOptions, width: int
) -> None:
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    # Pickled here, because the process would otherwise import everything before it can be ended.
    run = pickle.dumps((scenario, name, options))
    process = context.Process(target=run_in_process, args=(run, width, sender))
    # Its start would let signals through.
    resource_tracker.ensure_running()
    with delayed_signals():
        process.start()
        running[name] = process, receiver
    sender.close()


def _finish(process: SpawnProcess, pipe: Connection, name: str, console: Console) -> StatusAndReason:
    """Print the output of a run and return its status."""
    sent: _Sent
    try:
        sent = pipe.recv()
    except EOFError:
        process.join()
        reason = f"the run ended by itself with exit status {process.exitcode}"
        console.print(f"{name}: {reason}", markup=False)
        return "error", reason
    process.join()
    status, text, _ = sent
    console.print(f"\n{name}", style="dim", markup=False, highlight=False)
    console.print(text, markup=False, highlight=False, soft_wrap=True, end="")
    return status
