"""Latencies of one process of a load test, in buckets that several processes add up without loss.

Locust's own statistics arrive at another time than the counts, so they could miss the last responses of a process.
"""

from collections.abc import Mapping
from math import ceil, floor, log10

import msgspec

# A time is rounded up to three digits, so it never reads as quicker than it was.
_DIGITS = 3
_US_PER_MS = 1000


class LatencyCount(msgspec.Struct):
    """Responses of one kind of call. `times` is the number of responses by their time in microseconds, rounded up."""

    failed: int = 0
    longest: float = 0.0
    times: dict[int, int] = {}

    @property
    def count(self) -> int:
        """Number of responses."""
        return sum(self.times.values())

    def record(self, ms: float, *, is_failed: bool) -> None:
        """Add one response."""
        bucket = bucket_of(ms)
        self.times[bucket] = self.times.get(bucket, 0) + 1
        self.longest = max(self.longest, ms)
        self.failed += is_failed

    def add(self, other: "LatencyCount") -> None:
        """Add the responses of another process."""
        self.failed += other.failed
        self.longest = max(self.longest, other.longest)
        for bucket, count in other.times.items():
            self.times[bucket] = self.times.get(bucket, 0) + count

    def percentile(self, share: float) -> float:
        """Return the milliseconds within which this share (0 to 1) of the responses arrived; 0 without responses."""
        return min(self.longest, percentile(self.times, share) / _US_PER_MS)


def percentile(times: Mapping[int, int], share: float) -> int:
    """Return the bucket up to which this share (0 to 1) of the responses are; 0 without responses."""
    wanted = max(1, ceil(share * sum(times.values())))
    for bucket in sorted(times):
        wanted -= times[bucket]
        if wanted <= 0:
            return bucket
    return 0


def bucket_of(ms: float) -> int:
    """Return a time as microseconds, rounded up to three digits."""
    microseconds = max(1, ceil(ms * _US_PER_MS))
    unit: int = 10 ** max(0, floor(log10(microseconds)) + 1 - _DIGITS)
    return -(-microseconds // unit) * unit
