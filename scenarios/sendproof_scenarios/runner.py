"""Runs one scenario: starts what is needed, plays the steps, and keeps what was recorded. It decides nothing.

simulators   ours, as a child process, unless an address is given
sandbox      clock, seed, audience, channels, templates
bridge       ours, or any command, or one that runs already
steps        `stage`
history      streamed to the results folder; the judge reads nothing else
"""

import dataclasses
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sendproof_scenarios import handover
from sendproof_scenarios.control import Control, ControlError
from sendproof_scenarios.doctor.examinations import before_a_run
from sendproof_scenarios.doctor.handed import handed_of
from sendproof_scenarios.model import Advance, Scenario
from sendproof_scenarios.processes import Child, ProcessError, Program, free_port, listens, split_command, until
from sendproof_scenarios.progress import Watcher
from sendproof_scenarios.stage import Stage, Trouble, TroubleError
from sendproof_scenarios.values import iso

# Starting Python and compiling the contracts takes about two seconds; a loaded machine takes some times that.
SIMULATORS_READY_S = 60.0
# For a bridge to start, and to come to rest; a Java program on a small CI machine takes half of this.
PATIENCE_S = 60.0
HOST = "127.0.0.1"
LOOPBACK = frozenset({HOST, "localhost", "::1"})

# What a run leaves in its folder; a new run replaces these and touches nothing else.
FILES = (
    "report.html",
    "junit.xml",
    "verdict.json",
    "history.ndjson",
    "handover.json",
    "bridge.toml",
    "bridge.log",
    "simulators.log",
)


class RunError(Exception):
    """The run could not be made: the harness broke, or was told something impossible. Says nothing of the bridge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run. At most one of `bridge` (an address) and `command` is given; with neither, our bridge is tested.

    Time is virtual, or runs by itself with `clock_rate` seconds of the sandbox in a real one. At rate 1 the clock is
    that of the machine, and the scenario begins when the bridge is ready.
    """

    bridge: str | None = None
    command: str | None = None
    simulators: str | None = None
    results: Path = Path("results")
    patience_s: float = PATIENCE_S
    clock_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a run left behind: its folder with the history, and why it ended early if it did."""

    folder: Path
    history: Path
    trouble: Trouble | None


def whole(scenario: Scenario) -> timedelta:
    """How much virtual time the steps let pass."""
    return sum((step.by for step in scenario.steps if isinstance(step, Advance)), timedelta())


def run(scenario: Scenario, name: str, options: Options, watcher: Watcher) -> Recorded:
    """Play `scenario` and keep what happened in the folder `name` of the results."""
    folder = _fresh_folder(options.results / name)
    try:
        with ExitStack() as stack:
            return _run(scenario, name, options, watcher, folder, stack)
    except (ControlError, ProcessError, OSError) as error:
        raise RunError(str(error) + _log_of_simulators(folder)) from error


def _run(scenario: Scenario, name: str, options: Options, watcher: Watcher, folder: Path, stack: ExitStack) -> Recorded:
    watcher.phase("starting the simulators")
    url = options.simulators or _start_simulators(folder, stack)
    control = stack.enter_context(Control(url))
    listen = _listen(options)
    sandbox = _sandbox(control, scenario, None if options.simulators else name, listen, options.clock_rate)
    if options.simulators:
        # Ours end with all that is in them; those of others stay, so the sandbox must go.
        stack.callback(control.delete_sandbox, sandbox["sandbox"])
    told = handover.handover(control.url, sandbox, listen)
    handover.write_handover(told, folder / "handover.json")
    _must_be_able_to_work(told)
    watcher.phase("starting the bridge")
    stage = Stage(
        scenario=scenario,
        control=control,
        sandbox=sandbox["sandbox"],
        bridge=_start_bridge(options, told, folder, stack, watcher),
        shares_clock=not (options.bridge or options.command),
        patience_s=options.patience_s,
        rate=options.clock_rate,
        watcher=watcher,
    )
    trouble = _play(stage)
    watcher.phase("fetching the history")
    history = folder / "history.ndjson"
    control.save_history(sandbox["sandbox"], history)
    _note(scenario, name, trouble, control.clock(sandbox["sandbox"])["now"], history)
    return Recorded(folder=folder, history=history, trouble=trouble)


def _must_be_able_to_work(told: Mapping[str, Any]) -> None:
    """Raise `RunError` when no bridge could work with this. What cannot be known yet holds nobody up."""
    results = before_a_run(handed_of(told, "the handover"))
    problems = [str(result) for result in results if result.standing == "wrong"]
    if problems:
        raise RunError("\n".join(["the run does not start, because no bridge could work with this:", *problems]))


def _play(stage: Stage) -> Trouble | None:
    try:
        stage.play()
    except TroubleError as error:
        return error.trouble
    return None


def _note(scenario: Scenario, name: str, trouble: Trouble | None, now: str, history: Path) -> None:
    """Put into the history what the simulators cannot know: whoever judges that file must come to the same verdict."""
    # Not events of the sandbox, so they have neither a number nor a real time there.
    head = {"n": 0, "at": now, "real": 0.0}
    lines: list[dict[str, object]] = [{**head, "kind": "scenario", "name": scenario.name, "file": name}]
    if trouble is not None:
        lines.append({**head, "kind": "trouble", **dataclasses.asdict(trouble)})
    insert_before_end(history, lines)


# The last line of a history is some 100 bytes long.
_TAIL_BYTES = 4096


def insert_before_end(history: Path, lines: Sequence[Mapping[str, object]]) -> None:
    """The last line says how many there are, so it is written anew. A history of millions is not read for it."""
    with history.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - _TAIL_BYTES)
        file.seek(start)
        last = file.read().splitlines(keepends=True)[-1:]
        end = _end_of(last[0]) if last else None
        if end is None:
            raise RunError(f"the history in {history} broke off: expected a last line of the kind 'end'; run again")
        file.seek(size - len(last[0]))
        for line in (*lines, end | {"lines": end["lines"] + len(lines)}):
            file.write(json.dumps(line).encode() + b"\n")


def _end_of(line: bytes) -> dict[str, Any] | None:
    try:
        end: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return end if end.get("kind") == "end" else None


def _fresh_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in FILES:
            (folder / file).unlink(missing_ok=True)
    except OSError as error:
        raise RunError(
            f"the results folder {folder} cannot be used: {error.strerror}; choose another with --results"
        ) from error
    return folder


def _start_simulators(folder: Path, stack: ExitStack) -> str:
    words = [sys.executable, "-m", "sendproof_simulators", "up", "--json", "--port", "0"]
    log = folder / "simulators.log"
    child = stack.enter_context(Child(Program(name="the simulators", words=words, log=log, environment={})))
    until(lambda: child.status is not None or _announced(log) is not None, SIMULATORS_READY_S)
    child.must_run()
    addresses = _announced(log)
    if addresses is None:
        raise ProcessError(f"the simulators did not answer within {SIMULATORS_READY_S:.0f} s; {child.last_words()}")
    return str(addresses["control"]["url"])


def _announced(log: Path) -> dict[str, Any] | None:
    """The addresses that the simulators print on a line of their own; warnings of Python may stand around it."""
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
        if line.startswith('{"control"') and line.endswith("\n"):
            addresses: dict[str, Any] = json.loads(line)
            return addresses
    return None


def _clock(scenario: Scenario, rate: float | None) -> dict[str, object]:
    if rate is None:
        return {"mode": "virtual", "start": iso(scenario.starts)}
    return {"mode": "real", "rate": rate} | ({} if rate == 1 else {"start": iso(scenario.starts)})


def _sandbox(
    control: Control, scenario: Scenario, name: str | None, listen: handover.Listen, rate: float | None
) -> dict[str, Any]:
    """Make the sandbox and its templates. Unnamed, it gets a name that nobody else at those simulators has."""
    audience = scenario.audience
    settings: dict[str, object] = {
        "seed": scenario.seed,
        "clock": _clock(scenario, rate),
        "audience": {
            "customers": audience.customers,
            "opted_out": float(audience.opted_out),
            "unusable_numbers": float(audience.unusable_numbers),
            "country": audience.country,
            "fates": {name: float(share) for name, share in audience.fates.items()},
        },
        "channels": [{"id": channel.id, "provider": channel.provider} for channel in scenario.channels],
        # Notifications leave this machine only for a bridge that was named at an address outside.
        "allow_remote_webhooks": listen.host not in LOOPBACK,
    }
    if name is not None:
        settings["name"] = re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("._-")[:100] or "scenario"
    sandbox = control.create_sandbox(settings)
    for provider in dict.fromkeys(template.provider for template in scenario.templates):
        texts = [{"title": t.title, "body": t.body} for t in scenario.templates if t.provider == provider]
        control.add_templates(sandbox["sandbox"], provider, texts)
    return sandbox


def _listen(options: Options) -> handover.Listen:
    if options.bridge is None:
        return handover.Listen(host=HOST, port=free_port(HOST))
    address = urlsplit(options.bridge)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise RunError(f"--bridge: expected an address such as http://localhost:9000, got {options.bridge!r}")
    return handover.Listen(host=address.hostname, port=address.port or (443 if address.scheme == "https" else 80))


def _start_bridge(
    options: Options, told: Mapping[str, Any], folder: Path, stack: ExitStack, watcher: Watcher
) -> Child | None:
    file = (folder / "handover.json").resolve()
    if options.bridge is not None:
        watcher.note(f"The sandbox is described in {file}.\nWaiting until the bridge at {options.bridge} uses it.")
        if not listens(told["listen"]["host"], told["listen"]["port"]):
            watcher.note(f"Nothing listens at {options.bridge} yet.")
        return None
    environment = {handover.VARIABLE: str(file), "PYTHONUNBUFFERED": "1"}
    if options.command is not None:
        words = split_command(options.command)
    else:
        settings = folder / "bridge.toml"
        database = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sendproof-"))) / "bridge.sqlite"
        environment |= handover.write_settings(told, settings, database)
        words = [sys.executable, "-m", "sendproof_bridge", "--config", str(settings)]
    program = Program(name="the bridge", words=words, log=folder / "bridge.log", environment=environment)
    return stack.enter_context(Child(program))


def _log_of_simulators(folder: Path) -> str:
    log = folder / "simulators.log"
    return f"\nWhat the simulators said: {log}" if log.exists() and log.stat().st_size else ""
