"""Instants and the real clock: the one place of this package that reads the machine's time.

An *instant* is a whole number of milliseconds since the Unix epoch, UTC.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

_EXPECTED = "expected an ISO 8601 time with a zone such as 2026-03-02T09:00:00Z, got {0!r}"

Instant = int

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# No campaign is outside them, and every time we write has four digits for its year.
YEARS = range(1971, 3000)

# The last instant of those years.
LAST_INSTANT = 32_503_679_999_999

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)")


@lru_cache(maxsize=4096)
def iso(instant: Instant) -> str:
    """`2026-03-02T09:00:00.000Z`, the form of the control API and of the history."""
    return _at(instant).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant % 1000:03d}Z"


def parse_iso(text: str) -> Instant:
    """Read an ISO 8601 time that names its zone; `ValueError` says what was expected."""
    if not isinstance(text, str) or not _ISO.fullmatch(text):
        raise ValueError(_EXPECTED.format(text))
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ValueError(_EXPECTED.format(text)) from error
    if moment.year not in YEARS:
        raise ValueError(f"expected a year from {YEARS.start} to {YEARS.stop - 1}, got {text!r}")
    return round((moment - _EPOCH) / timedelta(milliseconds=1))


@lru_cache(maxsize=4096)
def sql_time(instant: Instant) -> str:
    """`2026-03-02 09:00:00` in UTC, without a zone: how Optimove and Textlocal write times.

    documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove (UTC);
    observed: clients parse exactly this form.
    """
    return _at(instant).strftime("%Y-%m-%d %H:%M:%S")


def _at(instant: Instant) -> datetime:
    return _EPOCH + timedelta(milliseconds=instant)


class WallClock(Protocol):
    """Where real time comes from: seconds since the epoch, and seconds that never step back."""

    def time(self) -> float: ...

    def monotonic(self) -> float: ...


class SystemWallClock:
    """The machine's own clock."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()
