"""Verdict of a load test: its result compared with service levels.

`judge` is pure: the same result and levels always give the same verdict.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from sendproof_harness.history.wording import counted
from sendproof_harness.judge.findings import Blame
from sendproof_harness.judge.verdict import EXIT_STATUS, Status, worst_status
from sendproof_harness.load.analysis.growth import ENOUGH, growth_of, last_quarter
from sendproof_harness.load.bottleneck import (
    Bottleneck,
    Window,
    find_bottleneck,
    latency_window,
    share_behind,
    stage_window,
    tested_role,
)
from sendproof_harness.load.formatting import (
    DOWN,
    UP,
    format_duration,
    format_number,
    format_percent,
    format_size,
    join_names,
)
from sendproof_harness.load.model import Kind, Latency, LoadResult, Loss, Role, Sample, Stage
from sendproof_harness.load.service_levels import Grows, Percentile, ServiceLevels
from sendproof_harness.load.tracking.trigger_tracker import UNANSWERED, UNSENT
from sendproof_harness.report.formatting import capitalised

#: By measure: the growth that a soak accepts, as a share, and the growth that never matters (MB, number, ms). A pool of
#: connections grows with each higher peak of the traffic, up to its limit.
GROWTH: Mapping[Grows, tuple[Fraction, float]] = {
    "memory": (Fraction(10, 100), 20.0),
    "descriptors": (Fraction(10, 100), 100.0),
    "latency": (Fraction(50, 100), 100.0),
}
# A runtime with a garbage collector fills its heap first.
_HEAP_FILLS_S = 3_600.0
_HEAP = (
    "Memory rose throughout. Within an hour, that may be a heap that fills before it is collected: "
    "use --seconds 3600 or more, or set the level growth in --thresholds."
)
_LONGER = "Use {}: a quarter of the time needs that many samples, one per second."
_TIMED: Sequence[Kind] = ("triggers", "soak")
#: Beginning of the id of a level that is a check of the history.
CHECK = "check."
# A few events without a response change neither the load nor what is known about the bridge.
_ACCEPTED_UNANSWERED = Fraction(1, 100)
_OVERLOADED = "The simulators or the machine were overloaded: repeat with a lower --rate, or on a faster machine."
# A short interruption by the machine delays only a few calls, which do not change the latencies.
_ACCEPTED_BEHIND = Fraction(5, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLevel:
    """One level with its status.

    `id` is stable: `loss.lost`, `check.numbers`, `latency.message.p95`. `blame` is the party that has to act, or None.
    `why` has details if `expected` and `got` do not explain the status. `examples` are those of a loss.
    """

    id: str
    title: str
    status: Status
    expected: str
    got: str
    blame: Blame | None = None
    why: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadVerdict:
    """Status of a load test and of each level; `bottleneck` is that of the headline stage."""

    status: Status
    result: LoadResult
    levels: tuple[JudgedLevel, ...]
    bottleneck: Bottleneck

    @property
    def exit_status(self) -> int:
        """Exit status: 0 pass, 1 fail, 2 unknown, 3 error."""
        return EXIT_STATUS[self.status]


def judge(result: LoadResult, levels: ServiceLevels) -> LoadVerdict:
    """Compare a result with service levels.

    Every loss is judged, named or not. A result without losses and levels proves nothing: `unknown`.
    """
    judged = (
        *_early_end(result),
        *_losses(result, levels),
        *_checks(result),
        *_throughput(result, levels),
        *_latencies(result, levels),
        *_failed_calls(result, levels),
        *_memory(result, levels),
        *_growth(result, levels),
    )
    return LoadVerdict(
        status=worst_status(level.status for level in judged),
        result=result,
        levels=judged,
        bottleneck=find_bottleneck(result, _headline_window(result)),
    )


def headline_stage(result: LoadResult) -> Stage | None:
    """Return the stage of the headline speed: that of the recipients or the messages, else the last stage."""
    named = [stage for unit in ("recipients", "messages") for stage in result.stages if stage.unit == unit]
    return next(iter((*named, *reversed(result.stages))), None)


def _headline_window(result: LoadResult) -> Window:
    stage = headline_stage(result)
    return Window() if stage is None else stage_window(result, stage.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """Service level before it is judged; each method returns it with a status."""

    id: str
    title: str
    expected: str

    def met(self, got: str, *, examples: tuple[str, ...] = ()) -> JudgedLevel:
        return self._judge("pass", got, examples=examples)

    def missed(self, got: str, blame: Blame, why: str = "", examples: tuple[str, ...] = ()) -> JudgedLevel:
        return self._judge("fail", got, blame, why, examples)

    def failed_itself(self, got: str, why: str, examples: tuple[str, ...] = ()) -> JudgedLevel:
        """Return an error of the load test, which is not the fault of the tested role."""
        return self._judge("error", got, "harness", why, examples)

    def unknown(self, got: str, blame: Blame | None = None, why: str = "") -> JudgedLevel:
        return self._judge("unknown", got, blame, why)

    def not_observed(self, known: Iterable[str]) -> JudgedLevel:
        """Return unknown: the name is not in the result, because it is misspelt or of another kind of load test."""
        names = [f'"{name}"' for name in known]
        if not names:
            return self.unknown("not observed")
        return self.unknown("not observed", "config", f"This load test observes {join_names(names)}.")

    def _judge(
        self,
        status: Status,
        got: str,
        blame: Blame | None = None,
        why: str = "",
        examples: tuple[str, ...] = (),
    ) -> JudgedLevel:
        return JudgedLevel(
            id=self.id,
            title=self.title,
            status=status,
            expected=self.expected,
            got=got,
            blame=blame,
            why=why,
            examples=examples,
        )


def _early_end(result: LoadResult) -> Iterator[JudgedLevel]:
    """Judge an early end; without one there is nothing to judge, because a normal end proves nothing."""
    if result.abort_reason is not None:
        yield JudgedLevel(
            id="end",
            title="The load test completes",
            status="error" if result.abort_blame == "harness" else "fail",
            expected="completion",
            got=result.abort_reason,
            blame=result.abort_blame,
        )


def _losses(result: LoadResult, levels: ServiceLevels) -> Iterator[JudgedLevel]:
    known = {loss.name: loss for loss in result.losses}
    for name in dict.fromkeys((*known, *levels.losses)):
        maximum = levels.losses.get(name, 0)
        level = _Level(
            id=f"loss.{name}", title=capitalised(name), expected=f"at most {maximum:,}" if maximum else "none"
        )
        yield _loss(level, known[name], maximum) if name in known else level.not_observed(known)


def _loss(level: _Level, loss: Loss, maximum: int) -> JudgedLevel:
    if not loss.looked_at and not loss.count:
        return level.unknown(f"nothing to check: no {loss.unit}")
    got = f"{loss.count:,} of {counted(loss.looked_at, loss.unit)}"
    if loss.name in {UNANSWERED, UNSENT}:
        return _unanswered(level, loss, got)
    if loss.count > maximum:
        return level.missed(got, loss.blame, examples=loss.examples)
    return level.met(got, examples=loss.examples)


def _unanswered(level: _Level, loss: Loss, got: str) -> JudgedLevel:
    """Return an error of the harness if too many events got no response or were not sent: it was another load."""
    accepted = replace(level, expected=f"at most {format_percent(_ACCEPTED_UNANSWERED)}")
    if loss.count <= loss.looked_at * _ACCEPTED_UNANSWERED:
        return accepted.met(got, examples=loss.examples)
    return accepted.failed_itself(got, _OVERLOADED, loss.examples)


def _checks(result: LoadResult) -> Iterator[JudgedLevel]:
    """Yield the checks of the history, which no threshold changes."""
    for check in result.checks:
        looked_at = counted(check.looked_at, check.unit)
        yield JudgedLevel(
            id=f"{CHECK}{check.id}",
            title=f"{check.title} ({check.requirement})",
            status=check.status,
            expected="no findings",
            got=f"{counted(check.count, 'findings')} in {looked_at}" if check.count else f"none in {looked_at}",
            blame=check.blame,
            examples=check.causes,
        )


def _throughput(result: LoadResult, levels: ServiceLevels) -> Iterator[JudgedLevel]:
    stages = {stage.name: stage for stage in result.stages}
    for name, minimum in levels.throughput.items():
        level = _Level(
            id=f"throughput.{name}",
            title=f"Throughput of {name}",
            expected=f"at least {format_number(minimum)} per second",
        )
        if name not in stages:
            yield level.not_observed(stages)
        elif not stages[name].per_second:
            yield level.unknown(f"{counted(stages[name].count, stages[name].unit)} in 0 s")
        else:
            got = f"{format_number(stages[name].per_second, DOWN)} per second"
            is_met = stages[name].per_second >= minimum
            yield level.met(got) if is_met else _too_slow(level, got, result, stage_window(result, name))


def _latencies(result: LoadResult, levels: ServiceLevels) -> Iterator[JudgedLevel]:
    known = {latency.name: latency for latency in result.latencies}
    for name, limits in levels.latency_ms.items():
        for percentile, max_ms in limits.items():
            level = _Level(
                id=f"latency.{name}.{percentile}",
                title=f"Latency of {name}, {percentile}",
                expected=f"at most {format_duration(max_ms)}",
            )
            if name not in known:
                yield level.not_observed(known)
            elif not known[name].count:
                yield level.unknown("no responses")
            else:
                yield _latency(level, known[name], percentile, max_ms, result, levels.behind_ms)


def _latency(
    level: _Level, latency: Latency, percentile: Percentile, max_ms: float, result: LoadResult, max_behind_ms: float
) -> JudgedLevel:
    value: float = getattr(latency, percentile)
    window, got = latency_window(result, latency.name), format_duration(value, UP)
    # A latency from the intended start includes the delay of the load generator, so the real one is smaller.
    if value <= max_ms and latency.since == "the intended start":
        return level.met(got)
    behind = share_behind(result, window, max_behind_ms)
    if behind > _ACCEPTED_BEHIND:
        delay, share = format_duration(max_behind_ms), format_percent(behind, UP)
        why = f"The load generator was more than {delay} behind its schedule for {share} of the time."
        return level.unknown(got, "harness", why)
    return level.met(got) if value <= max_ms else _too_slow(level, got, result, window)


def _too_slow(level: _Level, got: str, result: LoadResult, window: Window) -> JudgedLevel:
    """Return a miss if the tested role was slow, and unknown if the rest of the load test may have been."""
    bottleneck = find_bottleneck(result, window)
    if bottleneck.is_harness or bottleneck.unwatched:
        return level.unknown(got, "harness", bottleneck.sentence)
    return level.missed(got, _blame(bottleneck.tested), bottleneck.sentence)


def _failed_calls(result: LoadResult, levels: ServiceLevels) -> Iterator[JudgedLevel]:
    if levels.failed is None:
        return
    level = _Level(id="failed", title="Failed calls", expected=f"at most {format_percent(levels.failed)}")
    # The load generator itself reports customer events to the simulators; those are no calls of the bridge or to it.
    latencies = [latency for latency in result.latencies if latency.name != "event"]
    failed = sum(latency.failed for latency in latencies)
    calls = sum(latency.count for latency in latencies)
    if not calls:
        yield level.unknown("no calls")
        return
    share = Fraction(failed, calls)
    got = f"{format_percent(share, UP)}: {failed:,} of {counted(calls, 'calls')}"
    yield level.met(got) if share <= levels.failed else level.missed(got, _blame(tested_role(result.kind)))


def _memory(result: LoadResult, levels: ServiceLevels) -> Iterator[JudgedLevel]:
    for role, max_mb in levels.memory_mb.items():
        level = _Level(id=f"memory.{role}", title=f"Memory of the {role}", expected=f"at most {format_size(max_mb)}")
        peaks = [process.peak_mb for process in result.processes if process.role == role]
        if not peaks:
            yield level.not_observed(dict.fromkeys(process.role for process in result.processes))
            continue
        got = format_size(sum(peaks), UP)
        yield level.met(got) if sum(peaks) <= max_mb else level.missed(got, _blame(role))


def _growth(result: LoadResult, levels: ServiceLevels) -> Iterator[JudgedLevel]:
    """Judge the measures that must stay flat: by default in a soak, and elsewhere if a level requires it."""
    window = Window() if not result.latencies else latency_window(result, result.latencies[0].name)
    for name, (share, spare) in GROWTH.items():
        limit = levels.growth.get(name, share if result.kind == "soak" else None)
        if limit is None:
            continue
        measured = _measured(result, name)
        level = _Level(id=f"growth.{name}", title=measured.title, expected=f"at most {format_percent(limit)}")
        growth = growth_of(result.samples, window, measured.value)
        if growth is None:
            yield level.unknown(f"fewer than {ENOUGH} samples of a quarter", "config", measured.unobserved)
            continue
        got = f"from {measured.text(growth.first)} to {measured.text(growth.last)}"
        if not growth.exceeds(float(limit), spare):
            yield level.met(got)
        elif name == "latency":
            yield _too_slow(level, got, result, last_quarter(result.samples, window))
        elif name == "memory" and name not in levels.growth and result.seconds < _HEAP_FILLS_S:
            yield level.unknown(got, "bridge", _HEAP)
        else:
            yield level.missed(got, _blame(tested_role(result.kind)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """Something that must stay flat: its value in a sample, and how to show it."""

    title: str
    value: Callable[[Sample], float | None]
    text: Callable[[float], str]
    unobserved: str


def _measured(result: LoadResult, name: Grows) -> _Measured:
    names = [process.name for process in result.processes if process.role == tested_role(result.kind)]
    role = tested_role(result.kind)
    latency = result.latencies[0].name if result.latencies else ""
    longer = _LONGER.format("a longer --seconds" if result.kind in _TIMED else "more --customers")

    def total(values: Mapping[str, float]) -> float | None:
        return sum(values[name] for name in names if name in values) or None

    unwatched = "" if names else f"The {role} was not watched: it runs on another machine, or as another user. "
    return {
        "memory": _Measured(
            title=f"Growth of the {role}'s memory",
            value=lambda sample: total(sample.memory_mb),
            text=lambda value: format_size(value, UP),
            unobserved=unwatched + longer,
        ),
        "descriptors": _Measured(
            title=f"Growth of the {role}'s open descriptors",
            value=lambda sample: total(sample.descriptors),
            text=lambda value: f"{value:,.0f}",
            unobserved=unwatched + longer,
        ),
        "latency": _Measured(
            title=f"Growth of the {latency} latency" if latency else "Growth of the latency",
            value=lambda sample: sample.latency.get(latency),
            text=lambda value: format_duration(value, UP),
            unobserved=longer,
        ),
    }[name]


def _blame(role: Role) -> Blame:
    return "bridge" if role == "bridge" else "harness"
