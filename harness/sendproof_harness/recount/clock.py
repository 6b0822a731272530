"""The time that a bridge could see pass: all of it, without the jumps of a clock that it did not use."""

from collections.abc import Sequence
from dataclasses import dataclass

#: What a bridge needs to act on what it learns: in virtual time, and in the time that it could see.
_GRACE, _VISIBLE_GRACE = 300_000, 90_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleTime:
    """The jumps, as start and end in order, that a bridge could not see; none if it lived by the sandbox's clock.

    In the `outages`, in order as well, the bridge was down because the harness had killed it.
    """

    timed: bool
    jumps: Sequence[tuple[int, int]]
    outages: Sequence[tuple[int, int]] = ()

    def later(self, at: int, delay: int) -> int:
        """Return when a delay is over that begins at an instant, in milliseconds; an outage begins it again."""
        over = self.passed(at, delay)
        for down, up in self.outages:
            if at < up and down <= over:
                over = max(over, self.passed(up, delay))
        return over

    def passed(self, at: int, delay: int) -> int:
        """Return when a delay is over that no outage begins again, in milliseconds."""
        for start, end in self.jumps:
            if start < at:
                at = max(at, end)
            elif start - at < delay:
                delay, at = delay - (start - at), end
            else:
                break
        return at + delay

    def grace(self) -> int:
        """Return the time to act, in milliseconds."""
        return _GRACE if self.timed else _VISIBLE_GRACE
