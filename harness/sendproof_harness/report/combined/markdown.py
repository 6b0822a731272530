"""All scenarios in one Markdown file, for the summary of a CI job: a table, and the verdicts that did not pass."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sendproof_harness.bounded_file import FileTooLargeError, read_bounded
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.verdict import EXIT_STATUS, WORST_FIRST, Status, worst_status
from sendproof_harness.output import visible
from sendproof_harness.report.combined.record import Record
from sendproof_harness.report.combined.verdicts import ClientVerdict, Verdict
from sendproof_harness.report.formatting import capitalised
from sendproof_harness.report.markdown import MARKS, escaped, without_foreign_markup

# GitHub shows at most a megabyte for a step.
_DETAILS_MAX = 20
_SUMMARY_BYTES = 30_000


def render(record: Record, verdicts: Sequence[ClientVerdict]) -> str:
    """Return the summary as text, with a row for each scenario, the worst first."""
    rows = sorted(_rows(record, verdicts), key=lambda row: WORST_FIRST.index(row[0]))
    status = worst_status(row[0] for row in rows)
    failing = [client for client in verdicts if client.verdict.exit_status]
    parts = [
        [f"## {MARKS[status]}: {counted(len(record.outcomes), 'scenarios')}", ""],
        ["| verdict | scenario | summary |", "|---|---|---|"],
        [f"| {MARKS[status]} | {escaped(name)} | {escaped(text)} |" for status, name, text in rows],
        [""],
        _unused(record.unused),
        (_details(client.folder / "summary.md") for client in failing[:_DETAILS_MAX]),
        [f"{len(failing) - _DETAILS_MAX} more are in the reports.", ""] if len(failing) > _DETAILS_MAX else [],
    ]
    return visible("\n".join(line for part in parts for line in part))


def _rows(record: Record, verdicts: Sequence[ClientVerdict]) -> Iterator[tuple[Status, str, str]]:
    for outcome in record.outcomes:
        if not outcome.has_reports:
            yield outcome.status, outcome.scenario, outcome.reason
    for client in verdicts:
        verdict = client.verdict
        status = next(name for name, number in EXIT_STATUS.items() if number == verdict.exit_status)
        yield status, client.name, _accepted(verdict, status) + verdict.summary


def _accepted(verdict: Verdict, status: Status) -> str:
    """Return what was accepted, as a sentence for the beginning: a long text is cut off at its end."""
    number = [entry.state for entry in verdict.accepted_failures].count("accepted")
    failures = [counted(number, "accepted failures")] if number else []
    better = [f"verdict {verdict.verdict}, accepted"] if verdict.verdict != status else []
    return f"{capitalised('; '.join([*better, *failures]))}. " if better or failures else ""


def _unused(scenarios: Sequence[str]) -> Iterator[str]:
    if scenarios:
        yield from (f"Accepted failures of scenarios or clients that did not run: {escaped(', '.join(scenarios))}.", "")


def _details(file: Path) -> str:
    try:
        return without_foreign_markup(read_bounded(file, _SUMMARY_BYTES).decode())
    except (OSError, FileTooLargeError, UnicodeDecodeError):
        return ""
