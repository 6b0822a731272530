"""The command `explain`. Heavy modules are imported when it is called, so that `--help` stays quick."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendproof_harness.bounded_file import Kind, write_whole
from sendproof_harness.cli.history_file import find_history_file, judge_file_for_customer, read_running_history
from sendproof_harness.cli.options import CONTROL_URL, AsJson, RunningControlUrl, SandboxName, print_json, refuse
from sendproof_harness.terminal import Terminal

if TYPE_CHECKING:
    from sendproof_harness.history.records import History
    from sendproof_harness.judge.verdict import Verdict

_PAGE = Kind("a page of Sendproof", re.compile(rb'\s*<!doctype html>.*content="Sendproof"', re.DOTALL))


def explain(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[RUN] CUSTOMER",
            help="Results folder of a run or its history.ndjson, by default the running sandbox; and the id or phone"
            " number of a customer.",
            show_default=False,
        ),
    ],
    html: Annotated[Path | None, typer.Option(help="Also write the timeline to this file, as an HTML page.")] = None,
    control_url: RunningControlUrl = CONTROL_URL,
    sandbox: SandboxName = "default",
    json: AsJson = False,
) -> None:
    """Show everything that happened to one customer.

    The timeline has what the customer was due, what each service and the bridge did, and the findings about it.

    Exit status: 0 with a timeline, 3 if there is no such run or customer.

    Example: sendproof explain results/first_campaign C0000042
    """
    from sendproof_harness.explain.customer import UnknownCustomerError, find_customer  # noqa: PLC0415
    from sendproof_harness.explain.customer import explain as explain_customer  # noqa: PLC0415
    from sendproof_harness.explain.document import document  # noqa: PLC0415
    from sendproof_harness.report import explain_html, explain_text  # noqa: PLC0415
    from sendproof_harness.report.identity import run_text  # noqa: PLC0415

    run, customer = _run_and_customer(words)
    history, verdict, name = _judged(run, customer, control_url, sandbox)
    try:
        findings = [finding for result in verdict.results for finding in result.findings]
        explanation = explain_customer(history, verdict, find_customer(history, customer, findings))
    except UnknownCustomerError as error:
        refuse(str(error))
    if json:
        print_json(document(explanation))
    else:
        explain_text.print_explanation(explanation, run_text(history), Terminal())
    if html is not None:
        _write(html, explain_html.render(explanation, history, name))


def _run_and_customer(words: list[str]) -> tuple[Path | None, str]:
    """Return the run, None for the running sandbox, and the customer."""
    *run, customer = words
    if len(run) > 1:
        refuse(f"expected a run and a customer, got {len(words)} words: {' '.join(words)}")
    if not run and Path(customer).exists():
        refuse(
            f"expected a customer after the run, got {customer} alone; see the findings of the run for its customers"
        )
    return (Path(run[0]) if run else None), customer


def _judged(run: Path | None, customer: str, control_url: str, sandbox: str) -> tuple["History", "Verdict", str]:
    """Return the history of a run or of the running sandbox, its verdict, and its name."""
    if run is None:
        from sendproof_harness.judge.verdict import judge  # noqa: PLC0415 - `--help` stays quick

        history = read_running_history(control_url, sandbox)
        return history, judge(history), sandbox
    file = find_history_file(run)
    judged = judge_file_for_customer(file, customer)
    return judged.history, judged.verdict, file.name


def _write(file: Path, text: str) -> None:
    try:
        write_whole(file, text, _PAGE)
    except OSError as error:
        refuse(f"--html: {file} cannot be written: {error.strerror}; choose another file")
