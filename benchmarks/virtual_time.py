"""How long virtual time takes: a week of an idle sandbox, a week of the demo, and the start of the simulators."""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from report import Sheet, spread
from revisions import ROOT, working_tree
from simulators import post, simulators
from usage import measure

WEEK_MS = 7 * 24 * 3_600_000
DEMO = ROOT / "scenarios" / "channels" / "first_week.yaml"
DEMO_CUSTOMERS = 10_000


def measure_time(rounds: int) -> list[Sheet]:
    """Measure all, in rounds, and return the table."""
    starts, weeks, demos = [], [], []
    for _ in range(rounds):
        start, week = idle_week()
        starts.append(start)
        weeks.append(week)
        demos.append(demo())
    rows = [
        _row("start of the simulators, until their addresses are printed", starts),
        _row("seven virtual days of an idle sandbox", weeks),
        _row(f"demo: start, seven virtual days with {DEMO_CUSTOMERS:,} customers, verdict", demos),
    ]
    return [Sheet(columns=("", "CPU s", "seconds"), rows=rows)]


def _row(name: str, figures: Sequence[tuple[float, float]]) -> list[str]:
    return [name, spread([cpu for cpu, _ in figures], 2), spread([seconds for _, seconds in figures], 2)]


def idle_week() -> tuple[tuple[float, float], tuple[float, float]]:
    """Return processor and real seconds of the start of the simulators, and of a week in a sandbox without a bridge."""
    began = time.perf_counter()
    with simulators() as (control, server):
        start = server.cpu_s(), time.perf_counter() - began
        settings = {"seed": 1, "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"}}
        sandbox = post(f"{control}/sandboxes", settings)["sandbox"]
        used, began = server.cpu_s(), time.perf_counter()
        post(f"{control}/sandboxes/{sandbox}/clock/advance", {"by_ms": WEEK_MS})
        return start, (server.cpu_s() - used, time.perf_counter() - began)


def demo() -> tuple[float, float]:
    """Return processor and real seconds of the demo."""
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "sendproof_harness", "run", str(DEMO), "--results", folder]
        run = measure(line, working_tree().environment, Path(folder) / "demo.log")
    return run.cpu_s, run.ended - run.began
