"""The data of each customer: the client's records, and the changes since.

Each value is kept with its instant, because a campaign shows its customers in their state at the announcement.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import NamedTuple, Protocol

from sendproof_simulators.core.audience.audience import BY_ATTRIBUTE, BY_PROVIDER, Audience, Customer
from sendproof_simulators.core.clock.wall_clock import Instant

CONSENT, NUMBER = "SMS_OPT_IN", "PHONENUMBER"
_OPTED_IN = "1"
_TYPE = re.compile(r"(DECIMAL\(19,4\)|INT|BIGINT|DATE|(N?VARCHAR)\(([1-9][0-9]{0,8})\))", re.IGNORECASE)
_E164 = re.compile(r"\+([1-9][0-9]{7,14})")
# The types of the attributes that every customer has: assumed.
_BASE_TYPES: Mapping[str, str] = {CONSENT: "INT", "BALANCE": "DECIMAL(19,4)"}
_BASE_TYPE = "NVARCHAR(255)"


class Attribute(NamedTuple):
    """One attribute of all customers. `type` is spelled as in AddCustomerAttribute."""

    name: str
    type: str
    default: str | None = None
    added_at: Instant | None = None


class Change(NamedTuple):
    """One new value of one attribute of one customer."""

    customer: str
    field: str
    value: str | None


class Customers(Protocol):
    """Read access to customers by index: the audience, or the audience with changes."""

    def customers(self, start: int, stop: int) -> Iterator[Customer]:
        """Yield the customers from `start` up to but not including `stop`."""

    def columns(self, start: int, stop: int, names: Sequence[str]) -> list[list[str | None]]:
        """Return the attributes of these customers, one list for each name."""

    def values(self, index: int, names: Sequence[str]) -> list[str | None]:
        """Return the attributes of one customer, in the order of `names`."""


class CustomerRecords:
    """All customers of a sandbox. Indices from the audience's size on are customers that an upsert created."""

    def __init__(self, audience: Audience) -> None:
        """Create the client's records, without changes."""
        self._audience = audience
        names = audience.attribute_names
        self._attributes = {name: Attribute(name, _BASE_TYPES.get(name, _BASE_TYPE)) for name in names}
        self._changes: dict[str, dict[int, list[tuple[Instant, str | None]]]] = {}
        self._created: dict[str, int] = {}
        # The number of attributes that the API added.
        self.added_count = 0
        self._first_change: Instant | None = None

    # Attributes.

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """Return all attributes, those that the API added last."""
        return tuple(self._attributes.values())

    def find_attribute(self, name: str) -> Attribute | None:
        """Return the attribute with this name in any case, or None."""
        return next((attribute for attribute in self.attributes if attribute.name.lower() == name.lower()), None)

    def add_attribute(self, attribute: Attribute) -> None:
        """Add an attribute to all customers."""
        self._attributes[attribute.name] = attribute
        self.added_count += 1

    # Customers.

    def index_of(self, customer: str) -> int | None:
        """Return the index of a customer, or None."""
        index = self._audience.index_of(customer)
        return self._created.get(customer) if index is None else index

    def index_or_create(self, customer: str) -> int:
        """Return the index of a customer; create the customer if necessary."""
        index = self.index_of(customer)
        return self._created.setdefault(customer, self._size + len(self._created)) if index is None else index

    def id_of(self, index: int) -> str:
        """Return the id of a customer."""
        if index < self._size:
            return self._audience.id_of(index)
        return next(customer for customer, position in self._created.items() if position == index)

    def set_value(self, index: int, name: str, value: str | None, now: Instant) -> None:
        """Give one customer a new value of an attribute."""
        if self._first_change is None:
            self._first_change = now
        self._changes.setdefault(name, {}).setdefault(index, []).append((now, value))

    def value(self, index: int, name: str, at: Instant) -> str | None:
        """Return the value of an attribute at an instant, after the changes of that instant."""
        log = self._changes.get(name, {}).get(index, [])
        position = bisect_right(log, at, key=lambda entry: entry[0])
        if position:
            return log[position - 1][1]
        attribute = self._attributes[name]
        if attribute.added_at is not None:
            return attribute.default if attribute.added_at <= at else None
        return self._audience.values(index, [name])[0] if index < self._size else None

    def changes_of(self, name: str) -> Mapping[int, list[tuple[Instant, str | None]]]:
        """Return the changes of an attribute: (instant, new value) by the index of the customer."""
        return MappingProxyType(self._changes.get(name, {}))

    def as_of(self, at: Instant) -> Customers:
        """Return the customers at an instant, after the changes of that instant."""
        is_unchanged = self._first_change is None or self._first_change > at
        return self._audience if is_unchanged and not self.added_count else _CustomersAsOf(self, self._audience, at)

    @property
    def _size(self) -> int:
        return self._audience.recipe.customers

    def with_changes(
        self, name: str, indices: Sequence[int], column: list[str | None], at: Instant
    ) -> list[str | None]:
        """Return a column of an attribute with the changes up to and including `at`."""
        changes = self._changes.get(name, {})
        if not changes:
            return column
        return [
            self.value(index, name, at) if index in changes else value
            for index, value in zip(indices, column, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class _CustomersAsOf:
    """The audience with the changes up to an instant."""

    records: CustomerRecords
    audience: Audience
    at: Instant

    def columns(self, start: int, stop: int, names: Sequence[str]) -> list[list[str | None]]:
        indices = range(start, stop)
        return [
            self.records.with_changes(name, indices, self._unchanged_column(name, indices), self.at) for name in names
        ]

    def values(self, index: int, names: Sequence[str]) -> list[str | None]:
        return [self.records.value(index, name, self.at) for name in names]

    def customers(self, start: int, stop: int) -> Iterator[Customer]:
        names = self.audience.attribute_names
        rows = zip(*self.columns(start, stop, names), strict=True)
        for customer, row in zip(self.audience.customers(start, stop), rows, strict=True):
            yield _with_attributes(customer, dict(zip(names, row, strict=True)), self.audience.recipe.consent)

    def _unchanged_column(self, name: str, indices: range) -> list[str | None]:
        if name in self.audience.attribute_names:
            return self.audience.columns(indices.start, indices.stop, [name])[0]
        attribute = self.records.find_attribute(name)
        is_present = attribute is not None and attribute.added_at is not None and attribute.added_at <= self.at
        return [attribute.default if attribute is not None and is_present else None] * len(indices)


def _with_attributes(customer: Customer, attributes: Mapping[str, str | None], consent: str) -> Customer:
    if attributes == customer.attributes:
        return customer
    number = customer.number
    if attributes[NUMBER] != customer.attributes[NUMBER]:
        match = _E164.fullmatch(attributes[NUMBER] or "")
        number = match[1] if match else None
    return replace(
        customer,
        number=number,
        opted_out_by=_opted_out_by(customer, attributes[CONSENT], consent),
        attributes=MappingProxyType(dict(attributes)),
    )


def _opted_out_by(customer: Customer, value: str | None, consent: str) -> str | None:
    """Return where the opt-out is kept; the attribute only counts where the client keeps opt-outs in it.

    An opt-out at the provider stays one, even if a bridge reports it to Optimove.
    """
    if customer.opted_out_by == BY_PROVIDER:
        return BY_PROVIDER
    return BY_ATTRIBUTE if consent == BY_ATTRIBUTE and value != _OPTED_IN else None


# -- types -------------------------------------------------------------------------------------------


def normalize_type(text: str, maximum_length: int) -> str | None:
    """Return an attribute type in capitals without spaces, or None if there is no such type."""
    match = _TYPE.fullmatch(text.replace(" ", ""))
    if match is None or (match[3] is not None and int(match[3]) > maximum_length):
        return None
    return match[1].upper()


def fits(type_: str, value: str | None) -> bool:
    """Return True if an attribute of this type can have the value. Null is always possible."""
    if value is None:
        return True
    kind, _, length = type_.partition("(")
    return len(value) <= int(length[:-1]) if kind.endswith("VARCHAR") else _VALUE_CHECKS[kind](value)


def _integer_check(bits: int) -> Callable[[str], bool]:
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


_VALUE_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "INT": _integer_check(32),
    "BIGINT": _integer_check(64),
    "DATE": _is_date,
    "DECIMAL": lambda text: bool(re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,4})?", text)),
}
