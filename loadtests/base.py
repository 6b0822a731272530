"""The parts of a load test: its definition, its prepared sandbox, and its process.

Locust runs a file of this folder, alone or as master and workers:

    locust -f loadtests/paging.py --headless --users 4 --customers 1000000
    locust -f loadtests/paging.py --headless --users 4 --processes 2

The main process is the master, or the only process. It creates the simulators (unless `--host` is given), the sandbox
and the bridge. The processes that generate load get their data through an option. They count what they observe, and
send their counts every second. Verdict and exit status do not depend on the number of processes.

Each load generator has a fixed share of the work, which its callers do exactly once. Locust spawns its users again when
a worker comes or goes, so a user only waits until the work of its process is complete.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

import gevent
from locust.env import Environment
from locust.runners import Runner

from sendproof_harness.control_client import ControlClient
from sendproof_harness.judge.findings import Blame
from sendproof_harness.load.counters import Counts, GeneratorUsage, counts_from_builtins, counts_to_builtins
from sendproof_harness.load.model import HistoryCheck, Kind
from sendproof_harness.load.process_stats import Usage, WatchedProcess, own_usage
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import LoadOptions
from sendproof_harness.load.tracking.latency_count import bucket_of, percentile

# Number of readings of the simulators' clock. The fastest response gives the best estimate.
_READINGS = 5
# Processor time is counted in hundredths of a second.
_SHORTEST_S = 0.05


@dataclass(kw_only=True)
class PreparedTest:
    """The sandbox of a test, ready for load.

    `job` is the data that every load generator needs, as JSON. `settings` are settings for the report that are known
    only after the preparation. `watched` are the processes to measure.
    """

    control: str
    sandbox: str
    job: Mapping[str, Any]
    settings: Mapping[str, str] = field(default_factory=dict)
    watched: list[WatchedProcess] = field(default_factory=list)


class LoadTest(ABC):
    """One kind of load test. Each load generator calls `start_generator`, the main process everything else."""

    kind: ClassVar[Kind]
    customers: ClassVar[int]
    days: ClassVar[int] = 7
    duplicates: ClassVar[int] = 0
    rate: ClassVar[float] = 200.0
    seconds: ClassVar[float] = 60.0
    #: The latencies to report, the most important first. Other Locust statistics are not reported.
    latencies: ClassVar[tuple[str, ...]]
    #: The latencies that count from the intended start; all others count from the request.
    from_intended_start: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def title(self, options: LoadOptions) -> str:
        """Return the title of the report."""

    def total(self, options: LoadOptions) -> tuple[str, int] | None:
        """Return a stage and the number of its events at the end, from which the time left follows; None without."""
        del options
        return None

    @abstractmethod
    def settings(self, options: LoadOptions) -> Mapping[str, str]:
        """Return the settings for the report, as text."""

    @abstractmethod
    def prepare(self, options: LoadOptions, folder: Path, progress: LoadProgress, stack: ExitStack) -> PreparedTest:
        """Create simulators, sandbox and bridge as needed. The `stack` ends them."""

    def run_main(self, process: "LoadProcess") -> None:  # noqa: B027 - most tests have no work here
        """Do the work of the main process while the users generate load. Most tests have none."""

    def check_health(self) -> None:  # noqa: B027 - as above
        """Check the bridge, about every second, in the main process. Raise `RunAbortedError` if it failed."""

    def callers(self, users: int, shares: int) -> list[int]:
        """Return the number of parallel callers of each load generator: the users, and at least one for each."""
        return [max(1, len(range(share, users, shares))) for share in range(shares)]

    @abstractmethod
    def start_generator(self, process: "LoadProcess") -> None:
        """Get this load generator ready, before its users start."""

    def final_counts(self, options: LoadOptions, counts: Counts, control: ControlClient, sandbox: str) -> Counts:
        """Return additional counts, once all users have finished with these `counts`."""
        del options, counts, control, sandbox
        return Counts()

    def judge_history(self) -> tuple[HistoryCheck, ...]:
        """Return the checks of the history, after the final counts. Most tests keep none."""
        return ()


@dataclass(kw_only=True)
class LoadProcess:
    """One process of a load test and its counts.

    It is number `share` of `shares` load generators, from 0. `finished` is set when the main process has done its work,
    and `worked` when the `working` callers of this process have.
    """

    environment: Environment
    options: LoadOptions
    job: Mapping[str, Any]
    share: int = 0
    shares: int = 1
    counts: Counts = field(default_factory=Counts)
    started: float = field(default_factory=monotonic)
    finished: gevent.event.Event = field(default_factory=gevent.event.Event)
    worked: gevent.event.Event = field(default_factory=gevent.event.Event)
    working: int = 0
    usage_before: Usage = field(default_factory=own_usage)
    recent: dict[str, dict[int, int]] = field(default_factory=dict)
    _usage: tuple[float, float] = field(default_factory=lambda: (monotonic(), own_usage().cpu_seconds))

    @property
    def now(self) -> float:
        """Seconds since the start of the test, the same in every process after `join_clock`."""
        return monotonic() - self.started

    def join_clock(self) -> None:
        """Count seconds from the start of the test by the simulators' clock, on which all processes agree."""
        control, readings = self.control(), []
        for _ in range(_READINGS):
            requested = self.now
            steady: float = control.health()["steady"]
            responded = self.now
            readings.append((responded - requested, steady - self.job["began"] - (requested + responded) / 2))
        self.started -= min(readings)[1]

    def record_latency(self, name: str, ms: float, *, is_failed: bool) -> None:
        """Count one response."""
        self.counts.record_latency(name, ms, is_failed=is_failed)
        times, bucket = self.recent.setdefault(name, {}), bucket_of(ms)
        times[bucket] = times.get(bucket, 0) + 1

    def end_caller(self) -> None:
        """Count a caller that has done its work. The share is complete after the last one."""
        self.working -= 1
        if self.working <= 0:
            self.counts.finished = 1
            self.worked.set()

    def control(self) -> ControlClient:
        """Return a new client of the control API; a client must not be shared between greenlets."""
        return ControlClient(self.job["control"])

    def record_response(self, name: str, ms: float, error: str | None) -> None:
        """Add one response to Locust's statistics."""
        exception = None if error is None else RuntimeError(error)
        self.environment.events.request.fire(
            request_type=self.options.kind,
            name=name,
            response_time=ms,
            response_length=0,
            exception=exception,
            context={},
        )

    def abort(self, reason: str, blame: Blame) -> None:
        """Make the main process end the test. The first reason counts."""
        self.counts.aborted = self.counts.aborted or (reason, blame)

    def take_counts(self) -> Counts:
        """Return a copy of the counts with this process's own usage. Figures of an interval start again from zero."""
        self.counts.generator = self._take_usage()
        self.counts.latency = {name: percentile(times, 0.95) / 1000 for name, times in self.recent.items()}
        self.recent = {}
        counts = counts_from_builtins(counts_to_builtins(self.counts))
        if self.counts.behind_ms is not None:
            self.counts.behind_ms = 0.0
        return counts

    def _take_usage(self) -> GeneratorUsage:
        usage, now = own_usage(), monotonic()
        before, seconds_before = self._usage
        self._usage = now, usage.cpu_seconds
        cores = (usage.cpu_seconds - seconds_before) / max(now - before, _SHORTEST_S)
        return GeneratorUsage(
            pid=os.getpid(),
            cpu_seconds=usage.cpu_seconds - self.usage_before.cpu_seconds,
            memory_mb=usage.memory_mb,
            cores=cores,
        )


def runner_of(environment: Environment) -> Runner:
    """Return Locust's runner of this process."""
    if environment.runner is None:
        raise RuntimeError("expected a runner, got none: Locust has not created it yet")
    return environment.runner


def check_total(stage: str, expected: int, counts: Counts, missing: int = 0) -> Counts:
    """Return counts that abort the test if a stage does not have the expected total; up to `missing` may be missing."""
    counted = counts.stages.get(stage)
    got, unit = (0, stage) if counted is None else (counted.count, counted.unit)
    is_complete = expected - missing <= got <= expected
    return Counts(aborted=None if is_complete else (f"expected {expected:,} {unit}, got {got:,}", "harness"))
