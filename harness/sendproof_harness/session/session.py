"""Running a session: one or more scenarios, one after the other or in parallel, with shared simulators."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
from rich.console import Console

from sendproof_harness.interruption import enter_stage
from sendproof_harness.judge.verdict import Status
from sendproof_harness.report.combined.record import FAILED_FAST, NOT_REACHED, Outcome, record_outcomes
from sendproof_harness.run.errors import RunOptionsError
from sendproof_harness.run.processes import ProcessError
from sendproof_harness.run.results_folder import fresh_folder, locked_folder
from sendproof_harness.run.runner import RunOptions
from sendproof_harness.run.simulator_process import start_simulators
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.session.finish import finish_session
from sendproof_harness.session.judged_run import run_and_judge
from sendproof_harness.session.parallel import Statuses, has_failed, keep_verdicts, run_parallel
from sendproof_harness.session.schedule import Schedule, plan
from sendproof_harness.session.selection import (
    RunRefusedError,
    Selection,
    check_options,
    expand_dialects,
    select_scenarios,
)

_LOG = "simulators.log"


def run_session(
    files: Sequence[Path], selection: Selection, options: RunOptions, schedule: Schedule, console: Console
) -> Mapping[str, Status]:
    """Run and judge the selected scenarios, and return the status of each by name. `RunRefusedError` if none can run.

    Nothing runs before all files are correct.
    """
    check_options(options)
    scenarios = select_scenarios(files, selection, options)
    with _shared_simulators(options, is_shared=len(scenarios) > 1 or selection.all_dialects) as shared:
        variants = expand_dialects(scenarios, selection, shared)
        names, planned = plan(variants, schedule, options.results)
        reached = _run_recorded({name: variants[name] for name in names}, planned, shared, schedule, console)
    outcomes = _outcomes(planned, reached, FAILED_FAST)
    index = finish_session(options.results, outcomes, options.accepted, console)
    statuses = {name: status for name, (status, _) in reached.items()}
    if len(names) > 1:
        if index is not None:
            console.print(f" all runs    {index}", markup=False, highlight=False, soft_wrap=True)
        print_summary(statuses, options.results, console)
        _print_not_reached([name for name in names if name not in reached], console)
    return statuses


def _run_recorded(
    variants: Mapping[str, Scenario],
    planned: Sequence[Outcome],
    options: RunOptions,
    schedule: Schedule,
    console: Console,
) -> Statuses:
    """Run the scenarios, and return their statuses in the given order. Also an interrupted session has a record."""
    statuses: Statuses = {}
    try:
        record_outcomes(options.results, planned)
    except OSError as error:
        raise RunRefusedError(
            f"--results: {options.results} cannot be used: {error.strerror}; choose another folder"
        ) from error
    try:
        if schedule.parallel > 1 and len(variants) > 1:
            run_parallel(variants, options, schedule, console, statuses)
        else:
            # Simulators of this session serve one run after the other, so every request is the bridge's own.
            alone = dataclasses.replace(options, exclusive=options.shared)
            _run_each(variants, alone, schedule, console, statuses)
    except KeyboardInterrupt:
        keep_verdicts(statuses, len(variants))
        record_outcomes(options.results, _outcomes(planned, statuses, NOT_REACHED))
        raise
    return {name: statuses[name] for name in variants if name in statuses}


def _run_each(
    variants: Mapping[str, Scenario], options: RunOptions, schedule: Schedule, console: Console, statuses: Statuses
) -> None:
    """Run one scenario after the other, and add the status of each. An interrupt ends all of them."""
    for number, (name, variant) in enumerate(variants.items(), start=1):
        print_progress(schedule.progress(number, len(variants)), console)
        statuses[name] = run_and_judge(variant, name, options, console)
        if schedule.fail_fast and has_failed(statuses):
            return


def print_progress(progress: str, console: Console) -> None:
    """Print how far a session with several runs is."""
    if progress:
        console.print(progress, style="dim")


def _outcomes(planned: Iterable[Outcome], statuses: Statuses, not_reached: str) -> Iterator[Outcome]:
    """Yield the outcomes with the statuses of those that ran; `not_reached` is why others of this session did not."""
    for outcome in planned:
        if outcome.scenario in statuses:
            status, why = statuses[outcome.scenario]
            yield msgspec.structs.replace(outcome, verdict=status, why=why)
        else:
            yield msgspec.structs.replace(outcome, why=not_reached if outcome.why else "")


def _print_not_reached(names: Sequence[str], console: Console) -> None:
    if names:
        console.print(f"{FAILED_FAST}: {', '.join(names)}", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _shared_simulators(options: RunOptions, *, is_shared: bool) -> Iterator[RunOptions]:
    """Start simulators for several scenarios, and yield options with their URL."""
    if not is_shared or options.control_url is not None:
        yield options
        return
    enter_stage("starting the simulators")
    with ExitStack() as stack:
        try:
            stack.enter_context(locked_folder(options.results))
            fresh_folder(options.results, [_LOG])
            url = start_simulators(options.results / _LOG, stack)
        except (ProcessError, RunOptionsError) as error:
            raise RunRefusedError(str(error)) from error
        yield dataclasses.replace(options, control_url=url, shared=True)


def print_summary(statuses: Mapping[str, Status], results: Path, console: Console) -> None:
    """Print one line for each scenario. Paths are never cut or wrapped, so that they can be copied."""
    rows = [("verdict", "scenario", "results")]
    rows += [(status, name, "" if status == "error" else str(results / name)) for name, status in statuses.items()]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    for number, (status, name, place) in enumerate(rows):
        line = f" {status:{first}}  {name:{second}}  {place}".rstrip()
        console.print(line, style="" if number else "dim", markup=False, highlight=False, soft_wrap=True)
