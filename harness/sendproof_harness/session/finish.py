"""The end of a session: its record, and the reports of all scenarios in its results folder together."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from sendproof_harness.judge.acceptance import AcceptedFailure
from sendproof_harness.output import printable
from sendproof_harness.report.combined.annotations import github_lines
from sendproof_harness.report.combined.record import Outcome, Record, RecordError, record_outcomes
from sendproof_harness.report.combined.write import runs_on_github, write_combined
from sendproof_harness.report.overview.index import write_index


def finish_session(
    results: Path, outcomes: Iterable[Outcome], accepted: Iterable[AcceptedFailure], console: Console
) -> Path | None:
    """Write the record and the combined reports; return the path of the index, or None."""
    try:
        record = record_outcomes(results, outcomes, [failure.scenario for failure in accepted])
        report(results, record, console)
    except (OSError, RecordError) as error:
        console.print(f"There is no combined report: {error}", markup=False, highlight=False, soft_wrap=True)
    return write_index(results)


def report(results: Path, record: Record, console: Console) -> None:
    """Write the combined reports, and let GitHub show the findings. `RecordError` if a part is missing."""
    found = write_combined(results, record)
    if record.unused:
        names = ", ".join(record.unused)
        console.print(
            f"Accepted failures of scenarios or clients that did not run: {names}",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )
    for line in github_lines(found) if runs_on_github() else ():
        # Not by `print`, which lets no text become a command.
        console.file.write(f"{printable(line)}\n")
