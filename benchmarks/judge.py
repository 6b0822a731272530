"""Benchmark of the judge: processor time and memory for a history, compared with `json.loads` of each of its lines.

    python benchmarks/judge.py results/first_campaign/history.ndjson

Use a history with many recipients. Only the ratios are meaningful, because the times depend on the machine.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from sendproof_harness.history.reader import read_history
from sendproof_harness.judge.checks import CHECKS
from sendproof_harness.judge.judged_file import judge_file
from sendproof_harness.judge.verdict import judge

T = TypeVar("T")
# Number of checks to print.
SLOWEST_CHECKS = 5
# ru_maxrss is in KiB on Linux and in bytes on macOS.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the processor time in seconds, and the result."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def peak_mb() -> float:
    """Return the highest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / 1e6


def parse_lines(file: Path) -> int:
    """Parse each line as JSON and drop it: the minimum for any reader in Python. Return the number of lines."""
    with file.open("rb") as lines:
        return sum(bool(json.loads(line)) for line in lines)


def rows(file: Path) -> Iterator[tuple[str, float]]:
    """Yield each stage with its seconds of processor time; the first is the unit for the ratios."""
    seconds, _ = timed(lambda: parse_lines(file))
    yield "json.loads of each line", seconds
    seconds, judged = timed(lambda: judge_file(file, condensed_from_bytes=0))
    how = (
        "whole: see judge/judged_file.py" if judged.index is None else f"{len(judged.history.obligations):,} recipients"
    )
    yield f"judge_file ({how}; peak {peak_mb():,.0f} MB)", seconds
    seconds, history = timed(lambda: read_history(file))
    yield f"read_history ({len(history.obligations):,} recipients)", seconds
    seconds, _ = timed(lambda: judge(history))
    yield f"judge (peak {peak_mb():,.0f} MB)", seconds
    # Facts that checks share are cached now, so these are the times of the checks alone.
    applicable = (check for check in CHECKS if check.applies(history))
    own = ((f"  {check.id}, by itself", timed(partial(check.run, history))[0]) for check in applicable)
    yield from sorted(own, key=lambda row: -row[1])[:SLOWEST_CHECKS]


def main() -> int:
    """Measure and print. Return the exit status."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its one argument
        sys.stderr.write("expected one argument, the history.ndjson of a run; see benchmarks/README.md\n")
        return 2
    file = Path(sys.argv[1])
    measured = list(rows(file))
    table = Table("stage", "seconds", "ratio", box=None)
    for stage, seconds in measured:
        table.add_row(stage, f"{seconds:.2f}", f"{seconds / measured[0][1]:.2f}")
    console = Console()
    console.print(table)
    console.print(f"a history of {file.stat().st_size / 1e6:,.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
