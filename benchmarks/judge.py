"""How fast and how lean a recorded history is judged, against `json.loads` of each of its lines in the same run.

    python benchmarks/judge.py results/first_campaign/history.ndjson

Any history will do; one of many recipients says more. What is printed is no promise: only the ratios mean something.
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
from sendproof_harness.judge.verdict import judge

T = TypeVar("T")
# So many of the dearest checks show where the time goes.
DEAREST = 5
# ru_maxrss is in KiB on Linux and in bytes on macOS.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds, and what came of it."""
    began = time.perf_counter()
    made = work()
    return time.perf_counter() - began, made


def peak_mb() -> float:
    """The most memory that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT / 1e6


def parsed(file: Path) -> int:
    """Parse each line as JSON and drop it: the least that any reader has to do in Python."""
    with file.open("rb") as lines:
        return sum(bool(json.loads(line)) for line in lines)


def rows(file: Path) -> Iterator[tuple[str, float]]:
    """Each stage with its seconds; the first is what the others are measured by."""
    seconds, _ = timed(lambda: parsed(file))
    yield "json.loads of each line", seconds
    seconds, history = timed(lambda: read_history(file))
    yield "read_history", seconds
    seconds, _ = timed(lambda: judge(history))
    yield "judge", seconds
    # What several checks share is derived by now, so this is each one's own.
    asked = (check for check in CHECKS if check.applies(history))
    own = ((f"  {check.id}, by itself", timed(partial(check.run, history))[0]) for check in asked)
    yield from sorted(own, key=lambda row: -row[1])[:DEAREST]


def main() -> int:
    """Measure and print."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its one argument
        sys.stderr.write("expected one argument: a history.ndjson that a run has left\n")
        return 2
    file = Path(sys.argv[1])
    before, measured = peak_mb(), list(rows(file))
    table = Table("stage", "seconds", "ratio", box=None)
    for stage, seconds in measured:
        table.add_row(stage, f"{seconds:.2f}", f"{seconds / measured[0][1]:.2f}")
    console, size = Console(), file.stat().st_size / 1e6
    console.print(table)
    grown = peak_mb() - before
    console.print(f"memory: {grown:,.0f} MB for a history of {size:,.0f} MB, ratio {grown / size:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
