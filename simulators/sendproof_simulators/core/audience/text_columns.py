"""The attributes of many customers as JSON texts in arrays: the fast way to a page of a large campaign.

The functions in `audience.py` define the attributes, one customer at a time. These compute the same for thousands of
customers at once, and a property test compares the two. What few customers have, such as a test number or a value that
a scenario spells out, is taken from there.

A column is a list of parts that make up each text, one after the other: an array with one entry per customer, or bytes
that all customers share.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from sendproof_simulators.core.audience.audience import (
    BY_ATTRIBUTE,
    BY_PROVIDER,
    CITY_UNKNOWN,
    FOREIGN,
    NEVER_ANSWERED,
    UNUSABLE_NUMBERS,
    Audience,
    Customer,
    Draws,
)
from sendproof_simulators.core.audience.client_attributes import ClientAttribute
from sendproof_simulators.core.audience.fake_names import Name, Names, pools
from sendproof_simulators.core.messaging.number_plans import PLUS, NumberPlan
from sendproof_simulators.core.randomness import KeyedRandom

Part: TypeAlias = NDArray[Any] | bytes
Column: TypeAlias = list[Part]

_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode
_NULL = b"null"
_QUOTE = b'"'
#: The type of `Draws` in the hashes of customers.
_DRAWS = np.dtype([(name, ">u8" if place < 2 else ">u2") for place, name in enumerate(Draws._fields)])  # noqa: PLR2004 - as in `Draws`
_MOST = (1 << 64) - 1
# Rows that are joined at once: few enough for the caches of the processor.
_PIECE = 1_000
# Four digits are looked up at once.
_GROUP = 4
_FOUR_DIGITS = np.array([b"%04d" % number for number in range(10**_GROUP)]).view(np.uint8).reshape(-1, _GROUP)
# Stands for a digit of a number in its spelling; no spelling has such a character.
_FIRST_DIGIT = 0xE000


class Crowd(NamedTuple):
    """Customers by index in the audience, with their draws."""

    audience: Audience
    indices: NDArray[np.int64]
    draws: NDArray[Any]


def text_columns(audience: Audience, indices: Sequence[int], names: Iterable[str]) -> list[Column]:
    """Return the column of each of these attributes of the audience, for the customers at `indices`."""
    crowd = _crowd(audience, indices)
    return [_text_column(crowd, name) for name in names]


def customers(audience: Audience, indices: range) -> Iterator[Customer]:
    """Yield the customers at `indices`, as `Audience.customer` returns them."""
    crowd, names = _crowd(audience, indices), audience.attribute_names
    columns = [_numbers(crowd), _opt_outs(crowd), *(_text_column(crowd, name) for name in names)]
    place = names.index(audience.phone_attribute)
    for index, (number, opted_out_by, *values) in zip(indices, _rows(columns, len(indices)), strict=True):
        yield Customer(
            id=audience.id_of(index),
            number=number,
            recorded_number=values[place],
            opted_out_by=opted_out_by,
            attributes=MappingProxyType(dict(zip(names, values, strict=True))),
        )


def _crowd(audience: Audience, indices: Sequence[int]) -> Crowd:
    draws = np.frombuffer(audience.digests(indices), _DRAWS)
    return Crowd(audience, np.fromiter(indices, np.int64, len(indices)), draws)


def _rows(columns: Iterable[Column], size: int) -> list[list[str | None]]:
    """Return the values of each customer."""
    separated = [part for column in columns for part in (b",", *column)]
    texts, _ = joined([b"[", *separated[1:], b"],"], size)
    rows: list[list[str | None]] = _decode(b"[%b]" % b"".join(texts)[:-1])
    return rows


def _text_column(crowd: Crowd, name: str) -> Column:
    audience = crowd.audience
    attribute = next((own for own in audience.recipe.attributes if own.name == name), None)
    if attribute is not None:
        column: Column = [_drawn_values(crowd, attribute)]
    elif audience.usual_name(name) in _COLUMNS and not (name == audience.email_attribute and audience.addresses):
        column = _COLUMNS[audience.usual_name(name)](crowd)
    else:
        column = [np.array([_encode(audience.values(int(index), [name])[0]) for index in crowd.indices])]
    return with_texts(column, _texts_of(crowd, _individuals(crowd), name))


def _individuals(crowd: Crowd) -> list[int]:
    """Return the places of the customers that the scenario spells out."""
    places: list[int] = np.flatnonzero(np.isin(crowd.indices, list(crowd.audience.individuals))).tolist()
    return places


def _texts_of(crowd: Crowd, places: Iterable[int], name: str) -> dict[int, str | None]:
    """Return the attribute of the customers at these places, computed one by one."""
    return {place: crowd.audience.values(int(crowd.indices[place]), [name])[0] for place in places}


def with_texts(column: Column, texts: Mapping[int, str | None], size: int | None = None) -> Column:
    """Return a column with other texts at some places; `size` is needed for a column without an array."""
    if not texts:
        return column
    places = list(texts)
    encoded = np.array([_encode(text) for text in texts.values()])
    size = next((len(part) for part in column if not isinstance(part, bytes)), size)
    assert size is not None  # noqa: S101 - the caller knows it
    first, *others = (np.full(size, part) if isinstance(part, bytes) else part for part in column)
    changed = first.astype(np.promote_types(first.dtype, encoded.dtype))
    changed[places] = encoded
    return [changed, *(_emptied(part, places) for part in others)]


def joined(parts: Sequence[Part], size: int) -> tuple[list[bytes], NDArray[Any]]:
    """Return the texts of all customers one after the other, in pieces, and the length of each.

    Each text is a row of these parts.
    """
    types = [np.dtype(f"S{len(part)}") if isinstance(part, bytes) else part.dtype for part in parts]
    table = np.empty(min(size, _PIECE), np.dtype([(f"part {place}", type_) for place, type_ in enumerate(types)]))
    texts = []
    for start in range(0, size, _PIECE):
        rows = table[: size - start]
        for name, part in zip(table.dtype.names or (), parts, strict=True):
            rows[name] = part if isinstance(part, bytes) else part[start : start + _PIECE]
        # Texts shorter than their array are filled up with zeros, which JSON does not contain.
        texts.append(rows.tobytes().translate(None, b"\0"))
    lengths = np.zeros(size, np.int64)
    for part in parts:
        lengths += len(part) if isinstance(part, bytes) else np.strings.str_len(part)
    return texts, lengths


def split_places(random: KeyedRandom, indices: Sequence[int], bounds: Sequence[float], *path: object) -> NDArray[Any]:
    """Return the number of bounds up to the draw of each of these customers, as `bisect_right` finds it."""
    if not bounds:
        return np.zeros(len(indices), np.int64)
    return np.searchsorted(np.array(bounds), _fractions(random, indices, *path), side="right")


def decimals(numbers: NDArray[np.int64], digits: int) -> NDArray[Any]:
    """Return numbers as texts of so many digits, with zeros in front."""
    return _texts(_digit_table(numbers, digits))


def _fractions(random: KeyedRandom, indices: Iterable[int], *path: object) -> NDArray[np.float64]:
    words = np.frombuffer(random.words(indices, *path), ">u8")
    return (words >> np.uint64(11)) / (1 << 53)


def _emptied(part: NDArray[Any], places: list[int]) -> NDArray[Any]:
    changed = part.copy()
    changed[places] = b""
    return changed


def _digit_table(numbers: NDArray[np.int64], digits: int) -> NDArray[np.uint8]:
    """Return the last digits of each number, one row per number."""
    groups = []
    for _ in range(0, digits, _GROUP):
        numbers, rest = np.divmod(numbers, 10**_GROUP)
        groups.append(_FOUR_DIGITS[rest])
    return np.hstack(groups[::-1])[:, -digits:]


def _texts(table: NDArray[np.uint8]) -> NDArray[Any]:
    """Return a table of characters as an array of texts."""
    return np.ascontiguousarray(table).view(f"S{table.shape[1]}").ravel()


# -- names -------------------------------------------------------------------------------------------


class _Pool(NamedTuple):
    """Texts of several lists in one array: the position of each list, and its length."""

    texts: NDArray[Any]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]


def _pool(lists: Sequence[Sequence[bytes]]) -> _Pool:
    sizes = np.array([len(texts) for texts in lists])
    return _Pool(np.array([text for texts in lists for text in texts]), np.cumsum(sizes) - sizes, sizes)


@cache
def _names(part: str, form: str) -> _Pool:
    """Return the first or last names of all languages, as text or in the form of a mail address."""
    groups: list[Names] = [pools().home, *pools().foreign]
    lists: list[Sequence[Name]] = [getattr(group, part) for group in groups]
    encoded = [[_encode(getattr(name, form)) for name in names] for names in lists]
    return _pool([[text[1:-1] for text in texts] for texts in encoded] if form == "mail" else encoded)


@cache
def _languages_pool() -> NDArray[Any]:
    return np.array([_encode(group.language) for group in (pools().home, *pools().foreign)])


@cache
def _cities_pool() -> NDArray[Any]:
    return np.array([*map(_encode, pools().cities), _NULL])


def _name_groups(crowd: Crowd) -> NDArray[np.int64]:
    """Return 0 for each customer with an English name, and the number of the foreign language for others."""
    return np.where(crowd.draws["foreign"] >= FOREIGN, 0, 1 + _below(crowd.draws["language"], len(pools().foreign)))


def _below(draws: NDArray[Any], bound: Any) -> NDArray[np.int64]:
    """Return a whole number from 0 to `bound` - 1 for each draw of 16 bits."""
    positions: NDArray[np.int64] = draws.astype(np.int64) * bound >> 16
    return positions


def _drawn_names(crowd: Crowd, part: str, form: str) -> NDArray[Any]:
    pool, groups = _names(part, form), _name_groups(crowd)
    return pool.texts.take(pool.starts[groups] + _below(crowd.draws[f"{part}_name"], pool.sizes[groups]))


def _emails(crowd: Crowd) -> Column:
    first, last = _drawn_names(crowd, "first", "mail"), _drawn_names(crowd, "last", "mail")
    return [_QUOTE, first, b".", last, b".", crowd.indices.astype("S8"), b'@example.com"']


def _languages(crowd: Crowd) -> Column:
    return [_languages_pool()[_name_groups(crowd)]]


def _cities(crowd: Crowd) -> Column:
    cities = _cities_pool()
    known = _below(crowd.draws["city"], len(cities) - 1)
    return [cities[np.where(crowd.draws["city_unknown"] < CITY_UNKNOWN, len(cities) - 1, known)]]


# -- consent, balance and own attributes ---------------------------------------------------------------


def _consents(crowd: Crowd) -> Column:
    by_attribute = _is_below(crowd.draws["group"], crowd.audience.by_attribute_bound)
    without = np.where(crowd.draws["spelling"] % NEVER_ANSWERED == 0, _NULL, b'"0"')
    return [np.where(by_attribute, without, b'"1"')]


def _balances(crowd: Crowd) -> Column:
    whole, cents = np.divmod((crowd.draws["balance"] % 100_000).astype(np.int64), 100)
    return [_QUOTE, whole.astype("S3"), b".", decimals(cents, 2), _QUOTE]


def _drawn_values(crowd: Crowd, attribute: ClientAttribute) -> NDArray[Any]:
    values = np.array([*map(_encode, attribute.values), _encode(attribute.default)])
    bounds = list(accumulate(attribute.values.values()))
    path = ("audience", "attribute", attribute.name)
    return values.take(split_places(crowd.audience.random, crowd.indices.tolist(), bounds, *path))


def _is_below(draws: NDArray[Any], bound: int) -> NDArray[np.bool_]:
    """Compare draws of 64 bits with a bound of up to 1 << 64."""
    return draws < np.uint64(bound) if bound <= _MOST else np.ones(len(draws), bool)


# -- phone numbers -------------------------------------------------------------------------------------


def _phone_numbers(crowd: Crowd) -> Column:
    audience, draws = crowd.audience, crowd.draws
    spellings = [name for _, name in audience.spellings] + [PLUS]
    chosen = np.searchsorted([bound for bound, _ in audience.spellings], draws["spelling"] / (1 << 16), side="right")
    plan, table = audience.number_plan, _number_table(crowd)
    forms = [_spelled(plan, table[chosen == place], name) for place, name in enumerate(spellings)]
    texts = np.zeros(len(draws), np.result_type(*forms))
    for place, form in enumerate(forms):
        texts[chosen == place] = form
    invalid = np.array([*map(_encode, UNUSABLE_NUMBERS)])
    texts = np.where(_are_unusable(crowd), invalid[_below(draws["unusable"], len(invalid))], texts)
    return with_texts([texts], _texts_of(crowd, _tested(crowd), audience.phone_attribute))


def _numbers(crowd: Crowd) -> Column:
    """Return the real numbers, null for customers without a usable one."""
    digits = _spelled(crowd.audience.number_plan, _number_table(crowd), "digits")
    places = {*_tested(crowd), *_individuals(crowd)}
    others = {place: crowd.audience.number(int(crowd.indices[place])) for place in places}
    return with_texts([np.where(_are_unusable(crowd), _NULL, digits)], others)


def _opt_outs(crowd: Crowd) -> Column:
    """Return where the opt-outs are kept, null for customers without one."""
    audience, groups = crowd.audience, crowd.draws["group"]
    by_attribute, opted_out = (
        _is_below(groups, bound) for bound in (audience.by_attribute_bound, audience.opted_out_bound)
    )
    texts = np.where(by_attribute, _encode(BY_ATTRIBUTE), np.where(opted_out, _encode(BY_PROVIDER), _NULL))
    others = {place: audience.opt_out(int(crowd.indices[place])) for place in _individuals(crowd)}
    return with_texts([texts], others)


def _are_unusable(crowd: Crowd) -> NDArray[np.bool_]:
    audience, groups = crowd.audience, crowd.draws["group"]
    return _is_below(groups, audience.unusable_bound) & ~_is_below(groups, audience.opted_out_bound)


def _tested(crowd: Crowd) -> list[int]:
    """Return the places of the customers with test numbers."""
    numbers = crowd.audience.outcome_numbers
    if numbers is None:
        return []
    drawn = numbers.are_for(crowd.indices) & ~_is_below(crowd.draws["group"], crowd.audience.unusable_bound)
    places: list[int] = np.flatnonzero(drawn).tolist()
    return places


def _number_table(crowd: Crowd) -> NDArray[np.uint8]:
    """Return the digits of the ordinary number of each customer, with country code, one row per customer."""
    plan = crowd.audience.number_plan
    places = (crowd.indices * crowd.audience.number_step + crowd.audience.number_offset) % plan.count
    blocks, rest = np.divmod(places, plan.block)
    return _digit_table(np.array(plan.firsts)[blocks] + rest, len(str(plan.firsts[0])))


def _spelled(plan: NumberPlan, table: NDArray[np.uint8], spelling: str) -> NDArray[Any]:
    """Return numbers in a spelling, as it is defined for one number."""
    width = table.shape[1]
    digits = "".join(chr(_FIRST_DIGIT + place) for place in range(len(plan.code), width))
    form = f'"{plan.spelled(plan.code + digits, spelling)}"'
    spelled = np.empty((len(table), len(form)), np.uint8)
    for place, character in enumerate(form):
        code = ord(character)
        spelled[:, place] = table[:, code - _FIRST_DIGIT] if code >= _FIRST_DIGIT else code
    return _texts(spelled)


_COLUMNS: Mapping[str, Callable[[Crowd], Column]] = {
    "EMAIL": _emails,
    "FIRST_NAME": lambda crowd: [_drawn_names(crowd, "first", "text")],
    "LAST_NAME": lambda crowd: [_drawn_names(crowd, "last", "text")],
    "PHONENUMBER": _phone_numbers,
    "CITY": _cities,
    "COUNTRY": lambda crowd: [np.full(len(crowd.indices), _encode(crowd.audience.recipe.country))],
    "LANGUAGE": _languages,
    "SMS_OPT_IN": _consents,
    "BALANCE": _balances,
}
