"""Running several scenarios at once, each in its own process, so that no run waits for the judge of another.

The output of a run is printed when the run is over, so that runs do not mix.
"""

import io
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from rich.console import Console

from sendproof_harness.judge.verdict import Status
from sendproof_harness.run.runner import RunOptions
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.session.judged_run import run_and_judge
from sendproof_harness.session.signals import exit_on_sigterm
from sendproof_harness.terminal import Terminal

# The time for a run to stop its bridge.
_STOP_S = 15.0


def run_parallel(
    scenarios: Mapping[str, Scenario], options: RunOptions, parallel: int, console: Console
) -> dict[str, Status]:
    """Run up to `parallel` scenarios at once; return the status of each, in the given order."""
    waiting = iter(scenarios.items())
    statuses: dict[str, Status] = {}
    with _running_processes() as running:
        while True:
            while len(running) < parallel and (item := next(waiting, None)) is not None:
                name, scenario = item
                console.print(f"started {name}", style="dim", markup=False, highlight=False)
                running[name] = _start(scenario, name, options, console.width)
            if not running:
                return {name: statuses[name] for name in scenarios}
            ready = wait([pipe for _, pipe in running.values()])
            for name in [name for name, (_, pipe) in running.items() if pipe in ready]:
                process, pipe = running.pop(name)
                statuses[name] = _finish(process, pipe, name, console)


@contextmanager
def _running_processes() -> Iterator[dict[str, tuple[SpawnProcess, Connection]]]:
    """Yield the processes by name; the end of the block terminates those that still run."""
    running: dict[str, tuple[SpawnProcess, Connection]] = {}
    try:
        yield running
    finally:
        for process, _ in running.values():
            process.terminate()
        for process, _ in running.values():
            process.join(_STOP_S)
            process.kill()


def _start(scenario: Scenario, name: str, options: RunOptions, width: int) -> tuple[SpawnProcess, Connection]:
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run_in_process, args=(scenario, name, options, width, sender))
    process.start()
    sender.close()
    return process, receiver


def _finish(process: SpawnProcess, pipe: Connection, name: str, console: Console) -> Status:
    """Print the output of a run and return its status."""
    try:
        status, text = pipe.recv()
    except EOFError:
        process.join()
        console.print(f"{name}: the run ended by itself with exit status {process.exitcode}", markup=False)
        return "error"
    process.join()
    console.print(f"\n{name}", style="dim", markup=False, highlight=False)
    console.print(text, markup=False, highlight=False, soft_wrap=True, end="")
    received: Status = status
    return received


def _run_in_process(scenario: Scenario, name: str, options: RunOptions, width: int, pipe: Connection) -> None:
    exit_on_sigterm()
    # Ctrl-C reaches every process of the terminal; the first process terminates the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = io.StringIO()
    status = run_and_judge(scenario, name, options, Terminal(output, width))
    pipe.send((status, output.getvalue()))
