"""Delta debugging: the smallest part of a list that still has a property.

The algorithm is that of ddmin (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002),
without its tests of single pieces: each test is a run, and those hardly ever hold.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def minimize(items: Sequence[T], holds: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return a part of `items` for which `holds` is true, and without any of its items is not.

    It holds for all items, which is not tested. The order stays. The empty list is tested first, because most parts of
    a long scenario have nothing to do with its failure. Then pieces go, first halves and at last single items.
    """
    kept = list(items)
    if not kept or holds([]):
        return []
    length = (len(kept) + 1) // 2
    while len(kept) > 1:
        smaller = _without_pieces(kept, length, holds)
        if length == 1 and len(smaller) == len(kept):
            break
        kept, length = smaller, max(1, length // 2)
    return kept


def _without_pieces(items: Sequence[T], length: int, holds: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return the items without each piece of this length that can go, from the first one to the last."""
    kept, start = list(items), 0
    while start < len(kept) > length:
        rest = [*kept[:start], *kept[start + length :]]
        if holds(rest):
            kept = rest
        else:
            start += length
    return kept


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
