"""Several scenarios: which ones are meant, one after the other or beside each other, and what each came to."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sendproof_harness.control_client import ControlClient, ControlError
from sendproof_harness.history.reader import read_history
from sendproof_harness.history.records import History
from sendproof_harness.history.writer import RunError
from sendproof_harness.judge.verdict import Status, judge, worst_status
from sendproof_harness.report import print_verdict, write_reports
from sendproof_harness.run.processes import ProcessError
from sendproof_harness.run.progress import watching
from sendproof_harness.run.runner import Options, run
from sendproof_harness.run.simulator_process import start_simulators
from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.dialect_matrix import dialect_variants
from sendproof_harness.scenario.library import find_scenario_files
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import Scenario, virtual_duration
from sendproof_harness.scenario.random_faults import TooManyFaultsError, faults_yaml, generate_faults


class RefusedError(Exception):
    """Nothing was run; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What of the files is played: with which seed, for which provider only, how many drawn faults, which dialects."""

    seed: int | None = None
    provider: str | None = None
    random_faults: int = 0
    all_dialects: bool = False


def scenarios_of(files: Sequence[Path], wanted: Selection, options: Options) -> dict[str, Scenario]:
    """Every scenario by the name of its results folder. Nothing runs before all files are right."""
    found: dict[str, Scenario] = {}
    mistakes: list[str] = []
    for file in (one for named in files for one in find_scenario_files(named)):
        try:
            every = load_scenarios(file)
        except InvalidFileError as error:
            mistakes.append(str(error))
            continue
        for scenario in every:
            name = file.stem if scenario.provider is None else f"{file.stem}-{scenario.provider}"
            if not _is_for(scenario, wanted.provider):
                continue
            if name in found:
                message = f"another scenario named {name} is run already; results would be overwritten"
                mistakes.append(f"{file}: {message}")
                continue
            found[name] = _as_wanted(scenario, name, wanted, options)
    if mistakes:
        raise RefusedError("\n".join(mistakes))
    if not found:
        whom = "" if wanted.provider is None else f" for the provider {wanted.provider}"
        raise RefusedError(f"expected scenario files{whom}, got none in {', '.join(map(str, files))}")
    return found


def _is_for(scenario: Scenario, provider: str | None) -> bool:
    return provider is None or all(channel.provider == provider for channel in scenario.channels)


def _as_wanted(scenario: Scenario, name: str, wanted: Selection, options: Options) -> Scenario:
    seed = scenario.seed if wanted.seed is None else wanted.seed
    try:
        drawn = generate_faults(scenario, seed, wanted.random_faults, kills=options.bridge is None)
    except TooManyFaultsError as error:
        raise RefusedError(f"{name}: --random-faults: {error}") from error
    return dataclasses.replace(scenario, seed=seed, faults=(*scenario.faults, *drawn))


@contextmanager
def shared_simulators(options: Options, several: bool) -> Iterator[Options]:  # noqa: FBT001  # it is what is asked
    """For several scenarios the simulators are started once; each has a sandbox of its own in them."""
    if not several or options.control_url is not None:
        yield options
        return
    options.results.mkdir(parents=True, exist_ok=True)
    log = options.results / "simulators.log"
    log.unlink(missing_ok=True)
    with ExitStack() as stack:
        try:
            url = start_simulators(log, stack)
        except ProcessError as error:
            raise RefusedError(str(error)) from error
        yield dataclasses.replace(options, control_url=url, shared=True)


def expand_dialects(scenarios: Mapping[str, Scenario], wanted: Selection, options: Options) -> Mapping[str, Scenario]:
    """The scenarios, in every dialect of the simulators that run if that is wanted."""
    if not wanted.all_dialects or options.control_url is None:
        return scenarios
    try:
        with ControlClient(options.control_url) as control:
            return dialect_variants(scenarios, control.dialects())
    except ControlError as error:
        raise RefusedError(f"--all-dialects: {error}") from error


def run_scenario(scenario: Scenario, name: str, options: Options, console: Console) -> Status:
    """Play and judge one scenario, and say so."""
    console.print(f"{scenario.name}  ({_told_apart(scenario)})", style="bold", markup=False, highlight=False)
    if scenario.faults:
        console.print(faults_yaml(scenario.faults, scenario.provider).rstrip(), markup=False, highlight=False)
    try:
        with watching(console, virtual_duration(scenario)) as watcher:
            recorded = run(scenario, name, options, watcher)
    except RunError as error:
        console.print("error", style="bold magenta")
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return "error"
    if recorded.trouble is not None:
        console.print(f"The run ended early: {recorded.trouble.cause}.", style="bold red", markup=False)
        told = f"expected {recorded.trouble.expected}\ngot      {recorded.trouble.got}\n"
        console.print(told, markup=False, highlight=False, soft_wrap=True)
    return worst_status([_judged(file, scenario, console) for file in recorded.histories])


def _told_apart(scenario: Scenario) -> str:
    """What makes this run another than its neighbours: seed, provider, dialects."""
    provider = [] if scenario.provider is None else [scenario.provider]
    dialects = [f"{name}: {answer}" for name, answer in scenario.dialects.items()]
    return ", ".join([f"seed {scenario.seed}", *provider, *dialects])


def _judged(file: Path, scenario: Scenario, console: Console) -> Status:
    if scenario.clients:
        console.print(f"client {file.parent.name}", style="bold", markup=False, highlight=False)
    return judge_and_report(file, read_history(file), file.parent, console)


def judge_and_report(file: Path, history: History, folder: Path | None, console: Console) -> Status:
    """Judge the history of a file, print the verdict, and write the reports to a folder if there is one."""
    verdict = judge(history)
    reports = None if folder is None else write_reports(verdict, history, folder)
    print_verdict(verdict, console, reports, file.parent if file.parent == folder else file)
    return verdict.status


def summary(standings: Mapping[str, Status], results: Path, console: Console) -> None:
    """A line for each scenario, whole however long its path is: what is cut or folded cannot be copied."""
    rows = [("verdict", "scenario", "results")]
    rows += [
        (standing, name, "" if standing == "error" else str(results / name)) for name, standing in standings.items()
    ]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    for number, (standing, name, place) in enumerate(rows):
        line = f" {standing:{first}}  {name:{second}}  {place}".rstrip()
        console.print(line, style="" if number else "dim", markup=False, highlight=False, soft_wrap=True)
