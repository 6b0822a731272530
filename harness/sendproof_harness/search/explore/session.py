"""An exploration from its options to its report: simulators, bridges, progress, and the files in the results folder."""

import dataclasses
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.console import Console

from sendproof_harness.bounded_file import named_by_user
from sendproof_harness.control_client import ControlClient
from sendproof_harness.history.wording import counted
from sendproof_harness.interruption import enter_stage, keep
from sendproof_harness.run.runner import HISTORY
from sendproof_harness.run.simulator_process import start_simulators
from sendproof_harness.search.explore.catalogue import SearchScope, feature_catalogue
from sendproof_harness.search.explore.coverage import REQUIREMENTS
from sendproof_harness.search.explore.search import Exploration, ExploredRun, SearchBudget, explore
from sendproof_harness.search.explore.text import coverage_lines, failure_lines, run_line, summary_lines
from sendproof_harness.search.shrinking.budget import Budget as ShrinkBudget
from sendproof_harness.search.shrinking.command import ShrinkOptions, memory_file, shrink_run
from sendproof_harness.search.shrinking.failed_run import read_failed_run
from sendproof_harness.search.shrinking.shrinker import Shrunk
from sendproof_harness.search.trial import BridgeUnderTest, TrialSession, trial_session

#: The folder of an exploration in the results folder.
FOLDER = "explore"
RECORD = "exploration.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploreOptions:
    """The options of an exploration."""

    bridge: BridgeUnderTest
    results: Path
    budget: SearchBudget
    seed: int = 1
    scope: SearchScope = field(default_factory=SearchScope)
    parallel: int = 1
    timeout_s: float = 60.0


def run_exploration(options: ExploreOptions, console: Console) -> Exploration:
    """Explore and print each run and the coverage. `ProcessError` if the simulators do not start."""

    def print_line(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    folder = options.results / FOLDER
    with named_by_user(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        urls = [start_simulators(_new_folder(folder, number) / "simulators.log", stack) for number in _players(options)]
        with ControlClient(urls[0]) as control:
            catalogue = feature_catalogue(control.dialects(), options.scope)
        players: list[TrialSession] = [
            stack.enter_context(trial_session(options.bridge, _new_folder(folder, number), url, options.timeout_s))
            for number, url in zip(_players(options), urls, strict=True)
        ]
        exploration = Exploration(catalogue=catalogue, first_seed=options.seed)
        enter_stage("exploring, before the end of the first run")
        try:
            explore(exploration, players, options.budget, lambda run: _report(run, exploration, folder, print_line))
        except KeyboardInterrupt:
            keep(f"Kept: what {counted(exploration.runs, 'runs')} exercised, in {folder / RECORD}")
            raise
        finally:
            (folder / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record(exploration))))
    for line in (*coverage_lines(exploration), *summary_lines(exploration)):
        print_line(line)
    return exploration


def shrink_failure(
    run: ExploredRun, options: ExploreOptions, budget: ShrinkBudget, console: Console
) -> tuple[Shrunk, Path]:
    """Shrink the scenario of a failed run, and run what is left; return it with its file.

    `NotReproducedError` if the bridge did not fail again.
    """
    history = next(run.folder.rglob(HISTORY))
    failed = dataclasses.replace(read_failed_run(history, None, any_cause=False), name=f"seed {run.plan.seed}")
    output = scenario_file(options.results / FOLDER, run, suffix="-shrunk")
    shrink_options = ShrinkOptions(
        budget=budget, output=output, memory=memory_file(history, failed, options.bridge), timeout_s=options.timeout_s
    )
    shrunk, _ = shrink_run(failed, options.bridge, shrink_options, console)
    return shrunk, output


def _players(options: ExploreOptions) -> range:
    return range(1, options.parallel + 1)


def _new_folder(folder: Path, number: int) -> Path:
    path = folder / f"bridge-{number}"
    path.mkdir(exist_ok=True)
    return path


def _report(run: ExploredRun, exploration: Exploration, folder: Path, print_line: Callable[[str], None]) -> None:
    enter_stage(f"exploring, after {counted(exploration.runs, 'runs')}")
    print_line(run_line(run, exploration.runs))
    if run.status == "pass":
        return
    for line in failure_lines(run):
        print_line(line)
    file = scenario_file(folder, run)
    file.write_text(run.text, encoding="utf-8")
    results = f", results: {run.folder}" if run.status == "fail" else ""
    print_line(f"       scenario: {file}{results}")


def scenario_file(folder: Path, run: ExploredRun, *, suffix: str = "") -> Path:
    """Return the file with the scenario of a run that did not pass, or what is left of it."""
    return folder / f"seed-{run.plan.seed}{suffix}.yaml"


def record(exploration: Exploration) -> dict[str, object]:
    """Return the exploration as plain values: runs, failures and coverage."""
    coverage = exploration.coverage
    return {
        "first_seed": exploration.first_seed,
        "runs": exploration.runs,
        "statuses": exploration.statuses,
        "not_passed": [_run_record(run) for run in exploration.notable],
        "requirements": {number: coverage.counts[f"requirement {number}"] for number in REQUIREMENTS},
        "operations": coverage.of_kind("operation"),
        "faults": coverage.of_kind("fault"),
        "features": {feature.name: coverage.counts[feature.name] for feature in exploration.catalogue.features},
    }


def _run_record(run: ExploredRun) -> dict[str, object]:
    return {
        "seed": run.plan.seed,
        "status": run.status,
        "features": list(run.plan.names),
        "scenario": f"seed-{run.plan.seed}.yaml",
        "failures": [
            {"requirement": failure.number, "check": failure.check, "cause": failure.cause} for failure in run.failures
        ],
        "reason": run.reason,
    }
