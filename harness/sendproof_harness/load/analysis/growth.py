"""Growth of memory, descriptors or latency over a soak, from the samples of a load test.

The time under load is divided into quarters. The first is for caches, pools and the allocator to fill. A quarter counts
with its median, so neither a pause nor the sawtooth of a garbage collector is growth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from sendproof_harness.load.bottleneck import Window
from sendproof_harness.load.model import Sample

#: Samples of a quarter that are enough for a median.
ENOUGH = 10
_QUARTERS = 4
# Growth that has all but ended by the last quarter was a single step, such as a cache that was filled late.
_STILL_RISING = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A measure in the second and in the last quarter of the time, and whether it rose throughout."""

    first: float
    last: float
    rises: bool

    def exceeds(self, share: float, spare: float) -> bool:
        """Return True if it rose throughout, and by more than this share of the first value and more than `spare`."""
        return self.rises and self.last - self.first > max(self.first * share, spare)


def growth_of(samples: Sequence[Sample], window: Window, measure: Callable[[Sample], float | None]) -> Growth | None:
    """Return the growth of a measure in a window; None if a quarter has too few samples for it."""
    inside = [sample for sample in samples if window.contains(sample)]
    quarters = [_median(quarter, measure) for quarter in _quarters(inside)]
    if len(quarters) < _QUARTERS or any(value is None for value in quarters[1:]):
        return None
    _, first, middle, last = (value or 0.0 for value in quarters)
    return Growth(
        first=first, last=last, rises=first <= middle <= last and last - middle >= _STILL_RISING * (last - first)
    )


def last_quarter(samples: Sequence[Sample], window: Window) -> Window:
    """Return the window of the last quarter, for which the bottleneck is to be known."""
    inside = [sample for sample in samples if window.contains(sample)]
    if not inside:
        return window
    start, end = inside[0].at, inside[-1].at
    return Window(of=window.of, after=end - (end - start) / _QUARTERS, until=end)


def _quarters(inside: Sequence[Sample]) -> list[list[Sample]]:
    if not inside:
        return []
    start, length = inside[0].at, (inside[-1].at - inside[0].at) / _QUARTERS
    quarters: list[list[Sample]] = [[] for _ in range(_QUARTERS)]
    for sample in inside:
        position = int((sample.at - start) / length) if length else 0
        quarters[min(position, _QUARTERS - 1)].append(sample)
    return quarters


def _median(samples: Sequence[Sample], measure: Callable[[Sample], float | None]) -> float | None:
    values = [value for sample in samples if (value := measure(sample)) is not None]
    return median(values) if len(values) >= ENOUGH else None
