"""Virtual times as the judge handles them: whole milliseconds since the Unix epoch, UTC."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))


class Instant(int):
    """Milliseconds since the Unix epoch; a type of its own so that a decoder can tell it from a count."""

    __slots__ = ()


# Most lines of a history share a few instants: a send time, a metrics push.
@lru_cache(maxsize=4096)
def parse_instant(text: str) -> Instant:
    """Read `2026-03-02T09:00:00.000Z`; `ValueError` says what was expected."""
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise ValueError(_expected(text)) from error
    if moment.tzinfo is None:
        raise ValueError(_expected(text))
    return Instant((moment - _EPOCH) // _MILLISECOND)


def iso(instant: int) -> str:
    """`2026-03-02T09:00:00.000Z`, as the history writes it."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{instant % SECOND:03d}Z"


def spoken(instant: int) -> str:
    """`2026-03-02 09:00:00 UTC`, for people; milliseconds only when there are any."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    fraction = f".{instant % SECOND:03d}" if instant % SECOND else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} UTC"


def span(milliseconds: int) -> str:
    """`1 h`, `5 h 30 min`, `2 d 3 h`, `0.250 s`: the two largest units of a length of time."""
    rest, parts = abs(milliseconds), []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or f"{abs(milliseconds) / SECOND:.3f} s"


def _expected(text: object) -> str:
    return f"expected a time with a zone such as 2026-03-02T09:00:00.000Z, got {text!r}"
