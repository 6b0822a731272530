"""What `sendproof shrink` does: search, write the smallest scenario, and run it with its report."""

import dataclasses
import re
import shlex
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from time import monotonic

from rich.console import Console

from sendproof_harness.bounded_file import Kind, named_by_user, replaceable, write_whole
from sendproof_harness.history.wording import counted
from sendproof_harness.interruption import enter_stage, keep
from sendproof_harness.judge.verdict import Status
from sendproof_harness.run.runner import RunOptions
from sendproof_harness.scenario.document import document_text
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scratch import scratch_folder
from sendproof_harness.search.shrinking.budget import Budget
from sendproof_harness.search.shrinking.failed_run import FailedRun
from sendproof_harness.search.shrinking.oracle import Oracle
from sendproof_harness.search.shrinking.shrinker import Search, Shrunk, shrink
from sendproof_harness.search.shrinking.size import size_of
from sendproof_harness.search.shrinking.story import story
from sendproof_harness.search.trial import BridgeUnderTest, trial_session
from sendproof_harness.session.judged_run import run_and_judge

#: A file that the result of a search may replace.
RESULT = Kind("a scenario", re.compile(rb"(?:\s|#.*\n|---\r?\n)*+sendproof: "))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrinkOptions:
    """Options of the command. The scenario goes to `output`, and its run to a folder of the same name next to it.

    `memory` has the results of a search until it has ended; with `fresh`, those of an interrupted one are forgotten.
    """

    budget: Budget
    output: Path
    memory: Path
    timeout_s: float
    fresh: bool = False


def default_output(history: Path, run: str) -> Path:
    """Return the file for the smallest scenario: next to the results folder of the failed run."""
    folder = history.parent if history.parent.name == run else history.parent.parent
    return folder.parent / f"{run}-shrunk.yaml"


def memory_file(history: Path, run: FailedRun, bridge: BridgeUnderTest) -> Path:
    """Return the file with the results of an interrupted search for this failure with this bridge."""
    decisive = (run.failure.target, bridge)
    name = blake2b(repr(decisive).encode(), digest_size=6).hexdigest()
    return history.parent / f"shrink-{run.failure.target.number}-{name}.ndjson"


def shrink_run(
    run: FailedRun, bridge: BridgeUnderTest, options: ShrinkOptions, console: Console
) -> tuple[Shrunk, Status]:
    """Shrink the failed run, write the scenario, and run it; return both results. Errors as `shrink` and `run`."""
    # Before the search, which takes long.
    replaceable(options.output, RESULT)
    if options.fresh:
        options.memory.unlink(missing_ok=True)
    progress = _Progress(console=console, budget=options.budget)
    progress.begin(run)
    search = Search(is_spent=options.budget.start(), memory=options.memory, on_result=progress.show)
    try:
        with (
            scratch_folder() as folder,
            trial_session(bridge, folder, timeout_s=options.timeout_s) as session,
        ):
            shrunk = shrink(run.failure, session, search)
    except KeyboardInterrupt:
        if options.memory.exists():
            keep(f"Results so far are in {options.memory}; the same command continues from there.")
        raise
    with named_by_user(options.output):
        options.output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(options.output, document_text(shrunk.document), RESULT)
    progress.end(shrunk)
    try:
        status = _final_run(bridge, options, console)
    except KeyboardInterrupt:
        keep(f"The scenario is in {options.output}, without a report of its run.")
        raise
    if not shrunk.is_spent:
        options.memory.unlink(missing_ok=True)
    return shrunk, status


def repeat_command(bridge: BridgeUnderTest, output: Path) -> str:
    """Return the command that runs the scenario again."""
    words = ["sendproof", "run", str(output)]
    if bridge.command is not None:
        words += ["--command", bridge.command]
    if bridge.url is not None:
        words += ["--bridge", bridge.url]
    return shlex.join(words)


def _final_run(bridge: BridgeUnderTest, options: ShrinkOptions, console: Console) -> Status:
    """Run the scenario as `sendproof run` does, with its reports."""
    scenario = dataclasses.replace(load_scenarios(options.output)[0], source=str(options.output))
    run_options = RunOptions(
        bridge=bridge.url,
        command=bridge.command,
        reset=bridge.reset,
        environment=bridge.environment,
        results=options.output.parent,
        timeout_s=options.timeout_s,
        is_smallest=True,
    )
    status, _ = run_and_judge(scenario, options.output.stem, run_options, console)
    return status


@dataclass(kw_only=True)
class _Progress:
    """Lines about a search, which begins now: one when a smaller scenario is found, and one for every ten runs."""

    console: Console
    budget: Budget
    _shown: str = field(default="", init=False)
    _began: float = field(default_factory=monotonic, init=False)

    def begin(self, run: FailedRun) -> None:
        failed, size = run.failure.failed, size_of(run.failure.document)
        self._print(f"Shrinking {run.name}: {size}")
        self._print(f"Kept: {failed.number} ({failed.check}) {failed.cause}")
        enter_stage("shrinking, before the first run")

    def show(self, oracle: Oracle) -> None:
        enter_stage(f"shrinking, after {counted(oracle.runs, 'runs')}")
        size = "" if oracle.smallest is None else str(size_of(oracle.smallest))
        if size != self._shown or oracle.runs % 10 == 0:
            self._shown = size
            self._print(f"{self._used(oracle):>5} of {self.budget}  {size or 'reproducing the failure'}")

    def _used(self, oracle: Oracle) -> int:
        """Return how much of the budget is used: runs, or real seconds."""
        return oracle.runs if self.budget.seconds is None else int(monotonic() - self._began)

    def end(self, shrunk: Shrunk) -> None:
        recalled = f", and {shrunk.recalled_runs} of an interrupted search" if shrunk.recalled_runs else ""
        end = "The budget is spent. The smallest so far" if shrunk.is_spent else "The smallest"
        self._print(f"{end}, after {counted(shrunk.runs, 'runs')}{recalled}: {shrunk.after}")
        self._print(story(shrunk.document))
        if not (shrunk.rate_before.is_certain and shrunk.rate_after.is_certain):
            self._print(f"The bridge failed in {shrunk.rate_before} at first, and fails in {shrunk.rate_after} now.")

    def _print(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)
