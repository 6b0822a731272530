"""Plots of the samples of a load test over time, as data for the HTML page."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sendproof_harness.load.formatting import format_duration, format_number, format_size
from sendproof_harness.load.model import Latency, LoadResult, Sample, Stage
from sendproof_harness.report.formatting import capitalised

# More digits are not visible in a curve, and would make the page longer.
_PLACES = 3
# Fewer points are no line, and look like a defect of the plot.
_DRAWN_MIN = 3

Value = float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One name over time, with a value per sample, or None; `description` is its text alternative."""

    name: str
    values: tuple[Value, ...]
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Curves with one unit."""

    title: str
    description: str
    unit: str
    curves: tuple[Curve, ...]

    @property
    def is_drawn(self) -> bool:
        """True if a curve has enough values to be a line. A load test of a second has only its text."""
        return any(sum(value is not None for value in curve.values) >= _DRAWN_MIN for curve in self.curves)


def build_plots(result: LoadResult) -> tuple[Plot, ...]:
    """Return the plots of throughput, latency, processors and memory that have values.

    Each stage and each latency has its own plot: next to a thousand rows per second, ten messages per second would be a
    flat line.
    """
    plots = (
        *(_throughput(result.samples, stage) for stage in result.stages),
        *(_latency(result.samples, latency) for latency in result.latencies),
        _processors(result),
        _memory(result),
    )
    return tuple(plot for plot in plots if plot.curves)


def plot_data(result: LoadResult, plots: Iterable[Plot]) -> Mapping[str, object]:
    """Return the plots as plain values for the page's script: the common times, and the curves of each plot."""
    return {
        "at": [round(sample.at, _PLACES) for sample in result.samples],
        "plots": [
            {
                "unit": plot.unit,
                "names": [curve.name for curve in plot.curves],
                "values": [curve.values for curve in plot.curves],
            }
            if plot.is_drawn
            else None
            for plot in plots
        ],
    }


def _throughput(samples: Sequence[Sample], stage: Stage) -> Plot:
    return Plot(
        title=f"Throughput of {stage.name}",
        description=f"{capitalised(stage.unit)} per second.",
        unit="per second",
        curves=_curves(
            {stage.name: _rates(samples, stage.name)},
            lambda known: (
                f"{format_number(stage.per_second)} per second on average, {format_number(max(known))} at most"
            ),
        ),
    )


def _latency(samples: Sequence[Sample], latency: Latency) -> Plot:
    values = [sample.latency.get(latency.name) for sample in samples]
    return Plot(
        title=f"Latency of {latency.name}",
        description="Milliseconds, p95 of each second.",
        unit="ms",
        curves=_curves(
            {latency.name: values}, lambda known: f"from {format_duration(min(known))} to {format_duration(max(known))}"
        ),
    )


def _processors(result: LoadResult) -> Plot:
    names = [process.name for process in result.processes]
    return Plot(
        title="Processors",
        description=f"Processors in use by each process; the machine has {result.processors}.",
        unit="processors",
        curves=_curves(
            {name: [sample.cores.get(name) for sample in result.samples] for name in names},
            lambda known: f"{sum(known) / len(known):.2f} on average, {max(known):.2f} at most",
        ),
    )


def _memory(result: LoadResult) -> Plot:
    names = [process.name for process in result.processes]
    return Plot(
        title="Memory",
        description="Megabytes of each process.",
        unit="MB",
        curves=_curves(
            {name: [sample.memory_mb.get(name) for sample in result.samples] for name in names},
            lambda known: f"from {format_size(min(known))} to {format_size(max(known))}",
        ),
    )


def _curves(named: Mapping[str, Sequence[Value]], describe: Callable[[Sequence[float]], str]) -> tuple[Curve, ...]:
    """Return the curves that have values; `describe` returns the text alternative of the values."""
    curves = []
    for name, values in named.items():
        known = [value for value in values if value is not None]
        if known:
            rounded = tuple(None if value is None else round(value, _PLACES) for value in values)
            curves.append(Curve(name=name, values=rounded, description=f"{name}: {describe(known)}"))
    return tuple(curves)


def _rates(samples: Sequence[Sample], stage: str) -> list[Value]:
    """Return the rates per second since the previous sample; None before the first event and after the last."""
    totals = [(0.0, 0), *((sample.at, sample.counts.get(stage, 0)) for sample in samples)]
    rates = [
        (count - count_before) / (at - at_before) if at > at_before else 0.0
        for (at_before, count_before), (at, count) in pairwise(totals)
    ]
    active = [index for index, rate in enumerate(rates) if rate]
    return [rate if active and active[0] <= index <= active[-1] else None for index, rate in enumerate(rates)]
