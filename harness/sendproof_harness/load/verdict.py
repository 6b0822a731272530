"""What a load test came to: its result held against service levels.

`judge` is pure: the same result and levels give the same verdict, here or elsewhere, now or later.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from sendproof_harness.judge.findings import Blame
from sendproof_harness.judge.verdict import EXIT_STATUS, Status, worst_status
from sendproof_harness.load.bottleneck import (
    Bottleneck,
    Window,
    find_bottleneck,
    latency_window,
    share_behind,
    stage_window,
    tested_role,
)
from sendproof_harness.load.formatting import DOWN, UP, length, listed, number, percent, size
from sendproof_harness.load.model import Latency, LoadResult, Loss, Role, Stage
from sendproof_harness.load.service_levels import Percentile, ServiceLevels
from sendproof_harness.report.formatting import capitalised, counted

# A machine that does something else for a moment delays a few calls; only when that goes on are too few under way.
_BEHIND_NOW_AND_THEN = Fraction(5, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLevel:
    """One level with what came of it.

    `id` is stable: `loss.lost`, `latency.message.p95`. `blame` says who has to act, None where nobody has. `why` says
    more where expected and got do not explain the status; `examples` are those of a loss.
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
    """The status of a load test as a whole and of each level. `bottleneck` is that of what the test is about."""

    status: Status
    result: LoadResult
    judged: tuple[JudgedLevel, ...]
    bottleneck: Bottleneck

    @property
    def exit_status(self) -> int:
        """0 pass, 1 fail, 2 unknown, 3 error."""
        return EXIT_STATUS[self.status]


def judge(result: LoadResult, levels: ServiceLevels) -> LoadVerdict:
    """Hold what was observed against what has to be reached.

    Every loss is asked after, named or not. A result without any loss, and without levels, proves nothing: `unknown`.
    """
    judged = (
        *_end(result),
        *_losses(result, levels),
        *_throughput(result, levels),
        *_latencies(result, levels),
        *_failed(result, levels),
        *_memory(result, levels),
    )
    return LoadVerdict(
        status=worst_status(one.status for one in judged),
        result=result,
        judged=judged,
        bottleneck=find_bottleneck(result, _of_headline(result)),
    )


def headline_stage(result: LoadResult) -> Stage | None:
    """The stage that answers how quick it is: that of the recipients or the messages, else the last one."""
    named = [stage for unit in ("recipients", "messages") for stage in result.stages if stage.unit == unit]
    return next(iter((*named, *reversed(result.stages))), None)


def _of_headline(result: LoadResult) -> Window:
    stage = headline_stage(result)
    return Window() if stage is None else stage_window(result, stage.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """What is asked; each way to answer makes it judged."""

    id: str
    title: str
    expected: str

    def met(self, got: str, *, examples: tuple[str, ...] = ()) -> JudgedLevel:
        return self._judged("pass", got, examples=examples)

    def missed(self, got: str, blame: Blame, why: str = "", examples: tuple[str, ...] = ()) -> JudgedLevel:
        return self._judged("fail", got, blame, why, examples)

    def unknown(self, got: str, blame: Blame | None = None, why: str = "") -> JudgedLevel:
        return self._judged("unknown", got, blame, why)

    def not_observed(self, known: Iterable[str]) -> JudgedLevel:
        """Nothing of that name is in the result: it may be misspelt, or a level for another kind of load test."""
        others = [f'"{name}"' for name in known]
        if not others:
            return self.unknown("not observed")
        return self.unknown("not observed", "config", f"This load test observes {listed(others)}.")

    def _judged(
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


def _end(result: LoadResult) -> Iterator[JudgedLevel]:
    """An early end is judged; that there was none proves nothing."""
    if result.abort_reason is not None:
        yield JudgedLevel(
            id="end",
            title="The load test comes to its end",
            status="error" if result.abort_blame == "harness" else "fail",
            expected="to its end",
            got=result.abort_reason,
            blame=result.abort_blame,
        )


def _losses(result: LoadResult, levels: ServiceLevels) -> Iterator[JudgedLevel]:
    known = {loss.name: loss for loss in result.losses}
    for name in dict.fromkeys((*known, *levels.losses)):
        most = levels.losses.get(name, 0)
        level = _Level(id=f"loss.{name}", title=capitalised(name), expected=f"at most {most:,}" if most else "none")
        yield _loss(level, known[name], most) if name in known else level.not_observed(known)


def _loss(level: _Level, loss: Loss, most: int) -> JudgedLevel:
    if not loss.looked_at and not loss.count:
        return level.unknown(f"nothing to look at: no {loss.unit}")
    got = f"{loss.count:,} of {counted(loss.looked_at, loss.unit)}"
    if loss.count > most:
        return level.missed(got, loss.blame, examples=loss.examples)
    return level.met(got, examples=loss.examples)


def _throughput(result: LoadResult, levels: ServiceLevels) -> Iterator[JudgedLevel]:
    stages = {stage.name: stage for stage in result.stages}
    for name, least in levels.throughput.items():
        level = _Level(
            id=f"throughput.{name}", title=f"Throughput of {name}", expected=f"at least {number(least)} a second"
        )
        if name not in stages:
            yield level.not_observed(stages)
        elif not stages[name].per_second:
            yield level.unknown(f"{counted(stages[name].count, stages[name].unit)} in no time")
        else:
            got = f"{number(stages[name].per_second, DOWN)} a second"
            is_met = stages[name].per_second >= least
            yield level.met(got) if is_met else _too_slow(level, got, result, stage_window(result, name))


def _latencies(result: LoadResult, levels: ServiceLevels) -> Iterator[JudgedLevel]:
    known = {latency.name: latency for latency in result.latencies}
    for name, limits in levels.latency_ms.items():
        for percentile, most in limits.items():
            level = _Level(
                id=f"latency.{name}.{percentile}",
                title=f"Latency of {name}, {percentile}",
                expected=f"at most {length(most)}",
            )
            if name not in known:
                yield level.not_observed(known)
            elif not known[name].count:
                yield level.unknown("nothing to time")
            else:
                yield _latency(level, known[name], percentile, most, result, levels.behind_ms)


def _latency(
    level: _Level, latency: Latency, percentile: Percentile, most: float, result: LoadResult, behind_most: float
) -> JudgedLevel:
    value: float = getattr(latency, percentile)
    window, got = latency_window(result, latency.name), length(value, UP)
    # What counts from the intended start has all lateness in it, so it is only better than it says.
    if value <= most and latency.since == "the intended start":
        return level.met(got)
    late = share_behind(result, window, behind_most)
    if late > _BEHIND_NOW_AND_THEN:
        far = f"more than {length(behind_most)} behind its plan"
        why = f"The load generator was {far} for {percent(late, UP)} of the time."
        return level.unknown(got, "harness", why)
    return level.met(got) if value <= most else _too_slow(level, got, result, window)


def _too_slow(level: _Level, got: str, result: LoadResult, window: Window) -> JudgedLevel:
    """Missed, if what is tested could have gone faster for all that the others did."""
    busy = find_bottleneck(result, window)
    if busy.is_harness or busy.unwatched:
        return level.unknown(got, "harness", busy.sentence)
    return level.missed(got, _blame(busy.tested), busy.sentence)


def _failed(result: LoadResult, levels: ServiceLevels) -> Iterator[JudgedLevel]:
    if levels.failed is None:
        return
    level = _Level(id="failed", title="Calls that fail", expected=f"at most {percent(levels.failed)}")
    failed, calls = sum(one.failed for one in result.latencies), sum(one.count for one in result.latencies)
    if not calls:
        yield level.unknown("no calls")
        return
    share = Fraction(failed, calls)
    got = f"{percent(share, UP)}: {failed:,} of {counted(calls, 'calls')}"
    yield level.met(got) if share <= levels.failed else level.missed(got, _blame(tested_role(result.kind)))


def _memory(result: LoadResult, levels: ServiceLevels) -> Iterator[JudgedLevel]:
    for role, most in levels.memory_mb.items():
        level = _Level(id=f"memory.{role}", title=f"Memory of the {role}", expected=f"at most {size(most)}")
        peaks = [process.peak_mb for process in result.processes if process.role == role]
        if not peaks:
            yield level.not_observed(dict.fromkeys(process.role for process in result.processes))
            continue
        got = size(sum(peaks), UP)
        yield level.met(got) if sum(peaks) <= most else level.missed(got, _blame(role))


def _blame(role: Role) -> Blame:
    return "bridge" if role == "bridge" else "harness"
