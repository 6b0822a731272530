"""A wall clock that only moves when a test moves it, and short names for times."""

from dataclasses import dataclass

from sendproof_simulators.core.clock.wall_clock import parse_iso

SIX = parse_iso("2026-03-02T06:00:00Z")
NINE = parse_iso("2026-03-02T09:00:00Z")
TEN = parse_iso("2026-03-02T10:00:00Z")


@dataclass
class StillWallClock:
    """Real time for tests, in seconds since the epoch."""

    seconds: float = 1_772_000_000.0
    #: What was added to the clock of the machine.
    changed: float = 0.0

    def time(self) -> float:
        """Return the seconds since the epoch."""
        return self.seconds + self.changed

    def steady(self) -> float:
        """Return them without the change."""
        return self.seconds

    def monotonic(self) -> float:
        """Return the same seconds."""
        return self.seconds
