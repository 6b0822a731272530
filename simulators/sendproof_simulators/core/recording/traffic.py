"""The number of journal entries by kind over virtual time, in bounded memory."""

from collections import Counter
from collections.abc import Iterator

from sendproof_simulators.core.clock.wall_clock import DAY, HOUR, MINUTE, SECOND, Instant

# Each width is a multiple of the one before, so wider buckets are sums of narrower ones.
WIDTHS = (SECOND, 5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY)
#: A plot has about as many pixels.
MOST_BUCKETS = 600


class Traffic:
    """Counts entries in buckets of equal width; only buckets with entries exist.

    Above `MOST_BUCKETS`, the next wider buckets replace all. Beyond the last width, the oldest ones are dropped.
    """

    def __init__(self) -> None:
        self._widths = iter(WIDTHS)
        self.width = next(self._widths)
        self._buckets: dict[int, Counter[str]] = {}

    def add(self, at: Instant, kind: str) -> None:
        """Count one entry."""
        key = at // self.width
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Counter()
            while len(self._buckets) > MOST_BUCKETS:
                self._widen()
            bucket = self._buckets[at // self.width]
        bucket[kind] += 1

    def buckets(self) -> Iterator[tuple[Instant, Counter[str]]]:
        """Yield the start of each bucket and its counts by kind, in the order of time."""
        for key in sorted(self._buckets):
            yield key * self.width, self._buckets[key]

    def _widen(self) -> None:
        wider = next(self._widths, None)
        if wider is None:
            del self._buckets[min(self._buckets)]
            return
        merged: dict[int, Counter[str]] = {}
        for start, counts in self.buckets():
            merged.setdefault(start // wider, Counter()).update(counts)
        self.width, self._buckets = wider, merged
