"""The `sendproof` command: one module for each command group."""

import sys

import typer

EXIT_ERROR = 3
# The exit status that shells report for a program that Ctrl-C ended.
EXIT_INTERRUPTED = 130


def build_app() -> typer.Typer:
    """Return the command line with every command group registered."""
    from sendproof_harness.cli import marketer, run, simulators  # noqa: PLC0415 - they import this module's constants

    app = typer.Typer(
        name="sendproof",
        help="Prove that an Optimove channel integration sends every message once, rightly, and reports honestly.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for group in (simulators, marketer, run):
        group.register(app)
    return app


def main() -> None:
    """Run the command line. A wrong command line ends with status 3, because 2 means that a verdict is unknown."""
    try:
        status = build_app()(standalone_mode=False)
    except typer.Abort:
        status = EXIT_INTERRUPTED
    except typer.TyperException as error:
        error.show()  # type: ignore[attr-defined] # every exception that typer raises has it
        status = EXIT_ERROR
    sys.exit(status)
