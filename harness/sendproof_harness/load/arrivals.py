"""Arrival times of an open model, where no request waits for the response to an earlier one.

A rate profile is a sequence of segments; in each, the rate changes linearly from one value to another. An arrival is
where the area under the rate is a whole number, so one profile gives the same times for any number of workers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from math import floor, sqrt
from typing import NamedTuple

_TOGETHER_S = 0.005


@dataclass(frozen=True, slots=True)
class RateSegment:
    """A number of seconds with a rate per second that changes linearly from `first` to `last`."""

    seconds: float
    first: float
    last: float

    @property
    def area(self) -> float:
        """Number of arrivals in the segment, with fractions."""
        return self.seconds * (self.first + self.last) / 2

    def time_at(self, area: float) -> float:
        """Return the seconds from the start of the segment until its first `area` arrivals."""
        slope = (self.last - self.first) / self.seconds
        if not slope:
            return area / self.first
        # first * t + slope * t² / 2 = area. Only rounding makes the radicand negative.
        return (sqrt(max(0.0, self.first**2 + 2 * slope * area)) - self.first) / slope


RateProfile = tuple[RateSegment, ...]

#: By shape: a function of the peak rate per second and the duration in seconds.
SHAPES: Mapping[str, Callable[[float, float], RateProfile]] = {
    "steady": lambda rate, seconds: (RateSegment(seconds, rate, rate),),
    "ramp": lambda rate, seconds: (RateSegment(seconds, 0, rate),),
    "step": lambda rate, seconds: tuple(RateSegment(seconds / 4, rate * n / 4, rate * n / 4) for n in range(1, 5)),
    "spike": lambda rate, seconds: (
        RateSegment(seconds * 2 / 5, rate / 10, rate / 10),
        RateSegment(seconds / 5, rate, rate),
        RateSegment(seconds * 2 / 5, rate / 10, rate / 10),
    ),
}

#: By shape: a description for reports.
SHAPE_DESCRIPTIONS: Mapping[str, str] = {
    "steady": "a constant rate",
    "ramp": "linear growth from 0 to the rate",
    "step": "25%, 50%, 75% and 100% of the rate, each for a quarter of the time",
    "spike": "10% of the rate, with 100% for the middle fifth of the time",
}


def arrival_count(profile: RateProfile) -> int:
    """Return the total number of arrivals."""
    # The sum of areas such as 0.1 + 0.2 can be slightly below the intended whole number.
    return floor(sum(segment.area for segment in profile) + 1e-6)


def arrival_times(profile: RateProfile) -> Iterator[float]:
    """Yield the arrival times in seconds since the start; arrival `n`, counted from 0, is at area `n`."""
    number, before, began, total = 0, 0.0, 0.0, arrival_count(profile)
    for segment in profile:
        while number < total and number < before + segment.area - 1e-9:
            yield began + segment.time_at(max(0.0, number - before))
            number += 1
        before += segment.area
        began += segment.seconds


class Arrival(NamedTuple):
    """One arrival: its number from 0, and its time in seconds since the start."""

    number: int
    at: float


def together(arrivals: Iterable[Arrival]) -> Iterator[list[Arrival]]:
    """Yield the arrivals in groups: those of the same 5 ms start together, with the last of them.

    A request for each would take a load generator more time than the bridge needs for its message.
    """
    for _, group in groupby(arrivals, key=lambda arrival: int(arrival.at / _TOGETHER_S)):
        yield list(group)
