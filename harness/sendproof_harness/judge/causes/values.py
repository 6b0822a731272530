"""Wrong values in a text: for each placeholder, why its value is not the customer's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from sendproof_harness.judge.causes.damage import cut_length, damage
from sendproof_harness.judge.causes.spellings import (
    has_lost_decimals,
    is_bound_of_32_bits,
    is_date_in_another_format,
    is_number_in_another_format,
    is_other_truth_value,
    is_rounded_number,
)
from sendproof_harness.judge.facts.templates import Values

#: What programming languages make of a missing value.
NULL_WORDS = frozenset({"none", "null", "(null)", "undefined", "nil", "nan", "<null>", "[object object]", "<na>", "{}"})

OTHER_ATTRIBUTE = "the value of another attribute"

_NOTHING_KNOWN: frozenset[str] = frozenset()


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


def _is_null_for_nothing(value: WrongValue) -> bool:
    return not value.expected and value.got.strip().lower() in NULL_WORDS


def _is_null(value: WrongValue) -> bool:
    return value.got.strip().lower() in NULL_WORDS


def _is_placeholder_name(value: WrongValue) -> bool:
    return value.got.strip("{}%|[]<>$: ").casefold() == value.name.casefold()


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


#: The hypotheses, the most certain first.
_CAUSES: tuple[tuple[Callable[[WrongValue], bool], str], ...] = (
    (_is_null_for_nothing, "the word {got} where a placeholder has no value"),
    (lambda value: not value.got.strip(), "placeholders left empty"),
    (_is_null, "the word {got} instead of a value"),
    (_is_placeholder_name, "the name of a placeholder instead of its value"),
    (lambda value: value.got in value.changed, "an outdated value of the customer"),
    (_is_swapped, OTHER_ATTRIBUTE),
    (_is_list, "a value with the marks of its data type"),
    (_spelled(has_lost_decimals), "a number lost its decimals"),
    (_spelled(is_number_in_another_format), "a value is damaged: a number in another format"),
    (_spelled(is_rounded_number), "a value is damaged: a number was rounded"),
    (_spelled(is_bound_of_32_bits), "a value is damaged: a number that has no room in 32 bits was changed"),
    (_spelled(is_date_in_another_format), "a value is damaged: a date in another format"),
    (_spelled(is_other_truth_value), "a value is damaged: another word for yes or no"),
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
