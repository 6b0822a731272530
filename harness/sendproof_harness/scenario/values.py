"""Conversion of values that files contain as text: times, durations, percentages and sizes.

Scenario files and files of service levels use them.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

#: The control API takes no larger seed: JSON readers with floating-point numbers would change it.
LARGEST_SEED = 9_007_199_254_740_991

# Those of the simulators (`core/clock/wall_clock.py`).
_YEARS = range(1971, 3000)
_UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_SHORT_UNITS = {"ms": Fraction(1), "s": Fraction(1_000)}
_MEGABYTES = {"MB": Fraction(1), "GB": Fraction(1_000)}


def parse_time(text: str) -> datetime:
    """Parse `2026-03-02T09:00:00+01:00` into an aware time in UTC.

    Raises `ValueError` if there is no such time, or for a year that no sandbox can have.
    """
    time = datetime.fromisoformat(text)
    # The offset of a time in the first or last hours of a calendar may lead out of it.
    utc = time.astimezone(UTC) if time.year in _YEARS else time
    if utc.year not in _YEARS:
        raise ValueError(f"expected a year from {_YEARS.start} to {_YEARS.stop - 1} in UTC, got {text!r}")
    return utc


def parse_duration(text: str) -> timedelta:
    """Parse `30 minutes`, `1 hour` or `7 days`."""
    amount, unit = text.split(" ")
    return timedelta(seconds=int(amount) * _UNITS[unit.removesuffix("s")])


def parse_milliseconds(text: str) -> float:
    """Parse `500 ms`, `1.5 s` or a longer duration such as `2 minutes` into milliseconds."""
    amount, unit = text.split(" ")
    if unit in _SHORT_UNITS:
        return float(Fraction(amount) * _SHORT_UNITS[unit])
    return parse_duration(text) / timedelta(milliseconds=1)


def parse_megabytes(text: str) -> float:
    """Parse `512 MB` or `1.5 GB` into millions of bytes."""
    amount, unit = text.split(" ")
    return float(Fraction(amount) * _MEGABYTES[unit])


def parse_share(text: str) -> Fraction:
    """Parse `12.5%` into 1/8. The result is exact, so that sums of shares can be compared with 1."""
    return Fraction(text.removesuffix("%")) / 100


def iso_utc(time: datetime) -> str:
    """Format a time as `2026-03-02T09:00:00Z`, the form of the control API."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def duration_text(duration: timedelta) -> str:
    """Format a duration as `7 days` or `90 minutes`, in the largest unit that gives a whole number."""
    seconds = int(duration.total_seconds())
    unit = max((unit for unit, size in _UNITS.items() if seconds % size == 0), key=_UNITS.__getitem__)
    amount = seconds // _UNITS[unit]
    return f"{amount} {unit}" + ("" if amount == 1 else "s")


def pluralized(number: int, noun: str) -> str:
    """Format a number with its noun: `1 listener`, `10,000 customers`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def to_milliseconds(duration: timedelta) -> int:
    """Convert a duration to milliseconds, the form of the control API."""
    return duration // timedelta(milliseconds=1)


def following_seed(first: int, index: int) -> int:
    """Return the seed that is `index` places after the first one; 0 follows the largest."""
    return (first + index) % (LARGEST_SEED + 1)
