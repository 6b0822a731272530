"""Progress of a load test for its user: one changing line on a terminal, otherwise a line every few seconds."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from time import monotonic

from rich.console import Console
from rich.status import Status

from sendproof_harness.history.timestamps import SECOND, span
from sendproof_harness.interruption import enter_stage
from sendproof_harness.load.model import Sample
from sendproof_harness.run.progress import Speed
from sendproof_harness.terminal import Text

_LINE_EVERY_S = 5.0
# A shorter time says nothing about the rest.
_SHORTEST_S = 2.0


class LoadProgress:
    """Progress listener of a run that also shows the samples."""

    def __init__(self, console: Console) -> None:
        """Create a listener that prints to `console`."""
        self._console = console
        self._stack = ExitStack()
        self._status: Status | None = None
        self._last: Sample | None = None
        self._printed_at = 0.0
        self._total: tuple[str, int] | None = None
        self._speed: Speed | None = None
        self._virtual = ""
        self._waits_for = ""
        self._jumps_next = False

    def expect_events(self, total: tuple[str, int] | None) -> None:
        """Take a stage and the number of its events at the end, from which the time left follows."""
        self._total = total

    def expect_time(self, duration: timedelta) -> None:
        """Take the virtual time of the test, from which the time left follows."""
        self._speed = Speed(duration=duration)

    def phase(self, text: str) -> None:
        """Show the current phase."""
        enter_stage(text)
        self._waits_for = ""
        if self._console.is_terminal:
            self._update_status(text)
        else:
            self.note(text)

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        """Take the progress of virtual time, for the next line of a sample."""
        del counts
        if self._speed is not None:
            self._speed.see(passed, monotonic())
            speed = self._speed.text(jumps_next=self._jumps_next)
            self._virtual = " · ".join(part for part in (now[:16].replace("T", " "), speed) if part)

    def wait_for(self, text: str, *, jumps_next: bool = False) -> None:
        """Take what the test waits for, for the next line."""
        self._waits_for, self._jumps_next = text, jumps_next

    def note(self, text: str) -> None:
        """Print a line that stays on the screen."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def sample(self, sample: Sample) -> None:
        """Show counts, rates and resources of a sample, and how long the rest takes."""
        left = "" if self._total is None else left_text(sample, *self._total)
        more = [part for part in (left, self._virtual, self._waits_for) if part]
        if self._console.is_terminal:
            self._update_status(" · ".join([status_line(sample, self._last), *more]))
            self._last = sample
        elif self._last is None or sample.at - self._printed_at >= _LINE_EVERY_S:
            self.note("  " + " · ".join([status_line(sample, self._last), *more]))
            self._last, self._printed_at = sample, sample.at

    def close(self) -> None:
        """Remove the changing line."""
        self._stack.close()
        self._status = None

    def _update_status(self, text: str) -> None:
        if self._status is None:
            self._status = self._stack.enter_context(self._console.status(Text(text)))
        self._status.update(Text(text))


def left_text(sample: Sample, stage: str, total: int) -> str:
    """Return `about 31 s left` until `total` events of a stage, at the rate so far; empty if that is not known yet."""
    count = sample.counts.get(stage, 0)
    if not count or count >= total or sample.at < _SHORTEST_S:
        return ""
    left_s = (total - count) * sample.at / count
    return f"about {span(max(1, round(left_s)) * SECOND)} left"


def status_line(sample: Sample, before: Sample | None) -> str:
    """Return `1:07  reading 340,000 (21,300/s) · sending 120,000 (1,900/s) · bridge 0.98 cores, 160 MB`."""
    minutes, seconds = divmod(int(sample.at), 60)
    elapsed = sample.at - (before.at if before else 0.0)
    stages = []
    for name, count in sample.counts.items():
        added = count - (before.counts.get(name, 0) if before else 0)
        stages.append(f"{name} {count:,}" + (f" ({added / elapsed:,.0f}/s)" if added and elapsed else ""))
    processes = [
        f"{name} {cores:.2f} cores, {sample.memory_mb.get(name, 0):,.0f} MB" for name, cores in sample.cores.items()
    ]
    return f"{minutes}:{seconds:02d}  " + " · ".join([*stages, *processes])
