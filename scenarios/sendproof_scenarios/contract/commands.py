"""The command `contract`. What is heavy is imported when it is called: `--help` stays quick."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

EXIT_ERROR = 3


def contract(
    bridge: Annotated[
        str | None, typer.Option(help="Address of a bridge that runs already; it is told where to find the sandbox.")
    ] = None,
    command: Annotated[
        str | None,
        typer.Option(help="A command that starts your bridge; SENDPROOF_HANDOVER names the file with all it needs."),
    ] = None,
    simulators: Annotated[
        str | None, typer.Option(help="Control address of simulators that run already (`sendproof up`).")
    ] = None,
    results: Annotated[
        Path, typer.Option(help="Folder for results; those of this command are in its folder `contract`.")
    ] = Path("results"),
    patience: Annotated[
        float, typer.Option(min=1, help="Real seconds for the bridge to register its listeners, and to come to rest.")
    ] = 60.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Make up other events, and other customers.")] = None,
    provider: Annotated[str, typer.Option(help="The provider of the channels.")] = "textlocal",
    examples: Annotated[
        int, typer.Option(min=1, max=10_000, help="Made-up events for each listener, so many right and so many wrong.")
    ] = 25,
    answer_within: Annotated[
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
    from sendproof_scenarios.contract.playing import Asked, ask  # noqa: PLC0415 - see the head of this file
    from sendproof_scenarios.playing import RefusedError  # noqa: PLC0415
    from sendproof_scenarios.runner import Options  # noqa: PLC0415
    from sendproof_scenarios.verdict import EXIT_STATUS  # noqa: PLC0415

    if bridge is not None and command is not None:
        _refuse("expected --bridge or --command, got both: is the bridge running already, or to be started?")
    asked = Asked(provider=provider, seed=seed, examples=examples, within_s=answer_within, triggers=triggers)
    options = Options(bridge=bridge, command=command, simulators=simulators, results=results, patience_s=patience)
    try:
        standing = ask(asked, options, Console())
    except RefusedError as error:
        _refuse(str(error))
    raise typer.Exit(EXIT_STATUS[standing])


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(EXIT_ERROR)
