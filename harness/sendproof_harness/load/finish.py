"""End of a load test: save the result, judge it, and print the verdict."""

from pathlib import Path

from rich.console import Console

from sendproof_harness.load.model import RESULT, LoadResult, write_result
from sendproof_harness.load.report.text import print_load_verdict
from sendproof_harness.load.report.write import write_load_reports
from sendproof_harness.load.service_levels import ServiceLevels
from sendproof_harness.load.verdict import judge
from sendproof_harness.report.overview.index import write_index
from sendproof_harness.run.results_folder import REPORTS, fresh_folder


def save_and_judge(result: LoadResult, levels: ServiceLevels, folder: Path, console: Console) -> int:
    """Save the result and its reports in a folder, print the verdict, and return the exit status."""
    write_result(result, folder / RESULT)
    status = judge_and_report(result, levels, folder, console)
    write_index(folder.parent)
    return status


def judge_and_report(result: LoadResult, levels: ServiceLevels, folder: Path | None, console: Console) -> int:
    """Judge a result, print the verdict, and return the exit status. Write reports to `folder` unless it is None.

    Reports that the folder has already are moved to its folder `earlier`.
    """
    verdict = judge(result, levels)
    reports = None if folder is None else write_load_reports(verdict, fresh_folder(folder, REPORTS))
    print_load_verdict(verdict, console, reports)
    return verdict.exit_status
