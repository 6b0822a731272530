"""Calendar mistakes with an instant: the results in milliseconds since the epoch."""

from datetime import UTC, datetime, timedelta


def utc(at: int) -> datetime:
    """Return an instant as a date and time in UTC, without milliseconds."""
    return datetime.fromtimestamp(at // 1000, UTC)


def _instant(date: datetime) -> int:
    return int(date.timestamp() * 1000)


def swapped_date(at: int) -> int | None:
    """Return the instant with day and month swapped; None if there is no such date, or it is the same."""
    date = utc(at)
    if date.day == date.month:
        return None
    try:
        return _instant(date.replace(month=date.day, day=date.month))
    except ValueError:
        return None


def midnight(at: int) -> int:
    """Return the beginning of the instant's day in UTC."""
    return _instant(utc(at).replace(hour=0, minute=0, second=0))


def full_hour(at: int) -> int:
    """Return the beginning of the instant's hour."""
    return _instant(utc(at).replace(minute=0, second=0))


def clock_changes(at: int) -> tuple[int, ...]:
    """Return when the clocks change in the year of an instant and the next: in Europe, North America and Australia."""
    years = (utc(at).year, utc(at).year + 1)
    return tuple(_instant(_sunday(year, month, day)) for year in years for month, day in _FIRST_POSSIBLE_DAYS)


# The Sunday of the change is this day of the month, or one of the next six.
_FIRST_POSSIBLE_DAYS = ((3, 25), (10, 25), (3, 8), (11, 1), (4, 1), (10, 1))


def _sunday(year: int, month: int, day: int) -> datetime:
    first = datetime(year, month, day, tzinfo=UTC)
    return first + timedelta(days=6 - first.weekday())
