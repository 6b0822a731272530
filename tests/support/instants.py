"""A wall clock that stands still unless it is told to move, and short names for instants."""

from dataclasses import dataclass

from sendproof_simulators.core.clock.wall_clock import parse_iso

SIX = parse_iso("2026-03-02T06:00:00Z")
NINE = parse_iso("2026-03-02T09:00:00Z")
TEN = parse_iso("2026-03-02T10:00:00Z")


@dataclass
class StillWallClock:
    """Real time for tests."""

    seconds: float = 1_772_000_000.0

    def time(self) -> float:
        """Seconds since the epoch."""
        return self.seconds

    def monotonic(self) -> float:
        """The same seconds."""
        return self.seconds
