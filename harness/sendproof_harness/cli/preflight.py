"""The command `doctor`. What is heavy is imported when it is called: `--help` stays quick."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from sendproof_harness.handover.reader import HandoverFile

EXIT_ERROR = 3


def doctor(
    handover: Annotated[
        Path | None, typer.Argument(help="The handover.json of a run, or one written by hand.", show_default=False)
    ] = None,
    control_url: Annotated[
        str | None, typer.Option(help="Control address of simulators (`sendproof up`): examine a sandbox of theirs.")
    ] = None,
    sandbox: Annotated[str, typer.Option(help="With --control-url: which sandbox.")] = "default",
    customer: Annotated[
        list[str] | None, typer.Option(help="Id of a customer whose phone number to look at; repeat for more.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Look whether a bridge could work with what it was handed: addresses, credentials, scope, channels, attributes.

    Nothing is changed at any service, and nothing is sent to anybody.

    Exit status: 0 all is well, 1 something is wrong, 2 something could not be looked at, 3 error.

    Example: sendproof doctor results/first_campaign/handover.json
    """
    from sendproof_harness.preflight.checks import run_checks_for_clients  # noqa: PLC0415 - see the head of this file
    from sendproof_harness.preflight.report import print_results, results_json  # noqa: PLC0415
    from sendproof_harness.preflight.results import EXIT_STATUS, worst_status  # noqa: PLC0415

    if (handover is None) == (control_url is None):
        _refuse("expected a handover file, or --control-url with their control address (and not both)")
    handed = _of_file(handover) if handover is not None else _of_sandbox(str(control_url), sandbox)
    results = run_checks_for_clients(handed, customer or ())
    if as_json:
        typer.echo(results_json(results))
    else:
        print_results(results)
    raise typer.Exit(EXIT_STATUS[worst_status(result for _, result in results)])


def _of_file(file: Path) -> "tuple[HandoverFile, ...]":
    from sendproof_harness.handover.reader import HandoverError, read  # noqa: PLC0415

    try:
        return read(file)
    except HandoverError as error:
        _refuse(str(error))


def _of_sandbox(url: str, name: str) -> "tuple[HandoverFile, ...]":
    """What a bridge that is to work with a sandbox would be handed, but for where it listens."""
    from sendproof_harness.control_client import ControlClient, ControlError  # noqa: PLC0415
    from sendproof_harness.handover.reader import all_handed  # noqa: PLC0415
    from sendproof_harness.handover.write import handover as handover_of  # noqa: PLC0415

    try:
        with ControlClient(url) as control:
            told = handover_of(control.url, control.sandbox(name), listen=None)
    except ControlError as error:
        _refuse(str(error))
    return all_handed(told, f"the sandbox {name}")


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(EXIT_ERROR)
