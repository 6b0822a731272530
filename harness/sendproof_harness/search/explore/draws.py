"""Choices that depend only on a seed and a name."""

from collections.abc import Sequence
from typing import TypeVar

from sendproof_harness.scenario.customer_selection import seeded_number

T = TypeVar("T")

# The numbers that a float tells apart.
_FRACTIONS = 2**53


class Draws:
    """Choices of one seed. Equal names give equal choices."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def number(self, name: str, below: int) -> int:
        """Return a whole number from 0 to below the limit."""
        return seeded_number(self._seed, name) % below

    def choice(self, name: str, items: Sequence[T]) -> T:
        """Return one of the items."""
        return items[self.number(name, len(items))]

    def fraction(self, name: str) -> float:
        """Return a number from 0 to below 1."""
        return float(self.number(name, _FRACTIONS)) / _FRACTIONS
