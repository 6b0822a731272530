"""The command `scenarios`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import json

import typer
from rich.console import Console

from sendproof_harness.cli.options import AsJson


def scenarios(as_json: AsJson = False) -> None:
    """List the scenario library by theme.

    Example: sendproof scenarios
    """
    from sendproof_harness.scenario.library import library_summaries, print_summaries  # noqa: PLC0415

    listed = library_summaries()
    if as_json:
        typer.echo(json.dumps(listed, indent=2))
    else:
        print_summaries(listed, Console())
