"""Interrupting commands at their stages, and what is left of them. Needs Linux: it finds processes in /proc."""

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from time import monotonic

from commands import (
    AFTER,
    CONNECTED,
    FILE,
    HARNESS,
    JUDGE_READS,
    JUDGE_STARTED,
    LAUNCHED,
    RESULTS,
    SCENARIO,
    SETTINGS,
    Command,
    commands,
)
from requested_verdict import verdict_watcher
from sendproof_harness.history.reader import HistoryError, read_history
from sendproof_harness.judge.verdict import judge
from sendproof_harness.run.errors import RunOptionsError
from sendproof_harness.run.processes import wait_until
from sendproof_harness.run.results_folder import locked_folder
from sendproof_harness.scratch import remove_abandoned_folders

LIMIT_S = 10.0
# A slow machine needs some of it to reach a stage.
_STAGE_S = 180.0
_GONE_S = 60.0
# A command that was too quick for its stage has ended with a verdict.
_VERDICTS = frozenset({0, 1, 2})
_MARK = "SENDPROOF_INTERRUPTED_RUN"
_MESSAGE = "sendproof: interrupted by"
# In a traceback, the path of a module of any of the three programs. Python's own start cannot be kept from one.
_PACKAGE = "/sendproof_"

# Python has status 1 for an interrupt before it has begun with the program.
_NOT_STARTED = ("Failed to import the site module", "Could not import runpy module")

#: What is sent, by name: the signal, how often, and if the whole process group gets it, as from a terminal.
SENT: Mapping[str, tuple[signal.Signals, int, bool]] = {
    "INT": (signal.SIGINT, 1, False),
    "TERM": (signal.SIGTERM, 1, False),
    "HUP": (signal.SIGHUP, 1, False),
    "KILL": (signal.SIGKILL, 1, False),
    "QUIT": (signal.SIGQUIT, 1, False),
    "INT to the group": (signal.SIGINT, 1, True),
    "INT twice": (signal.SIGINT, 2, False),
}

_UNHANDLED = frozenset({signal.SIGKILL, signal.SIGQUIT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One command that gets a signal at a stage."""

    name: str
    command: Command
    stage: str
    sent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a trial left: `seconds` until no process was left, the exit status, and what is wrong."""

    trial: Trial
    seconds: float
    status: int
    wrong: tuple[str, ...]
    is_late: bool

    @property
    def line(self) -> str:
        """One line of the table."""
        trial, late = self.trial, " (had ended)" if self.is_late else ""
        end = "; ".join(self.wrong) or "nothing left" + late
        return f"{trial.name:16} {trial.stage:32} {trial.sent:18} {self.status:4} {self.seconds:6.1f} s  {end}"


def trials(known: Mapping[str, Command], seed: int) -> Sequence[Trial]:
    """Return every trial, in an order that depends on the seed alone."""
    every = [
        Trial(name=name, command=command, stage=stage, sent=sent)
        for name, command in known.items()
        for stage in command.stages
        for sent in SENT
    ]
    return sorted(every, key=lambda trial: blake2b(f"{seed} {trial.name} {trial.stage} {trial.sent}".encode()).digest())


def run_trial(trial: Trial, folder: Path, silent: socket.socket, limit_s: float = LIMIT_S) -> Outcome:
    """Start the command in a new folder, send the signal when its stage begins, and watch what is left."""
    results, err = folder / "results", folder / "err"
    with _started(trial.command, folder) as process:
        has_begun = _stage_watcher(trial.stage, process.pid, folder, silent)
        is_reached = wait_until(lambda: process.poll() is not None or has_begun(), _STAGE_S)
        is_late = process.poll() is not None
        began = monotonic()
        _send(trial.sent, process.pid)
        is_gone = wait_until(lambda: process.poll() is not None and not marked_processes(folder), _GONE_S)
        seconds = monotonic() - began
    status, errors = process.returncode, err.read_text("utf-8", "replace")
    is_late = is_late or _had_its_result(trial.command, status, results)
    wrong = [] if is_reached else [f"the stage did not begin within {_STAGE_S:.0f} s"]
    wrong += [] if is_gone and seconds <= limit_s else [f"expected nothing left within {limit_s:.0f} s"]
    if is_late:
        wrong += (
            []
            if status in _VERDICTS and trial.command.has_end
            else [f"expected a command that runs, got {errors[-2000:]!r}"]
        )
    else:
        wrong += [*_wrong_end(trial, status, errors), *_wrong_results(results)]
        if trial.stage in trial.command.unkept and SENT[trial.sent][0] in _UNHANDLED:
            # No process of the trial is left, so none is making a folder.
            remove_abandoned_folders(folder / "scratch", making_s=0.0)
        wrong += _wrong_scratch(folder / "scratch")
    return Outcome(trial=trial, seconds=seconds, status=status, wrong=tuple(wrong), is_late=is_late)


def _had_its_result(command: Command, status: int, results: Path) -> bool:
    """Return True if a command ended with its result, and had written that before the signal came."""
    return status in _VERDICTS and bool(command.result) and any(results.rglob(command.result))


def let_commands_react() -> None:
    """Let the commands react to their signals, also if this program is a background job or below `nohup`.

    Call this in the main thread before the first trial. A program that starts keeps what is ignored, but no handler.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _ignore)
    # SIGQUIT would write the memory of the process.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _ignore(number: int, frame: object) -> None:
    """Handle a signal by nothing."""


@contextmanager
def _started(command: Command, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command with its results and its output in a folder. The end of the block kills what is left."""
    words = [word.replace(RESULTS, str(folder / "results")) for word in command.words]
    (scratch := folder / "scratch").mkdir()
    with (folder / "out").open("wb") as output, (folder / "err").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", command.program, *words],
            stdout=output,
            stderr=errors,
            cwd=folder,
            env={**os.environ, _MARK: str(folder), "COLUMNS": "200", "TMPDIR": str(scratch)},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for pid in marked_processes(folder):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _send(sent: str, pid: int) -> None:
    number, times, is_group = SENT[sent]
    for _ in range(times):
        with suppress(ProcessLookupError):
            (os.killpg if is_group else os.kill)(pid, number)


def _stage_watcher(stage: str, pid: int, folder: Path, silent: socket.socket) -> Callable[[], bool]:
    """Return a function that is True once the stage has begun."""
    results, out = folder / "results", folder / "out"
    if stage == LAUNCHED:
        return lambda: True
    if stage.startswith(AFTER):
        return lambda: _processor_s(pid) >= float(stage.removeprefix(AFTER))
    if stage == CONNECTED:
        return lambda: _accepted(silent)
    if stage in {JUDGE_STARTED, JUDGE_READS}:
        return verdict_watcher(out, partial(_judge_reads if stage == JUDGE_READS else _judge_runs, folder))
    if stage.startswith(FILE):
        name = stage.removeprefix(FILE)
        return lambda: any(file.stat().st_size for file in results.rglob(name))
    return lambda: stage in out.read_text("utf-8", "replace")


def _processor_s(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _accepted(silent: socket.socket) -> bool:
    """Return True if a client has connected. Its connection stays open, without a response."""
    try:
        connection, _ = silent.accept()
    except BlockingIOError:
        return False
    connection.detach()
    return True


def marked_processes(folder: Path) -> list[int]:
    """Return the processes that the trial in a folder started, directly or through others."""
    mark, found = f"{_MARK}={folder}".encode(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def _judge_runs(folder: Path) -> bool:
    """Return True if the server of a trial has started the judge."""
    for pid in marked_processes(folder):
        with suppress(OSError):
            if b"judge" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                return True
    return False


def _judge_reads(folder: Path) -> bool:
    """Return True if the judge has begun to save the history."""
    return any((folder / "scratch").rglob("history.ndjson"))


def _wrong_end(trial: Trial, status: int, errors: str) -> Iterator[str]:
    number = SENT[trial.sent][0]
    expected = {-number} if number in _UNHANDLED else {128 + number}
    if trial.stage == LAUNCHED or trial.stage.startswith(AFTER):
        # Python itself ends by the signal, and a shell reports the same status.
        expected.add(-number)
        if any(text in errors for text in _NOT_STARTED):
            expected.add(1)
    if number in trial.command.usual_ends:
        expected.add(trial.command.usual_ends[number])
    if status not in expected:
        yield f"expected status {' or '.join(map(str, sorted(expected)))}"
    elif status == 128 + number and trial.command.program == HARNESS and errors.count(_MESSAGE) != 1:
        yield f"expected one message, got {errors[-500:]!r}"
    if "Traceback" in errors and (status == 128 + number or _PACKAGE in errors):
        yield f"expected no traceback, got {errors[-2000:]!r}"


def _wrong_results(results: Path) -> Iterator[str]:
    """Find results that other runs cannot use, or histories with too good a verdict."""
    for folder in {results, *(file.parent for file in results.rglob("handover.json"))}:
        try:
            with locked_folder(folder):
                pass
        except RunOptionsError:
            yield f"expected no lock, got one on {folder}"
    for file in results.rglob("history.ndjson"):
        try:
            history = read_history(file)
        except HistoryError as error:
            yield f"expected a history that can be judged, got {error}"
            continue
        if (status := judge(history).status) not in {"pass", "unknown"}:
            yield f"expected no verdict against the bridge, got {status}"


def _wrong_scratch(folder: Path) -> Iterator[str]:
    if left := sorted(path.name for path in folder.iterdir()):
        yield f"expected no temporary file, got {', '.join(left)}"


def prepared_commands(folder: Path, silent: socket.socket) -> Mapping[str, Command]:
    """Write the files of the commands, and return the commands by name."""
    (scenario := folder / "interrupted.yaml").write_text(SCENARIO)
    url = f"http://127.0.0.1:{silent.getsockname()[1]}"
    (folder / "bridge.toml").write_text(SETTINGS.format(url=url))
    return commands(scenario, url)


def silent_server() -> socket.socket:
    """Return a server that accepts connections only when asked, and never responds."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0)
    return server
