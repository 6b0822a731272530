"""Counts of one process of a load test, and the sum of several.

Every worker sends all its counts repeatedly, so a message that arrives twice, or never, changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from sendproof_harness.judge.findings import Blame
from sendproof_harness.load.model import Latency, Loss, Stage
from sendproof_harness.load.tracking.latency_count import LatencyCount

#: Number of examples that are kept of each loss.
EXAMPLES = 3


class StageCount(msgspec.Struct):
    """Events of one stage; `first` and `last` are in seconds since the start."""

    unit: str
    count: int = 0
    first: float = float("inf")
    last: float = 0.0


class LossCount(msgspec.Struct):
    """Defects of one kind: the number of checked items, and the number of defects."""

    unit: str
    blame: Blame
    looked_at: int = 0
    count: int = 0
    examples: list[str] = []


class GeneratorUsage(msgspec.Struct):
    """Processor time and memory (millions of bytes) of the process that counts.

    `cores` is the average number of processors in use since its previous report: the reports do not arrive as regularly
    as they were sent.
    """

    pid: int
    cpu_seconds: float
    memory_mb: float
    cores: float = 0.0


class Counts(msgspec.Struct):
    """All counts of one process.

    `finished` is 1 if this process has completed its share of the work; in a sum, the number of such processes.
    `latencies` are by name. `behind_ms` is the delay of the process behind its schedule since the last report, None
    without a schedule. `latency` is, by name, the 95th percentile since the last report, in milliseconds. `aborted` is
    the reason for an early end and its blame.
    """

    stages: dict[str, StageCount] = {}
    losses: dict[str, LossCount] = {}
    latencies: dict[str, LatencyCount] = {}
    finished: int = 0
    behind_ms: float | None = None
    latency: dict[str, float] = {}
    aborted: tuple[str, Blame] | None = None
    generator: GeneratorUsage | None = None

    def record_events(self, stage: str, unit: str, count: int, at: float) -> None:
        """Add `count` events of a stage, `at` seconds since the start."""
        counted = self.stages.setdefault(stage, StageCount(unit=unit))
        counted.count += count
        counted.first = min(counted.first, at)
        counted.last = max(counted.last, at)

    def record_start(self, stage: str, unit: str, at: float) -> None:
        """Start a stage `at` seconds since the start, before its first event."""
        counted = self.stages.setdefault(stage, StageCount(unit=unit))
        counted.first = min(counted.first, at)

    def record_checked(self, loss: str, unit: str, blame: Blame, count: int = 1) -> None:
        """Add `count` items that were checked for a loss."""
        self.losses.setdefault(loss, LossCount(unit=unit, blame=blame)).looked_at += count

    def record_losses(self, loss: str, example: str, count: int = 1) -> None:
        """Add `count` defects of a loss that has checked items."""
        counted = self.losses[loss]
        counted.count += count
        if len(counted.examples) < EXAMPLES:
            counted.examples.append(example)

    def record_latency(self, name: str, ms: float, *, is_failed: bool) -> None:
        """Add one response."""
        self.latencies.setdefault(name, LatencyCount()).record(ms, is_failed=is_failed)

    def record_delay(self, ms: float) -> None:
        """Record that a call started `ms` milliseconds later than scheduled."""
        self.behind_ms = max(self.behind_ms or 0.0, ms)


def counts_to_builtins(counts: Counts) -> dict[str, Any]:
    """Return counts as plain values, to send them to another process."""
    content: dict[str, Any] = msgspec.to_builtins(counts)
    return content


def counts_from_builtins(content: Mapping[str, Any]) -> Counts:
    """Return the counts in the plain values that another process sent."""
    return msgspec.convert(content, Counts)


def merge_counts(parts: Iterable[Counts]) -> Counts:
    """Return the sum of the counts of several processes, with the largest latencies and delay."""
    counts = list(parts)
    total = Counts(finished=sum(part.finished for part in counts))
    for part in counts:
        _add(total, part)
    delays = [part.behind_ms for part in counts if part.behind_ms is not None]
    total.behind_ms = max(delays, default=None)
    total.aborted = next((part.aborted for part in counts if part.aborted is not None), None)
    return total


def _add(total: Counts, part: Counts) -> None:
    for name, ms in part.latency.items():
        total.latency[name] = max(total.latency.get(name, 0.0), ms)
    for name, stage in part.stages.items():
        stage_total = total.stages.setdefault(name, StageCount(unit=stage.unit))
        stage_total.count += stage.count
        stage_total.first, stage_total.last = min(stage_total.first, stage.first), max(stage_total.last, stage.last)
    for name, loss in part.losses.items():
        loss_total = total.losses.setdefault(name, LossCount(unit=loss.unit, blame=loss.blame))
        loss_total.looked_at += loss.looked_at
        loss_total.count += loss.count
        loss_total.examples = [*loss_total.examples, *loss.examples][:EXAMPLES]
    for name, latency in part.latencies.items():
        total.latencies.setdefault(name, LatencyCount()).add(latency)


def stage_results(counts: Counts) -> tuple[Stage, ...]:
    """Return the stages of a result that had events, in the order of their start."""
    return tuple(
        Stage(name=name, unit=stage.unit, count=stage.count, seconds=max(0.0, stage.last - stage.first))
        for name, stage in sorted(counts.stages.items(), key=lambda item: item[1].first)
        if stage.count
    )


def loss_results(counts: Counts) -> tuple[Loss, ...]:
    """Return the losses of a result."""
    return tuple(
        Loss(
            name=name,
            count=loss.count,
            looked_at=loss.looked_at,
            unit=loss.unit,
            blame=loss.blame,
            examples=tuple(loss.examples),
        )
        for name, loss in counts.losses.items()
    )


def latency_results(counts: Counts, names: Sequence[str], from_intended_start: Collection[str]) -> tuple[Latency, ...]:
    """Return the latencies of a result with these names, in this order, without those that have no responses."""
    return tuple(
        _latency(name, counts.latencies[name], is_from_intended_start=name in from_intended_start)
        for name in names
        if name in counts.latencies
    )


def _latency(name: str, latency: LatencyCount, *, is_from_intended_start: bool) -> Latency:
    p50, p90, p95, p99 = (latency.percentile(share) for share in (0.5, 0.9, 0.95, 0.99))
    return Latency(
        name=name,
        since="the intended start" if is_from_intended_start else "the request",
        count=latency.count,
        failed=latency.failed,
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        longest=latency.longest,
    )
