"""Instants, and the real clock: the only module of this package that reads the machine's time.

An *instant* is a whole number of milliseconds since the Unix epoch, UTC.
"""

import re
import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Protocol

_EXPECTED = "expected an ISO 8601 time with a zone such as 2026-03-02T09:00:00Z, got {0!r}"

Instant = int

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# The years of valid instants: all campaigns are in them, and each has four digits.
YEARS = range(1971, 3000)

# The first and the last instant of those years.
FIRST_INSTANT = 31_536_000_000
LAST_INSTANT = 32_503_679_999_999

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Languages write three (JavaScript), six (Python), seven (.NET) or nine digits (Go, Java) of a second.
_ISO = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d{1,3}(?P<rest>\d{1,6})?)?)?(?:[Zz]|[+-]\d\d:\d\d)")


@lru_cache(maxsize=4096)
def iso(instant: Instant) -> str:
    """Return an instant as `2026-03-02T09:00:00.000Z`, the form of the control API and of the history."""
    return _datetime(instant).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant % 1000:03d}Z"


def parse_iso(text: str) -> Instant:
    """Parse an ISO 8601 time with a zone, rounded up to a millisecond; `ValueError` names what was expected.

    Nothing that waits for the time may wake before it, and find that it is not due yet.
    """
    match = _ISO.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(_EXPECTED.format(text))
    try:
        time_ = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ValueError(_EXPECTED.format(text)) from error
    instant: Instant = (time_ - _EPOCH) // timedelta(milliseconds=1) + bool((match["rest"] or "").strip("0"))
    if not FIRST_INSTANT <= instant <= LAST_INSTANT:
        raise ValueError(f"expected a year from {YEARS.start} to {YEARS.stop - 1}, got {text!r}")
    return instant


def first_instant(day: str) -> Instant:
    """Return the midnight at which a day such as 2026-03-02 begins in UTC; `ValueError` names what was expected."""
    try:
        return parse_iso(f"{day}T00:00:00Z")
    except ValueError as error:
        raise ValueError(f"expected a day such as 2026-03-02, got {day!r}") from error


@lru_cache(maxsize=4096)
def sql_time(instant: Instant) -> str:
    """Return an instant as `2026-03-02 09:00:00`, in UTC without a zone: the form of Optimove and Textlocal.

    documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove (UTC);
    observed: clients parse exactly this form.
    """
    return _datetime(instant).strftime("%Y-%m-%d %H:%M:%S")


def _datetime(instant: Instant) -> datetime:
    return _EPOCH + timedelta(milliseconds=instant)


class WallClock(Protocol):
    """A source of real time: seconds since the epoch, and seconds that never go back.

    `steady` is both: `time` at the start, and the seconds since then. Its differences are right although someone, or a
    time service, sets the clock of the machine meanwhile.
    """

    def time(self) -> float: ...

    def monotonic(self) -> float: ...

    def steady(self) -> float: ...


class SystemWallClock:
    """The machine's clock."""

    def __init__(self) -> None:
        """Start the steady time with that of the machine."""
        self._epoch = time.time() - time.monotonic()

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def steady(self) -> float:
        return self._epoch + time.monotonic()


def processor_s() -> float:
    """Return the seconds for which this thread has used a processor."""
    return time.thread_time()


def today() -> date:
    """Return the present day in UTC."""
    return datetime.now(UTC).date()
