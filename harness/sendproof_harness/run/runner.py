"""Runs one scenario: starts what is needed, plays the steps, and keeps what was recorded. It decides nothing.

simulators   `serving`: ours, as a child process, unless an address is given
sandbox      `sandboxes`: clock, seed, audience, channels, templates, faults; one for each client
bridge       `bridges`: ours, or any command, or one that runs already
steps        `stage`
history      streamed to the results folder; the judge reads nothing else
"""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sendproof_harness.control_client import ControlClient, ControlError
from sendproof_harness.handover import write
from sendproof_harness.handover.reader import all_handed
from sendproof_harness.history.writer import Note, OtherClient, RunError, fresh_folder, note
from sendproof_harness.preflight.checks import run_checks_before_run
from sendproof_harness.run import sandboxes
from sendproof_harness.run.aborted import RunAborted
from sendproof_harness.run.bridge_process import Bridge
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.execute import play
from sendproof_harness.run.processes import ProcessError, free_port
from sendproof_harness.run.progress import Watcher
from sendproof_harness.run.simulator_process import start_simulators
from sendproof_harness.run.time_control import TimeControl
from sendproof_harness.scenario.fault_kinds import KILL
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.scenario.random_faults import faults_yaml

# For a bridge to start, and to come to rest; a Java program on a small CI machine takes half of this.
TIMEOUT_S = 60.0
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run. At most one of `bridge` (an address) and `command` is given; with neither, our bridge is tested.

    Time is virtual, or runs by itself with `clock_rate` seconds of the sandbox in a real one. At rate 1 the clock is
    that of the machine, and the scenario begins when the bridge is ready. `shared`: the simulators at
    `control_url` serve several runs of one session, and each sandbox has the name of its scenario.
    """

    bridge: str | None = None
    command: str | None = None
    control_url: str | None = None
    shared: bool = False
    results: Path = Path("results")
    timeout_s: float = TIMEOUT_S
    clock_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a run left behind: its folder, the history of each client, and why it ended early if it did."""

    folder: Path
    histories: tuple[Path, ...]
    trouble: RunAborted | None


def run(scenario: Scenario, name: str, options: Options, watcher: Watcher) -> Recorded:
    """Play `scenario` and keep what happened in the folder `name` of the results."""
    refuse_what_cannot_be(scenario, options)
    folder = fresh_folder(options.results / name)
    if scenario.faults:
        (folder / "faults.yaml").write_text(faults_yaml(scenario.faults, scenario.provider), encoding="utf-8")
    try:
        with ExitStack() as stack:
            return _run(scenario, name, options, watcher, folder, stack)
    except (ControlError, ProcessError, OSError) as error:
        raise RunError(str(error) + _log_of_simulators(folder)) from error


def refuse_what_cannot_be(scenario: Scenario, options: Options) -> None:
    """Raise `RunError` for a scenario that cannot be played with these options."""
    if options.bridge is not None and any(fault["fault"] == KILL for fault in scenario.faults):
        raise RunError(
            "the scenario kills the bridge, which it can only do to one that it has started; "
            "use --command in place of --bridge, or take the kill out of the faults"
        )
    if options.clock_rate == 1 and scenario.nightly is not None:
        raise RunError(
            f"the scenario has a nightly process at {scenario.nightly}, so it cannot begin now; "
            "use another --clock-rate than 1, or none"
        )
    if options.clock_rate is not None and scenario.clients:
        raise RunError("the scenario has several clients, who share a virtual clock; leave --clock-rate out")


def _run(scenario: Scenario, name: str, options: Options, watcher: Watcher, folder: Path, stack: ExitStack) -> Recorded:
    world = staged(scenario, name, options, watcher, folder, stack)
    trouble = play(world)
    watcher.phase("fetching the history")
    what = Note(scenario=scenario, file=name, trouble=trouble, probes=world.probes)
    told = write.clients_of(world.bridge.told)
    everybody = [_as_neighbour(scenario, world.control, one) for one in told]
    histories = tuple(
        _keep(what, [other for other in everybody if other is not own], world.control, one, folder)
        for one, own in zip(told, everybody, strict=True)
    )
    return Recorded(folder=folder, histories=histories, trouble=trouble)


def staged(
    scenario: Scenario, name: str, options: Options, watcher: Watcher, folder: Path, stack: ExitStack
) -> RunContext:
    """All that the scenario needs, ready to play: simulators, sandboxes, and the bridge, which has been started.

    Everything ends with the `stack`. `RunError`, `ControlError` or `ProcessError` when it cannot be.
    """
    watcher.phase("starting the simulators")
    url = options.control_url or start_simulators(folder / "simulators.log", stack)
    control = stack.enter_context(ControlClient(url))
    named = name if options.shared or not options.control_url else None
    place = sandboxes.Place(control=control, name=named, listen=_listen(options), rate=options.clock_rate)
    told = sandboxes.make(place, scenario)
    if options.control_url:
        # Ours end with all that is in them; those of others stay, so the sandboxes must go.
        for one in told:
            stack.callback(control.delete_sandbox, one["sandbox"])
    bridge = stack.enter_context(
        Bridge(
            told=write.of_all(told),
            folder=folder,
            command=options.command,
            address=options.bridge,
            database=Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sendproof-"))),
        )
    )
    bridge.hand_over()
    _must_be_able_to_work(bridge.told)
    if bridge.ours_to_start:
        watcher.phase("starting the bridge")
    bridge.begin(watcher)
    return _world(scenario, control, tuple(one["sandbox"] for one in told), bridge, options, watcher)


def _world(
    scenario: Scenario,
    control: ControlClient,
    places: tuple[str, ...],
    bridge: Bridge,
    options: Options,
    watcher: Watcher,
) -> RunContext:
    passing = TimeControl(
        control=control,
        sandbox=places[0],
        bridge=bridge,
        watcher=watcher,
        timeout_s=options.timeout_s,
        rate=options.clock_rate,
        began=scenario.starts,
    )
    return RunContext(
        scenario=scenario,
        control=control,
        sandboxes=places,
        bridge=bridge,
        passing=passing,
        timeout_s=options.timeout_s,
        watcher=watcher,
    )


def _must_be_able_to_work(told: Mapping[str, Any]) -> None:
    """Raise `RunError` when no bridge could work with this. What cannot be known yet holds nobody up."""
    results = [result for handed in all_handed(told, "the handover") for result in run_checks_before_run(handed)]
    problems = [str(result) for result in results if result.status == "wrong"]
    if problems:
        raise RunError("\n".join(["the run does not start, because no bridge could work with this:", *problems]))


def _as_neighbour(scenario: Scenario, control: ControlClient, told: Mapping[str, Any]) -> OtherClient:
    providers = dict.fromkeys(template.provider for template in scenario.templates)
    held = (template["id"] for provider in providers for template in control.templates(told["sandbox"], provider))
    return OtherClient(client=told["client"], templates=tuple(held))


def _keep(
    what: Note, neighbours: Sequence[OtherClient], control: ControlClient, told: Mapping[str, Any], folder: Path
) -> Path:
    own = fresh_folder(folder / told["client"]) if what.scenario.clients else folder
    history = own / "history.ndjson"
    control.save_history(told["sandbox"], history)
    note(what, neighbours, control.clock(told["sandbox"])["now"], history)
    return history


def _listen(options: Options) -> write.Listen:
    if options.bridge is None:
        return write.Listen(host=HOST, port=free_port(HOST))
    address = urlsplit(options.bridge)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise RunError(f"--bridge: expected an address such as http://localhost:9000, got {options.bridge!r}")
    return write.Listen(host=address.hostname, port=address.port or (443 if address.scheme == "https" else 80))


def _log_of_simulators(folder: Path) -> str:
    log = folder / "simulators.log"
    return f"\nWhat the simulators said: {log}" if log.exists() and log.stat().st_size else ""
