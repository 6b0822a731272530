"""The command `contract`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from sendproof_harness.cli.options import (
    Accept,
    AllowUnknown,
    AsJson,
    Bridge,
    Command,
    ControlUrl,
    Results,
    Timeout,
    accepted_failures,
    allowed_checks,
    print_json,
    refuse,
    refuse_two_bridges,
)
from sendproof_harness.providers import DEFAULT_PROVIDER
from sendproof_harness.scenario.values import LARGEST_SEED
from sendproof_harness.terminal import Terminal

Har = Annotated[
    Path | None,
    typer.Option(help="Judge this recorded traffic with real services (HAR) instead of a bridge.", show_default=False),
]
ServiceUrls = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=URL", help="With --har: URL of a service. Repeat it for more.", show_default=False),
]
CallbackUrls = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=URL",
        help="With --har: URL at which the bridge gets the calls of a service. Repeat it for more.",
        show_default=False,
    ),
]


def contract(
    bridge: Bridge = None,
    command: Command = None,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    timeout: Timeout = 60.0,
    seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST_SEED, help="Seed of the generated events and of the customers.")
    ] = None,
    provider: Annotated[str, typer.Option(help="Provider of the channels.")] = DEFAULT_PROVIDER,
    examples: Annotated[
        int, typer.Option(min=1, max=10_000, help="Number of valid and of invalid generated events for each listener.")
    ] = 25,
    listener_timeout: Annotated[
        float, typer.Option(min=0.1, max=600, help="Real seconds that a listener may take to respond.")
    ] = 10.0,
    triggers: Annotated[bool, typer.Option("--triggers/--no-triggers", help="Also test triggered messages.")] = True,
    allow_unknown: AllowUnknown = None,
    accept: Accept = None,
    har: Har = None,
    service: ServiceUrls = None,
    callbacks: CallbackUrls = None,
    json: AsJson = False,
) -> None:
    """Check that a bridge's listeners and requests match the contracts.

    The bridge does its everyday work in a sandbox. Sendproof posts every valid event of Optimove to its listeners, and
    many invalid ones. It checks every request of the bridge against the contract of the service.

    Without --bridge and --command, the reference bridge is tested. The same seed gives the same events.

    With --har, no bridge runs. Sendproof judges the recorded calls by the contracts, and proposes changes of the
    contracts where a service behaves otherwise.

    Exit status: 0 pass, 1 fail, 2 unknown (something was not observed), 3 error (the run proves nothing).

    Example: sendproof contract --command "php bridge.php"
    """
    from sendproof_harness.conformance.run import RESULTS_NAME, ConformanceOptions, run_conformance  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.judge.verdict import EXIT_STATUS  # noqa: PLC0415
    from sendproof_harness.preflight.checks import handover_problems  # noqa: PLC0415
    from sendproof_harness.run.runner import RunOptions  # noqa: PLC0415
    from sendproof_harness.session.outcome import session_outcome  # noqa: PLC0415
    from sendproof_harness.session.selection import RunRefusedError  # noqa: PLC0415

    if har is not None or service or callbacks:
        _judge_har(har, service, callbacks, is_alone=not (bridge or command or control_url), as_json=json)
    refuse_two_bridges(bridge, command)
    conformance = ConformanceOptions(
        provider=provider, seed=seed, examples=examples, within_s=listener_timeout, triggers=triggers
    )
    options = RunOptions(
        bridge=bridge,
        command=command,
        control_url=control_url,
        results=results,
        timeout_s=timeout,
        allow_unknown=allowed_checks(allow_unknown),
        accepted=accepted_failures(accept),
        preflight=handover_problems,
    )
    try:
        status = run_conformance(conformance, options, Terminal(sys.stderr if json else None))
    except RunRefusedError as error:
        refuse(str(error))
    if json:
        print_json(session_outcome({RESULTS_NAME: status}, results))
    raise typer.Exit(EXIT_STATUS[status])


def _judge_har(
    har: Path | None, services: list[str] | None, callbacks: list[str] | None, *, is_alone: bool, as_json: bool
) -> NoReturn:
    """Judge a recording, and exit with the status of the judgement. `is_alone`: no bridge was named as well."""
    from sendproof_harness.cli.simulators import judge_recording  # noqa: PLC0415 - see the docstring of this module

    if har is None:
        refuse("--service and --callbacks: expected --har FILE, got no recording")
    if not is_alone:
        refuse("--har: cannot be combined with --bridge, --command or --control-url")
    judge_recording(har, services, callbacks, as_json=as_json)
