"""The parameters that all lists share: `condition`, `order`, `offset`, `limit`, `select`.

documented: https://docs.xtremepush.com/reference/push-list-device. observed: a condition as an object with an
operator, and IN, in a TypeScript client that reads Xtremepush reports. assumed: that numbers
are compared as numbers and everything else as text, and that an unknown field is refused.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from sendproof_simulators.services.xtremepush.errors import ApiError, invalid_field
from sendproof_simulators.services.xtremepush.personalization import plain_value

# The contract says so too, but the number cannot be another one.
_PARTS = 3

Row = Mapping[str, object]
Predicate = Callable[[Row], bool]

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def query_rows(rows: Iterable[Row], fields: Sequence[str], parameters: Mapping[str, Any]) -> list[Row]:
    """Return the requested rows. `fields` are the fields of every row; `parameters` include `offset` and `limit`."""
    matches = _condition(parameters.get("condition", ()), fields)
    found: Iterable[Row] = filter(matches, rows)
    found = _sorted_rows(found, parameters.get("order", ()), fields)
    page = islice(found, parameters["offset"], parameters["offset"] + parameters["limit"])
    return list(map(select_fields(parameters.get("select"), fields), page))


def select_fields(names: Sequence[str] | None, fields: Sequence[str]) -> Callable[[Row], Row]:
    """Return a function that reduces a row to the named fields."""
    if not names:
        return lambda row: row
    for name in names:
        _known_field("select", name, fields)
    return lambda row: {name: row[name] for name in names}


def _condition(parameter: Sequence[Any] | Mapping[str, Any], fields: Sequence[str]) -> Predicate:
    """Return a predicate for rows from a condition in either form."""
    combine: Callable[[Iterable[bool]], bool] = all
    comparisons: Iterable[Any] = parameter
    if isinstance(parameter, Mapping):
        combine = any if parameter.get("operator") == "OR" else all
        comparisons = [value for key, value in parameter.items() if key != "operator"]
    predicates = [_comparison(triple, fields) for triple in comparisons]
    return (lambda row: combine(matches(row) for matches in predicates)) if predicates else (lambda _: True)


def _comparison(triple: Sequence[Any], fields: Sequence[str]) -> Predicate:
    if len(triple) != _PARTS:
        raise invalid_field("condition", f"expected [field, operator, value], got {len(triple)} parts")
    name, symbol, operand = triple
    name = _known_field("condition", name, fields)
    if not isinstance(symbol, str):
        raise _unknown_operator(symbol)
    if symbol in {"=", "!="}:
        text, is_equal = plain_value(operand), symbol == "="
        return lambda row: (plain_value(row[name]) == text) is is_equal
    if symbol in {"IN", "NOT IN"}:
        if not isinstance(operand, list):
            raise invalid_field("condition", f"{symbol} needs a list of values, got {operand!r:.100}")
        texts, is_in = frozenset(map(plain_value, operand)), symbol == "IN"
        return lambda row: (plain_value(row[name]) in texts) is is_in
    if symbol not in _COMPARISONS:
        raise _unknown_operator(symbol)
    compare, limit = _COMPARISONS[symbol], _sortable(operand)
    return lambda row: _compare_same_type(compare, _sortable(row[name]), limit)


def _unknown_operator(symbol: object) -> ApiError:
    return invalid_field(
        "condition", f"expected one of the operators =, !=, >=, <=, >, <, IN, NOT IN, got {symbol!r:.100}"
    )


def _compare_same_type(
    compare: Callable[[Any, Any], bool], left: tuple[bool, float, str], right: tuple[bool, float, str]
) -> bool:
    """Compare numbers with numbers and texts with texts; a number and a text have no order."""
    return left[0] is right[0] and compare(left, right)


def _sortable(value: object) -> tuple[bool, float, str]:
    text = plain_value(value)
    try:
        return False, float(text), ""
    except (ValueError, OverflowError):
        return True, 0.0, text


def _sorted_rows(rows: Iterable[Row], order: Sequence[str], fields: Sequence[str]) -> Iterable[Row]:
    # The last field first: sorting is stable, so each pass keeps the order of the passes before it.
    for item in reversed(order):
        name, _, direction = item.strip().partition(" ")
        _known_field("order", name, fields)
        if direction.strip().upper() not in {"", "ASC", "DESC"}:
            raise invalid_field("order", f"expected ASC or DESC after the field, got {item!r:.100}")
        rows = sorted(rows, key=_sort_key(name), reverse=direction.strip().upper() == "DESC")
    return rows


def _sort_key(name: str) -> Callable[[Row], tuple[bool, float, str]]:
    return lambda row: _sortable(row[name])


def _known_field(parameter: str, name: object, fields: Sequence[str]) -> str:
    if not isinstance(name, str) or name not in fields:
        raise invalid_field(parameter, f"expected one of the fields {', '.join(fields)}, got {name!r:.100}")
    return name
