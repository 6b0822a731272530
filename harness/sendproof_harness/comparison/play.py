"""The runs of a comparison: played with a bridge, or read from a results folder."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sendproof_harness.comparison.bridges import ComparedBridge
from sendproof_harness.history.reader import HistoryError
from sendproof_harness.interruption import enter_stage
from sendproof_harness.judge.judged_file import JudgedFile, judge_whole
from sendproof_harness.run.errors import RunOptionsError
from sendproof_harness.run.processes import ProcessError
from sendproof_harness.run.results_folder import EARLIER, fresh_folder, fresh_run_folder, locked_folder
from sendproof_harness.run.runner import HISTORY
from sendproof_harness.run.simulator_process import start_simulators
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.search.trial import BridgeUnderTest, TrialSession

_LOG = "simulators.log"


class PlayError(Exception):
    """A run that is needed has no history; the message has the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """Plays scenarios with one bridge. The runs are in `folder`, named after their scenarios."""

    bridge: ComparedBridge
    session: TrialSession
    folder: Path

    def play(self, scenario: Scenario, name: str) -> Mapping[str, JudgedFile]:
        """Run and judge a scenario, and return the history of each client; the only client has an empty name.

        `PlayError` if there is no history.
        """
        enter_stage(f"running {name} with {self.bridge.words}")
        try:
            result = self.session.play(scenario)
        except RunOptionsError as error:
            raise PlayError(f"{name}: {error}") from error
        if result.error or not result.judged:
            raise PlayError(f"{name} with {self.bridge.words}: {result.error or 'the run has no history'}")
        folder = fresh_run_folder(self.folder / name)
        for file in result.folder.iterdir():
            file.rename(folder / file.name)
        self.session.discard(result)
        judged = zip(scenario.clients or ("",), result.judged, strict=True)
        # A condensed history has only some of the customers.
        return {
            client: of_client if of_client.index is None else _judge(folder / client / HISTORY)
            for client, of_client in judged
        }


@contextmanager
def simulators_for(results: Path, control_url: str | None) -> Iterator[str]:
    """Yield the control URL of the simulators for all runs; without a URL, they are started and end with the block."""
    enter_stage("starting the simulators")
    with ExitStack() as stack:
        try:
            stack.enter_context(locked_folder(results))
            fresh_folder(results, [_LOG])
            yield control_url or start_simulators(results / _LOG, stack)
        except (ProcessError, RunOptionsError) as error:
            raise PlayError(str(error)) from error


def player(bridge: ComparedBridge, folder: Path, control_url: str, timeout_s: float) -> Player:
    """Return a player of a bridge that is started for each run; its runs are below `folder`."""
    under_test = BridgeUnderTest(command=bridge.command, environment=bridge.environment)
    folder.mkdir(parents=True, exist_ok=True)
    return Player(bridge=bridge, session=TrialSession(under_test, folder, control_url, timeout_s), folder=folder)


def recorded(folder: Path, name: str) -> Mapping[str, JudgedFile]:
    """Return the judged histories of a run in a results folder, by client; `PlayError` if the run does not exist."""
    run = folder if (folder / HISTORY).is_file() else folder / name
    files = [run / HISTORY] if (run / HISTORY).is_file() else sorted(run.glob(f"*/{HISTORY}"))
    files = [file for file in files if file.parent.name != EARLIER]
    if not files:
        raise PlayError(f"{run}: expected the run of a scenario, got no {HISTORY}; run it, or leave it out")
    return {"" if file.parent == run else file.parent.name: _judge(file) for file in files}


def recorded_names(folders: Sequence[Path]) -> list[str]:
    """Return the names of all runs in results folders; of a folder that is a run itself, only its name.

    `PlayError` if there is no run.
    """
    for folder in folders:
        if (folder / HISTORY).is_file():
            return [folder.resolve().name]
    names = {name for folder in folders for name in _names(folder)}
    if not names:
        raise PlayError(f"{folders[0]}: expected the results folder of sendproof run, got no run; name another folder")
    return sorted(names)


def _names(folder: Path) -> Iterator[str]:
    for file in (*folder.glob(f"*/{HISTORY}"), *folder.glob(f"*/*/{HISTORY}")):
        parts = file.relative_to(folder).parts
        if EARLIER not in parts:
            yield parts[0]


def _judge(file: Path) -> JudgedFile:
    try:
        return judge_whole(file)
    except (HistoryError, OSError) as error:
        raise PlayError(f"{file}: {error}") from error
