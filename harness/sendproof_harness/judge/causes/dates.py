"""Calendar mistakes with an instant: the results in milliseconds since the epoch."""

from datetime import UTC, datetime


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


def with_date_of(at: int, day: int) -> int:
    """Return the instant at the time of day of `at`, on the date of `day`."""
    date = utc(day)
    return _instant(utc(at).replace(year=date.year, month=date.month, day=date.day))


def midnight(at: int) -> int:
    """Return the beginning of the instant's day in UTC."""
    return _instant(utc(at).replace(hour=0, minute=0, second=0))


def full_hour(at: int) -> int:
    """Return the beginning of the instant's hour."""
    return _instant(utc(at).replace(minute=0, second=0))
