"""The end of a load test: keep the result, judge it, say so."""

from pathlib import Path

from rich.console import Console

from sendproof_harness.load.model import LoadResult, write_result
from sendproof_harness.load.report.text import print_load_verdict
from sendproof_harness.load.report.write import write_load_reports
from sendproof_harness.load.service_levels import ServiceLevels
from sendproof_harness.load.verdict import judge

RESULT = "result.json"


def save_and_judge(result: LoadResult, levels: ServiceLevels, folder: Path, console: Console) -> int:
    """Save the result and the reports into the folder, print the verdict; answers the exit status."""
    write_result(result, folder / RESULT)
    return judge_and_report(result, levels, folder, console)


def judge_and_report(result: LoadResult, levels: ServiceLevels, folder: Path | None, console: Console) -> int:
    """Judge a result, write the reports to a folder if there is one, print the verdict; answers the exit status."""
    verdict = judge(result, levels)
    reports = None if folder is None else write_load_reports(verdict, folder)
    print_load_verdict(verdict, console, reports)
    return verdict.exit_status
