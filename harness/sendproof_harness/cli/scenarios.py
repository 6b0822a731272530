"""The command `scenarios`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import json

import typer
from rich.console import Console

from sendproof_harness.cli.options import AsJson


def scenarios(as_json: AsJson = False) -> None:
    """List the scenario library by theme.

    Example: sendproof scenarios
    """
    from sendproof_harness.scenario.library import (  # noqa: PLC0415 - see the docstring of this module
        library_summaries,
        print_summaries,
    )

    summaries = library_summaries()
    if as_json:
        typer.echo(json.dumps(summaries, indent=2))
    else:
        print_summaries(summaries, Console())
