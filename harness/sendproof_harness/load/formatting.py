"""Measured numbers as readable text.

A value that is compared with a service level is rounded to its disadvantage, so a missed level never reads as if it was
met: use `UP` for values with a maximum and `DOWN` for values with a minimum.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from sendproof_harness.history.timestamps import MINUTE, SECOND, span

UP, DOWN, NEAREST = ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN

_DIGITS = 4
_GIGABYTE = 1_000  # in MB


def format_number(value: float, rounding: str = NEAREST) -> str:
    """Return `1,231`, `42.37` or `0.3`: four significant digits, and all digits before the point."""
    exact = Decimal(str(value))
    places = max(0, _DIGITS - 1 - exact.adjusted()) if exact else 0
    text = f"{exact.quantize(Decimal(1).scaleb(-places), rounding=rounding):,f}"
    return text.rstrip("0").rstrip(".") if places else text


def format_rate(per_second: float) -> str:
    """Return a rate, or a dash for events that all came at one instant, which have none."""
    return format_number(per_second) if per_second else "-"


def format_duration(milliseconds: float, rounding: str = NEAREST) -> str:
    """Return `0.42 ms`, `412 ms`, `2.41 s` or `13 min 32 s`."""
    if milliseconds < SECOND:
        return f"{format_number(milliseconds, rounding)} ms"
    seconds = milliseconds / SECOND
    if milliseconds < MINUTE:
        return f"{format_number(seconds, rounding)} s"
    return span(int(Decimal(str(seconds)).to_integral_value(rounding)) * SECOND)


def format_size(megabytes: float, rounding: str = NEAREST) -> str:
    """Return `412 MB` or `1.24 GB`; a megabyte is a million bytes."""
    if megabytes < _GIGABYTE:
        return f"{format_number(megabytes, rounding)} MB"
    return f"{format_number(megabytes / _GIGABYTE, rounding)} GB"


def format_percent(share: Fraction, rounding: str = NEAREST) -> str:
    """Return `0.02%` for a share from 0 to 1."""
    return f"{format_number(float(100 * share), rounding)}%"


def join_names(names: Sequence[str]) -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
