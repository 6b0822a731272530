"""The command `scenarios`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import json
from contextlib import nullcontext

from sendproof_harness.cli.options import AsJson
from sendproof_harness.output import echo
from sendproof_harness.terminal import Terminal, Text


def scenarios(as_json: AsJson = False) -> None:
    """List the scenario library by theme.

    Example: sendproof scenarios
    """
    from sendproof_harness.scenario.library import (  # noqa: PLC0415 - see the docstring of this module
        library_summaries,
        print_summaries,
    )

    console = Terminal()
    # Reading all files takes a second or more.
    reading = console.status(Text("reading the scenarios")) if console.is_terminal else nullcontext()
    with reading:
        summaries = library_summaries()
    if as_json:
        echo(json.dumps(summaries, indent=2))
    else:
        print_summaries(summaries, console)
