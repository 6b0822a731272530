"""Values that a program understood, and wrote in another form: numbers, dates and truth values."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

_MOST_DIGITS = 40
#: Whole numbers of 32 bits: the largest with a sign, the smallest, and the largest without one.
_BOUNDS = (2**31 - 1, -(2**31), 2**32 - 1)
_DATE_FORMATS = (
    "%Y/%m/%d",
    "%Y%m%d",
    "%B %d, %Y",
    "%b %d, %Y",
    *(
        f"{day}{mark}{month}{mark}{year}"
        for mark in "/.- "
        for day, month in (("%d", "%m"), ("%m", "%d"), ("%d", "%b"), ("%d", "%B"))
        for year in ("%Y", "%y")
    ),
)
_TRUE, _FALSE = frozenset({"1", "true", "yes", "y", "on", "t"}), frozenset({"0", "false", "no", "n", "off", "f"})


def has_lost_decimals(got: str, expected: str) -> bool:
    """Return True if a number lost its decimals, even if they were zeros."""
    whole, point, decimals = expected.replace(",", ".").rpartition(".")
    return bool(point) and decimals.isdecimal() and got in {whole, f"{whole}."}


def is_number_in_another_format(got: str, expected: str) -> bool:
    """Return True if both are the same number, with other marks for thousands and decimals, or an exponent."""
    due = _number(expected)
    return due is not None and due in _readings(got)


def is_rounded_number(got: str, expected: str) -> bool:
    """Return True if the number was rounded to fewer decimals, or has the noise of a floating-point type."""
    due, sent = _number(expected), _number(got)
    if due is None or sent is None or due == due.to_integral_value():
        return False
    is_shorter = _decimals(sent) < _decimals(due)
    return abs(due - sent) < (Decimal(1).scaleb(-_decimals(sent)) if is_shorter else Decimal("1e-6"))


def is_bound_of_32_bits(got: str, expected: str) -> bool:
    """Return True if a number that has no room in 32 bits became their bound, or lost its upper bits."""
    due, sent = _number(expected), _number(got)
    if due is None or sent is None or due != due.to_integral_value() or -(2**31) <= due < 2**31:
        return False
    whole = int(due)
    cut = whole & (2**32 - 1)
    return sent in {*map(Decimal, _BOUNDS), Decimal(cut), Decimal(cut - 2**32)}


def is_date_in_another_format(got: str, expected: str) -> bool:
    """Return True if both are the same day; a time of midnight may follow."""
    try:
        due = date.fromisoformat(expected)
    except ValueError:
        return False
    return due in _days(got.strip())


def is_other_truth_value(got: str, expected: str) -> bool:
    """Return True if both mean yes or both mean no, in different words."""
    words = got.strip().lower(), expected.strip().lower()
    return words[0] != words[1] and any(meaning.issuperset(words) for meaning in (_TRUE, _FALSE))


def _number(text: str) -> Decimal | None:
    if len(text) > _MOST_DIGITS or not text.isascii():
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS else None


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _readings(got: str) -> Iterator[Decimal]:
    """Yield the numbers that people in different countries read."""
    marks: tuple[Callable[[str], str], ...] = (
        str,
        lambda text: text.replace(",", ""),
        lambda text: text.replace(".", "").replace(",", "."),
    )
    plain = "".join(sign for sign in got if sign.isascii() and (sign.isdecimal() or sign in ".,-+eE"))
    yield from (number for change in marks if (number := _number(change(plain))) is not None)


def _days(text: str) -> Iterator[date]:
    with suppress(ValueError):
        yield datetime.fromisoformat(text).date()
    for form in _DATE_FORMATS:
        with suppress(ValueError):
            yield datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
