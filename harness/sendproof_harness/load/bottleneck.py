"""Who was the limit of a load test, from its samples.

A speed is that of the slowest part of the way. Only when that part is the one that is tested does a missed level say
anything about it; the simulators, the load generator and the machine must have had more to give.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from sendproof_harness.load.formatting import length, listed
from sendproof_harness.load.model import Kind, LoadResult, Process, Role, Sample

#: One thread does the work of a process of the harness, so a whole processor is all it can use. Less than 1, as a
#: sample takes a little of what belongs to the next.
WHOLE_PROCESSOR = 0.9
#: The share of all processors of the machine from which on everybody waits for everybody.
WHOLE_MACHINE = 0.95
#: The share of the time from which on somebody was the limit, and not only busy now and then.
SUSTAINED = 0.5

#: These two ask the simulators alone; every other kind has a bridge.
WITHOUT_BRIDGE: frozenset[Kind] = frozenset({"paging", "preferences"})

# A second, and what a busy machine adds to it.
_BETWEEN_SAMPLES_S = 5.0

_HARNESS: tuple[Role, ...] = ("simulators", "load generator")
# Above this a bridge has shown that it can use several processors at once.
_MORE_THAN_ONE = 1.1


def tested_role(kind: Kind) -> Role:
    """Whose speed a load test of this kind measures."""
    return "simulators" if kind in WITHOUT_BRIDGE else "bridge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of a load test: the samples taken later than `after` and not later than `until`, both in seconds.

    `of` names what went on in it, and is empty for the whole.
    """

    of: str = ""
    after: float = 0.0
    until: float = math.inf


def stage_window(result: LoadResult, stage: str) -> Window:
    """From the first to the last sample in which the stage got on; the whole when the samples know nothing of it."""
    counts = [0, *(sample.counts.get(stage, 0) for sample in result.samples)]
    window = _window(stage, result, [now > before for before, now in pairwise(counts)])
    lasted = max((one.seconds for one in result.stages if one.name == stage), default=0.0)
    # What is counted only when it is over has lasted for longer than its samples tell.
    return Window(of=stage) if lasted > window.until - window.after + _BETWEEN_SAMPLES_S else window


def latency_window(result: LoadResult, latency: str) -> Window:
    """From the first to the last sample in which such an answer came; the whole when the samples know nothing of it."""
    return _window(f"{latency} latency", result, [latency in sample.latency for sample in result.samples])


def share_behind(result: LoadResult, window: Window, most_ms: float) -> Fraction:
    """In which part of the window's samples the load generator was further behind its plan; 0 where it has none."""
    lags = [
        sample.behind_ms
        for sample in result.samples
        if window.after < sample.at <= window.until and sample.behind_ms is not None
    ]
    return Fraction(sum(lag > most_ms for lag in lags), len(lags)) if lags else Fraction(0)


def _window(of: str, result: LoadResult, active: list[bool]) -> Window:
    if not any(active):
        return Window(of=of)
    first, last = active.index(True), len(active) - 1 - active[::-1].index(True)
    before = result.samples[first - 1].at if first else 0.0
    return Window(of=of, after=before, until=result.samples[last].at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUsage:
    """How busy a process was: the processors it used on average, and for which share of the time a whole one."""

    process: Process
    cores: float
    full: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """How busy everybody was in a window, and `tested` among them.

    Processes of which nothing was seen have no use. `machine` is the share of the time in which the whole machine was
    busy, and not with what is tested alone. `behind_ms` is how late the load generator was at worst; None without plan.
    """

    window: Window
    tested: Role
    uses: tuple[ProcessUsage, ...]
    machine: float
    processors: int
    behind_ms: float | None

    @property
    def unwatched(self) -> tuple[Role, ...]:
        """The roles of the harness of which nothing is known."""
        seen = {use.process.role for use in self.uses}
        return tuple(role for role in _HARNESS if role != self.tested and role not in seen)

    @property
    def limits(self) -> tuple[ProcessUsage, ...]:
        """The processes that could not have gone faster."""
        return tuple(use for use in self.uses if use.full >= SUSTAINED)

    @property
    def is_machine(self) -> bool:
        """Whether everybody was held up by everybody."""
        return self.machine >= SUSTAINED

    @property
    def is_harness(self) -> bool:
        """Whether something else than what is tested was the limit."""
        return self.is_machine or any(use.process.role != self.tested for use in self.limits)

    @property
    def sentence(self) -> str:
        """Who was the limit, for people."""
        return _sentence(self)


def find_bottleneck(result: LoadResult, window: Window | None = None) -> Bottleneck:
    """How busy everybody was in a window, or all the time."""
    window = window or Window()
    spells = _spells(result.samples, window)
    tested = tested_role(result.kind)
    own = [process.name for process in result.processes if process.role == tested]

    def everybody_waits(sample: Sample) -> bool:
        alone = sum(sample.cores.get(name, 0.0) for name in own) >= WHOLE_PROCESSOR * result.processors
        return sample.machine >= WHOLE_MACHINE and not alone

    return Bottleneck(
        window=window,
        tested=tested,
        uses=tuple(use for process in result.processes if (use := _use(process, spells)) is not None),
        machine=_share(spells, everybody_waits),
        processors=result.processors,
        behind_ms=max((sample.behind_ms for sample, _ in spells if sample.behind_ms is not None), default=None),
    )


#: A sample, and for how many seconds it speaks: since the one before it.
_Spell = tuple[Sample, float]


def _spells(samples: Iterable[Sample], window: Window) -> list[_Spell]:
    before, spells = 0.0, []
    for sample in samples:
        if window.after < sample.at <= window.until:
            spells.append((sample, sample.at - before))
        before = sample.at
    return spells


def _use(process: Process, spells: list[_Spell]) -> ProcessUsage | None:
    seen = [(sample, seconds) for sample, seconds in spells if process.name in sample.cores]
    if not seen:
        return None
    total = sum(seconds for _, seconds in seen)
    cores = sum(sample.cores[process.name] * seconds for sample, seconds in seen) / total
    full = _share(seen, lambda sample: sample.cores[process.name] >= WHOLE_PROCESSOR)
    return ProcessUsage(process=process, cores=cores, full=full)


def _share(spells: list[_Spell], condition: Callable[[Sample], bool]) -> float:
    total = sum(seconds for _, seconds in spells)
    return sum(seconds for sample, seconds in spells if condition(sample)) / total if total else 0.0


def _sentence(one: Bottleneck) -> str:
    of = f" of {one.window.of}" if one.window.of else ""
    if one.is_machine:
        return f"The machine was the limit{of}: {_all_processors(one)}; {_used(one.uses)}."
    if one.unwatched and not one.is_harness:
        verb = "was" if one.unwatched == ("load generator",) else "were"
        return f"Nobody can say who was the limit{of}: {_the_roles(one.unwatched)} {verb} not watched."
    if one.limits:
        return _limits(one, of)
    if not any(use.process.role == one.tested for use in one.uses):
        return f"Nobody who was watched was the limit{of}: {_used(one.uses)}; the {one.tested} was not watched."
    if one.behind_ms is not None:
        pace = f"the pace was that of the plan, and the load generator at most {length(one.behind_ms)} behind it"
        return f"Nobody was the limit{of}: {pace}."
    return f"Nobody was the limit{of}, everybody waited for somebody: {_used(one.uses)}."


def _all_processors(one: Bottleneck) -> str:
    them = "its processor was" if one.processors == 1 else f"all its {one.processors} processors were"
    return f"{them} busy for {one.machine:.0%} of the time"


def _limits(one: Bottleneck, of: str) -> str:
    """As in: the bridge was the limit, it used a whole processor for 86% of the time, while others used less."""
    head, *more = one.limits
    others = tuple(use for use in one.uses if use not in one.limits)
    names = listed([_the(use.process) for use in one.limits])
    alone = not more and head.process.role != "simulators"
    parts = [f"{_subject(head, alone=not more)} used a whole processor for {head.full:.0%} of the time"]
    parts += [f"{_the(use.process)} for {use.full:.0%}" for use in more]
    said = f"{_capital(names)} {'was' if alone else 'were'} the limit{of}: {listed(parts)}"
    return said + (f", while {_used(others)}." if others else ".") + _several_processors(one.limits)


def _subject(use: ProcessUsage, *, alone: bool) -> str:
    if not alone:
        return _the(use.process)
    return "they" if use.process.role == "simulators" else "it"


def _several_processors(limits: Iterable[ProcessUsage]) -> str:
    """A whole processor is a bridge's limit only where its language runs one thread at a time."""
    if any(use.process.role != "bridge" for use in limits):
        return ""
    most = max(use.cores for use in limits)
    if most > _MORE_THAN_ONE:
        return f" It can use several processors at once: it used {most:.2f} on average."
    return " If it can use several processors at once, it may have had more to give."


def _used(uses: Iterable[ProcessUsage]) -> str:
    """`the simulators used 0.31 processors and the load generator 0.20`, the processes of a role together."""
    by_role: dict[Role, float] = {}
    for use in uses:
        by_role[use.process.role] = by_role.get(use.process.role, 0.0) + use.cores
    if not by_role:
        return "nobody was watched"
    (first, cores), *more = by_role.items()
    return listed([f"the {first} used {cores:.2f} processors", *(f"the {role} {rest:.2f}" for role, rest in more)])


def _the_roles(roles: Iterable[Role]) -> str:
    return listed([f"the {role}" for role in roles])


def _the(process: Process) -> str:
    """A name with a number is a name; any other wants an article."""
    return process.name if process.name[-1].isdigit() else f"the {process.name}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
