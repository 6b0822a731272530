"""Running several scenarios at once, each in its own process, so that no run waits for the judge of another.

The output of a run is printed when the run is over, so that runs do not mix.
"""

import io
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from rich.console import Console

from sendproof_harness.interruption import DEADLINE_S, enter_stage, interruptible, interruption, keep
from sendproof_harness.judge.verdict import Status
from sendproof_harness.program import EXIT_ERROR, report_unforeseen
from sendproof_harness.run.runner import RunOptions
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.session.judged_run import run_and_judge
from sendproof_harness.terminal import Terminal

#: What a process sends when its run is over: the status, its output, and what it keeps if it was interrupted.
_Outcome = tuple[Status, str, list[str]]


def run_parallel(
    scenarios: Mapping[str, Scenario], options: RunOptions, parallel: int, console: Console
) -> dict[str, Status]:
    """Run up to `parallel` scenarios at once; return the status of each, in the given order."""
    waiting = iter(scenarios.items())
    statuses: dict[str, Status] = {}
    with _running_processes() as running:
        try:
            while True:
                while len(running) < parallel and (item := next(waiting, None)) is not None:
                    name, scenario = item
                    console.print(f"started {name}", style="dim", markup=False, highlight=False)
                    _start(running, scenario, name, options, console.width)
                    enter_stage(f"running {', '.join(running)}")
                if not running:
                    return {name: statuses[name] for name in scenarios}
                ready = wait([pipe for _, pipe in running.values()])
                for name in [name for name, (_, pipe) in running.items() if pipe in ready]:
                    statuses[name] = _finish(*running[name], name, console)
                    del running[name]
        except KeyboardInterrupt:
            keep_verdicts(statuses, len(scenarios))
            raise


def keep_verdicts(statuses: Mapping[str, Status], total: int) -> None:
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
    process = context.Process(target=_run_in_process, args=(scenario, name, options, width, sender))
    # Its start would let signals through.
    resource_tracker.ensure_running()
    with _delayed_signals():
        process.start()
        running[name] = process, receiver
    sender.close()


@contextmanager
def _delayed_signals() -> Iterator[None]:
    """Hold signals back until the end of the block. A process that starts there holds them back until it is ready."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _finish(process: SpawnProcess, pipe: Connection, name: str, console: Console) -> Status:
    """Print the output of a run and return its status."""
    outcome: _Outcome
    try:
        outcome = pipe.recv()
    except EOFError:
        process.join()
        console.print(f"{name}: the run ended by itself with exit status {process.exitcode}", markup=False)
        return "error"
    process.join()
    status, text, _ = outcome
    console.print(f"\n{name}", style="dim", markup=False, highlight=False)
    console.print(text, markup=False, highlight=False, soft_wrap=True, end="")
    return status


def _run_in_process(scenario: Scenario, name: str, options: RunOptions, width: int, pipe: Connection) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Ctrl-C reaches every process of the terminal; the first process terminates the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = io.StringIO()
    with interruptible():
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        status = _run_guarded(scenario, name, options, Terminal(output, width))
    found = interruption()
    pipe.send((status, output.getvalue(), [] if found is None else found.kept))


def _run_guarded(scenario: Scenario, name: str, options: RunOptions, console: Console) -> Status:
    try:
        return run_and_judge(scenario, name, options, console)
    except KeyboardInterrupt:
        return "error"
    except Exception as error:  # noqa: BLE001 - the other scenarios go on
        report_unforeseen(error)
        return "error"


def _end_with_parent() -> None:
    """End this process when its parent has ended, for example by SIGKILL. The keepers end its bridge then."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(EXIT_ERROR)
