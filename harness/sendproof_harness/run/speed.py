"""How fast virtual time passes, and how long the rest of a run takes. Pure: real time is passed in, in seconds."""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from sendproof_harness.history.timestamps import span

# The rate is that of the last seconds: a run is slow while messages go out, and fast afterwards.
_WINDOW_S = 10.0
# A shorter time says nothing.
_SHORTEST_S = 1.0
_STANDSTILL_S = 5.0
_MS = 1000


@dataclass(kw_only=True)
class Speed:
    """The progress of virtual time towards `duration`."""

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

    def text(self) -> str:
        """Return `38 % · 6 h a second · about 14 s left`, or that time stands still; empty if neither is known yet."""
        if self._began is None:
            return ""
        now, passed = self._seen[-1]
        total = self.duration.total_seconds()
        if passed >= total:
            return ""
        if now - self._moved_at >= _STANDSTILL_S:
            return f"time stands still for {_length(now - self._moved_at)}"
        return " · ".join(part for part in (f"{passed / total:.0%}", self._rate_text(), self._left_text()) if part)

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
    return span(max(1, round(seconds)) * _MS)
