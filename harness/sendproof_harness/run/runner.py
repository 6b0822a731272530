"""Running one scenario: start everything, execute the steps, and save the history. Nothing is judged here.

simulators   `simulator_process`: a child process, unless a control URL is given
sandboxes    `sandboxes`: one for each client, with clock, audience, channels, templates and faults
bridge       `bridge_process`: the reference bridge, a command, or a bridge that runs already
steps        `execute`, with the table of `steps`
history      streamed to the results folder; the only input of the judge
"""

import errno
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

from sendproof_harness.bounded_http import check_url
from sendproof_harness.control_client import (
    ControlClient,
    ControlError,
    NotControlApiError,
    UnreachableError,
    without_token,
)
from sendproof_harness.handover.format import Listen, clients_of, combine_clients
from sendproof_harness.handover.judged_wishes import is_conformance_only, judged_wishes
from sendproof_harness.history.client_facts import client_facts
from sendproof_harness.history.reader import HistoryError, read_history
from sendproof_harness.history.writer import OtherClient, RunFacts, add_run_facts
from sendproof_harness.interruption import interruption, keep
from sendproof_harness.judge.acceptance import AcceptedFailure
from sendproof_harness.providers import provider
from sendproof_harness.run.aborted import RunAborted
from sendproof_harness.run.bridge_process import Bridge
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.errors import RunError, RunOptionsError
from sendproof_harness.run.execute import execute_steps
from sendproof_harness.run.identity import run_identity
from sendproof_harness.run.log_secrets import secrets_of
from sendproof_harness.run.pacing.endless_reading import ReadingWatch
from sendproof_harness.run.pacing.endless_sending import most_messages
from sendproof_harness.run.processes import CommandError, ProcessError, free_port, split_command
from sendproof_harness.run.progress import ProgressListener
from sendproof_harness.run.results_folder import UNFINISHED_HISTORY, fresh_folder, fresh_run_folder
from sendproof_harness.run.sandboxes import SandboxOptions, create_sandboxes
from sendproof_harness.run.simulator_process import start_simulators
from sendproof_harness.run.steps import STEPS, StepFunction
from sendproof_harness.run.time_control import TimeControl
from sendproof_harness.scenario.document import content_digest, document_text, is_documentable, scenario_document
from sendproof_harness.scenario.fault_kinds import KILL
from sendproof_harness.scenario.model import Scenario, scenario_of_client
from sendproof_harness.scenario.random_faults import faults_yaml
from sendproof_harness.scratch import scratch_folder

# Enough for a bridge to start or to become idle; a Java program on a small CI machine takes half of this.
TIMEOUT_S = 60.0
HOST = "127.0.0.1"
HISTORY = "history.ndjson"
#: The scenario as it was run, with its provider, seed and random faults.
SCENARIO = "scenario.yaml"
# An interrupted run must end within seconds. This is enough for a campaign to 20,000 customers.
_INTERRUPTED_HISTORY_S = 4.0
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

#: Returns the problems of a handover that no bridge could work with.
Preflight = Callable[[Mapping[str, Any]], Sequence[str]]


def no_preflight(content: Mapping[str, Any]) -> Sequence[str]:
    """Return no problems."""
    del content
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Options of a run. With neither `bridge` (a URL) nor `command`, the reference bridge is tested.

    With a `clock_rate`, time runs by itself at this multiple of real time; at rate 1, it is the time of the machine and
    the scenario begins when the bridge is ready. `shared`: the simulators at `control_url` serve several runs of one
    session, and each sandbox has the name of its scenario.

    `strict`: the simulators check what they send against their contracts, and a violation is an error of the run.

    `preflight` checks the handover before the bridge is started. `steps` has the step functions by type.
    `allow_unknown` has the ids of checks whose unknown result is accepted, `accepted` the accepted failures. A
    scenario that `is_smallest` is not offered for shrinking. None of them changes the run.

    `reset` is a command that makes the bridge at the URL start anew with the handover file. `environment` is added to
    that of the bridge that the run starts, and of this command. `template` is the address of a process that has
    imported the reference bridge, for many runs of it.
    """

    bridge: str | None = None
    command: str | None = None
    reset: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    template: Path | None = None
    control_url: str | None = None
    shared: bool = False
    exclusive: bool = False
    results: Path = Path("results")
    timeout_s: float = TIMEOUT_S
    clock_rate: float | None = None
    strict: bool = False
    allow_unknown: frozenset[str] = frozenset()
    accepted: tuple[AcceptedFailure, ...] = ()
    preflight: Preflight = no_preflight
    is_smallest: bool = False
    steps: Mapping[type, StepFunction] = field(default_factory=lambda: STEPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The result of a run: its folder, the history of each client, and the reason if it was aborted."""

    folder: Path
    histories: tuple[Path, ...]
    aborted: RunAborted | None


def run_scenario(scenario: Scenario, name: str, options: RunOptions, progress: ProgressListener) -> RunResult:
    """Run a scenario and save its history in the folder `name` of the results. `RunError` if that is impossible."""
    check_options(scenario, options)
    began = monotonic()
    # A bridge that runs already may have files open in the folder.
    renew = fresh_run_folder if options.bridge is None else fresh_folder
    folder = renew(options.results / name)
    if scenario.faults:
        (folder / "faults.yaml").write_text(faults_yaml(scenario.faults, scenario.provider), encoding="utf-8")
    if is_documentable(scenario):
        (folder / SCENARIO).write_text(document_text(scenario_document(scenario)), encoding="utf-8")
    try:
        with ExitStack() as stack:
            context = prepare_run(scenario, name, options, progress, folder, stack)

            def save(aborted: RunAborted | None, within_s: float | None = None) -> tuple[Path, ...]:
                identity = run_identity(
                    # Not that of the context, whose times are those of the bridge's clock.
                    scenario=content_digest(scenario),
                    bridge=options.bridge or options.command,
                    options=_changed_options(options),
                    now=context.control.health()["real"],
                    duration_s=monotonic() - began,
                )
                is_shared = options.control_url is not None and not options.exclusive
                place = _HistoryPlace(folder=folder, is_shared=is_shared, within_s=within_s)
                return _save_histories(context, name, aborted, identity, place)

            is_complete, aborted = False, None
            try:
                aborted = execute_steps(context, options.steps)
                is_complete = True
                progress.phase("reading the history")
                return RunResult(folder=folder, histories=save(aborted), aborted=aborted)
            except KeyboardInterrupt:
                reason = aborted if is_complete else _interrupted()
                _keep_history(lambda: save(reason, _INTERRUPTED_HISTORY_S))
                raise
    except CommandError as error:
        raise RunOptionsError(str(error)) from error
    except (ControlError, HistoryError, ProcessError, OSError) as error:
        raise RunError(str(error) + _place(error, folder) + _simulator_log_hint(folder)) from error


def _place(error: Exception, folder: Path) -> str:
    """Return where no space is left: the error of an open file does not name it."""
    return f" in {folder}" if isinstance(error, OSError) and error.errno in _NO_SPACE else ""


def _interrupted() -> RunAborted:
    found = interruption()
    stage = f" while {found.stage}" if found is not None else ""
    return RunAborted(
        reason="unobserved",
        blame="config",
        cause="the run was interrupted",
        expected="a run to its end",
        got=f"a signal to end it{stage}",
    )


def _keep_history(save: Callable[[], Sequence[Path]]) -> None:
    """Save the histories of an interrupted run, or say why they are missing."""
    try:
        save()
    except (ControlError, HistoryError, OSError) as error:
        keep(f"The history is not kept: {error}")


def _changed_options(options: RunOptions) -> Mapping[str, str]:
    """Return the options that change how a run proceeds, as on the command line, if they differ from the default."""
    control_url = None if options.shared else options.control_url
    changed = {
        "--timeout": f"{options.timeout_s:g}" if options.timeout_s != TIMEOUT_S else None,
        "--clock-rate": None if options.clock_rate is None else f"{options.clock_rate:g}",
        "--control-url": None if control_url is None else without_token(control_url),
    }
    return {name: value for name, value in changed.items() if value is not None}


def check_command_line(options: RunOptions) -> None:
    """Raise `RunOptionsError` if an address or the command line of the bridge is wrong."""
    try:
        if options.bridge is not None:
            check_url("--bridge", options.bridge, "http://localhost:9000")
        if options.control_url is not None:
            check_url("--control-url", without_token(options.control_url), "http://127.0.0.1:4100")
        if options.command is not None:
            split_command(options.command)
        if options.reset is not None:
            split_command(options.reset, "--reset")
    except (ValueError, CommandError) as error:
        raise RunOptionsError(str(error)) from error


def check_options(scenario: Scenario, options: RunOptions) -> None:
    """Raise `RunOptionsError` if the scenario cannot run with these options. It changes nothing."""
    check_command_line(options)
    if options.bridge is not None and any(fault["fault"] == KILL for fault in scenario.faults):
        raise RunOptionsError(
            "--bridge: expected a scenario without the fault kill, because only a bridge that Sendproof started can be "
            "killed and restarted; use --command instead, or remove the fault"
        )
    if options.clock_rate == 1 and scenario.nightly is not None:
        raise RunOptionsError(
            f"--clock-rate: expected another rate than 1, because the scenario has a nightly run at {scenario.nightly} "
            "and cannot begin now; leave the option out, or use another rate"
        )
    if options.clock_rate == 1 and scenario.customer_import is not None:
        raise RunOptionsError(
            "--clock-rate: expected another rate than 1, because the client imports its customers at a time of day and "
            "the scenario cannot begin now; leave the option out, or use another rate"
        )
    if options.clock_rate is not None and scenario.clients:
        raise RunOptionsError(
            "--clock-rate: expected none, because the clients of the scenario share a virtual clock; "
            "leave the option out"
        )


def prepare_run(
    scenario: Scenario, name: str, options: RunOptions, progress: ProgressListener, folder: Path, stack: ExitStack
) -> RunContext:
    """Start simulators, sandboxes and bridge, and return the context for the steps.

    Everything stops when `stack` is closed. `RunError`, `ControlError` or `ProcessError` if that is impossible.
    """
    progress.phase("starting the simulators")
    url = options.control_url or start_simulators(folder / "simulators.log", stack)
    control = stack.enter_context(ControlClient(url))
    _check_control(control, options)
    sandbox_name = name if options.shared or not options.control_url else None
    sandbox_options = SandboxOptions(
        control=control,
        name=sandbox_name,
        listen=_listen_address(options),
        rate=options.clock_rate,
        strict=options.strict,
        file=name,
    )
    handovers = create_sandboxes(sandbox_options, scenario)
    _announce_page(control.url, handovers[0]["sandbox"], progress)
    if options.control_url:
        # Simulators of the run stop with all of their sandboxes; others keep running.
        for handover in handovers:
            stack.callback(control.delete_sandbox, handover["sandbox"])
    bridge = stack.enter_context(
        Bridge(
            handover=combine_clients(handovers),
            folder=folder,
            command=options.command,
            url=options.bridge,
            reset=options.reset,
            environment=options.environment,
            template=options.template,
            database=stack.enter_context(scratch_folder()),
        )
    )
    bridge.write_handover()
    _check_handover(bridge.handover, options.preflight)
    if bridge.is_started_by_run:
        progress.phase("starting the bridge")
    bridge.start_or_announce(progress)
    sandboxes = tuple(handover["sandbox"] for handover in handovers)
    return _context(scenario, control, sandboxes, bridge, options, progress)


def _announce_page(control_url: str, sandbox: str, progress: ProgressListener) -> None:
    """Print the address of the live page on a sandbox, but no token: the output of a run is kept and shared."""
    if without_token(control_url) == control_url:
        progress.note(f"live page: {control_url}/#/overview?{urlencode({'sandbox': sandbox})}")


def _check_control(control: ControlClient, options: RunOptions) -> None:
    """Raise `RunOptionsError` if there is no control API at the address of --control-url."""
    try:
        if options.control_url is not None and not options.shared:
            control.health()
    except (UnreachableError, NotControlApiError) as error:
        raise RunOptionsError(str(error)) from error


def _context(
    scenario: Scenario,
    control: ControlClient,
    sandboxes: tuple[str, ...],
    bridge: Bridge,
    options: RunOptions,
    progress: ProgressListener,
) -> RunContext:
    most = most_messages(scenario)
    time = TimeControl(
        control=control,
        sandboxes=sandboxes,
        bridge=bridge,
        progress=progress,
        timeout_s=options.timeout_s,
        rate=options.clock_rate,
        started_at=scenario.starts,
        watches=[ReadingWatch(control=control, sandbox=sandbox, most_messages=most) for sandbox in sandboxes],
    )
    return RunContext(
        scenario=scenario,
        control=control,
        sandboxes=sandboxes,
        bridge=bridge,
        time=time,
        timeout_s=options.timeout_s,
        progress=progress,
    )


def _check_handover(content: Mapping[str, Any], preflight: Preflight) -> None:
    """Raise `RunError` if no bridge could work with this handover."""
    problems = preflight(content)
    if problems:
        raise RunError("\n".join(["the run does not start, because no bridge could work with this:", *problems]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _HistoryPlace:
    """The folder of the histories, the time to read each, and if other bridges use the simulators."""

    folder: Path
    is_shared: bool
    within_s: float | None


def _save_histories(
    context: RunContext,
    name: str,
    aborted: RunAborted | None,
    identity: Mapping[str, object],
    place: _HistoryPlace,
) -> tuple[Path, ...]:
    """Save the history of each client, with the facts of the run; return the files."""
    handovers = clients_of(context.bridge.handover)
    files = []
    for handover in handovers:
        folder = fresh_folder(place.folder / handover["client"]) if context.scenario.clients else place.folder
        file = folder / UNFINISHED_HISTORY
        context.control.save_history(handover["sandbox"], file, place.within_s)
        files.append(file)
    clients = [_other_client(context, *pair) for pair in zip(handovers, files, strict=True)] if files[1:] else []
    unauthenticated = _unauthenticated_requests(context, is_shared=place.is_shared)
    secrets = [value for content in handovers for value in (content["webhook_token"], *secrets_of(content))]
    for index, (handover, file) in enumerate(zip(handovers, files, strict=True)):
        facts = RunFacts(
            scenario=context.scenario.name,
            file=name,
            conformance_only=is_conformance_only(context.scenario),
            wishes=judged_wishes(
                scenario_of_client(context.scenario, handover["client"]), _listen(context.bridge.listen)
            ),
            identity=identity,
            leaks=context.bridge.leaked_secrets(handover),
            log_is_cut=context.bridge.has_cut_log(),
            aborted=None if aborted is None else asdict(aborted),
            probes=context.probes,
            # Such a request belongs to no client; the first one stands for all.
            unauthenticated=unauthenticated if index == 0 else (),
            secrets=secrets,
            other_clients=[*clients[:index], *clients[index + 1 :]],
        )
        add_run_facts(file, facts, context.control.clock(handover["sandbox"])["now"])
    # Only now: a file with this name is complete.
    return tuple(file.rename(file.with_name(HISTORY)) for file in files)


def _listen(address: Mapping[str, Any]) -> Listen:
    return Listen(host=address["host"], port=address["port"])


_UNAUTHENTICATED_FIELDS = (
    *("service", "operation", "method", "path", "credential", "status", "response_excerpt"),
    *("meant", "meant_service", "differs"),
)


def _unauthenticated_requests(context: RunContext, *, is_shared: bool) -> Sequence[Mapping[str, object]]:
    """Return the requests without a credential of any sandbox, as lines of the history.

    A credential in a wrong place names the sandbox. Requests with a credential of another run are left out.
    """
    return [
        {name: request[name] for name in _UNAUTHENTICATED_FIELDS if name in request}
        | ({"shared": True} if is_shared and "sandbox" not in request else {})
        for request in context.unauthenticated_requests()
        if request.get("sandbox") in {None, *context.sandboxes}
    ]


def _other_client(context: RunContext, handover: Mapping[str, Any], file: Path) -> OtherClient:
    """Return a client as the histories of the other clients name it."""
    names = dict.fromkeys(template.provider for template in context.scenario.templates)
    templates = (
        provider(name).listed_template(template["id"])
        for name in names
        for template in context.control.templates(handover["sandbox"], name)
    )
    return client_facts(handover["client"], tuple(templates), read_history(file))


def _listen_address(options: RunOptions) -> Listen:
    if options.bridge is None:
        return Listen(host=HOST, port=free_port(HOST))
    url = urlsplit(options.bridge)
    return Listen(host=str(url.hostname), port=url.port or (443 if url.scheme == "https" else 80))


def _simulator_log_hint(folder: Path) -> str:
    log = folder / "simulators.log"
    return f"\nLog of the simulators: {log}" if log.exists() and log.stat().st_size else ""
