"""All commands, as one command line."""

from collections.abc import Sequence
from typing import Annotated

import typer

from sendproof_harness.cli import (
    conformance,
    explain,
    judge,
    load,
    marketer,
    new,
    preflight,
    run,
    simulators,
)
from sendproof_harness.cli.comparison import compare, invariants
from sendproof_harness.cli.drive import clock, customers, fault, log, messages, sandbox, webhooks
from sendproof_harness.cli.evidence import certify, explore, shrink
from sendproof_harness.cli.files import check_scenarios, docs, merge, scenarios
from sendproof_harness.cli.usage_errors import usage_text
from sendproof_harness.output import echo
from sendproof_harness.program import EXIT_ERROR, EXIT_INTERRUPTED, print_error
from sendproof_harness.providers import discover


def build_app() -> typer.Typer:
    """Return the command line with every command registered."""
    app = typer.Typer(
        name="sendproof",
        help="Prove that an Optimove channel integration sends every message once, to the right person and on time.",
        no_args_is_help=True,
        # All commands inherit it.
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    app.registered_commands.extend(simulators.commands())
    for command in (
        run.run,
        merge.merge,
        judge.judge,
        explain.explain,
        shrink.shrink,
        explore.explore,
        compare.compare,
        invariants.invariants,
        scenarios.scenarios,
        check_scenarios.check_scenarios,
        new.new,
        conformance.contract,
        certify.certify,
        preflight.doctor,
        docs.docs,
    ):
        app.command()(command)
    app.add_typer(load.group, name="load")
    app.add_typer(marketer.group, name="marketer")
    for module in (sandbox, clock, fault, log, webhooks, messages, customers):
        app.add_typer(module.group, name=module.__name__.rpartition(".")[2])
    return app


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version  # noqa: PLC0415 - other commands start faster without it

        echo(f"sendproof {version('sendproof')}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options before the command; each acts by its callback."""
    del version


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
        return (app or build_app())(arguments, prog_name="sendproof", standalone_mode=False) or 0
    except typer.Abort:
        return EXIT_INTERRUPTED
    except typer.TyperException as error:
        # It quotes the words of the command line, which can hold anything; `print_error` shows them safely.
        if text := usage_text(error):
            print_error(text)
        return EXIT_ERROR
