"""Comparison of two results of the same load test: ratios, and which differences matter.

A difference matters if it is larger than a tenth, and larger than what the samples of both tests vary by themselves.
Speeds on a busy machine are not compared, but processor time for each message is: it depends less on other programs.

Every loss and every finding more is worse. A test that ended early has too few of both, and no speed to compare.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import median
from typing import Literal

from sendproof_harness.load.bottleneck import (
    SUSTAINED,
    Window,
    find_bottleneck,
    latency_window,
    stage_window,
    tested_role,
)
from sendproof_harness.load.model import LoadResult
from sendproof_harness.load.tracking.trigger_tracker import UNANSWERED, UNSENT
from sendproof_harness.load.verdict import headline_stage

#: A smaller difference never matters.
LEAST = 0.1
Difference = Literal["better", "worse", "same", "unknown"]
Unit = Literal["per second", "ms", "MB", "count"]

_ENOUGH_SAMPLES = 5
# Twice the standard error on both sides.
_CERTAINTY = 2.0
_MAD_TO_DEVIATION = 1.4826
_LEAST_CPU_S, _LEAST_MB = 1.0, 10.0
# Programs that share caches and processors make the same work cost more: measured with equal tests, up to a quarter.
_BUSY_CPU_NOISE = 0.5
_ONLY_IN_ONE = "only one of the results has it"
# What a comparison is about may differ.
_FREE_SETTINGS = frozenset({"bridge"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One measure of both results; None if a result does not have it. `why` is the reason for an unknown difference."""

    measure: str
    unit: Unit
    earlier: float | None
    later: float | None
    difference: Difference
    why: str = ""

    @property
    def ratio(self) -> float | None:
        """The later value divided by the earlier one; None if that was 0, or one of them is missing."""
        return self.later / self.earlier if self.earlier and self.later is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All measures of the results, the settings that differ, and the tests that ended early, in words."""

    earlier: LoadResult
    later: LoadResult
    measures: tuple[Compared, ...]
    settings: tuple[str, ...]
    early_ends: tuple[str, ...]

    @property
    def status(self) -> Literal["pass", "fail", "unknown"]:
        """`fail` if anything got worse; `unknown` if a test ended early, lacks a measure, or no speed is known."""
        if any(compared.difference == "worse" for compared in self.measures):
            return "fail"
        if self.early_ends or any(compared.why == _ONLY_IN_ONE for compared in self.measures):
            return "unknown"
        is_known = any(
            compared.difference != "unknown" for compared in self.measures if compared.unit in {"per second", "ms"}
        )
        return "pass" if is_known else "unknown"


def compare(earlier: LoadResult, later: LoadResult) -> Comparison:
    """Compare two results. Raises `ValueError` if they are of different kinds."""
    if earlier.kind != later.kind:
        raise ValueError(f"expected two results of the same kind of load test, got {earlier.kind} and {later.kind}")
    settings = tuple(_different_settings(earlier, later))
    early_ends = tuple(
        f"the {name} test ended early: {result.abort_reason}"
        for name, result in (("earlier", earlier), ("later", later))
        if result.abort_reason is not None
    )
    obstacles = [*early_ends, *([f"the tests differ in {', '.join(settings)}"] if settings else [])]
    pair = _Pair(earlier=earlier, later=later, obstacle="; ".join(obstacles), early_ends=early_ends)
    measures = tuple(pair.measures())
    return Comparison(earlier=earlier, later=later, measures=measures, settings=settings, early_ends=early_ends)


def _different_settings(earlier: LoadResult, later: LoadResult) -> Iterator[str]:
    for name in dict.fromkeys((*earlier.settings, *later.settings)):
        if name not in _FREE_SETTINGS and earlier.settings.get(name) != later.settings.get(name):
            yield name
    if earlier.processors != later.processors and "machine" not in earlier.settings:
        yield "processors"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Two results, and why their speeds cannot be compared, if they cannot."""

    earlier: LoadResult
    later: LoadResult
    obstacle: str
    early_ends: tuple[str, ...]

    def measures(self) -> Iterator[Compared]:
        yield from self._stages()
        yield from self._latencies()
        yield from self._processes()
        yield from self._counts()
        yield from self._missing()

    def _stages(self) -> Iterator[Compared]:
        later = {stage.name: stage for stage in self.later.stages}
        for stage in self.earlier.stages:
            if stage.name in later:
                windows = (stage_window(self.earlier, stage.name), stage_window(self.later, stage.name))
                rates = (_rates(self.earlier, stage.name), _rates(self.later, stage.name))
                values = (stage.per_second, later[stage.name].per_second)
                yield self._speed(f"throughput of {stage.name}", "per second", values, rates, windows)

    def _latencies(self) -> Iterator[Compared]:
        later = {latency.name: latency for latency in self.later.latencies}
        for latency in self.earlier.latencies:
            name = latency.name
            if name in later:
                windows = (latency_window(self.earlier, name), latency_window(self.later, name))
                spreads = (_latency_samples(self.earlier, name), _latency_samples(self.later, name))
                for percentile in ("p50", "p95"):
                    values = (getattr(latency, percentile), getattr(later[name], percentile))
                    yield self._speed(f"{name} latency, {percentile}", "ms", values, spreads, windows)

    def _speed(
        self,
        measure: str,
        unit: Unit,
        values: tuple[float, float],
        samples: tuple[Sequence[float], Sequence[float]],
        windows: tuple[Window, Window],
    ) -> Compared:
        why = self.obstacle
        if not why and min(map(len, samples)) < _ENOUGH_SAMPLES:
            why = f"fewer than {_ENOUGH_SAMPLES} seconds of samples"
        if not why:
            results = (self.earlier, self.later)
            busy = [find_bottleneck(*pair).is_harness for pair in zip(results, windows, strict=True)]
            why = "the machine or Sendproof was the bottleneck" if any(busy) else ""
        noise = _CERTAINTY * sqrt(sum(_standard_error(part) ** 2 for part in samples)) if not why else 0.0
        return _compared(measure, unit, values, noise, why)

    def _processes(self) -> Iterator[Compared]:
        """Yield processor time and memory of the tested role; those of the others are not its fault."""
        role = tested_role(self.earlier.kind)
        before, after = (
            [process for process in result.processes if process.role == role] for result in (self.earlier, self.later)
        )
        if not before or not after:
            return
        cpu = sum(process.cpu_seconds for process in before), sum(process.cpu_seconds for process in after)
        yield from self._cpu_each(role, cpu)
        peaks = sum(process.peak_mb for process in before), sum(process.peak_mb for process in after)
        noise = 1.0 if abs(peaks[1] - peaks[0]) < _LEAST_MB else 0.0
        yield _compared(f"memory of the {role}", "MB", peaks, noise, self.obstacle)

    def _cpu_each(self, role: str, cpu: tuple[float, float]) -> Iterator[Compared]:
        """Yield the processor time for each event of the headline stage, in milliseconds."""
        before, after = headline_stage(self.earlier), headline_stage(self.later)
        if before is None or after is None or before.name != after.name:
            return
        values = (1000 * cpu[0] / before.count, 1000 * cpu[1] / after.count)
        why = self.obstacle or ("" if min(cpu) >= _LEAST_CPU_S else f"less than {_LEAST_CPU_S:g} s of processor time")
        is_busy = any(_is_busy(result) for result in (self.earlier, self.later))
        noise = _BUSY_CPU_NOISE if is_busy else 0.0
        yield _compared(f"processor time of the {role}, per event of {before.name}", "ms", values, noise, why)

    def _counts(self) -> Iterator[Compared]:
        """Yield the losses, and the findings of each check."""
        earlier, later = _counts_of(self.earlier), _counts_of(self.later)
        for measure in dict.fromkeys((*earlier, *later)):
            before, after = earlier.get(measure), later.get(measure)
            difference, why = self._change(before, after)
            yield Compared(measure=measure, unit="count", earlier=before, later=after, difference=difference, why=why)

    def _change(self, before: int | None, after: int | None) -> tuple[Difference, str]:
        """Return the difference of two counts; a test that ended early may have counted too few."""
        if before is None or after is None:
            return "unknown", _ONLY_IN_ONE
        if after > before:
            return "worse", ""
        if self.early_ends:
            return "unknown", "; ".join(self.early_ends)
        return ("same" if before == after else "better"), ""

    def _missing(self) -> Iterator[Compared]:
        """Yield the stages and latencies that only one of the results has."""
        rates = [{f"throughput of {stage.name}": stage.per_second for stage in r.stages} for r in self._results]
        times = [{f"{latency.name} latency, p95": latency.p95 for latency in r.latencies} for r in self._results]
        units: tuple[tuple[Unit, list[dict[str, float]]], ...] = (("per second", rates), ("ms", times))
        for unit, (before, after) in units:
            for measure in dict.fromkeys(name for name in (*before, *after) if (name in before) != (name in after)):
                values = before.get(measure), after.get(measure)
                yield Compared(
                    measure=measure,
                    unit=unit,
                    earlier=values[0],
                    later=values[1],
                    difference="unknown",
                    why=_ONLY_IN_ONE,
                )

    @property
    def _results(self) -> tuple[LoadResult, LoadResult]:
        return self.earlier, self.later


def _counts_of(result: LoadResult) -> dict[str, int]:
    """Return the losses that were looked for, and the findings of the checks that could decide, by name."""
    counted = (loss for loss in result.losses if loss.name not in {UNANSWERED, UNSENT})
    losses = {loss.name: loss.count for loss in counted if loss.looked_at or loss.count}
    checks = {
        f"findings of {check.requirement} ({check.id})": check.count if check.status == "fail" else 0
        for check in result.checks
        if check.status in {"pass", "fail"}
    }
    return {**losses, **checks}


def _is_busy(result: LoadResult) -> bool:
    """Return True if other programs than the tested one used the machine for most of the time."""
    return find_bottleneck(result, Window()).machine >= SUSTAINED


def _compared(measure: str, unit: Unit, values: tuple[float, float], noise: float, why: str) -> Compared:
    earlier, later = values
    difference: Difference = "unknown" if why else _difference(earlier, later, noise, rises_well=unit == "per second")
    return Compared(measure=measure, unit=unit, earlier=earlier, later=later, difference=difference, why=why)


def _difference(earlier: float, later: float, noise: float, *, rises_well: bool) -> Difference:
    largest = max(earlier, later)
    if not largest or abs(later - earlier) <= max(LEAST, noise) * min(largest, earlier or largest):
        return "same"
    return "better" if (later > earlier) == rises_well else "worse"


def _rates(result: LoadResult, stage: str) -> list[float]:
    """Return the rates of a stage between two samples with events of it."""
    points = [(0.0, 0), *((sample.at, sample.counts.get(stage, 0)) for sample in result.samples)]
    rates = [(after - before) / (at - at_before) for (at_before, before), (at, after) in pairwise(points)]
    return [rate for rate in rates if rate > 0]


def _latency_samples(result: LoadResult, name: str) -> list[float]:
    return [sample.latency[name] for sample in result.samples if name in sample.latency]


def _standard_error(values: Sequence[float]) -> float:
    """Return the standard error of the values as a share of their median; robust against single outliers."""
    middle = median(values)
    deviation = _MAD_TO_DEVIATION * median(abs(value - middle) for value in values)
    return deviation / middle / sqrt(len(values)) if middle else 1.0
