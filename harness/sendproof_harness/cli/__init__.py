"""The `sendproof` command: one module for each command group."""

import io
import sys
import traceback
from collections.abc import Sequence

import typer

from sendproof_harness.cli import conformance, explain, judge, load, marketer, preflight, run, scenarios, simulators
from sendproof_harness.cli.options import EXIT_ERROR, EXIT_INTERRUPTED
from sendproof_harness.providers import discover
from sendproof_harness.session.signals import received_signal, remember_sigint
from sendproof_harness.terminal import echo, lost_output, protect_streams


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
    protect_streams()
    try:
        discover()
    except ValueError as error:
        echo(f"sendproof: {error}", err=True)
        sys.exit(EXIT_ERROR)
    status = run_app(build_app())
    lost = lost_output()
    if lost is not None:
        echo(f"sendproof: the output could not be written: {lost}", err=True)
    sys.exit(status if lost is None else EXIT_ERROR)


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
        _show(error)
        return EXIT_ERROR
    except Exception:  # noqa: BLE001 - the last line of defence of the exit status
        number = received_signal()
        if number is not None:
            return 128 + number
        echo(traceback.format_exc(), err=True)
        echo("sendproof: unforeseen error, which is a defect of Sendproof and not of the bridge", err=True)
        return EXIT_ERROR


def _show(error: typer.TyperException) -> None:
    """Print a mistake of the command line; it quotes the words, which can hold anything."""
    text = io.StringIO()
    error.show(text)  # type: ignore[attr-defined] # every exception that typer raises has it
    echo(text.getvalue().rstrip("\n"), err=True)
