"""Running one scenario, judging it, and reporting the verdict."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from sendproof_harness.control_client import ControlError
from sendproof_harness.history.large.customer_index import save_index
from sendproof_harness.history.reader import HistoryError
from sendproof_harness.history.records import History
from sendproof_harness.interruption import enter_stage, keep
from sendproof_harness.judge.judged_file import judge_file
from sendproof_harness.judge.verdict import Status, allow_unknown, worst_status
from sendproof_harness.report import print_verdict, write_reports
from sendproof_harness.run.aborted import RunAborted
from sendproof_harness.run.errors import RunError, RunOptionsError
from sendproof_harness.run.identity import REFERENCE_BRIDGE
from sendproof_harness.run.progress import show_progress
from sendproof_harness.run.results_folder import EARLIER, REPORTS, fresh_folder, locked_folder
from sendproof_harness.run.runner import HISTORY, SCENARIO, RunOptions, run_scenario
from sendproof_harness.scenario.model import Scenario, virtual_duration
from sendproof_harness.scenario.random_faults import faults_yaml
from sendproof_harness.session.accepted_file import accept_in_run

# A history that is judged within a second, even on a busy machine.
_QUICK_BYTES = 4_000_000


_SERVER_ERROR = 500

#: The status of a run and, if it could not be judged, the reason.
StatusAndReason = tuple[Status, str]


def run_and_judge(scenario: Scenario, name: str, options: RunOptions, console: Console) -> StatusAndReason:
    """Run and judge one scenario, print and write the reports, and return the worst status of its clients."""
    console.print(f"{scenario.name}  ({_variant(scenario)})", style="bold", markup=False, highlight=False)
    if scenario.faults:
        console.print(faults_yaml(scenario.faults, scenario.provider).rstrip(), markup=False, highlight=False)
    folder = options.results / name
    try:
        with locked_folder(folder), _kept_on_interrupt(folder):
            return _run_and_judge(scenario, name, options, console), ""
    except RunError as error:
        blame = "config" if _is_of_settings(error) else "harness"
        console.print(f"error  blame: {blame}, so this run does not judge the bridge", style="bold magenta")
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return "error", str(error)


def _is_of_settings(error: RunError) -> bool:
    """Return True if the settings of the run cannot be used, or the simulators refused what the scenario demands."""
    cause = error.__cause__
    is_refused = isinstance(cause, ControlError) and cause.status is not None and cause.status < _SERVER_ERROR
    return is_refused or isinstance(error, RunOptionsError)


def _run_and_judge(scenario: Scenario, name: str, options: RunOptions, console: Console) -> Status:
    with show_progress(console, virtual_duration(scenario)) as progress:
        result = run_scenario(scenario, name, options, progress)
    if result.aborted is not None:
        _print_aborted(result.aborted, console)
    return worst_status([_judge_file(file, scenario, options, console) for file in result.histories])


@contextmanager
def _kept_on_interrupt(folder: Path) -> Iterator[None]:
    """Say what an interrupted run leaves in its folder."""
    try:
        yield
    except KeyboardInterrupt:
        histories = [file for file in (folder / HISTORY, *folder.glob(f"*/{HISTORY}")) if _is_of_this_run(file)]
        # Before the reports: a history that takes too long to judge is kept, too.
        if files := sorted(path.name for path in folder.iterdir() if path.is_file()):
            keep(f"Kept in {folder}: {', '.join(files)}")
        for history in histories:
            keep(f"To judge what was observed: sendproof judge {history}")
        for history in histories:
            _write_partial_reports(history)
        raise


def _is_of_this_run(history: Path) -> bool:
    return history.exists() and history.parent.name != EARLIER


def _write_partial_reports(file: Path) -> None:
    """Write the reports about what was observed, if that is quick: an interrupted run must end within seconds."""
    if any((file.parent / name).exists() for name in REPORTS) or file.stat().st_size > _QUICK_BYTES:
        return
    try:
        judged = judge_file(file)
        written = write_reports(judged.verdict, judged.history, file.parent)
        keep(f"Reports about what was observed: {', '.join(sorted(path.name for path in written.values()))}")
    except (HistoryError, OSError) as error:
        keep(f"There are no reports: {error}")


def judge_and_report(file: Path, folder: Path, options: RunOptions, console: Console) -> Status:
    """Judge a history file, print the verdict, and write the reports to a folder.

    Reports that the folder has already are moved to its folder `earlier`. Return the status without the checks that may
    be unknown and the failures that are accepted.
    """
    judged = judge_file(file)
    if judged.index is not None:
        save_index(file, judged.index)
    permitted = allow_unknown(judged.verdict, options.allow_unknown)
    verdict = accept_in_run(permitted, judged.history, file, options.accepted)
    reports = write_reports(verdict, judged.history, fresh_folder(folder, REPORTS))
    repeated_with = None if options.is_smallest else options_to_repeat(file, judged.history, options.command)
    print_verdict(verdict, console, reports, run_of(file, folder), repeated_with=repeated_with)
    return verdict.accepted_status


def options_to_repeat(file: Path, history: History, command: str | None = None) -> Sequence[str] | None:
    """Return the options that repeat the run of a history file unchanged, with its scenario and a new bridge; or None.

    The bridge is the reference bridge, or that of `command`, which the user has given: the command in a history of
    others is not one to be copied. A bridge that runs already would need a command that resets it.
    """
    if not any((folder / SCENARIO).is_file() for folder in file.absolute().parents[:2]):
        return None
    bridges = {run.bridge for run in history.runs}
    if bridges <= {REFERENCE_BRIDGE}:
        return []
    return ["--command", command] if command is not None and bridges == {command} else None


def run_of(file: Path, folder: Path | None) -> Path:
    """Return the name of a run for other commands: its folder, if the reports are in it, or else its history."""
    return file.parent if file.parent == folder else file


def _variant(scenario: Scenario) -> str:
    """Return seed, provider and dialects, which distinguish the variants of a scenario."""
    provider = [] if scenario.provider is None else [scenario.provider]
    dialects = [f"{name}: {option}" for name, option in scenario.dialects.items()]
    return ", ".join([f"seed {scenario.seed}", *provider, *dialects])


def _print_aborted(aborted: RunAborted, console: Console) -> None:
    """Print the reason; the verdict has its details, or what it follows from."""
    console.print(f"The run was aborted: {aborted.cause}.", style="bold red", markup=False, soft_wrap=True)
    if aborted.reason in {"unready", "absent"}:
        # What came instead is the way to the cause, and the verdict may fold it below another finding.
        console.print(f"  {aborted.got}", markup=False, highlight=False, soft_wrap=True)
    console.print()


def _judge_file(file: Path, scenario: Scenario, options: RunOptions, console: Console) -> Status:
    enter_stage(f"judging {file}")
    if scenario.clients:
        console.print(f"client {file.parent.name}", style="bold", markup=False, highlight=False)
    return judge_and_report(file, file.parent, options, console)
