"""Results folders of sessions, for tests: written by the reports, without a run."""

from collections.abc import Iterable
from pathlib import Path

from history_builder import HistoryBuilder
from sendproof_harness.judge.verdict import Verdict
from sendproof_harness.report import write_reports
from sendproof_harness.report.combined.record import Outcome, record_outcomes


def outcome(scenario: str, verdict: str | None = "pass", **fields: object) -> Outcome:
    """Return the outcome of one scenario."""
    return Outcome(scenario=scenario, verdict=verdict, **fields)  # type: ignore[arg-type]


def write_results(
    results: Path, run: HistoryBuilder, outcomes: Iterable[Outcome], verdict: Verdict | None = None
) -> Path:
    """Write the reports of a run, and the record of a session in which each outcome with reports was that run."""
    outcomes = tuple(outcomes)
    for scenario in (item.scenario for item in outcomes if item.has_reports):
        write_reports(verdict or run.verdict(), run.history(), results / scenario)
    record_outcomes(results, outcomes)
    return results
