"""What all lists have in common: `condition`, `order`, `offset`, `limit`, `select`.

documented: https://docs.xtremepush.com/reference/push-list-device. observed: a condition as an object with an
operator, and IN, in a TypeScript client that reads Xtremepush reports. assumed: the default of `limit`, that numbers
are compared as numbers and all else as text, and that an unknown field is refused.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from sendproof_simulators.services.xtremepush.errors import RefusalError, wrong
from sendproof_simulators.services.xtremepush.personalization import plain_value

DEFAULT_LIMIT = 100

Row = Mapping[str, object]
Test = Callable[[Row], bool]

_ORDERED: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def listed(rows: Iterable[Row], fields: Sequence[str], asked: Mapping[str, Any]) -> list[Row]:
    """The rows that were asked for. `fields` are those that every row has."""
    test = condition(asked.get("condition", ()), fields)
    found: Iterable[Row] = filter(test, rows)
    found = _ordered(found, asked.get("order", ()), fields)
    offset = asked.get("offset", 0)
    page = islice(found, offset, offset + asked.get("limit", DEFAULT_LIMIT))
    return list(map(selector(asked.get("select"), fields), page))


def selector(names: Sequence[str] | None, fields: Sequence[str]) -> Callable[[Row], Row]:
    """Reduces a row to the named fields."""
    if not names:
        return lambda row: row
    for name in names:
        _known("select", name, fields)
    return lambda row: {name: row[name] for name in names}


def condition(given: Sequence[Any] | Mapping[str, Any], fields: Sequence[str]) -> Test:
    """Whether a row meets a condition in either form."""
    joined: Callable[[Iterable[bool]], bool] = all
    if isinstance(given, Mapping):
        joined = any if given.get("operator") == "OR" else all
        given = [value for key, value in given.items() if key != "operator"]
    tests = [_comparison(triple, fields) for triple in given]
    return (lambda row: joined(test(row) for test in tests)) if tests else (lambda _: True)


def _comparison(triple: Sequence[Any], fields: Sequence[str]) -> Test:
    name, symbol, wanted = triple
    name = _known("condition", name, fields)
    if not isinstance(symbol, str):
        raise _unknown_operator(symbol)
    if symbol in {"=", "!="}:
        text, same = plain_value(wanted), symbol == "="
        return lambda row: (plain_value(row[name]) == text) is same
    if symbol in {"IN", "NOT IN"}:
        if not isinstance(wanted, list):
            raise wrong("condition", f"{symbol} needs a list of values, got {wanted!r:.100}")
        texts, inside = frozenset(map(plain_value, wanted)), symbol == "IN"
        return lambda row: (plain_value(row[name]) in texts) is inside
    if symbol not in _ORDERED:
        raise _unknown_operator(symbol)
    compare, limit = _ORDERED[symbol], _sortable(wanted)
    return lambda row: _compared(compare, _sortable(row[name]), limit)


def _unknown_operator(symbol: object) -> RefusalError:
    return wrong("condition", f"expected one of the operators =, !=, >=, <=, >, <, IN, NOT IN, got {symbol!r:.100}")


def _compared(
    compare: Callable[[Any, Any], bool], left: tuple[bool, float, str], right: tuple[bool, float, str]
) -> bool:
    """Numbers with numbers, texts with texts; one of each has no order."""
    return left[0] is right[0] and compare(left, right)


def _sortable(value: object) -> tuple[bool, float, str]:
    text = plain_value(value)
    try:
        return False, float(text), ""
    except (ValueError, OverflowError):
        return True, 0.0, text


def _ordered(rows: Iterable[Row], order: Sequence[str], fields: Sequence[str]) -> Iterable[Row]:
    # The last field first: each sorting keeps the order of the ones before it.
    for given in reversed(order):
        name, _, direction = given.strip().partition(" ")
        _known("order", name, fields)
        if direction.strip().upper() not in {"", "ASC", "DESC"}:
            raise wrong("order", f"expected ASC or DESC after the field, got {given!r:.100}")
        rows = sorted(rows, key=_key(name), reverse=direction.strip().upper() == "DESC")
    return rows


def _key(name: str) -> Callable[[Row], tuple[bool, float, str]]:
    return lambda row: _sortable(row[name])


def _known(where: str, name: object, fields: Sequence[str]) -> str:
    if not isinstance(name, str) or name not in fields:
        raise wrong(where, f"expected one of the fields {', '.join(fields)}, got {name!r:.100}")
    return name
