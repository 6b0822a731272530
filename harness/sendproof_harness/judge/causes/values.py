"""Wrong values in a text: for each placeholder, why its value is not the customer's."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import takewhile

from sendproof_harness.judge.causes.damage import TRIMMED, cut_length, damage
from sendproof_harness.judge.facts.templates import PLACEHOLDER, Values

#: What programming languages make of a missing value.
NULL_WORDS = frozenset({"none", "null", "(null)", "undefined", "nil", "nan", "<null>", "[object object]", "<na>", "{}"})

FILLED_IN_AGAIN = "a placeholder in the customer's value was filled in, too"
OTHER_ATTRIBUTE = "the value of another attribute"

# Placeholders in one value that are looked at.
_MOST_FILLED_IN = 4
# Of placeholders.
_MARKS = "{}%|"
_NOTHING_KNOWN: frozenset[str] = frozenset()
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


@dataclass(frozen=True, kw_only=True, slots=True)
class WrongValue:
    """One placeholder with its due value and the value that was sent, and all `due` values of the customer's text.

    `changed` are values that the placeholder's attribute of this customer had at another time of the run.
    """

    name: str
    got: str
    expected: str
    due: Values
    changed: frozenset[str] = _NOTHING_KNOWN


def wrong_values(got: Values, due: Values, changed: Mapping[str, frozenset[str]]) -> list[WrongValue]:
    """Return the placeholders with another value than the due one."""
    return [
        WrongValue(name=name, got=got[name], expected=value, due=due, changed=changed.get(name.upper(), _NOTHING_KNOWN))
        for name, value in due.items()
        if got[name] != value
    ]


def trimmed_cause(values: Sequence[WrongValue]) -> str | None:
    """Return the cause of values of which each only lacks white space at its ends, of any kind; None for others.

    In the whole text, it would look like other white space, or like a letter outside ASCII that was left out.
    """
    is_trimmed = bool(values) and all(
        value.got and value.got in {value.expected.strip(), value.expected.lstrip(), value.expected.rstrip()}
        for value in values
    )
    return f"a value is damaged: {TRIMMED}" if is_trimmed else None


def is_filled_in_again(value: WrongValue) -> bool:
    """Return True if values of the customer, or nothing, are in place of placeholders in the customer's own value."""
    first, *others = _parts(value.expected)
    is_nothing_left = not value.got and not any((first, *others))
    if not 0 < len(others) <= _MOST_FILLED_IN or is_nothing_left or not value.got.startswith(first):
        return False
    inserted = {"", *value.due.values()}
    ends = {len(first)}
    for part in others:
        # A pattern with all values would try their combinations one by one.
        ends = {end + len(new + part) for end in ends for new in inserted if value.got.startswith(new + part, end)}
    return len(value.got) in ends


def is_emptied(value: WrongValue) -> bool:
    """Return True if nothing is left of a value that is a placeholder."""
    return not value.got and PLACEHOLDER.fullmatch(value.expected) is not None


def _parts(text: str) -> list[str]:
    """Return what is before, between and after the placeholders of a text."""
    places = [match.span() for match in PLACEHOLDER.finditer(text)]
    begins, ends = [0, *(end for _, end in places)], [*(start for start, _ in places), len(text)]
    return [text[begin:end] for begin, end in zip(begins, ends, strict=True)]


def _is_null_for_nothing(value: WrongValue) -> bool:
    return not value.expected and value.got.strip().lower() in NULL_WORDS


def _is_null(value: WrongValue) -> bool:
    return value.got.strip().lower() in NULL_WORDS


def _is_placeholder_name(value: WrongValue) -> bool:
    return value.got.strip(_MARKS + "[]<>$: ").casefold() == value.name.casefold()


def _is_swapped(value: WrongValue) -> bool:
    others = (other for name, other in value.due.items() if name != value.name)
    return bool(value.got) and value.got in others


def _is_list(value: WrongValue) -> bool:
    return value.got[:1] in {"[", "(", "{", "'", '"'} and value.got.strip("[](){}'\"") == value.expected


def _is_cut(value: WrongValue) -> bool:
    return cut_length(value.got, value.expected) is not None


def _lacks_a_part(value: WrongValue) -> bool:
    """Return True if a part was left out that is no end: a mark in the value was taken for a command."""
    got, expected = value.got, value.expected
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(got, expected, strict=False)))
    return 0 < same < len(got) < len(expected) and expected.endswith(got[same:])


def _spelled(applies: Callable[[str, str], bool]) -> Callable[[WrongValue], bool]:
    return lambda value: applies(value.got, value.expected)


# -- values that a program understood, and wrote in another form: numbers, dates and truth values -----


def _has_lost_decimals(got: str, expected: str) -> bool:
    """Return True if a number lost its decimals, even if they were zeros."""
    whole, point, decimals = expected.replace(",", ".").rpartition(".")
    return bool(point) and decimals.isdecimal() and got in {whole, f"{whole}."}


def _is_number_in_another_format(got: str, expected: str) -> bool:
    """Return True if both are the same number, with other marks for thousands and decimals, or an exponent."""
    due = _number(expected)
    return due is not None and due in _readings(got)


def _is_rounded_number(got: str, expected: str) -> bool:
    """Return True if the number was rounded to fewer decimals, or has the noise of a floating-point type."""
    due, sent = _number(expected), _number(got)
    if due is None or sent is None or due == due.to_integral_value():
        return False
    is_shorter = _decimals(sent) < _decimals(due)
    return abs(due - sent) < (Decimal(1).scaleb(-_decimals(sent)) if is_shorter else Decimal("1e-6"))


def _is_bound_of_32_bits(got: str, expected: str) -> bool:
    """Return True if a number that has no room in 32 bits became their bound, or lost its upper bits."""
    due, sent = _number(expected), _number(got)
    if due is None or sent is None or due != due.to_integral_value() or -(2**31) <= due < 2**31:
        return False
    whole = int(due)
    cut = whole & (2**32 - 1)
    return sent in {*map(Decimal, _BOUNDS), Decimal(cut), Decimal(cut - 2**32)}


@lru_cache(maxsize=4096)
def _is_date_in_another_format(got: str, expected: str) -> bool:
    """Return True if both are the same day; a time of midnight may follow."""
    try:
        due = date.fromisoformat(expected)
    except ValueError:
        return False
    return due in _days(got.strip())


def _is_other_truth_value(got: str, expected: str) -> bool:
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
    """Yield the days that a text may mean."""
    for form in ("", *_DATE_FORMATS):
        try:
            moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        yield moment.date()


# -- causes ------------------------------------------------------------------------------------------


#: The hypotheses, the most certain first.
_CAUSES: tuple[tuple[Callable[[WrongValue], bool], str], ...] = (
    (is_filled_in_again, FILLED_IN_AGAIN),
    (_is_null_for_nothing, "the word {got} where a placeholder has no value"),
    (lambda value: not value.got.strip(), "placeholders left empty"),
    (_is_null, "the word {got} instead of a value"),
    (_is_placeholder_name, "the name of a placeholder instead of its value"),
    (lambda value: value.got in value.changed, "an outdated value of the customer"),
    (_is_swapped, OTHER_ATTRIBUTE),
    (_is_list, "a value with the marks of its data type"),
    (_spelled(_has_lost_decimals), "a number lost its decimals"),
    (_spelled(_is_number_in_another_format), "a value is damaged: a number in another format"),
    (_spelled(_is_rounded_number), "a value is damaged: a number was rounded"),
    (_spelled(_is_bound_of_32_bits), "a value is damaged: a number that has no room in 32 bits was changed"),
    (_spelled(_is_date_in_another_format), "a value is damaged: a date in another format"),
    (_spelled(_is_other_truth_value), "a value is damaged: another word for yes or no"),
    (_is_cut, "a value was cut off"),
)


def value_cause(value: WrongValue) -> str | None:
    """Return the cause of a wrong value, without the placeholder's name; None if it is not known."""
    for applies, cause in _CAUSES:
        if applies(value):
            return cause.format(got=repr(value.got.strip()))
    damaged = damage(value.got, value.expected) if value.expected else None
    if damaged is not None:
        return f"a value is damaged: {damaged}"
    return "a part of a value is missing" if _lacks_a_part(value) else None
