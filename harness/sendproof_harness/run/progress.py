"""What a person sees while a scenario runs: a bar over virtual time on a terminal, plain lines elsewhere."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

# The journal's events that tell how far a campaign is, in the words of the reader.
_SHOWN = {"delivery": "deliveries", "delivery_status": "receipts", "metrics": "metrics pushes"}


class Watcher(Protocol):
    """Whoever is told how a run goes."""

    def phase(self, text: str) -> None:
        """Something else is being done now."""

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        """So much virtual time has passed, it is `now`, and so many events of each kind have happened."""

    def note(self, text: str) -> None:
        """Say something that stays to be read."""


@contextmanager
def watching(console: Console, whole: timedelta) -> Iterator[Watcher]:
    """Show a run in which `whole` is the virtual time that will pass."""
    if not console.is_terminal:
        lines = _Lines(console)
        yield lines
        lines.phase("done")
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=16),
        TextColumn("{task.fields[tale]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield _Bar(bar, bar.add_task("starting", total=max(1.0, whole.total_seconds()), tale=""))


class _Lines:
    """A line for each phase, and one at its end if anything moved."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tale = ""

    def phase(self, text: str) -> None:
        self._flush()
        self._console.print(text, markup=False, highlight=False)

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        del passed
        self._tale = tale(now, counts)

    def note(self, text: str) -> None:
        self._flush()
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _flush(self) -> None:
        if self._tale:
            self._console.print(f"  {self._tale}", markup=False, highlight=False)
        self._tale = ""


class _Bar:
    """One line that changes."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def phase(self, text: str) -> None:
        self._bar.update(self._task, description=text)

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        self._bar.update(self._task, completed=passed.total_seconds(), tale=tale(now, counts))

    def note(self, text: str) -> None:
        self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)


def tale(now: str, counts: Mapping[str, int]) -> str:
    """`2026-03-04 12:00 · 9,400 deliveries · 8,100 receipts · 9 metrics pushes`."""
    parts = [f"{counts.get(kind, 0):,} {word}" for kind, word in _SHOWN.items()]
    return " · ".join([now[:16].replace("T", " "), *parts])
