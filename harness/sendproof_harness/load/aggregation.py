"""Gathers what the processes of a load test tell, a sample about every second, into its result."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sendproof_harness.judge.findings import Blame
from sendproof_harness.load.counters import Counts, loss_results, merge_counts, stage_results
from sendproof_harness.load.model import Kind, Latency, LoadResult, Process, Role, Sample
from sendproof_harness.load.process_stats import Usage, WatchedProcess, cores_between, machine_usage

GENERATOR: Role = "load generator"


@dataclass(kw_only=True)
class Aggregation:
    """Everything so far. Times are real seconds that never step back, as whoever calls has them.

    `parts` are the newest counts of each process that generates load, by its name.
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
    _peaks: dict[str, float] = field(default_factory=dict)
    _usages: dict[str, Usage] = field(default_factory=dict)
    _first: dict[str, Usage] = field(default_factory=dict)
    _looked: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        """What was used before now does not count."""
        machine_usage()
        self._usages = self._look()
        self._first.update(self._usages)
        self._looked = self.began

    @property
    def counts(self) -> Counts:
        """What all processes have counted."""
        return merge_counts(self.parts.values())

    def sample(self, now: float) -> Sample:
        """Look at everything again; what was told of an interval is taken once."""
        usages, counts = self._look(), self.counts
        cores = cores_between(self._usages, usages, now - self._looked)
        for name, usage in usages.items():
            self._first.setdefault(name, usage)
            self._peaks[name] = max(self._peaks.get(name, 0.0), usage.memory_mb)
        self._usages, self._looked = {**self._usages, **usages}, now
        taken = Sample(
            at=round(now - self.began, 3),
            counts={name: one.count for name, one in counts.stages.items()},
            latency={name: round(value, 1) for name, value in counts.latency.items()},
            cores={name: round(value, 3) for name, value in cores.items()},
            memory_mb={name: round(usage.memory_mb, 1) for name, usage in usages.items()},
            machine=machine_usage(),
            behind_ms=counts.behind_ms,
        )
        for part in self.parts.values():
            part.latency, part.behind_ms = {}, None if part.behind_ms is None else 0.0
        self.samples.append(taken)
        return taken

    def result(self, now: float, latencies: Sequence[Latency], trouble: tuple[str, Blame] | None) -> LoadResult:
        """All of it."""
        counts = self.counts
        why = trouble or counts.aborted
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
            processes=tuple(self._processes()),
            samples=tuple(self.samples),
            abort_reason=None if why is None else why[0],
            abort_blame=None if why is None else why[1],
        )

    def _look(self) -> dict[str, Usage]:
        usages = {one.name: usage for one in self.watched if (usage := one.measure()) is not None}
        for name, part in self.parts.items():
            if part.generator is not None:
                # It counts from its own beginning.
                self._first.setdefault(name, Usage(0.0, 0.0))
                self._usages.setdefault(name, Usage(0.0, 0.0))
                usages[name] = Usage(part.generator.cpu_seconds, part.generator.memory_mb)
        return usages

    def _processes(self) -> Iterable[Process]:
        known: list[tuple[Role, str, int]] = [(one.role, one.name, one.pid) for one in self.watched]
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
