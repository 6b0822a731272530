"""What a session leaves behind, for programs: each scenario with its status and its files."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from sendproof_harness.judge.verdict import EXIT_STATUS, Status
from sendproof_harness.run.results_folder import EARLIER

_VERDICT = "verdict.json"


def session_outcome(statuses: Mapping[str, Status], results: Path) -> list[Mapping[str, object]]:
    """Return each scenario with its status, exit status, folder, and the report `verdict.json` of each client."""
    return [
        {
            "scenario": name,
            "verdict": status,
            "exit_status": EXIT_STATUS[status],
            "results": str(results / name),
            # What an earlier run left there proves nothing.
            "reports": [] if status == "error" else [str(file) for file in _verdict_files(results / name)],
        }
        for name, status in statuses.items()
    ]


def _verdict_files(folder: Path) -> Iterator[Path]:
    yield from sorted(file for file in (folder / _VERDICT, *folder.glob(f"*/{_VERDICT}")) if _is_of_run(file))


def _is_of_run(file: Path) -> bool:
    return file.is_file() and file.parent.name != EARLIER
