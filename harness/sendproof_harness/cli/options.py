"""Options that several commands share, and how a command is refused."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import msgspec
import typer

from sendproof_harness.output import echo
from sendproof_harness.program import EXIT_ERROR
from sendproof_harness.scenario.values import LARGEST_SEED

if TYPE_CHECKING:
    from sendproof_harness.judge.acceptance import AcceptedFailure

Bridge = Annotated[str | None, typer.Option(help="URL of a running bridge; Sendproof prints the path of the handover.")]
Command = Annotated[
    str | None, typer.Option(help="Command that starts your bridge; SENDPROOF_HANDOVER names the handover file.")
]
# The URL can contain a token, which should not be in lists of processes.
CONTROL_URL_VARIABLE = "SENDPROOF_CONTROL_URL"
ControlUrl = Annotated[
    str | None,
    typer.Option(
        envvar=CONTROL_URL_VARIABLE,
        help=f"URL of a running control API, as `sendproof up` prints it; otherwise simulators are started."
        f" Same as {CONTROL_URL_VARIABLE}.",
    ),
]
#: The control API of `sendproof up` with its default ports.
CONTROL_URL = "http://127.0.0.1:4100"
RunningControlUrl = Annotated[
    str,
    typer.Option(
        envvar=CONTROL_URL_VARIABLE,
        help=f"URL of a running control API, as `sendproof up` prints it. Same as {CONTROL_URL_VARIABLE}.",
    ),
]
SANDBOX_VARIABLE = "SENDPROOF_SANDBOX"
SandboxName = Annotated[
    str, typer.Option(envvar=SANDBOX_VARIABLE, help=f"Name of the sandbox. Same as {SANDBOX_VARIABLE}.")
]
ScenarioSeed = Annotated[
    int | None, typer.Option(min=0, max=LARGEST_SEED, help="Seed to use instead of the scenario's.")
]
Timeout = Annotated[
    float, typer.Option(min=1, max=86_400, help="Real seconds to wait for the bridge to become ready or idle.")
]
Results = Annotated[Path, typer.Option(help="Folder for reports, histories and logs.")]
AllowUnknown = Annotated[
    list[str] | None,
    typer.Option(metavar="CHECK", help="Accept that this check is unknown, such as delivery.time. Can be repeated."),
]
Accept = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File of accepted failures, each with a reason and a last day."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def print_json(content: object) -> None:
    """Print plain values as JSON in one line, for a program."""
    echo(msgspec.json.encode(content).decode())


def refuse(message: str) -> NoReturn:
    """Print why nothing is done, and exit with status 3."""
    echo(message, err=True)
    raise typer.Exit(EXIT_ERROR)


def allowed_checks(names: list[str] | None) -> frozenset[str]:
    """Return the checks of --allow-unknown; refuse an unknown name, and R001: an incomplete run proves nothing."""
    from sendproof_harness.judge.checks import CHECKS, CONTRACT_CHECKS  # noqa: PLC0415 - `--help` stays quick
    from sendproof_harness.judge.checks.run_completed import RUN_CHECK  # noqa: PLC0415
    from sendproof_harness.suggestions import suggestion  # noqa: PLC0415

    known = sorted({check.id for check in (*CHECKS, *CONTRACT_CHECKS)})
    for name in names or ():
        if name not in known:
            refuse(f"--allow-unknown: expected the id of a check, got {name!r}; {suggestion(name, known)}")
        if name == RUN_CHECK:
            refuse(f"--allow-unknown: expected another check than {name}; a run that did not complete proves nothing")
    return frozenset(names or ())


def accepted_failures(file: Path | None) -> "tuple[AcceptedFailure, ...]":
    """Return the entries of the file of --accept; refuse a wrong file."""
    if file is None:
        return ()
    from sendproof_harness.scenario.diagnostics import InvalidFileError  # noqa: PLC0415 - `--help` stays quick
    from sendproof_harness.session.accepted_file import load_accepted  # noqa: PLC0415

    try:
        return load_accepted(file)
    except InvalidFileError as error:
        refuse(str(error))


def refuse_two_bridges(bridge: str | None, command: str | None) -> None:
    """Refuse to start a bridge next to one that runs already."""
    if bridge is not None and command is not None:
        refuse(
            "--bridge: expected no --command with it, got both; "
            "use --bridge for a running bridge, --command for one that Sendproof starts"
        )
