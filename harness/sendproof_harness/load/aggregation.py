"""Aggregation of the counts of all processes into samples, about one per second, and into the result."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sendproof_harness.judge.findings import Blame
from sendproof_harness.load.counters import Counts, loss_results, merge_counts, stage_results
from sendproof_harness.load.model import HistoryCheck, Kind, Latency, LoadResult, Process, Role, Sample
from sendproof_harness.load.process_stats import Usage, WatchedProcess, cores_between, machine_usage

GENERATOR: Role = "load generator"


@dataclass(kw_only=True)
class Aggregation:
    """Observations of a load test so far. All times are seconds of the caller's monotonic clock.

    `parts` has the latest counts of each process that generates load, by its name.
    """

    kind: Kind
    title: str
    settings: Mapping[str, str]
    seed: int
    began: float
    began_at: datetime
    watched: list[WatchedProcess] = field(default_factory=list)
    parts: dict[str, Counts] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    checks: tuple[HistoryCheck, ...] = ()
    _peaks: dict[str, float] = field(default_factory=dict)
    _usages: dict[str, Usage] = field(default_factory=dict)
    _first: dict[str, Usage] = field(default_factory=dict)
    _measured_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        """Measure once, so that earlier usage does not count."""
        machine_usage()
        self._usages = self._measure()
        self._first.update(self._usages)
        self._measured_at = self.began

    @property
    def counts(self) -> Counts:
        """Sum of the counts of all processes."""
        return merge_counts(self.parts.values())

    def sample(self, now: float) -> Sample:
        """Take a sample, and reset the values that the parts report per interval."""
        usages, counts = self._measure(), self.counts
        cores = cores_between(self._usages, usages, now - self._measured_at) | self._generator_cores()
        for name, usage in usages.items():
            self._first.setdefault(name, usage)
            self._peaks[name] = max(self._peaks.get(name, 0.0), usage.memory_mb)
        self._usages, self._measured_at = {**self._usages, **usages}, now
        sample = Sample(
            at=round(now - self.began, 3),
            counts={name: stage.count for name, stage in counts.stages.items()},
            latency={name: round(value, 1) for name, value in counts.latency.items()},
            cores={name: round(value, 3) for name, value in cores.items()},
            memory_mb={name: round(usage.memory_mb, 1) for name, usage in usages.items()},
            descriptors={name: usage.descriptors for name, usage in usages.items() if usage.descriptors},
            machine=machine_usage(),
            behind_ms=counts.behind_ms,
        )
        for part in self.parts.values():
            part.latency, part.behind_ms = {}, None if part.behind_ms is None else 0.0
        self.samples.append(sample)
        return sample

    def result(self, now: float, latencies: Sequence[Latency], aborted: tuple[str, Blame] | None) -> LoadResult:
        """Return the result; `aborted` is the reason for an early end and its blame, if it did not come from a part."""
        counts = self.counts
        reason, blame = aborted or counts.aborted or (None, None)
        return LoadResult(
            kind=self.kind,
            title=self.title,
            settings=dict(self.settings),
            seed=self.seed,
            began=self.began_at.astimezone(UTC).isoformat(timespec="seconds"),
            seconds=round(now - self.began, 3),
            processors=os.cpu_count() or 1,
            stages=stage_results(counts),
            latencies=tuple(latencies),
            losses=loss_results(counts),
            checks=self.checks,
            processes=tuple(self._processes()),
            samples=tuple(self.samples),
            abort_reason=reason,
            abort_blame=blame,
        )

    def _measure(self) -> dict[str, Usage]:
        usages = {process.name: usage for process in self.watched if (usage := process.measure()) is not None}
        for name, part in self.parts.items():
            if part.generator is not None:
                # A load generator reports its usage since its own start.
                self._first.setdefault(name, Usage(0.0, 0.0))
                self._usages.setdefault(name, Usage(0.0, 0.0))
                usages[name] = Usage(part.generator.cpu_seconds, part.generator.memory_mb)
        return usages

    def _generator_cores(self) -> dict[str, float]:
        """Return the processors in use by name; a process without a new report counts with its last one."""
        return {name: part.generator.cores for name, part in self.parts.items() if part.generator is not None}

    def _processes(self) -> Iterable[Process]:
        known: list[tuple[Role, str, int]] = [(process.role, process.name, process.pid) for process in self.watched]
        known += [(GENERATOR, name, part.generator.pid) for name, part in self.parts.items() if part.generator]
        for role, name, pid in known:
            if name in self._usages:
                used = self._usages[name].cpu_seconds - self._first[name].cpu_seconds
                yield Process(
                    role=role,
                    name=name,
                    pid=pid,
                    peak_mb=round(self._peaks.get(name, 0.0), 1),
                    cpu_seconds=round(used, 2),
                )
