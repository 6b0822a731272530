"""Running a session: one or more scenarios, one after the other or in parallel, with shared simulators."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from sendproof_harness.interruption import enter_stage
from sendproof_harness.judge.verdict import Status
from sendproof_harness.report.overview.index import write_index
from sendproof_harness.run.errors import RunOptionsError
from sendproof_harness.run.processes import ProcessError
from sendproof_harness.run.results_folder import fresh_folder, locked_folder
from sendproof_harness.run.runner import RunOptions
from sendproof_harness.run.simulator_process import start_simulators
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.session.judged_run import run_and_judge
from sendproof_harness.session.parallel import keep_verdicts, run_parallel
from sendproof_harness.session.selection import (
    RunRefusedError,
    Selection,
    check_options,
    expand_dialects,
    select_scenarios,
)

_LOG = "simulators.log"


def run_session(
    files: Sequence[Path], selection: Selection, options: RunOptions, parallel: int, console: Console
) -> Mapping[str, Status]:
    """Run and judge the selected scenarios, and return the status of each by name. `RunRefusedError` if none can run.

    Nothing runs before all files are correct.
    """
    check_options(options)
    scenarios = select_scenarios(files, selection, options)
    with _shared_simulators(options, is_shared=len(scenarios) > 1 or selection.all_dialects) as shared:
        variants = expand_dialects(scenarios, selection, shared)
        if parallel > 1 and len(variants) > 1:
            statuses = run_parallel(variants, shared, parallel, console)
        else:
            # Simulators of this session serve one run after the other, so every request is the bridge's own.
            alone = dataclasses.replace(shared, exclusive=shared.shared)
            statuses = _run_each(variants, alone, console)
    index = write_index(options.results)
    if len(statuses) > 1:
        if index is not None:
            console.print(f" all runs    {index}", markup=False, highlight=False, soft_wrap=True)
        _print_summary(statuses, options.results, console)
    return statuses


def _run_each(variants: Mapping[str, Scenario], options: RunOptions, console: Console) -> dict[str, Status]:
    """Run one scenario after the other. An interrupt ends all of them."""
    statuses: dict[str, Status] = {}
    try:
        for name, variant in variants.items():
            statuses[name] = run_and_judge(variant, name, options, console)
    except KeyboardInterrupt:
        keep_verdicts(statuses, len(variants))
        raise
    return statuses


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


def _print_summary(statuses: Mapping[str, Status], results: Path, console: Console) -> None:
    """Print one line for each scenario. Paths are never cut or wrapped, so that they can be copied."""
    rows = [("verdict", "scenario", "results")]
    rows += [(status, name, "" if status == "error" else str(results / name)) for name, status in statuses.items()]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    for number, (status, name, place) in enumerate(rows):
        line = f" {status:{first}}  {name:{second}}  {place}".rstrip()
        console.print(line, style="" if number else "dim", markup=False, highlight=False, soft_wrap=True)
