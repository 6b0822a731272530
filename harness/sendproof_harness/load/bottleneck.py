"""Bottleneck of a load test, from its samples.

The slowest part determines the speed. A missed level concerns the tested part only if that part was the
bottleneck: the simulators, the load generator and the machine must have had capacity left.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from sendproof_harness.load.formatting import format_duration, join_names
from sendproof_harness.load.model import Kind, LoadResult, Process, Role, Sample
from sendproof_harness.report.formatting import capitalised

#: Processors at which a process is busy. One thread does the work of a process of the harness, so it can use at most
#: one processor. Less than 1, because the limits of a sample are not exact.
BUSY_PROCESS = 0.9
#: Share of all processors of the machine at which all processes wait for each other.
BUSY_MACHINE = 0.95
#: Share of the time for which a process must be busy to be the bottleneck.
SUSTAINED = 0.5

#: Kinds that test the simulators alone; all other kinds have a bridge.
WITHOUT_BRIDGE: frozenset[Kind] = frozenset({"paging", "preferences"})

# One second, and the delay that a busy machine adds to it.
_BETWEEN_SAMPLES_S = 5.0

_HARNESS: tuple[Role, ...] = ("simulators", "load generator")
# A bridge above this average can use several processors at once.
_SEVERAL_PROCESSORS = 1.1


def tested_role(kind: Kind) -> Role:
    """Return the role that a load test of this kind measures."""
    return "simulators" if kind in WITHOUT_BRIDGE else "bridge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Time of a stage or latency: the samples after `after` and up to `until`, in seconds since the start.

    `of` names the stage or latency, and is empty for the whole load test.
    """

    of: str = ""
    after: float = 0.0
    until: float = math.inf

    def contains(self, sample: Sample) -> bool:
        """Return True if a sample was taken in this window."""
        return self.after < sample.at <= self.until


def stage_window(result: LoadResult, stage: str) -> Window:
    """Return the window of the samples with events of a stage, or the whole time without such a sample."""
    counts = [0, *(sample.counts.get(stage, 0) for sample in result.samples)]
    window = _window(stage, result, [now > before for before, now in pairwise(counts)])
    duration = max((entry.seconds for entry in result.stages if entry.name == stage), default=0.0)
    # A stage that is only counted at its end lasted longer than its samples show.
    return Window(of=stage) if duration > window.until - window.after + _BETWEEN_SAMPLES_S else window


def latency_window(result: LoadResult, latency: str) -> Window:
    """Return the window of the samples with responses of a latency, or the whole time without such a sample."""
    return _window(f"{latency} latency", result, [latency in sample.latency for sample in result.samples])


def share_behind(result: LoadResult, window: Window, max_ms: float) -> Fraction:
    """Return the share of a window's samples with a load generator more than `max_ms` behind its schedule.

    The share is 0 for a load generator without a schedule.
    """
    delays = [sample.behind_ms for sample in result.samples if window.contains(sample) and sample.behind_ms is not None]
    return Fraction(sum(delay > max_ms for delay in delays), len(delays)) if delays else Fraction(0)


def _window(of: str, result: LoadResult, active: list[bool]) -> Window:
    if not any(active):
        return Window(of=of)
    first, last = active.index(True), len(active) - 1 - active[::-1].index(True)
    before = result.samples[first - 1].at if first else 0.0
    return Window(of=of, after=before, until=result.samples[last].at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUsage:
    """Usage of a process in a window: `cores` on average, and the share of the time with a `full` processor."""

    process: Process
    cores: float
    full: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """Usage of all processes in a window, and the bottleneck among them; `tested` is the role under test.

    Processes without samples have no usage. `machine` is the share of the time when the whole machine was busy, and
    not only with the tested role. `behind_ms` is the largest delay of the load generator, None without a schedule.
    """

    window: Window
    tested: Role
    uses: tuple[ProcessUsage, ...]
    machine: float
    processors: int
    behind_ms: float | None

    @property
    def unwatched(self) -> tuple[Role, ...]:
        """Roles of the harness that have no samples."""
        watched = {use.process.role for use in self.uses}
        return tuple(role for role in _HARNESS if role != self.tested and role not in watched)

    @property
    def saturated(self) -> tuple[ProcessUsage, ...]:
        """Processes that had no capacity left."""
        return tuple(use for use in self.uses if use.full >= SUSTAINED)

    @property
    def is_machine(self) -> bool:
        """True if the machine was the bottleneck."""
        return self.machine >= SUSTAINED

    @property
    def is_harness(self) -> bool:
        """True if anything except the tested role was the bottleneck."""
        return self.is_machine or any(use.process.role != self.tested for use in self.saturated)

    @property
    def sentence(self) -> str:
        """Description of the bottleneck for reports."""
        return _sentence(self)


def find_bottleneck(result: LoadResult, window: Window | None = None) -> Bottleneck:
    """Return the bottleneck in a window, or in the whole load test."""
    window = window or Window()
    weighted = _weighted_samples(result.samples, window)
    tested = tested_role(result.kind)
    tested_names = [process.name for process in result.processes if process.role == tested]

    def is_machine_busy(sample: Sample) -> bool:
        cores = sum(sample.cores.get(name, 0.0) for name in tested_names)
        return sample.machine >= BUSY_MACHINE and cores < BUSY_PROCESS * result.processors

    return Bottleneck(
        window=window,
        tested=tested,
        uses=tuple(use for process in result.processes if (use := _usage(process, weighted)) is not None),
        machine=_share(weighted, is_machine_busy),
        processors=result.processors,
        behind_ms=max((sample.behind_ms for sample, _ in weighted if sample.behind_ms is not None), default=None),
    )


#: A sample and its duration: the seconds since the previous sample.
_WeightedSample = tuple[Sample, float]


def _weighted_samples(samples: Iterable[Sample], window: Window) -> list[_WeightedSample]:
    before, weighted = 0.0, []
    for sample in samples:
        if window.contains(sample):
            weighted.append((sample, sample.at - before))
        before = sample.at
    return weighted


def _usage(process: Process, weighted: list[_WeightedSample]) -> ProcessUsage | None:
    watched = [(sample, seconds) for sample, seconds in weighted if process.name in sample.cores]
    if not watched:
        return None
    total = sum(seconds for _, seconds in watched)
    cores = sum(sample.cores[process.name] * seconds for sample, seconds in watched) / total
    full = _share(watched, lambda sample: sample.cores[process.name] >= BUSY_PROCESS)
    return ProcessUsage(process=process, cores=cores, full=full)


def _share(weighted: list[_WeightedSample], condition: Callable[[Sample], bool]) -> float:
    total = sum(seconds for _, seconds in weighted)
    return sum(seconds for sample, seconds in weighted if condition(sample)) / total if total else 0.0


def _sentence(bottleneck: Bottleneck) -> str:
    of = f" of {bottleneck.window.of}" if bottleneck.window.of else ""
    usage = _usage_text(bottleneck.uses)
    if bottleneck.is_machine:
        return f"The machine was the bottleneck{of}: {_busy_processors(bottleneck)}; {usage}."
    if bottleneck.unwatched and not bottleneck.is_harness:
        verb = "was" if bottleneck.unwatched == ("load generator",) else "were"
        return f"The bottleneck{of} is unknown: {_roles(bottleneck.unwatched)} {verb} not watched."
    if bottleneck.saturated:
        return _saturated_sentence(bottleneck, of)
    if not any(use.process.role == bottleneck.tested for use in bottleneck.uses):
        return f"No watched process was the bottleneck{of}: {usage}; the {bottleneck.tested} was not watched."
    if bottleneck.behind_ms is not None:
        delay = format_duration(bottleneck.behind_ms)
        return f"No bottleneck{of}: the load generator set the pace, at most {delay} behind its schedule."
    return f"No bottleneck{of}: every process had capacity left; {usage}."


def _busy_processors(bottleneck: Bottleneck) -> str:
    subject = "its processor was" if bottleneck.processors == 1 else f"all its {bottleneck.processors} processors were"
    return f"{subject} busy for {bottleneck.machine:.0%} of the time"


def _saturated_sentence(bottleneck: Bottleneck, of: str) -> str:
    """Return the sentence for processes without capacity, with the usage of the others."""
    first, *more = bottleneck.saturated
    others = tuple(use for use in bottleneck.uses if use not in bottleneck.saturated)
    names = join_names([_with_article(use.process) for use in bottleneck.saturated])
    is_singular = not more and first.process.role != "simulators"
    parts = [f"{_subject(first, alone=not more)} used a whole processor for {first.full:.0%} of the time"]
    parts += [f"{_with_article(use.process)} for {use.full:.0%}" for use in more]
    verb = "was" if is_singular else "were"
    sentence = f"{capitalised(names)} {verb} the bottleneck{of}: {join_names(parts)}"
    return sentence + (f"; {_usage_text(others)}." if others else ".") + _several_processors(bottleneck.saturated)


def _subject(use: ProcessUsage, *, alone: bool) -> str:
    if not alone:
        return _with_article(use.process)
    return "they" if use.process.role == "simulators" else "it"


def _several_processors(saturated: Iterable[ProcessUsage]) -> str:
    """Return a hint for a saturated bridge: one processor is its limit only if it runs one thread at a time."""
    if any(use.process.role != "bridge" for use in saturated):
        return ""
    cores = max(use.cores for use in saturated)
    if cores > _SEVERAL_PROCESSORS:
        return f" It can use several processors at once: it used {cores:.2f} on average."
    return " If it can use several processors at once, it may have had capacity left."


def _usage_text(uses: Iterable[ProcessUsage]) -> str:
    """Return `the simulators used 0.31 processors and the load generator 0.20`, with a sum for each role."""
    by_role: dict[Role, float] = {}
    for use in uses:
        by_role[use.process.role] = by_role.get(use.process.role, 0.0) + use.cores
    if not by_role:
        return "no process was watched"
    (first, first_cores), *more = by_role.items()
    return join_names(
        [f"the {first} used {first_cores:.2f} processors", *(f"the {role} {cores:.2f}" for role, cores in more)]
    )


def _roles(roles: Iterable[Role]) -> str:
    return join_names([f"the {role}" for role in roles])


def _with_article(process: Process) -> str:
    """Return the name of a process, with an article unless it ends with a number."""
    return process.name if process.name[-1].isdigit() else f"the {process.name}"
