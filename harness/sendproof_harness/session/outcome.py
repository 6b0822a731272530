"""What a session leaves behind, for programs: each scenario with its status and its files."""

from collections.abc import Mapping
from pathlib import Path

from sendproof_harness.judge.verdict import EXIT_STATUS, Status
from sendproof_harness.report.combined.record import verdict_files


def session_outcome(statuses: Mapping[str, Status], results: Path) -> list[Mapping[str, object]]:
    """Return each scenario with its status, exit status, folder, and the report `verdict.json` of each client."""
    return [
        {
            "scenario": name,
            "verdict": status,
            "exit_status": EXIT_STATUS[status],
            "results": str(results / name),
            # What an earlier run left there proves nothing.
            "reports": [] if status == "error" else [str(file) for file in verdict_files(results / name)],
        }
        for name, status in statuses.items()
    ]
