"""What a person sees of a load test while it runs: a line that changes on a terminal, now and then a line elsewhere."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta

from rich.console import Console
from rich.status import Status

from sendproof_harness.load.model import Sample

_LINE_EVERY_S = 10.0


class LoadProgress:
    """Tells of the phases, like the watcher of a run, and of every sample."""

    def __init__(self, console: Console) -> None:
        """`console` is where it is told."""
        self._console = console
        self._stack = ExitStack()
        self._status: Status | None = None
        self._last: Sample | None = None
        self._told_at = 0.0

    def phase(self, text: str) -> None:
        """Something else is being done now."""
        if self._console.is_terminal:
            self._line(text)
        else:
            self.note(text)

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        """Virtual time passes: the samples tell more."""

    def note(self, text: str) -> None:
        """Say something that stays to be read."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def sample(self, sample: Sample) -> None:
        """How far it is, and how quick."""
        if self._console.is_terminal:
            self._line(tale(sample, self._last))
            self._last = sample
        elif self._last is None or sample.at - self._told_at >= _LINE_EVERY_S:
            self.note(f"  {tale(sample, self._last)}")
            self._last, self._told_at = sample, sample.at

    def close(self) -> None:
        """Take the changing line away."""
        self._stack.close()
        self._status = None

    def _line(self, text: str) -> None:
        if self._status is None:
            self._status = self._stack.enter_context(self._console.status(text))
        self._status.update(text)


def tale(sample: Sample, before: Sample | None) -> str:
    """`1:07  reading 340,000 (21,300/s) · sending 120,000 (1,900/s) · bridge 0.98 cores, 160 MB`."""
    minutes, seconds = divmod(int(sample.at), 60)
    gone = sample.at - (before.at if before else 0.0)
    stages = []
    for name, count in sample.counts.items():
        more = count - (before.counts.get(name, 0) if before else 0)
        stages.append(f"{name} {count:,}" + (f" ({more / gone:,.0f}/s)" if more and gone else ""))
    busy = [
        f"{name} {cores:.2f} cores, {sample.memory_mb.get(name, 0):,.0f} MB" for name, cores in sample.cores.items()
    ]
    return f"{minutes}:{seconds:02d}  " + " · ".join([*stages, *busy])
