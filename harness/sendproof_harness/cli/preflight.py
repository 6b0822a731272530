"""The command `doctor`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendproof_harness.cli.options import CONTROL_URL_VARIABLE, AsJson, refuse
from sendproof_harness.output import echo

if TYPE_CHECKING:
    from sendproof_harness.handover.format import HandoverFile


def doctor(
    handover: Annotated[
        Path | None, typer.Argument(help="The handover.json of a run, or one written by hand.", show_default=False)
    ] = None,
    control_url: Annotated[
        str | None,
        typer.Option(
            help="URL of a running control API, as `sendproof up` prints it: check one of its sandboxes."
            f" Same as {CONTROL_URL_VARIABLE}, which a handover file overrides."
        ),
    ] = None,
    sandbox: Annotated[str, typer.Option(help="The sandbox to check, with --control-url.")] = "default",
    customer: Annotated[
        list[str] | None, typer.Option(help="Id of a customer whose phone number to check; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check addresses, credentials and settings before a run.

    The checks change nothing at any service, and send no message.

    Exit status: 0 everything is correct, 1 something is wrong, 2 something could not be checked, 3 error.

    Example: sendproof doctor results/first_campaign/handover.json
    """
    from sendproof_harness.preflight.checks import run_checks_for_clients  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.preflight.report import print_results, results_json  # noqa: PLC0415
    from sendproof_harness.preflight.results import EXIT_STATUS, worst_status  # noqa: PLC0415

    if handover is None and control_url is None:
        control_url = os.environ.get(CONTROL_URL_VARIABLE)
    if handover is not None and control_url is None:
        clients = _read_file(handover)
    elif handover is None and control_url is not None:
        clients = _sandbox_handover(control_url, sandbox)
    else:
        refuse("expected a handover file, or --control-url with the URL of a running control API (and not both)")
    results = run_checks_for_clients(clients, customer or ())
    if as_json:
        echo(results_json(results))
    else:
        print_results(results)
    raise typer.Exit(EXIT_STATUS[worst_status(result for _, result in results)])


def _read_file(file: Path) -> "tuple[HandoverFile, ...]":
    from sendproof_harness.handover.reader import HandoverError, read  # noqa: PLC0415

    try:
        return read(file)
    except HandoverError as error:
        refuse(str(error))


def _sandbox_handover(url: str, name: str) -> "tuple[HandoverFile, ...]":
    """Return the handover of a sandbox, without the address of a bridge."""
    from sendproof_harness.control_client import ControlClient, ControlError  # noqa: PLC0415
    from sendproof_harness.handover.reader import parse_clients  # noqa: PLC0415
    from sendproof_harness.handover.write import handover_content  # noqa: PLC0415

    try:
        with ControlClient(url) as control:
            content = handover_content(control.url, control.sandbox(name), listen=None)
    except ControlError as error:
        refuse(error.detail)
    return parse_clients(content, f"the sandbox {name}")
