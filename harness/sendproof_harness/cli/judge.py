"""The command `judge`. Heavy modules are imported when it is called, so that `--help` stays quick."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from sendproof_harness.cli.history_file import read_history_file
from sendproof_harness.cli.options import AllowUnknown, allowed_checks, refuse
from sendproof_harness.terminal import Terminal


def judge(
    history: Annotated[Path, typer.Argument(help="The history.ndjson of a run.", show_default=False)],
    results: Annotated[Path | None, typer.Option(help="Folder for the reports; otherwise none are written.")] = None,
    allow_unknown: AllowUnknown = None,
) -> None:
    """Judge the recorded history of a run again.

    The history file is the only input. Exit status as for `sendproof run`.

    Example: sendproof judge results/first_campaign/history.ndjson
    """
    from sendproof_harness.judge.verdict import EXIT_STATUS  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.run.errors import RunOptionsError  # noqa: PLC0415
    from sendproof_harness.run.results_folder import locked_folder  # noqa: PLC0415
    from sendproof_harness.session.judged_run import judge_and_report  # noqa: PLC0415

    allowed = allowed_checks(allow_unknown)
    content = read_history_file(history)
    try:
        with nullcontext() if results is None else locked_folder(results):
            status = judge_and_report(history, content, results, Terminal(), allowed)
    except RunOptionsError as error:
        refuse(str(error))
    raise typer.Exit(EXIT_STATUS[status])
