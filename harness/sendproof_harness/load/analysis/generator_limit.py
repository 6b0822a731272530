"""The load generator's own limit: how much load its processes can make, from the processor time that they used.

A result below the limit describes the tested role. A result at the limit only measures the generator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from sendproof_harness.load.bottleneck import Window, stage_window
from sendproof_harness.load.formatting import DOWN, UP, format_duration, format_number, format_percent
from sendproof_harness.load.model import Kind, LoadResult

#: The stage in which the load generator acts by itself. In the other kinds it follows what the bridge does.
_STAGES: Mapping[Kind, str] = {
    "paging": "pages",
    "preferences": "preferences",
    "triggers": "triggers",
    "soak": "triggers",
}
_MASTER = "load master"
# Processor time is counted in hundredths of a second, so less says nothing.
_LEAST_CPU_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorLimit:
    """The limit of `processes` load generators in one stage: `ms_each` of a processor for each of its events.

    `used` is the share of the limit that the test reached.
    """

    unit: str
    ms_each: float
    processes: int
    per_second: float
    used: float

    @property
    def sentence(self) -> str:
        """Description for reports. Events that are sent together cost less, so the limit at a higher rate is higher."""
        one = "one process" if self.processes == 1 else f"{self.processes} processes"
        return (
            f"The load generator can make at least {format_number(self.per_second, DOWN)} {self.unit} per second with "
            f"{one}: it needed {format_duration(self.ms_each, UP)} of a processor for each, and this test used "
            f"{format_percent(Fraction(self.used), UP)} of that limit."
        )


def limit_of(result: LoadResult) -> GeneratorLimit | None:
    """Return the limit of the load generator; None if it follows the bridge, or the test was too short."""
    name = _STAGES.get(result.kind)
    stage = next((stage for stage in result.stages if stage.name == name), None)
    names = [p.name for p in result.processes if p.role == "load generator" and p.name != _MASTER]
    if stage is None or not names:
        return None
    cpu_s, seconds = _cpu_seconds(result, stage_window(result, stage.name), names)
    if cpu_s < _LEAST_CPU_S:
        return None
    each_s = cpu_s / stage.count
    return GeneratorLimit(
        unit=stage.unit,
        ms_each=1000 * each_s,
        processes=len(names),
        per_second=len(names) / each_s,
        used=cpu_s / (seconds * len(names)),
    )


def _cpu_seconds(result: LoadResult, window: Window, names: list[str]) -> tuple[float, float]:
    """Return the processor time of these processes in a window, and the length of the window, in seconds."""
    before, cpu_s, seconds = 0.0, 0.0, 0.0
    for sample in result.samples:
        if window.contains(sample):
            cpu_s += sum(sample.cores.get(name, 0.0) for name in names) * (sample.at - before)
            seconds += sample.at - before
        before = sample.at
    return cpu_s, seconds
