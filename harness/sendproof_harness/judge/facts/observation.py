"""The meaning of the times in a history: only a bridge that used the sandbox's time can be judged by them.

A bridge outside virtual time lives by the clock of its machine. It cannot see a jump of the sandbox's clock, so no
result may depend on one. Between the jumps the harness lets time pass at rate 1. What such a bridge sees pass is
therefore the sandbox's time without the jumps:

    sandbox      06:30:00 ── 06:30:05 ~~ jump ~~ 09:00:00 ── 09:00:03
    bridge       0 s ─────── 5 s ─────────────── 5 s ─────── 8 s
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import History, Request
from sendproof_harness.history.timestamps import SECOND
from sendproof_harness.judge.facts.fault_effects import HARNESS, outages
from sendproof_harness.judge.findings import Finding, cached_per_history

#: What a bridge outside virtual time needs to notice something and to act on it: a loop of a minute, and slow writes.
REACTION = 90 * SECOND


@cached_per_history
def times_are_meaningful(history: History) -> bool:
    """Return True if the bridge took part in the sandbox's clock, or that clock ran in real time."""
    clock = history.header.clock
    names = {*clock.participants, *(event.participant for event in history.clocks if event.action == "joined")}
    if names - {HARNESS}:
        return True
    if clock.mode == "real":
        return clock.rate in {None, 1}
    # A virtual clock that ran as the machine's from the start, and never jumped.
    return clock.rate == 1 and not any(event.action in {"advance", "rate"} for event in history.clocks)


@cached_per_history
def rate_at_work(history: History) -> float:
    """Return how fast the sandbox's time passes while the bridge works: 0 if it stands still, 1 as real time does.

    Where it stands still, all that happens at one instant has the same time.
    """
    clock = history.header.clock
    if clock.mode == "real":
        return clock.rate or 1
    return max(clock.rate or 0, *(event.rate or 0 for event in history.clocks if event.action == "rate"), 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class BridgeTime:
    """The time that the bridge could see pass, in milliseconds.

    `starts` and `ends` are those of the jumps that it could not see, `visible` is its own time at each jump.
    """

    starts: Sequence[int] = ()
    ends: Sequence[int] = ()
    visible: Sequence[int] = ()

    def of(self, at: int) -> int:
        """Return the bridge's time at an instant; it does not pass during a jump."""
        jump = bisect_left(self.starts, at) - 1
        return at if jump < 0 else self.visible[jump] + max(0, at - self.ends[jump])

    def between(self, start: int, end: int) -> int:
        """Return how much of the time between two instants the bridge could see."""
        return self.of(end) - self.of(start)

    def after(self, at: int, delay: int) -> int:
        """Return the first instant at which the bridge had seen `delay` pass since `at`."""
        wanted = self.of(at) + delay
        return wanted + self._skipped(bisect_left(self.visible, wanted))

    def before(self, at: int, delay: int) -> int:
        """Return the last instant that was `delay` or more ago for the bridge at `at`."""
        wanted = self.of(at) - delay
        return wanted + self._skipped(bisect_right(self.visible, wanted))

    def _skipped(self, count: int) -> int:
        """Return the length of the first `count` jumps."""
        return self.ends[count - 1] - self.visible[count - 1] if count else 0


@cached_per_history
def bridge_time(history: History) -> BridgeTime:
    """Return the time that the bridge could see pass: all of it, if the bridge used the sandbox's clock."""
    if times_are_meaningful(history):
        return BridgeTime()
    starts: list[int] = []
    ends: list[int] = []
    visible: list[int] = []
    for event in history.clocks:
        if event.action == "advance" and event.to is not None and event.to > event.at:
            visible.append(event.at - (ends[-1] - visible[-1] if ends else 0))
            starts.append(event.at)
            ends.append(event.to)
    return BridgeTime(starts=starts, ends=ends, visible=visible)


def reaction_time(history: History, usual: int) -> int:
    """Return the time that the bridge has to act, in its own time: `usual`, or a loop if it is outside virtual time."""
    return usual if times_are_meaningful(history) else REACTION


def reacted_at(history: History, at: int, delay: int) -> int:
    """Return when the bridge has had `delay` to act on what it learned at an instant; an outage begins it again."""
    visible = bridge_time(history)
    end = visible.after(at, delay)
    for gone, back in outages(history):
        if gone <= end and back > at:
            end = max(end, visible.after(back, delay))
    return end


def pause(history: History, earlier: Request, later: Request) -> int:
    """Return the time between two requests in milliseconds, on the clock on which the bridge waited.

    Real time includes the work of the bridge, so it only counts if the sandbox's time does not show a pause.
    """
    visible, real = bridge_time(history).between(earlier.at, later.at), round((later.real - earlier.real) * SECOND)
    return visible if visible and times_are_meaningful(history) else max(visible, real)


def unobserved_times(history: History, check: str, items: str) -> Finding:
    """Return the `unknown` finding about a bridge that used another clock than the sandbox; `items` counts them."""
    clock = history.header.clock
    rate = f" at rate {clock.rate:g}" if clock.rate not in {None, 1} else ""
    return Finding(
        check=check,
        level="unknown",
        blame="config",
        cause="the bridge did not use the clock of the sandbox, so its times cannot be judged",
        expected="a bridge that parks at its clock_url, or a short scenario with --clock-rate 1",
        got=f"a {clock.mode} clock{rate} without the bridge, and {items}",
        remedy="use the virtual clock: sendproof docs connect-your-bridge, section 3",
    )


def unobserved_reports(check: str) -> Finding:
    """Return the `unknown` finding about a bridge outside virtual time that sent no report."""
    return Finding(
        check=check,
        level="unknown",
        blame="config",
        cause="the bridge never reported, and a run without its clock may be too quick for that",
        expected="one report of totals, interactions or events",
        got="none until the end of the run",
        remedy="let the bridge park at its clock_url, where a bridge that never reports fails; or run a short scenario "
        "with --clock-rate 1",
    )
