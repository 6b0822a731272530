"""What one process of a load test has counted so far, and how the counts of several add up.

Every worker tells the whole of its counts again and again; so a message that comes twice, or not, changes nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from sendproof_harness.judge.findings import Blame
from sendproof_harness.load.model import Loss, Stage

#: So many examples of each loss are kept.
EXAMPLES = 3


class StageCount(msgspec.Struct):
    """Events of one stage; `first` and `last` in seconds since the beginning."""

    unit: str
    count: int = 0
    first: float = float("inf")
    last: float = 0.0


class LossCount(msgspec.Struct):
    """One way in which things can be wrong: how many were looked at, and how many were."""

    unit: str
    blame: Blame
    looked_at: int = 0
    count: int = 0
    examples: list[str] = []


class GeneratorUsage(msgspec.Struct):
    """The process itself: what it has used of a processor, and holds in memory."""

    pid: int
    cpu_seconds: float
    memory_mb: float


class Counts(msgspec.Struct):
    """All of it. `finished` counts the users of this process that have nothing more to do.

    `behind_ms` is how late the process was with its own plan since it told last; None where it has none. `latency` is
    the 95th percentile of what was answered since then, in milliseconds, by name. `trouble` is why it could not go on,
    and whose fault that is.
    """

    stages: dict[str, StageCount] = {}
    losses: dict[str, LossCount] = {}
    finished: int = 0
    behind_ms: float | None = None
    latency: dict[str, float] = {}
    aborted: tuple[str, Blame] | None = None
    generator: GeneratorUsage | None = None

    def record_events(self, stage: str, unit: str, count: int, at: float) -> None:
        """So many things of a stage happened `at` seconds since the beginning."""
        counted = self.stages.setdefault(stage, StageCount(unit=unit))
        counted.count += count
        counted.first = min(counted.first, at)
        counted.last = max(counted.last, at)

    def record_start(self, stage: str, unit: str, at: float) -> None:
        """A stage could begin so many seconds after the beginning, though nothing has happened in it yet."""
        counted = self.stages.setdefault(stage, StageCount(unit=unit))
        counted.first = min(counted.first, at)

    def record_checked(self, loss: str, unit: str, blame: Blame, count: int = 1) -> None:
        """So many things more could have been wrong in this way."""
        self.losses.setdefault(loss, LossCount(unit=unit, blame=blame)).looked_at += count

    def record_losses(self, loss: str, example: str, count: int = 1) -> None:
        """So many of them were."""
        suspect = self.losses[loss]
        suspect.count += count
        if len(suspect.examples) < EXAMPLES:
            suspect.examples.append(example)

    def record_delay(self, ms: float) -> None:
        """Something was begun so many milliseconds later than planned."""
        self.behind_ms = max(self.behind_ms or 0.0, ms)


def counts_to_builtins(counts: Counts) -> dict[str, Any]:
    """For the way to another process."""
    content: dict[str, Any] = msgspec.to_builtins(counts)
    return content


def counts_from_builtins(content: Mapping[str, Any]) -> Counts:
    """What came that way."""
    return msgspec.convert(content, Counts)


def merge_counts(parts: Iterable[Counts]) -> Counts:
    """The counts of several processes as one; of latencies the worst of them."""
    every = list(parts)
    whole = Counts(finished=sum(part.finished for part in every))
    for part in every:
        _add(whole, part)
    lags = [part.behind_ms for part in every if part.behind_ms is not None]
    whole.behind_ms = max(lags, default=None)
    whole.aborted = next((part.aborted for part in every if part.aborted is not None), None)
    return whole


def _add(whole: Counts, part: Counts) -> None:
    for name, ms in part.latency.items():
        whole.latency[name] = max(whole.latency.get(name, 0.0), ms)
    for name, counted in part.stages.items():
        so_far = whole.stages.setdefault(name, StageCount(unit=counted.unit))
        so_far.count += counted.count
        so_far.first, so_far.last = min(so_far.first, counted.first), max(so_far.last, counted.last)
    for name, suspect in part.losses.items():
        known = whole.losses.setdefault(name, LossCount(unit=suspect.unit, blame=suspect.blame))
        known.looked_at += suspect.looked_at
        known.count += suspect.count
        known.examples = [*known.examples, *suspect.examples][:EXAMPLES]


def stage_results(counts: Counts) -> tuple[Stage, ...]:
    """As a result has them, in the order in which they began."""
    return tuple(
        Stage(name=name, unit=one.unit, count=one.count, seconds=max(0.0, one.last - one.first))
        for name, one in sorted(counts.stages.items(), key=lambda item: item[1].first)
        if one.count
    )


def loss_results(counts: Counts) -> tuple[Loss, ...]:
    """As a result has them."""
    return tuple(
        Loss(
            name=name,
            count=one.count,
            looked_at=one.looked_at,
            unit=one.unit,
            blame=one.blame,
            examples=tuple(one.examples),
        )
        for name, one in counts.losses.items()
    )
