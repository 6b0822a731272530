"""Progress of a run in the terminal: a bar over virtual time, or plain lines if the output is no terminal."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from sendproof_harness.history.wording import counted
from sendproof_harness.interruption import enter_stage
from sendproof_harness.run.speed import Speed

# Output without a terminal is read later, in the log of a CI server, or through a pipe while it runs.
_LINE_EVERY_S = 5.0

# The journal's events that show how far a campaign is, with their labels.
_LABELS = {"delivery": "deliveries", "delivery_status": "delivery statuses", "metrics": "metrics pushes"}


class ProgressListener(Protocol):
    """Receives the progress of a run."""

    def phase(self, text: str) -> None:
        """Begin a new phase."""

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        """Show the virtual time that has passed, the virtual time `now`, and the number of events of each kind."""

    def wait_for(self, text: str) -> None:
        """Show what the run waits for; empty if it waits for nothing."""

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

    def wait_for(self, text: str) -> None:
        self._waits_for = text
        if not self._last_progress:
            # Otherwise the next progress prints it.
            self._flush_if_due()

    def note(self, text: str) -> None:
        self._flush()
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _flush_if_due(self) -> None:
        """Print a line with speed and wait: they are of interest while something lasts, and not afterwards."""
        if self._real_s() - self._flushed_at > _LINE_EVERY_S:
            self._flush(self._speed.text() if self._last_progress else "", self._waits_for)

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

    def phase(self, text: str) -> None:
        enter_stage(text)
        self._waits_for = ""
        self._bar.update(self._task, description=text)

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        self._speed.see(passed, self._real_s())
        self._progress = progress_text(now, counts)
        self._update(completed=passed.total_seconds())

    def wait_for(self, text: str) -> None:
        self._waits_for = text
        self._update()

    def note(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _update(self, **changes: Any) -> None:
        parts = (self._progress, self._speed.text() if self._progress else "", self._waits_for)
        self._bar.update(self._task, counts=" · ".join(part for part in parts if part), **changes)


def progress_text(now: str, counts: Mapping[str, int]) -> str:
    """Return `2026-03-04 12:00 · 9,400 deliveries · 8,100 delivery statuses · 9 metrics pushes`."""
    parts = [counted(counts.get(kind, 0), label) for kind, label in _LABELS.items()]
    return " · ".join([now[:16].replace("T", " "), *parts])
