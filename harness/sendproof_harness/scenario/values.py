"""The kinds of value that scenario files and levels write in words: times, lengths of time, percentages, sizes."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

_UNITS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_SHORT_UNITS = {"ms": Fraction(1), "s": Fraction(1_000)}
_MEGABYTES = {"MB": Fraction(1), "GB": Fraction(1_000)}


def parse_time(text: str) -> datetime:
    """`2026-03-02T09:00:00+01:00` as an aware time in UTC; `ValueError` when there is no such time."""
    return datetime.fromisoformat(text).astimezone(UTC)


def parse_duration(text: str) -> timedelta:
    """`30 minutes`, `1 hour`, `7 days`."""
    amount, unit = text.split(" ")
    return timedelta(seconds=int(amount) * _UNITS[unit.removesuffix("s")])


def parse_milliseconds(text: str) -> float:
    """`500 ms`, `1.5 s`, and the longer ones as `parse_duration` reads them, in milliseconds."""
    amount, unit = text.split(" ")
    if unit in _SHORT_UNITS:
        return float(Fraction(amount) * _SHORT_UNITS[unit])
    return parse_duration(text) / timedelta(milliseconds=1)


def parse_megabytes(text: str) -> float:
    """`512 MB`, `1.5 GB`, in millions of bytes."""
    amount, unit = text.split(" ")
    return float(Fraction(amount) * _MEGABYTES[unit])


def parse_share(text: str) -> Fraction:
    """`12.5%` as 1/8: exact, so that shares can be added up and compared with the whole."""
    return Fraction(text.removesuffix("%")) / 100


def iso_utc(moment: datetime) -> str:
    """`2026-03-02T09:00:00Z`, the form that the control API takes."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def duration_text(length: timedelta) -> str:
    """`7 days`, `90 minutes`: the largest unit that leaves nothing over."""
    seconds = int(length.total_seconds())
    unit = max((unit for unit, size in _UNITS.items() if seconds % size == 0), key=_UNITS.__getitem__)
    amount = seconds // _UNITS[unit]
    return f"{amount} {unit}" + ("" if amount == 1 else "s")


def pluralized(number: int, word: str) -> str:
    """`1 listener`, `10,000 customers`."""
    return f"{number:,} {word}" + ("" if number == 1 else "s")


def to_milliseconds(length: timedelta) -> int:
    """A length of time as the control API takes it."""
    return length // timedelta(milliseconds=1)
