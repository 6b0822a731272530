"""The command `contract`. What is heavy is imported when it is called: `--help` stays quick."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sendproof_harness.cli.options import Bridge, Command, ControlUrl, Results, Timeout, refuse, refuse_two_bridges
from sendproof_harness.providers import DEFAULT_PROVIDER


def contract(
    bridge: Bridge = None,
    command: Command = None,
    control_url: ControlUrl = None,
    results: Results = Path("results"),
    timeout: Timeout = 60.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Make up other events, and other customers.")] = None,
    provider: Annotated[str, typer.Option(help="The provider of the channels.")] = DEFAULT_PROVIDER,
    examples: Annotated[
        int, typer.Option(min=1, max=10_000, help="Made-up events for each listener, so many right and so many wrong.")
    ] = 25,
    listener_timeout: Annotated[
        float, typer.Option(min=0.1, max=600, help="Real seconds in which a listener has to answer.")
    ] = 10.0,
    triggers: Annotated[
        bool, typer.Option("--triggers/--no-triggers", help="Whether the bridge serves triggers, beside campaigns.")
    ] = True,
) -> None:
    """Ask whether a bridge keeps to the contracts: what it takes at its listeners, and what it asks of the services.

    The bridge does its everyday work in a sandbox. Its listeners are posted everything that Optimove may post, and
    much that it would not; and every call that it makes is held against the contract of the service.

    Without --bridge and --command the reference bridge is asked. The same seed asks the same again.

    Exit status: 0 pass, 1 fail, 2 unknown (something was not observed), 3 error (nothing can be said).

    Example: sendproof contract --command "php bridge.php"
    """
    from sendproof_harness.conformance.run import ConformanceOptions, run_conformance  # noqa: PLC0415 - see the head of this file
    from sendproof_harness.judge.verdict import EXIT_STATUS  # noqa: PLC0415
    from sendproof_harness.run.runner import Options  # noqa: PLC0415
    from sendproof_harness.session.session import RefusedError  # noqa: PLC0415

    refuse_two_bridges(bridge, command)
    asked = ConformanceOptions(
        provider=provider, seed=seed, examples=examples, within_s=listener_timeout, triggers=triggers
    )
    options = Options(bridge=bridge, command=command, control_url=control_url, results=results, timeout_s=timeout)
    try:
        standing = run_conformance(asked, options, Console())
    except RefusedError as error:
        refuse(str(error))
    raise typer.Exit(EXIT_STATUS[standing])
