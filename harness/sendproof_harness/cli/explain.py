"""The command `explain`. Heavy modules are imported when it is called, so that `--help` stays quick."""

from pathlib import Path
from typing import Annotated

import typer

from sendproof_harness.cli.history_file import read_history_file
from sendproof_harness.cli.options import refuse
from sendproof_harness.terminal import Terminal


def explain(
    run: Annotated[Path, typer.Argument(help="Results folder of a run, or its history.ndjson.", show_default=False)],
    customer: Annotated[str, typer.Argument(help="Id or phone number of a customer.", show_default=False)],
    html: Annotated[Path | None, typer.Option(help="Also write the timeline to this file, as an HTML page.")] = None,
) -> None:
    """Show everything that happened to one customer.

    The timeline has what the customer was due, what each service and the bridge did, and the findings about it.

    Exit status: 0 with a timeline, 3 if there is no such run or customer.

    Example: sendproof explain results/first_campaign C0000042
    """
    from sendproof_harness.explain.customer import UnknownCustomerError, find_customer  # noqa: PLC0415
    from sendproof_harness.explain.customer import explain as explain_customer  # noqa: PLC0415
    from sendproof_harness.judge.verdict import judge  # noqa: PLC0415
    from sendproof_harness.report import explain_html, explain_text  # noqa: PLC0415
    from sendproof_harness.report.identity import run_text  # noqa: PLC0415

    file = run / "history.ndjson" if run.is_dir() else run
    history = read_history_file(file)
    try:
        verdict = judge(history)
        findings = [finding for result in verdict.results for finding in result.findings]
        explanation = explain_customer(history, verdict, find_customer(history, customer, findings))
    except UnknownCustomerError as error:
        refuse(str(error))
    explain_text.print_explanation(explanation, run_text(history), Terminal())
    if html is not None:
        _write(html, explain_html.render(explanation, history, file.name))


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        refuse(f"--html: {file} cannot be written: {error.strerror}")
