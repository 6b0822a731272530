"""Measured numbers as people write them.

What is held against a level is rounded to the disadvantage of whom it judges, so that no number reads as if it had met
a level that it missed: what may be at most so much with `UP`, what must be at least so much with `DOWN`.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from sendproof_harness.history.timestamps import MINUTE, SECOND, span

UP, DOWN, NEAREST = ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN

_DIGITS = 4
_GIGABYTE = 1_000


def number(value: float, rounding: str = NEAREST) -> str:
    """`1,231`, `42.37`, `0.3`: four digits that count, but every digit before the point."""
    exact = Decimal(str(value))
    places = max(0, _DIGITS - 1 - exact.adjusted()) if exact else 0
    text = f"{exact.quantize(Decimal(1).scaleb(-places), rounding=rounding):,f}"
    return text.rstrip("0").rstrip(".") if places else text


def length(milliseconds: float, rounding: str = NEAREST) -> str:
    """`0.42 ms`, `412 ms`, `2.41 s`, `13 min 32 s`."""
    if milliseconds < SECOND:
        return f"{number(milliseconds, rounding)} ms"
    seconds = milliseconds / SECOND
    if milliseconds < MINUTE:
        return f"{number(seconds, rounding)} s"
    return span(int(Decimal(str(seconds)).to_integral_value(rounding)) * SECOND)


def size(megabytes: float, rounding: str = NEAREST) -> str:
    """`412 MB`, `1.24 GB`; a megabyte is a million bytes."""
    if megabytes < _GIGABYTE:
        return f"{number(megabytes, rounding)} MB"
    return f"{number(megabytes / _GIGABYTE, rounding)} GB"


def percent(share: Fraction, rounding: str = NEAREST) -> str:
    """`0.02%`."""
    return f"{number(float(100 * share), rounding)}%"


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
