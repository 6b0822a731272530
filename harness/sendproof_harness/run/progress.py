"""Progress of a run in the terminal: a bar over virtual time, or plain lines if the output is no terminal."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from sendproof_harness.history.wording import counted
from sendproof_harness.interruption import enter_stage

# Output without a terminal is read later, in the log of a CI server.
_LINE_EVERY_S = 30.0

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
def show_progress(console: Console, duration: timedelta) -> Iterator[ProgressListener]:
    """Show the progress of a run with this duration of virtual time."""
    if not console.is_terminal:
        lines = _Lines(console)
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
        yield _Bar(bar, bar.add_task("starting", total=max(1.0, duration.total_seconds()), counts=""))


class _Lines:
    """One line for each phase, one line at its end if there was progress, and one every half minute in between."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last_progress = ""
        self._waits_for = ""
        self._flushed_at = monotonic()

    def phase(self, text: str) -> None:
        enter_stage(text)
        self._flush()
        self._console.print(text, markup=False, highlight=False)

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        del passed
        self._last_progress = progress_text(now, counts, self._waits_for)
        if monotonic() - self._flushed_at > _LINE_EVERY_S:
            self._flush()

    def wait_for(self, text: str) -> None:
        self._waits_for = text

    def note(self, text: str) -> None:
        self._flush()
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _flush(self) -> None:
        if self._last_progress:
            self._console.print(f"  {self._last_progress}", markup=False, highlight=False, soft_wrap=True)
        self._last_progress = ""
        self._flushed_at = monotonic()


class _Bar:
    """One line that changes."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task
        self._waits_for = ""

    def phase(self, text: str) -> None:
        enter_stage(text)
        self._bar.update(self._task, description=text)

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        self._bar.update(
            self._task, completed=passed.total_seconds(), counts=progress_text(now, counts, self._waits_for)
        )

    def wait_for(self, text: str) -> None:
        self._waits_for = text

    def note(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)


def progress_text(now: str, counts: Mapping[str, int], waits_for: str = "") -> str:
    """Return `2026-03-04 12:00 · 9,400 deliveries · 8,100 delivery statuses · 9 metrics pushes`, and the wait."""
    parts = [counted(counts.get(kind, 0), label) for kind, label in _LABELS.items()]
    return " · ".join([now[:16].replace("T", " "), *parts, *([waits_for] if waits_for else [])])
