"""All commands, as one command line."""

from collections.abc import Sequence

import typer

from sendproof_harness.cli import conformance, explain, judge, load, marketer, preflight, run, scenarios, simulators
from sendproof_harness.cli.usage_errors import usage_text
from sendproof_harness.program import EXIT_ERROR, EXIT_INTERRUPTED, print_error
from sendproof_harness.providers import discover


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


def run_app(app: typer.Typer | None = None, arguments: Sequence[str] | None = None) -> int:
    """Run the command line, or that of another `app`, and return its exit status.

    A wrong command line, or a wrong folder of provider records, is status 3: 2 means that a verdict is unknown.
    """
    try:
        discover()
    except ValueError as error:
        print_error(f"sendproof: {error}")
        return EXIT_ERROR
    try:
        return (app or build_app())(arguments, standalone_mode=False) or 0
    except typer.Abort:
        return EXIT_INTERRUPTED
    except typer.TyperException as error:
        # It quotes the words of the command line, which can hold anything; `print_error` shows them safely.
        if text := usage_text(error):
            print_error(text)
        return EXIT_ERROR
