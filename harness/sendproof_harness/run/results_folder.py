"""The results folder of a run."""

from pathlib import Path

from sendproof_harness.run.errors import RunError

#: The files that a run writes. A new run replaces these and changes no others.
FILES = (
    "report.html",
    "junit.xml",
    "verdict.json",
    "history.ndjson",
    "handover.json",
    "bridge.toml",
    "bridge.log",
    "simulators.log",
    "faults.yaml",
    "result.json",
    "locust.log",
)


def fresh_folder(folder: Path) -> Path:
    """Create the results folder, or delete the files of an earlier run from it; return the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in FILES:
            (folder / file).unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"--results: {folder} cannot be used: {error.strerror}; choose another folder") from error
    return folder
