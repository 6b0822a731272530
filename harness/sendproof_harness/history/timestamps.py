"""Virtual times in whole milliseconds since the Unix epoch, UTC."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# No sandbox has a time outside of 1971 to 2999. Weeks are added to times, and no sum may leave what `iso` can show.
_FIRST_YEAR, _END_YEAR = 1900, 3100
_FIRST, _END = ((datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND for year in (_FIRST_YEAR, _END_YEAR))
_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))


class Instant(int):
    """Milliseconds since the Unix epoch; a separate type, so that a decoder can distinguish it from a count."""

    __slots__ = ()


# Most lines of a history share a few instants: a send time, a metrics push.
@lru_cache(maxsize=4096)
def parse_instant(text: str) -> Instant:
    """Return the instant in a text such as `2026-03-02T09:00:00.000Z`; `ValueError` names the expected form."""
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise ValueError(_expected(text)) from error
    instant = None if moment.tzinfo is None else Instant((moment - _EPOCH) // _MILLISECOND)
    if instant is None or not _FIRST <= instant < _END:
        raise ValueError(_expected(text))
    return instant


def iso(instant: int) -> str:
    """Return an instant as in the history: `2026-03-02T09:00:00.000Z`."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{instant % SECOND:03d}Z"


def spoken(instant: int) -> str:
    """Return an instant as text: `2026-03-02 09:00:00 UTC`, with milliseconds only if they are not zero."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    fraction = f".{instant % SECOND:03d}" if instant % SECOND else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} UTC"


def span(milliseconds: int) -> str:
    """Return a length of time in its two largest units: `1 h`, `5 h 30 min`, `2 d 3 h`, `0.250 s`."""
    rest, parts = abs(milliseconds), []
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or f"{abs(milliseconds) / SECOND:.3f} s"


def _expected(text: object) -> str:
    years = f"in the years {_FIRST_YEAR} to {_END_YEAR - 1}"
    return f"expected a time with a zone such as 2026-03-02T09:00:00.000Z {years}, got {text!r}"
