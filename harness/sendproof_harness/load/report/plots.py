"""What the samples of a load test show over time, for a page to draw."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sendproof_harness.load.formatting import length, number, size
from sendproof_harness.load.model import Latency, LoadResult, Sample, Stage
from sendproof_harness.report.formatting import capitalised

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
    """Curves with one unit. `says` tells what is drawn."""

    title: str
    says: str
    unit: str
    curves: tuple[Curve, ...]


def plots(result: LoadResult) -> tuple[Plot, ...]:
    """What can be drawn of throughput, latency, processors and memory, which is what something was seen of.

    Each stage and each latency has a plot of its own: a thousand rows a second beside ten messages would leave of the
    messages a flat line.
    """
    every = (
        *(_throughput(result.samples, stage) for stage in result.stages),
        *(_latency(result.samples, latency) for latency in result.latencies),
        _processors(result),
        _memory(result),
    )
    return tuple(plot for plot in every if plot.curves)


def columns(result: LoadResult, drawn: Iterable[Plot]) -> Mapping[str, object]:
    """The same as plain values for the page's script: the times of all, and for each plot its curves."""
    return {
        "at": [round(sample.at, _PLACES) for sample in result.samples],
        "plots": [
            {
                "unit": plot.unit,
                "names": [curve.name for curve in plot.curves],
                "values": [curve.values for curve in plot.curves],
            }
            for plot in drawn
        ],
    }


def _throughput(samples: Sequence[Sample], stage: Stage) -> Plot:
    return Plot(
        title=f"Throughput of {stage.name}",
        says=f"{capitalised(stage.unit)} a second.",
        unit="a second",
        curves=_curves(
            {stage.name: _rates(samples, stage.name)},
            lambda seen: f"{number(stage.per_second)} a second on average, {number(max(seen))} at most",
        ),
    )


def _latency(samples: Sequence[Sample], latency: Latency) -> Plot:
    values = [sample.latency.get(latency.name) for sample in samples]
    return Plot(
        title=f"Latency of {latency.name}",
        says="Milliseconds, p95 of each second.",
        unit="ms",
        curves=_curves({latency.name: values}, lambda seen: f"from {length(min(seen))} to {length(max(seen))}"),
    )


def _processors(result: LoadResult) -> Plot:
    names = [process.name for process in result.processes]
    return Plot(
        title="Processors",
        says=f"How many of the machine's {result.processors} each process used.",
        unit="processors",
        curves=_curves(
            {name: [sample.cores.get(name) for sample in result.samples] for name in names},
            lambda seen: f"{sum(seen) / len(seen):.2f} on average, {max(seen):.2f} at most",
        ),
    )


def _memory(result: LoadResult) -> Plot:
    names = [process.name for process in result.processes]
    return Plot(
        title="Memory",
        says="How many megabytes each process held.",
        unit="MB",
        curves=_curves(
            {name: [sample.memory_mb.get(name) for sample in result.samples] for name in names},
            lambda seen: f"from {size(min(seen))} to {size(max(seen))}",
        ),
    )


def _curves(named: Mapping[str, Sequence[Value]], says: Callable[[Sequence[float]], str]) -> tuple[Curve, ...]:
    """Those of which something was seen; `says` tells in words what."""
    curves = []
    for name, values in named.items():
        seen = [value for value in values if value is not None]
        if seen:
            rounded = tuple(None if value is None else round(value, _PLACES) for value in values)
            curves.append(Curve(name=name, values=rounded, says=f"{name}: {says(seen)}"))
    return tuple(curves)


def _rates(samples: Sequence[Sample], stage: str) -> list[Value]:
    """How many came since the sample before, a second; nothing before the first and after the last."""
    reached = [(0.0, 0), *((sample.at, sample.counts.get(stage, 0)) for sample in samples)]
    rates = [(now - before) / (at - was) if at > was else 0.0 for (was, before), (at, now) in pairwise(reached)]
    active = [index for index, rate in enumerate(rates) if rate]
    return [rate if active and active[0] <= index <= active[-1] else None for index, rate in enumerate(rates)]
