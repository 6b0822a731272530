"""The customers with test numbers, and orders in which each number comes up once."""

from collections.abc import Mapping
from math import gcd
from typing import Any

from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, number_for_code, serial_of
from sendproof_simulators.core.randomness import KeyedRandom


class OutcomeNumbers:
    """The customers with test numbers: each outcome has a range of the customers, in a shuffled order."""

    __slots__ = ("_country", "_customers", "_offset", "_ranges", "_step", "_stop")

    def __init__(self, random: KeyedRandom, country: str, customers: int, outcomes: Mapping[str, float]) -> None:
        self._country, self._customers = country, max(customers, 1)
        self._step = coprime(1 + random.below(self._customers, "audience", "fates", "step"), self._customers)
        self._offset = random.below(self._customers, "audience", "fates", "offset")
        self._ranges: list[tuple[int, int, str]] = []
        start = 0
        for name, share in outcomes.items():
            stop = min(start + round(share * customers), customers)
            self._ranges.append((start, stop, BY_NAME[name].code))
            start = stop
        self._stop = start

    def are_for(self, indices: Any) -> Any:
        """Return True if a customer has a test number; for an array of customers, an array."""
        return (indices * self._step + self._offset) % self._customers < self._stop

    def number(self, index: int) -> str | None:
        """Return the test number of a customer, or None. No two customers share one."""
        place = (index * self._step + self._offset) % self._customers
        for start, stop, code in self._ranges:
            if start <= place < stop:
                return number_for_code(self._country, code, place - start)
        return None

    def index(self, number: str) -> int | None:
        """Return the customer with a test number, or None."""
        found = serial_of(self._country, number)
        places = (start + found[1] for start, _, code in self._ranges if found is not None and code == found[0])
        place = next(places, None)
        return None if place is None else position_in_order(place, self._step, self._offset, self._customers)


def position_in_order(place: int, step: int, offset: int, count: int) -> int:
    """Return the index with `(index * step + offset) % count == place`."""
    return (place - offset) * pow(step, -1, count) % count if count > 1 else 0


def coprime(draw: int, count: int) -> int:
    """Return the first step from `draw` that visits each of `count` numbers once in a cycle."""
    return next(step for step in range(draw, draw + count) if gcd(step, count) == 1)
