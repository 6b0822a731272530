"""Several scenarios at once, each in a process of its own: the judge of one does not hold up the clock of another.

What a run says is kept until it is over, so that it can be read.
"""

import io
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import NoReturn

from rich.console import Console

from sendproof_harness.judge.verdict import Status
from sendproof_harness.run.runner import Options
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.session.session import run_scenario

# As long as a run may take to end its bridge.
_END_S = 15.0


def run_parallel(
    scenarios: Mapping[str, Scenario], options: Options, at_once: int, console: Console
) -> dict[str, Status]:
    """Play so many at once; answers what each came to, in the order given."""
    waiting = iter(scenarios.items())
    came_to: dict[str, Status] = {}
    with _running() as running:
        while True:
            while len(running) < at_once and (one := next(waiting, None)) is not None:
                name, scenario = one
                console.print(f"started {name}", style="dim", markup=False, highlight=False)
                running[name] = _start(scenario, name, options, console.width)
            if not running:
                return {name: came_to[name] for name in scenarios}
            ready = wait([pipe for _, pipe in running.values()])
            for name in [name for name, (_, pipe) in running.items() if pipe in ready]:
                process, pipe = running.pop(name)
                came_to[name] = _told(process, pipe, name, console)


@contextmanager
def _running() -> Iterator[dict[str, tuple[SpawnProcess, Connection]]]:
    """The runs under way; whoever leaves early ends them."""
    running: dict[str, tuple[SpawnProcess, Connection]] = {}
    try:
        yield running
    finally:
        for process, _ in running.values():
            process.terminate()
        for process, _ in running.values():
            process.join(_END_S)
            process.kill()


def _start(scenario: Scenario, name: str, options: Options, width: int) -> tuple[SpawnProcess, Connection]:
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_play, args=(scenario, name, options, width, theirs))
    process.start()
    theirs.close()
    return process, ours


def _told(process: SpawnProcess, pipe: Connection, name: str, console: Console) -> Status:
    try:
        standing, text = pipe.recv()
    except EOFError:
        process.join()
        console.print(f"{name}: the run ended by itself with exit status {process.exitcode}", markup=False)
        return "error"
    process.join()
    console.print(f"\n{name}", style="dim", markup=False, highlight=False)
    console.print(text, markup=False, highlight=False, soft_wrap=True, end="")
    found: Status = standing
    return found


def _play(scenario: Scenario, name: str, options: Options, width: int, pipe: Connection) -> None:
    """What the process of one run does."""
    let_children_end()
    # Ctrl-C reaches every process of the terminal; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    said = io.StringIO()
    standing = run_scenario(scenario, name, options, Console(file=said, width=width))
    pipe.send((standing, said.getvalue()))


def let_children_end() -> None:
    """A CI server that cancels a run sends SIGTERM; by default Python would leave what it has started behind."""

    def leave(number: int, frame: object) -> NoReturn:
        del frame
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
