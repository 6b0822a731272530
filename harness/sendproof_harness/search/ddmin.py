"""Delta debugging: the smallest part of a list that still has a property.

The algorithm is ddmin (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")


def minimize(items: Sequence[T], holds: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return a part of `items` for which `holds` is true, and without any of its items is not.

    It holds for all items, which is not tested. The order stays. The empty list is tested first, because most parts of
    a long scenario have nothing to do with its failure.
    """
    kept = list(items)
    if not kept or holds([]):
        return []
    pieces = 2
    while len(kept) > 1:
        smaller = next((rest for rest in _smaller(kept, pieces) if holds(rest)), None)
        if smaller is not None:
            # A part is smaller than its complement, so the next pieces may be large again.
            pieces = 2 if len(smaller) <= len(kept) // pieces + 1 else max(pieces - 1, 2)
            kept = smaller
        elif pieces >= len(kept):
            break
        else:
            pieces = min(len(kept), 2 * pieces)
    return kept


def _smaller(items: Sequence[T], pieces: int) -> list[list[T]]:
    """Return each of the pieces alone, then all items without one of the pieces; no list twice."""
    bounds = [len(items) * number // pieces for number in range(pieces + 1)]
    ranges = list(pairwise(bounds))
    alone = [list(items[start:stop]) for start, stop in ranges]
    without = [[*items[:start], *items[stop:]] for start, stop in ranges]
    return [*alone, *(without if pieces > 2 else [])]  # noqa: PLR2004 - of two pieces, each is the other's complement


def smallest(ladder: Sequence[T], holds: Callable[[T], bool]) -> T | None:
    """Return the first value of an ascending ladder for which `holds` is true; None if it is for none of them.

    The search bisects, as if it held for all values above the first one.
    """
    low, high = -1, len(ladder)
    while high - low > 1:
        middle = (low + high) // 2
        if holds(ladder[middle]):
            high = middle
        else:
            low = middle
    return ladder[high] if high < len(ladder) else None
