"""The `sendproof` command: one module for each command group."""

import sys
import traceback
from collections.abc import Sequence

import typer

from sendproof_harness.cli import conformance, explain, judge, load, marketer, preflight, run, scenarios, simulators
from sendproof_harness.cli.options import EXIT_ERROR, EXIT_INTERRUPTED
from sendproof_harness.providers import discover
from sendproof_harness.session.signals import received_signal, remember_sigint


def build_app() -> typer.Typer:
    """Return the command line with every command registered."""
    app = typer.Typer(
        name="sendproof",
        help="Prove that an Optimove channel integration sends every message once, to the right person and on time.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.registered_commands.extend(simulators.commands())
    for command in (
        run.run,
        judge.judge,
        explain.explain,
        scenarios.scenarios,
        conformance.contract,
        preflight.doctor,
    ):
        app.command()(command)
    app.add_typer(load.group, name="load")
    app.add_typer(marketer.group, name="marketer")
    return app


def main() -> None:
    """Run the command line.

    A wrong command line, or a wrong folder of provider records, exits with status 3: 2 means that a verdict is unknown.
    """
    try:
        discover()
    except ValueError as error:
        typer.echo(f"sendproof: {error}", err=True)
        sys.exit(EXIT_ERROR)
    sys.exit(run_app(build_app()))


def run_app(app: typer.Typer, arguments: Sequence[str] | None = None) -> int | str | None:
    """Run the command line and return its exit status.

    An unforeseen error is status 3, because Python's own 1 means that the bridge failed.
    """
    remember_sigint()
    try:
        return app(arguments, standalone_mode=False)  # type: ignore[no-any-return] # typer does not say what it returns
    except typer.Abort:
        return EXIT_INTERRUPTED
    except typer.TyperException as error:
        error.show()  # type: ignore[attr-defined] # every exception that typer raises has it
        return EXIT_ERROR
    except Exception:  # noqa: BLE001 - the last line of defence of the exit status
        number = received_signal()
        if number is not None:
            return 128 + number
        traceback.print_exc()
        typer.echo("sendproof: unforeseen error, which is a defect of Sendproof and not of the bridge", err=True)
        return EXIT_ERROR
