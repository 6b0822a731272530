"""Progress of a run in the terminal: a bar over virtual time, or plain lines if the output is no terminal."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from sendproof_harness.history.timestamps import SECOND, span
from sendproof_harness.history.wording import counted
from sendproof_harness.interruption import enter_stage

# Output without a terminal is read later, in the log of a CI server, or through a pipe while it runs.
_LINE_EVERY_S = 5.0

# The rate is that of the last seconds: a run is slow while messages go out, and fast afterwards.
_WINDOW_S = 10.0
# A shorter time says nothing.
_SHORTEST_S = 1.0
_STANDSTILL_S = 5.0


# The journal's events that show how far a campaign is, with their labels.
_LABELS = {"delivery": "deliveries", "delivery_status": "delivery statuses", "metrics": "metrics pushes"}


@dataclass(kw_only=True)
class Speed:
    """How fast virtual time passes towards `duration`, and how long the rest takes. Pure: real time is passed in."""

    duration: timedelta
    _seen: deque[tuple[float, float]] = field(default_factory=deque, init=False)
    _began: tuple[float, float] | None = field(default=None, init=False)
    _moved_at: float = field(default=0.0, init=False)

    def see(self, passed: timedelta, now: float) -> None:
        """Take the virtual time that has passed by the real time `now`."""
        seconds = passed.total_seconds()
        if not self._seen or seconds > self._seen[-1][1]:
            self._moved_at = now
        self._began = self._began or (now, seconds)
        self._seen.append((now, seconds))
        while len(self._seen) > 1 and now - self._seen[0][0] > _WINDOW_S:
            self._seen.popleft()

    def text(self, *, jumps_next: bool = False) -> str:
        """Return `38 % · 6 h a second · about 14 s left`, or that time does not pass; empty if neither is known yet.

        If the clock jumps after its present wait, neither the rate nor the rest follows from the wait: `38 %`.
        """
        if self._began is None:
            return ""
        now, passed = self._seen[-1]
        total = self.duration.total_seconds()
        if passed >= total:
            return ""
        if now - self._moved_at >= _STANDSTILL_S:
            return f"time unchanged for {_length(now - self._moved_at)}"
        pace = () if jumps_next else (self._rate_text(), self._left_text())
        return " · ".join(part for part in (f"{passed / total:.0%}", *pace) if part)

    def _rate_text(self) -> str:
        (first, before), (last, passed) = self._seen[0], self._seen[-1]
        if last - first < _SHORTEST_S or passed <= before:
            return ""
        return f"{_length((passed - before) / (last - first))} a second"

    def _left_text(self) -> str:
        if self._began is None:
            return ""
        (began, before), (now, passed) = self._began, self._seen[-1]
        if now - began < _SHORTEST_S or passed <= before:
            return ""
        left = (self.duration.total_seconds() - passed) * (now - began) / (passed - before)
        return f"about {_length(max(left, 1.0))} left"


def _length(seconds: float) -> str:
    return span(max(1, round(seconds)) * SECOND)


class ProgressListener(Protocol):
    """Receives the progress of a run."""

    def phase(self, text: str) -> None:
        """Begin a new phase."""

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        """Show the virtual time that has passed, the virtual time `now`, and the number of events of each kind."""

    def wait_for(self, text: str, *, jumps_next: bool = False) -> None:
        """Show what the run waits for; empty if it waits for nothing. `jumps_next`: then the clock jumps."""

    def note(self, text: str) -> None:
        """Print a text that stays on the screen."""


@contextmanager
def show_progress(
    console: Console, duration: timedelta, real_s: Callable[[], float] = monotonic
) -> Iterator[ProgressListener]:
    """Show the progress of a run with this duration of virtual time; `real_s` returns the real time."""
    speed = Speed(duration=duration)
    if not console.is_terminal:
        lines = _Lines(console, speed, real_s)
        yield lines
        lines.note("done")
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=16),
        TextColumn("{task.fields[counts]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield _Bar(bar, bar.add_task("starting", total=max(1.0, duration.total_seconds()), counts=""), speed, real_s)


class _Lines:
    """One line for each phase, one line at its end if there was progress, and one every few seconds in between."""

    def __init__(self, console: Console, speed: Speed, real_s: Callable[[], float]) -> None:
        self._console = console
        self._real_s = real_s
        self._speed = speed
        self._last_progress = ""
        self._waits_for = ""
        self._jumps_next = False
        self._flushed_at = self._real_s()

    def phase(self, text: str) -> None:
        enter_stage(text)
        self._flush()
        self._waits_for = ""
        self._console.print(text, markup=False, highlight=False)

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        self._speed.see(passed, self._real_s())
        self._last_progress = progress_text(now, counts)
        self._flush_if_due()

    def wait_for(self, text: str, *, jumps_next: bool = False) -> None:
        self._waits_for, self._jumps_next = text, jumps_next
        if not self._last_progress:
            # Otherwise the next progress prints it.
            self._flush_if_due()

    def note(self, text: str) -> None:
        self._flush()
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _flush_if_due(self) -> None:
        """Print a line with speed and wait: they are of interest while something lasts, and not afterwards."""
        if self._real_s() - self._flushed_at > _LINE_EVERY_S:
            speed = self._speed.text(jumps_next=self._jumps_next) if self._last_progress else ""
            self._flush(speed, self._waits_for)

    def _flush(self, *more: str) -> None:
        text = " · ".join(part for part in (self._last_progress, *more) if part)
        if text:
            self._console.print(f"  {text}", markup=False, highlight=False, soft_wrap=True)
        self._last_progress = ""
        self._flushed_at = self._real_s()


class _Bar:
    """One line that changes."""

    def __init__(self, bar: Progress, task: TaskID, speed: Speed, real_s: Callable[[], float]) -> None:
        self._bar = bar
        self._real_s = real_s
        self._task = task
        self._speed = speed
        self._progress = ""
        self._waits_for = ""
        self._jumps_next = False

    def phase(self, text: str) -> None:
        enter_stage(text)
        self._waits_for = ""
        self._bar.update(self._task, description=text)

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        self._speed.see(passed, self._real_s())
        self._progress = progress_text(now, counts)
        self._update(completed=passed.total_seconds())

    def wait_for(self, text: str, *, jumps_next: bool = False) -> None:
        self._waits_for, self._jumps_next = text, jumps_next
        self._update()

    def note(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _update(self, **changes: Any) -> None:
        speed = self._speed.text(jumps_next=self._jumps_next) if self._progress else ""
        parts = (self._progress, speed, self._waits_for)
        self._bar.update(self._task, counts=" · ".join(part for part in parts if part), **changes)


def progress_text(now: str, counts: Mapping[str, int]) -> str:
    """Return `2026-03-04 12:00 · 9,400 deliveries · 8,100 delivery statuses · 9 metrics pushes`."""
    parts = [counted(counts.get(kind, 0), label) for kind, label in _LABELS.items()]
    return " · ".join([now[:16].replace("T", " "), *parts])
