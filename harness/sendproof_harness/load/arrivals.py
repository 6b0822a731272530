"""When load is to arrive: an open model, in which nobody waits for an answer before the next one starts.

A pace is a row of stretches, over each of which the rate goes evenly from one value to another. Arrivals are where the
area under it is a whole number: the same pace gives the same instants, on however many machines they are carried out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import floor, sqrt


@dataclass(frozen=True, slots=True)
class RateSegment:
    """So many seconds, over which the rate (a second) goes evenly from `first` to `last`."""

    seconds: float
    first: float
    last: float

    @property
    def area(self) -> float:
        """How many arrive in it."""
        return self.seconds * (self.first + self.last) / 2

    def when(self, area: float) -> float:
        """After how many of its seconds so many have arrived."""
        slope = (self.last - self.first) / self.seconds
        if not slope:
            return area / self.first
        # first * t + slope * t² / 2 = area. What is below zero is so by rounding.
        return (sqrt(max(0.0, self.first**2 + 2 * slope * area)) - self.first) / slope


RateProfile = tuple[RateSegment, ...]

#: The shapes that load can have, each so many a second at its height over so many seconds.
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

#: What each shape is, for people.
SHAPE_DESCRIPTIONS: Mapping[str, str] = {
    "steady": "the same rate all the time",
    "ramp": "from nothing evenly up to the rate",
    "step": "a quarter, a half, three quarters, all of the rate, for equally long",
    "spike": "a tenth of the rate, all of it at once for a fifth of the time, a tenth again",
}


def arrival_count(pace: RateProfile) -> int:
    """How many arrive in all."""
    # The sum of areas such as 0.1 + 0.2 may be a hair below the whole number that is meant.
    return floor(sum(stretch.area for stretch in pace) + 1e-6)


def arrival_times(pace: RateProfile) -> Iterator[float]:
    """The seconds from the beginning at which one after the other arrives: the first of `n` at the area 0."""
    number, before, began, total = 0, 0.0, 0.0, arrival_count(pace)
    for stretch in pace:
        while number < total and number < before + stretch.area - 1e-9:
            yield began + stretch.when(max(0.0, number - before))
            number += 1
        before += stretch.area
        began += stretch.seconds
