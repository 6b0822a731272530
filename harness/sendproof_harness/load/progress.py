"""Progress of a load test for its user: one changing line on a terminal, otherwise a line every few seconds."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta

from rich.console import Console
from rich.status import Status

from sendproof_harness.interruption import enter_stage
from sendproof_harness.load.model import Sample
from sendproof_harness.terminal import Text

_LINE_EVERY_S = 10.0


class LoadProgress:
    """Progress listener of a run that also shows the samples."""

    def __init__(self, console: Console) -> None:
        """Create a listener that prints to `console`."""
        self._console = console
        self._stack = ExitStack()
        self._status: Status | None = None
        self._last: Sample | None = None
        self._printed_at = 0.0

    def phase(self, text: str) -> None:
        """Show the current phase."""
        enter_stage(text)
        if self._console.is_terminal:
            self._update_status(text)
        else:
            self.note(text)

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        """Ignore the progress of virtual time, because the samples say more."""

    def wait_for(self, text: str) -> None:
        """Ignore what a run waits for: a load test waits for nothing."""

    def note(self, text: str) -> None:
        """Print a line that stays on the screen."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def sample(self, sample: Sample) -> None:
        """Show counts, rates and resources of a sample."""
        if self._console.is_terminal:
            self._update_status(status_line(sample, self._last))
            self._last = sample
        elif self._last is None or sample.at - self._printed_at >= _LINE_EVERY_S:
            self.note(f"  {status_line(sample, self._last)}")
            self._last, self._printed_at = sample, sample.at

    def close(self) -> None:
        """Remove the changing line."""
        self._stack.close()
        self._status = None

    def _update_status(self, text: str) -> None:
        if self._status is None:
            self._status = self._stack.enter_context(self._console.status(Text(text)))
        self._status.update(Text(text))


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
