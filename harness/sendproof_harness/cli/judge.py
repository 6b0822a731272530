"""The command `judge`. Heavy modules are imported when it is called, so that `--help` stays quick."""

from pathlib import Path
from typing import Annotated

import typer

from sendproof_harness.cli.history_file import read_history_file
from sendproof_harness.terminal import Terminal


def judge(
    history: Annotated[Path, typer.Argument(help="The history.ndjson of a run.", show_default=False)],
    results: Annotated[Path | None, typer.Option(help="Folder for the reports; otherwise none are written.")] = None,
) -> None:
    """Judge the recorded history of a run again.

    The history file is the only input. Exit status as for `sendproof run`.

    Example: sendproof judge results/first_campaign/history.ndjson
    """
    from sendproof_harness.judge.verdict import EXIT_STATUS  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.session.judged_run import judge_and_report  # noqa: PLC0415

    status = judge_and_report(history, read_history_file(history), results, Terminal())
    raise typer.Exit(EXIT_STATUS[status])
