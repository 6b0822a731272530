"""What Optimove knows of each customer: the client's records, and what was changed of them since.

Every value is kept with its instant, because a campaign shows its customers as they were when it was announced.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import NamedTuple, Protocol

from sendproof_simulators.core.audience.audience import Audience, Customer
from sendproof_simulators.core.clock.wall_clock import Instant

# documented: https://developer.optimove.com/reference/post_customers-addcustomerattribute
MAX_ADDED = 40

CONSENT, NUMBER = "SMS_OPT_IN", "PHONENUMBER"
_OPTED_OUT = "0"
_LONGEST = 4_000
_TYPE = re.compile(r"(DECIMAL\(19,4\)|INT|BIGINT|DATE|(N?VARCHAR)\(([1-9][0-9]{0,3})\))", re.IGNORECASE)
_E164 = re.compile(r"\+([1-9][0-9]{7,14})")
# The types of what every customer has: assumed.
_BASE_TYPES: Mapping[str, str] = {CONSENT: "INT", "BALANCE": "DECIMAL(19,4)"}
_BASE_TYPE = "NVARCHAR(255)"


class Attribute(NamedTuple):
    """One attribute that customers have. `type` as AddCustomerAttribute writes it."""

    name: str
    type: str
    default: str | None = None
    added: Instant | None = None


class Change(NamedTuple):
    """One new value of one attribute of one customer."""

    customer: str
    field: str
    value: str | None


class Customers(Protocol):
    """What campaigns ask about customers, by index: the audience, or the audience with what was changed."""

    def customers(self, start: int, stop: int) -> Iterator[Customer]:
        """Neighbours."""

    def columns(self, start: int, stop: int, names: Sequence[str]) -> list[list[str | None]]:
        """Their attributes, a list for each name."""

    def values(self, index: int, names: Sequence[str]) -> list[str | None]:
        """One customer's attributes."""


class Records:
    """All customers of a sandbox. An index from the audience's size on is one who came by upsert."""

    def __init__(self, audience: Audience) -> None:
        """Start with the client's records."""
        self._audience = audience
        names = audience.attribute_names
        self._attributes = {name: Attribute(name, _BASE_TYPES.get(name, _BASE_TYPE)) for name in names}
        self._changes: dict[str, dict[int, list[tuple[Instant, str | None]]]] = {}
        self._newcomers: dict[str, int] = {}
        self._first_change: Instant | None = None

    # Attributes.

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """All of them, those that were added last."""
        return tuple(self._attributes.values())

    @property
    def added(self) -> int:
        """How many were added by the API."""
        return sum(attribute.added is not None for attribute in self.attributes)

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of that name in any case, if there is one."""
        return next((known for known in self.attributes if known.name.lower() == name.lower()), None)

    def add(self, attribute: Attribute) -> None:
        """Give every customer one more attribute."""
        self._attributes[attribute.name] = attribute

    # Customers.

    def find(self, customer: str) -> int | None:
        """The index of a customer, or None."""
        index = self._audience.index_of(customer)
        return self._newcomers.get(customer) if index is None else index

    def find_or_make(self, customer: str) -> int:
        """The index of a customer, who is new if need be."""
        index = self.find(customer)
        return self._newcomers.setdefault(customer, self._size + len(self._newcomers)) if index is None else index

    def id_of(self, index: int) -> str:
        """The customer's id."""
        if index < self._size:
            return self._audience.id_of(index)
        return next(customer for customer, at in self._newcomers.items() if at == index)

    def set(self, index: int, name: str, value: str | None, now: Instant) -> None:
        """Give one customer a new value."""
        if self._first_change is None:
            self._first_change = now
        self._changes.setdefault(name, {}).setdefault(index, []).append((now, value))

    def value(self, index: int, name: str, at: Instant) -> str | None:
        """The value as it was just after an instant."""
        log = self._changes.get(name, {}).get(index, [])
        position = bisect_right(log, at, key=lambda entry: entry[0])
        if position:
            return log[position - 1][1]
        attribute = self._attributes[name]
        if attribute.added is not None:
            return attribute.default if attribute.added <= at else None
        return self._audience.values(index, [name])[0] if index < self._size else None

    def changed(self, name: str) -> Mapping[int, list[tuple[Instant, str | None]]]:
        """Who got new values of an attribute, and when, by index."""
        return MappingProxyType(self._changes.get(name, {}))

    def seen_at(self, at: Instant) -> Customers:
        """The customers as they were just after an instant."""
        untouched = self._first_change is None or self._first_change > at
        return self._audience if untouched and not self.added else _Seen(self, self._audience, at)

    @property
    def _size(self) -> int:
        return self._audience.recipe.customers

    def overlay(self, name: str, indices: Sequence[int], column: list[str | None], at: Instant) -> list[str | None]:
        """A column with what had been changed of it by then."""
        changes = self._changes.get(name, {})
        if not changes:
            return column
        return [
            self.value(index, name, at) if index in changes else value
            for index, value in zip(indices, column, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class _Seen:
    """The audience with what had been changed by an instant."""

    records: Records
    audience: Audience
    at: Instant

    def columns(self, start: int, stop: int, names: Sequence[str]) -> list[list[str | None]]:
        indices = range(start, stop)
        return [self.records.overlay(name, indices, self._column(name, indices), self.at) for name in names]

    def values(self, index: int, names: Sequence[str]) -> list[str | None]:
        return [self.records.value(index, name, self.at) for name in names]

    def customers(self, start: int, stop: int) -> Iterator[Customer]:
        names = self.audience.attribute_names
        rows = zip(*self.columns(start, stop, names), strict=True)
        for customer, row in zip(self.audience.customers(start, stop), rows, strict=True):
            yield _with(customer, dict(zip(names, row, strict=True)))

    def _column(self, name: str, indices: range) -> list[str | None]:
        if name in self.audience.attribute_names:
            return self.audience.columns(indices.start, indices.stop, [name])[0]
        attribute = self.records.attribute(name)
        there = attribute is not None and attribute.added is not None and attribute.added <= self.at
        return [attribute.default if attribute is not None and there else None] * len(indices)


def _with(customer: Customer, attributes: Mapping[str, str | None]) -> Customer:
    if attributes == customer.attributes:
        return customer
    number = customer.number
    if attributes[NUMBER] != customer.attributes[NUMBER]:
        spelled = _E164.fullmatch(attributes[NUMBER] or "")
        number = spelled[1] if spelled else None
    return replace(
        customer,
        number=number,
        opted_out=attributes[CONSENT] == _OPTED_OUT,
        attributes=MappingProxyType(dict(attributes)),
    )


# -- types -------------------------------------------------------------------------------------------


def type_of(text: str) -> str | None:
    """A type as it is written in capitals, or None when it is none that can be had."""
    found = _TYPE.fullmatch(text.replace(" ", ""))
    if found is None or (found[3] is not None and int(found[3]) > _LONGEST):
        return None
    return found[1].upper()


def fits(type_: str, value: str | None) -> bool:
    """Whether a value can be kept in an attribute of this type. Null always can."""
    if value is None:
        return True
    kind, _, length = type_.partition("(")
    return len(value) <= int(length[:-1]) if kind.endswith("VARCHAR") else _FITS[kind](value)


def _whole(bits: int) -> Callable[[str], bool]:
    limit = 1 << (bits - 1)
    return lambda text: bool(re.fullmatch(r"-?[0-9]{1,19}", text)) and -limit <= int(text) < limit


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


_FITS: Mapping[str, Callable[[str], bool]] = {
    "INT": _whole(32),
    "BIGINT": _whole(64),
    "DATE": _is_date,
    "DECIMAL": lambda text: bool(re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,4})?", text)),
}
