"""What the samples of a load test show over time, as columns of numbers that a page can draw."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sendproof_scenarios.load.model import LoadResult, Sample
from sendproof_scenarios.load.wording import length, number, size

# More digits than a curve can show only make the page longer.
_PLACES = 3

Value = float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One name over time, a value a sample, None where there was none; `says` tells it in words."""

    name: str
    values: tuple[Value, ...]
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Curves with one unit. `title` is a heading, `says` tells what is drawn."""

    id: str
    title: str
    says: str
    unit: str
    curves: tuple[Curve, ...]


def plots(result: LoadResult) -> tuple[Plot, ...]:
    """What can be drawn: throughput, latency, processors and memory, each only when something was seen of it."""
    samples = result.samples
    stages = [stage.name for stage in result.stages]
    processes = [process.name for process in result.processes]
    every = (
        Plot(
            id="throughput",
            title="Throughput",
            says="How much each stage got done, a second.",
            unit="a second",
            curves=_curves(stages, lambda name: _rates(samples, name), lambda value: f"{number(value)} a second"),
        ),
        Plot(
            id="latency",
            title="Latency",
            says="95% of what came within each second took at most so long, in milliseconds.",
            unit="ms",
            curves=_curves(
                [latency.name for latency in result.latencies],
                lambda name: [sample.latency.get(name) for sample in samples],
                length,
            ),
        ),
        Plot(
            id="processors",
            title="Processors",
            says=f"How many of the machine's {result.processors} processors each process used.",
            unit="processors",
            curves=_curves(processes, lambda name: [sample.cores.get(name) for sample in samples], number),
        ),
        Plot(
            id="memory",
            title="Memory",
            says="What each process held, in megabytes.",
            unit="MB",
            curves=_curves(processes, lambda name: [sample.memory_mb.get(name) for sample in samples], size),
        ),
    )
    return tuple(plot for plot in every if plot.curves)


def columns(result: LoadResult, drawn: Iterable[Plot]) -> Mapping[str, object]:
    """The same as plain values for the page's script: the times of all, and for each plot its curves."""
    return {
        "at": [round(sample.at, _PLACES) for sample in result.samples],
        "plots": [
            {
                "id": plot.id,
                "unit": plot.unit,
                "names": [curve.name for curve in plot.curves],
                "values": [curve.values for curve in plot.curves],
            }
            for plot in drawn
        ],
    }


def _curves(
    names: Iterable[str], values_of: Callable[[str], Sequence[Value]], worded: Callable[[float], str]
) -> tuple[Curve, ...]:
    every = ((name, values_of(name)) for name in names)
    return tuple(_curve(name, values, worded) for name, values in every if any(value is not None for value in values))


def _curve(name: str, values: Sequence[Value], worded: Callable[[float], str]) -> Curve:
    seen = [value for value in values if value is not None]
    says = f"{name}: {worded(sum(seen) / len(seen))} on average, {worded(max(seen))} at most"
    rounded = tuple(None if value is None else round(value, _PLACES) for value in values)
    return Curve(name=name, values=rounded, says=says)


def _rates(samples: Sequence[Sample], stage: str) -> list[Value]:
    """How many came since the sample before, a second; before the first there was nothing."""
    if not any(stage in sample.counts for sample in samples):
        return [None] * len(samples)
    reached = [(0.0, 0), *((sample.at, sample.counts.get(stage, 0)) for sample in samples)]
    return [(now - before) / (at - was) if at > was else 0.0 for (was, before), (at, now) in pairwise(reached)]
