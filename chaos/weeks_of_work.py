"""`make soak`: the reference bridge works for twelve virtual weeks, and neither it nor the simulators may swell.

Each week has a campaign and a trigger with every provider, with receipts, opt-outs and reports. At the end of each week
the resident memory and the open file descriptors of both programs are sampled. After the first weeks, descriptors must
stay flat, and memory may grow only with what a program keeps. The simulators keep a journal, so their growth is
measured for each of its entries; the bridge keeps its rows in a database. The exit status is 0 if the run passes and
every bound holds, 1 if not, and 3 if there is no result.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import requests
import yaml
from rich.console import Console
from rich.table import Table

from sendproof_harness.run.processes import Child, Program, wait_until
from trial_runs import SENDPROOF, TrialError, exit_on_sigterm

WEEKS, CUSTOMERS = 12, 60
#: Weeks in which caches and pools fill.
FIRST_WEEKS = 3
#: Connections of a moment, above the most descriptors of the first weeks.
SPARE_DESCRIPTORS = 10
#: Growth after the first weeks: of the bridge in MB, and of the simulators in bytes per entry of the journal. The
#: allocator takes memory in large pieces, which may count `SPARE_MB` in all.
BRIDGE_MB, ENTRY_BYTES, SPARE_MB = 10.0, 500, 10.0
_START = datetime(2026, 3, 2, 6, tzinfo=UTC)
_CHANNELS = {"textlocal": (505, 250), "xtremepush": (506, 251), "delivyr": (452, 253)}
TIMEOUT_S, _READY_S = 1_500.0, 60.0
_MB = 1024 * 1024

console = Console()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """Resident memory in bytes, and open file descriptors, of a process."""

    memory: int
    descriptors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekSample:
    """Both programs at the end of a virtual week, and the entries of the journal until then."""

    week: int
    entries: int
    simulators: ProcessState
    bridge: ProcessState


def scenario(weeks: int, customers: int) -> dict[str, Any]:
    """Return a scenario with a campaign and a trigger of each provider in each week."""
    text = "Hello {{FIRST_NAME}}, there is news. Reply STOP to opt out."
    campaigns = [
        {
            "campaign": 7001 + 10 * week + position,
            "channel": channel,
            "announced": _text(_START + timedelta(weeks=week, minutes=30)),
            "splits": [
                {"share": "100%", "template": "News", "send_at": _text(_START + timedelta(weeks=week, hours=3))}
            ],
        }
        for week in range(weeks)
        for position, (channel, _) in enumerate(_CHANNELS.values())
    ]
    triggers = [
        {
            "trigger": f"Basket left {provider}",
            "campaign": 8001 + position,
            "channel": channel,
            "template": "News",
            "criteria": [{"event": "basket"}],
            "repeat": True,
        }
        for position, (provider, (_, channel)) in enumerate(_CHANNELS.items())
    ]
    return {
        "sendproof": 1,
        "name": f"{weeks} weeks of campaigns and triggers",
        "about": "A bridge that keeps what it has finished fails here: its memory or its descriptors grow each week.",
        "seed": 12,
        "starts": _text(_START),
        # A country that all providers send to.
        "audience": {"customers": customers, "opted_out": "4%", "unusable_numbers": "2%", "country": "US"},
        "channels": [
            channel
            for provider, (scheduled, triggered) in _CHANNELS.items()
            for channel in (
                {"id": scheduled, "provider": provider},
                {"id": triggered, "provider": provider, "kind": "triggered"},
            )
        ],
        "templates": [{"provider": provider, "title": "News", "body": text} for provider in _CHANNELS],
        "campaigns": campaigns,
        "triggers": triggers,
        "bridge": {"account_webhooks": True},
        "steps": [
            {"wait_for": {"listeners": 6, "synchronised": True}},
            *({"trigger": trigger["trigger"]} for trigger in triggers),
            *(step for week in range(weeks) for step in _week(campaigns[3 * week : 3 * week + 3])),
        ],
    }


def _week(campaigns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        *({"plan": campaign["campaign"]} for campaign in campaigns),
        {"advance": "2 days"},
        {"events": {"event": "basket", "share": "20%", "spread": "2 hours"}},
        {"advance": "5 days"},
    ]


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def broken_bounds(samples: Sequence[WeekSample]) -> list[str]:
    """Return a sentence for each bound that does not hold after the first weeks."""
    first, later, last = samples[:FIRST_WEEKS], samples[FIRST_WEEKS:], samples[-1]
    found = []
    for name in ("simulators", "bridge"):
        limit = max(getattr(sample, name).descriptors for sample in first) + SPARE_DESCRIPTORS
        most = max(getattr(sample, name).descriptors for sample in later)
        if most > limit:
            found.append(f"{name}: expected at most {limit} open file descriptors, got {most}")
    steady = first[-1]
    bounds = {"simulators": _simulators_bound(steady, last), "bridge": BRIDGE_MB}
    for name, bound in bounds.items():
        growth = _growth_mb(steady, last, name)
        if growth > bound:
            found.append(
                f"{name}: expected at most {bound:.0f} MB of growth after the first weeks, got {growth:.0f} MB"
            )
    return found


def _simulators_bound(steady: WeekSample, last: WeekSample) -> float:
    return SPARE_MB + ENTRY_BYTES * (last.entries - steady.entries) / _MB


def _growth_mb(steady: WeekSample, last: WeekSample, name: str) -> float:
    return float(getattr(last, name).memory - getattr(steady, name).memory) / _MB


def growth_lines(samples: Sequence[WeekSample]) -> list[str]:
    """Return the growth of each program after the first weeks, and its bound, in words."""
    steady, last = samples[FIRST_WEEKS - 1], samples[-1]
    entries = last.entries - steady.entries
    grown = last.simulators.memory - steady.simulators.memory
    each = f"{grown / max(entries, 1):,.0f} bytes each"
    bound = f"{_simulators_bound(steady, last):.1f} MB ({ENTRY_BYTES:,} bytes each, and {SPARE_MB:.0f} MB)"
    return [
        f"simulators: {grown / _MB:.1f} MB for {entries:,} entries of the journal, {each}; bound {bound}",
        f"bridge: {_growth_mb(steady, last, 'bridge'):.1f} MB; bound {BRIDGE_MB:.0f} MB",
    ]


def process_state(pid: int) -> ProcessState:
    """Return what a process uses now; `TrialError` if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
        descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        memory = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))
    except (OSError, StopIteration) as error:
        raise TrialError(f"expected process {pid} to run, but it has ended") from error
    return ProcessState(memory=memory, descriptors=descriptors)


def process_with(*texts: str) -> int | None:
    """Return the id of the Python process that runs a module with these texts in its command, if there is one."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        # The process that keeps a program has the arguments of the program behind its own.
        if command[1:2] == ["-m"] and all(text in " ".join(command) for text in texts):
            return int(folder.name)
    return None


def samples_of_run(child: Child, simulators: Child, folder: Path, weeks: int) -> Iterator[WeekSample]:
    """Yield a sample when the clock of the run passes the end of a week; `TrialError` if the run ends before."""
    url = simulators_url(simulators)
    ends = monotonic() + TIMEOUT_S
    for week in range(1, weeks + 1):
        # The run ends together with the last week.
        until = _START + timedelta(weeks=week, hours=-1)

        def is_due(until: datetime = until) -> bool:
            return child.exit_status is not None or _now(url) >= until

        wait_until(is_due, max(ends - monotonic(), 0.0))
        bridge = process_with("sendproof_bridge", str(folder))
        if bridge is None or child.exit_status is not None:
            raise TrialError(f"expected a run of {weeks} weeks, got its end in week {week}:\n{child.tail()}")
        yield WeekSample(
            week=week, entries=_entries(url), simulators=process_state(simulators.pid), bridge=process_state(bridge)
        )


def simulators_url(simulators: Child) -> str:
    """Wait until the simulators have started; return the URL of their control API."""
    wait_until(lambda: simulators.exit_status is not None or "\n" in simulators.output(), _READY_S)
    simulators.check_running()
    line = next(line for line in simulators.output().splitlines() if line.startswith('{"control"'))
    return str(json.loads(line)["control"]["url"])


def _get(url: str) -> Any:
    response = requests.get(url, timeout=_READY_S)
    response.raise_for_status()
    return response.json()


def _sandboxes(url: str) -> list[dict[str, Any]]:
    return [sandbox for sandbox in _get(f"{url}/control/sandboxes") if sandbox["sandbox"] != "default"]


def _now(url: str) -> datetime:
    """Return the virtual time of the run; its beginning before there is a sandbox."""
    return max((datetime.fromisoformat(sandbox["clock"]["now"]) for sandbox in _sandboxes(url)), default=_START)


def _entries(url: str) -> int:
    (sandbox,) = _sandboxes(url)
    counts = _get(f"{url}/control/sandboxes/{sandbox['sandbox']}/state")["counts"]
    return sum(counts.values())


def sample_table(samples: Sequence[WeekSample]) -> Table:
    """Return a row for each week."""
    table = Table(box=None, pad_edge=False)
    for column in ("week", "journal", "simulators MB", "descriptors", "bridge MB", "descriptors"):
        table.add_column(column, justify="right")
    for sample in samples:
        figures = [
            text
            for used in (sample.simulators, sample.bridge)
            for text in (f"{used.memory / _MB:.1f}", str(used.descriptors))
        ]
        table.add_row(str(sample.week), f"{sample.entries:,}", *figures)
    return table


def soak(folder: Path, weeks: int, customers: int) -> tuple[list[WeekSample], str]:
    """Run the weeks; return the samples and the verdict."""
    file, results = folder / "soak.yaml", folder / "results"
    file.write_text(yaml.safe_dump(scenario(weeks, customers), sort_keys=False), "utf-8")
    up = [sys.executable, "-m", "sendproof_simulators", "up", "--json", "--port", "0"]
    programs = Program(name="the simulators", command=up, log=folder / "simulators.log", environment={})
    with Child(programs) as simulators:
        command = [*SENDPROOF, "run", str(file), "--control-url", simulators_url(simulators), "--results", str(results)]
        program = Program(name="the run", command=command, log=folder / "run.log", environment={})
        with Child(program) as child:
            samples = list(samples_of_run(child, simulators, results, weeks))
            wait_until(lambda: child.exit_status is not None, TIMEOUT_S)
    verdicts = [json.loads(file.read_text("utf-8"))["verdict"] for file in results.rglob("verdict.json")]
    if len(verdicts) != 1:
        raise TrialError(f"expected a verdict, got\n{child.tail()}")
    return samples, verdicts[0]


def main() -> int:
    """Run all weeks, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python chaos soak", description="Let the bridge work for weeks.")
    parser.add_argument("--weeks", type=int, default=WEEKS, metavar="N", help=f"Virtual weeks. Default: {WEEKS}.")
    parser.add_argument(
        "--customers",
        type=int,
        default=CUSTOMERS,
        metavar="N",
        help=f"Customers of each campaign. Default: {CUSTOMERS}.",
    )
    options = parser.parse_args()
    if options.weeks <= FIRST_WEEKS:
        parser.error(f"expected more than {FIRST_WEEKS} weeks, the first of which are not compared")
    exit_on_sigterm()
    started = monotonic()
    with tempfile.TemporaryDirectory(prefix="sendproof-") as name:
        try:
            samples, verdict = soak(Path(name), options.weeks, options.customers)
        except TrialError as error:
            console.print(f"soak: {error}", style="red", markup=False, highlight=False)
            return 3
    console.print(sample_table(samples))
    broken = broken_bounds(samples)
    lines = [*growth_lines(samples), *(f"! {text}" for text in broken), f"verdict: {verdict}"]
    console.print(*lines, f"{monotonic() - started:.0f} s", sep="\n", markup=False, highlight=False, soft_wrap=True)
    return int(verdict != "pass" or bool(broken))
