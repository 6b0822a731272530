"""The command `merge`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sendproof_harness.cli.options import AsJson, print_json, refuse
from sendproof_harness.terminal import Terminal


def merge(
    folders: Annotated[list[Path], typer.Argument(help="Results folders of the jobs.", show_default=False)],
    results: Annotated[Path, typer.Option(help="Folder for the merged results; not one of FOLDERS.")] = Path("results"),
    json: AsJson = False,
) -> None:
    """Merge the results of several jobs into one folder, with one verdict.

    For jobs with `sendproof run --shard`. A missing shard is an error, so no scenario is forgotten. Runs in different
    jobs without shards can be merged too.

    Exit status: the worst one of all scenarios, as for `sendproof run`.

    Example: sendproof merge shard-1 shard-2 --results results
    """
    from sendproof_harness.judge.verdict import EXIT_STATUS  # noqa: PLC0415 - see the docstring of this module
    from sendproof_harness.report.combined.record import RecordError, read_record  # noqa: PLC0415
    from sendproof_harness.run.errors import RunOptionsError  # noqa: PLC0415
    from sendproof_harness.session.merge import merge as merge_folders  # noqa: PLC0415
    from sendproof_harness.session.outcome import session_outcome  # noqa: PLC0415

    try:
        status = merge_folders(folders, results, Terminal(sys.stderr if json else None))
        statuses = {outcome.scenario: outcome.status for outcome in read_record(results).outcomes}
    except (OSError, RecordError, RunOptionsError) as error:
        refuse(str(error))
    if json:
        print_json(session_outcome(statuses, results))
    raise typer.Exit(EXIT_STATUS[status])
