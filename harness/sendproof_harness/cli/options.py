"""What the commands that test a bridge have in common: its options, and how a command is refused."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer

EXIT_ERROR = 3

Bridge = Annotated[
    str | None, typer.Option(help="Address of a bridge that runs already; it is told where to find the sandbox.")
]
Command = Annotated[
    str | None,
    typer.Option(help="A command that starts your bridge; SENDPROOF_HANDOVER names the file with all it needs."),
]
ControlUrl = Annotated[
    str | None, typer.Option(help="Control address of simulators that run already (`sendproof up`).")
]
Timeout = Annotated[
    float, typer.Option(min=1, help="Real seconds for the bridge to register its listener, and to come to rest.")
]
Results = Annotated[Path, typer.Option(help="Folder for reports, history and logs.")]


def refuse(message: str) -> NoReturn:
    """Say why nothing is done, and leave with status 3."""
    typer.echo(message, err=True)
    raise typer.Exit(EXIT_ERROR)


def refuse_two_bridges(bridge: str | None, command: str | None) -> None:
    """A bridge runs already, or is started."""
    if bridge is not None and command is not None:
        refuse("expected --bridge or --command, got both: is the bridge running already, or to be started?")
