"""The command `judge`. Heavy modules are imported when it is called, so that `--help` stays quick."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendproof_harness.cli.history_file import find_history_file, judge_history_file, read_running_history
from sendproof_harness.cli.options import (
    CONTROL_URL,
    Accept,
    AllowUnknown,
    AsJson,
    RunningControlUrl,
    SandboxName,
    accepted_failures,
    allowed_checks,
    refuse,
)
from sendproof_harness.output import echo
from sendproof_harness.terminal import Terminal

if TYPE_CHECKING:
    from sendproof_harness.history.records import History
    from sendproof_harness.judge.acceptance import AcceptedFailure
    from sendproof_harness.judge.verdict import Verdict


def judge(
    history: Annotated[
        Path | None,
        typer.Argument(
            help="Results folder of a run, or its history.ndjson. Default: the running sandbox as it is now.",
            show_default=False,
        ),
    ] = None,
    results: Annotated[Path | None, typer.Option(help="Folder for the reports; otherwise none are written.")] = None,
    allow_unknown: AllowUnknown = None,
    accept: Accept = None,
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Judge the recorded history of a run again, or a running sandbox.

    The history is the only input. In a running sandbox, what is not yet due or may still come is unknown: neither a
    failure nor a pass. Exit status as for `sendproof run`.

    Example: sendproof judge results/first_campaign/history.ndjson
    """
    from sendproof_harness.judge.verdict import allow_unknown as permit_unknown  # noqa: PLC0415 - see the docstring
    from sendproof_harness.judge.verdict import judge as judge_history  # noqa: PLC0415
    from sendproof_harness.report import print_verdict, write_reports  # noqa: PLC0415
    from sendproof_harness.report.json import render  # noqa: PLC0415
    from sendproof_harness.run.errors import RunOptionsError  # noqa: PLC0415
    from sendproof_harness.run.results_folder import REPORTS, fresh_folder, locked_folder  # noqa: PLC0415
    from sendproof_harness.session.judged_run import options_to_repeat, run_of  # noqa: PLC0415

    allowed, failures = allowed_checks(allow_unknown), accepted_failures(accept)
    if history is None:
        if failures:
            refuse("--accept: expected the history of a run, got a running sandbox; name the folder of the run")
        content = read_running_history(control_url, sandbox)
        verdict = judge_history(content)
    else:
        history = find_history_file(history)
        content, verdict = _judge_file(history, failures)
    verdict = permit_unknown(verdict, allowed)
    try:
        with nullcontext() if results is None else locked_folder(results):
            reports = None if results is None else write_reports(verdict, content, fresh_folder(results, REPORTS))
    except RunOptionsError as error:
        refuse(str(error))
    if json:
        echo(render(verdict, content).rstrip("\n"))
    elif history is None:
        print_verdict(verdict, Terminal(), reports, sandbox=sandbox)
    else:
        print_verdict(
            verdict, Terminal(), reports, run_of(history, results), repeated_with=options_to_repeat(history, content)
        )
    raise typer.Exit(verdict.exit_status)


def _judge_file(file: Path, failures: "Sequence[AcceptedFailure]") -> "tuple[History, Verdict]":
    from sendproof_harness.session.accepted_file import accept_in_run  # noqa: PLC0415 - see the docstring of this module

    judged = judge_history_file(file)
    return judged.history, accept_in_run(judged.verdict, judged.history, file, failures)
