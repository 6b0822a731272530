"""The customers of a sandbox as they are now: the recipe, and the changes since. Every service reads them here.

Each value is kept with its instant, because a campaign shows its customers in their state at the announcement.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeAlias

from sendproof_simulators.core.audience.attribute_types import normalize_type
from sendproof_simulators.core.audience.audience import BY_ATTRIBUTE, BY_PROVIDER, MANY_CUSTOMERS, Audience, Customer
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.messaging.addresses import read_address
from sendproof_simulators.core.messaging.phone import read_number

_OPTED_IN = "1"
_NOT_DIGITS = re.compile(r"\D+")
# Digits at the end of a number that all its spellings share: of enough to be nearly unique.
_ENDING = 7
# The types of the attributes that every customer has: assumed.
_BASE_TYPES: Mapping[str, str] = {
    "SMS_OPT_IN": "INT",
    "PUSH_OPT_IN": "INT",
    "EMAIL_OPT_IN": "INT",
    "WEB_PUSH_OPT_IN": "INT",
    "BALANCE": "DECIMAL(19,4)",
}
_BASE_TYPE = "NVARCHAR(255)"


#: The values of an attribute of one customer with their instants, the oldest first.
ValueLog: TypeAlias = tuple[tuple[Instant, str | None], ...]


class Attribute(NamedTuple):
    """One attribute of all customers. `type` is spelled as in AddCustomerAttribute.

    `added_at` is None for attributes that exist from the start. A `registered` attribute may be synced to vendors.
    `alias` is the name on Optimove's screens; None for one that is made from `name`.
    """

    name: str
    type: str
    default: str | None = None
    added_at: Instant | None = None
    registered: bool = True
    alias: str | None = None

    @property
    def display_name(self) -> str:
        """The name on Optimove's screens."""
        return self.alias or self.name.replace("_", " ").capitalize()


class Customers(Protocol):
    """Read access to customers by index: the audience, or the audience with changes."""

    def customer(self, index: int) -> Customer:
        """Return one customer."""

    def customers(self, start: int, stop: int) -> Iterator[Customer]:
        """Yield the customers from `start` up to but not including `stop`."""

    def columns(self, start: int, stop: int, names: Sequence[str]) -> list[list[str | None]]:
        """Return the attributes of these customers, one list for each name."""

    def values(self, index: int, names: Sequence[str]) -> list[str | None]:
        """Return the attributes of one customer, in the order of `names`."""


@dataclass(slots=True)
class _ChangedNumbers:
    """The customers by the ending of a changed number, as of a number of changes; computed again after a change."""

    change_count: int = 0
    by_ending: dict[str, list[int]] = field(default_factory=dict)

    @property
    def is_cache(self) -> bool:
        """True: not a part of the state."""
        return True


class CustomerRecords:
    """All customers of a sandbox. Indices from the audience's size on are customers that an upsert created."""

    def __init__(self, audience: Audience) -> None:
        """Create the client's records, without changes."""
        self.audience = audience
        self._attributes = {attribute.name: attribute for attribute in _initial_attributes(audience)}
        self._changes: dict[str, dict[int, ValueLog]] = {}
        self._created: dict[str, int] = {}
        # The number of attributes that were added during the run.
        self.added_count = 0
        # The number of changes so far: equal counts mean equal records.
        self.change_count = 0
        self._first_change: Instant | None = None
        self._last_change: Instant | None = None
        self._last_log: ValueLog = ()
        self._changed_numbers = _ChangedNumbers()

    # Attributes.

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """Return all attributes, those that were added during the run last."""
        return tuple(self._attributes.values())

    def find_attribute(self, name: str) -> Attribute | None:
        """Return the attribute with this name in any case, or None."""
        return next((attribute for attribute in self.attributes if attribute.name.lower() == name.lower()), None)

    def add_attribute(self, attribute: Attribute) -> None:
        """Add an attribute to all customers."""
        self._attributes[attribute.name] = attribute
        self.added_count += 1
        self.change_count += 1

    def register_attribute(self, name: str, *, registered: bool) -> None:
        """Allow vendors to sync an attribute, or not; raise `KeyError` if no attribute has this name."""
        self._attributes[name] = self._attributes[name]._replace(registered=registered)

    def is_registered(self, name: str) -> bool:
        """Return True if vendors may sync an attribute with exactly this name."""
        return name in self._attributes and self._attributes[name].registered

    # Customers.

    def index_of(self, customer: str) -> int | None:
        """Return the index of a customer, or None."""
        index = self.audience.index_of(customer)
        return self._created.get(customer) if index is None else index

    def split_ids(self, customers: Sequence[str]) -> tuple[list[int], list[str]]:
        """Return the indices of the customers in the audience, and the ids of all others, each in order."""
        if len(customers) >= MANY_CUSTOMERS and not self.audience.own_ids:
            # Only now: its import takes longer than starting a small run.
            from sendproof_simulators.core.audience import id_columns  # noqa: PLC0415

            split = id_columns.split(customers, self._size)
            if split is not None:
                return split
        found = [(customer, self.audience.index_of(customer)) for customer in customers]
        known = [index for _, index in found if index is not None]
        return known, [customer for customer, index in found if index is None]

    def created_indices(self, customers: Sequence[str]) -> list[int]:
        """Return the indices of those customers, none of them in the audience, that an upsert created."""
        created = self._created
        return [created[customer] for customer in customers if customer in created] if created else []

    def index_or_create(self, customer: str) -> int:
        """Return the index of a customer; create the customer if necessary."""
        index = self.index_of(customer)
        return self._created.setdefault(customer, self._size + len(self._created)) if index is None else index

    def id_of(self, index: int) -> str:
        """Return the id of a customer."""
        if index < self._size:
            return self.audience.id_of(index)
        return next(customer for customer, position in self._created.items() if position == index)

    def set_value(self, index: int, name: str, value: str | None, now: Instant) -> None:
        """Give one customer a new value of an attribute."""
        self.set_values([index], name, value, now)

    def set_values(self, indices: Collection[int], name: str, value: str | None, now: Instant) -> None:
        """Give customers the same new value of an attribute. The same value at the same instant is no change."""
        if not indices:
            return
        if self._first_change is None:
            self._first_change = now
        self._last_change = now
        changes, change = self._changes.setdefault(name, {}), self._shared_log(now, value)
        logs = list(map(changes.get, indices))
        # Customers with the same changes share their log: a campaign can end with a million opt-outs.
        if logs.count(logs[0]) == len(logs):
            changes.update(zip(indices, repeat(_followed(logs[0] or (), change)), strict=False))
        else:
            different = dict(zip(map(id, logs), logs, strict=True))
            following = {key: _followed(log or (), change) for key, log in different.items()}
            changes.update(zip(indices, map(following.__getitem__, map(id, logs)), strict=True))
        self.change_count += len(indices)

    def _shared_log(self, now: Instant, value: str | None) -> ValueLog:
        """Return the log of one change, the same object for the same change."""
        if self._last_log != ((now, value),):
            self._last_log = ((now, value),)
        return self._last_log

    def value(self, index: int, name: str, at: Instant) -> str | None:
        """Return the value of an attribute at an instant, after the changes of that instant."""
        log = self._changes.get(name, {}).get(index, ())
        position = bisect_right(log, at, key=lambda entry: entry[0])
        if position:
            return log[position - 1][1]
        attribute = self._attributes[name]
        if attribute.added_at is not None:
            return attribute.default if attribute.added_at <= at else None
        return self.audience.values(index, [name])[0] if index < self._size else None

    def changes_of(self, name: str) -> Mapping[int, ValueLog]:
        """Return the changes of an attribute: (instant, new value) by the index of the customer."""
        return MappingProxyType(self._changes.get(name, {}))

    def changes_between(self, since: Instant, until: Instant) -> Mapping[int, list[Instant]]:
        """Return the instants after `since` and up to `until` at which a value changed, by the customer's index."""
        found: dict[int, set[Instant]] = {}
        for changes in self._changes.values():
            for index, log in changes.items():
                instants = {at for at, _ in log if since < at <= until}
                if instants:
                    found.setdefault(index, set()).update(instants)
        return {index: sorted(instants) for index, instants in found.items()}

    def changed_at(self, at: Instant) -> frozenset[int]:
        """Return the indices of the customers with a value that changed at this instant, of the changes until now."""
        return frozenset(self.changes_between(at - 1, at)) if self._last_change == at else frozenset()

    def as_of(self, at: Instant) -> Customers:
        """Return the customers at an instant, after the changes of that instant."""
        is_unchanged = self._first_change is None or self._first_change > at
        return self.audience if is_unchanged and not self.added_count else CustomersAsOf(self, self.audience, at)

    def customer(self, index: int, at: Instant) -> Customer:
        """Return a customer at an instant, also one that an upsert created."""
        customers = self.as_of(at) if index < self._size else CustomersAsOf(self, self.audience, at)
        return customers.customer(index)

    def find(self, customer: str, at: Instant) -> Customer | None:
        """Return the customer with this id at an instant, or None."""
        index = self.index_of(customer)
        return None if index is None else self.as_of(at).customer(index)

    @property
    def size(self) -> int:
        """The number of all customers, those that an upsert created included."""
        return self._size + len(self._created)

    def indices_of_number(self, number: str) -> list[int]:
        """Return the customers who have or had a number (digits with country code), by index."""
        unchanged = self.audience.indices_of_number(number)
        name, country = self.audience.phone_attribute, self.audience.recipe.country
        changed = [
            index
            for index in self._customers_by_ending().get(number[-_ENDING:], ())
            if any(read_number(value or "", country) == number for _, value in self._changes[name][index])
        ]
        return [*unchanged, *(index for index in changed if index not in unchanged)]

    def indices_of_address(self, address: str) -> list[int]:
        """Return the customers who have or had an e-mail address (in lower case), by index."""
        original = self.audience.index_of_address(address)
        unchanged = [] if original is None else [original]
        changes = self._changes.get(self.audience.email_attribute, {})
        changed = (index for index, log in changes.items() if any(read_address(value) == address for _, value in log))
        return [*unchanged, *(index for index in changed if index not in unchanged)]

    def has_contact(self, contact: str) -> bool:
        """Return True if it is or was the phone number (digits with country code) or e-mail address of any customer."""
        return bool(self.indices_of_address(contact) if "@" in contact else self.indices_of_number(contact))

    def _customers_by_ending(self) -> Mapping[str, Sequence[int]]:
        """Return the customers whose number was changed, by the last digits of the new ones."""
        cached = self._changed_numbers
        if cached.change_count != self.change_count:
            cached.change_count, cached.by_ending = self.change_count, {}
            for index, log in self._changes.get(self.audience.phone_attribute, {}).items():
                for ending in {_NOT_DIGITS.sub("", value or "")[-_ENDING:] for _, value in log}:
                    cached.by_ending.setdefault(ending, []).append(index)
        return cached.by_ending

    @property
    def _size(self) -> int:
        return self.audience.recipe.customers

    def names_at(self, at: Instant) -> tuple[str, ...]:
        """Return the names of the attributes that exist at an instant."""
        return tuple(a.name for a in self._attributes.values() if a.added_at is None or a.added_at <= at)

    def with_changes(
        self, name: str, indices: Sequence[int], column: list[str | None], at: Instant
    ) -> list[str | None]:
        """Return a column of an attribute with the changes up to and including `at`."""
        for place, value in self.changed_values(name, indices, at).items():
            column[place] = value
        return column

    def changed_values(self, name: str, indices: Sequence[int], at: Instant) -> dict[int, str | None]:
        """Return the values of an attribute at an instant for those of `indices` that have changes, by their place."""
        changes = self._changes.get(name, {})
        if not changes:
            return {}
        return {place: self.value(index, name, at) for place, index in enumerate(indices) if index in changes}


def _followed(log: ValueLog, change: ValueLog) -> ValueLog:
    """Return a log with one more change. Of the same value several times in a row, the first and the last stay."""
    if log[-1:] == change:
        return log
    value = change[0][1]
    is_repeated = [known for _, known in log[-2:]] == [value, value]
    return (log[:-1] if is_repeated else log) + change


def load_columns() -> None:
    """Import what computes many customers together. It takes longer than a response may, so do it before."""
    from sendproof_simulators.core.audience import id_columns, text_columns  # noqa: F401, PLC0415


def many_customers(customers: Customers, start: int, stop: int) -> Iterator[Customer]:
    """Yield the same as `customers.customers`, in half the time if they are many of the audience."""
    if stop - start < MANY_CUSTOMERS or type(customers) is not Audience:
        return customers.customers(start, stop)
    # Only now: its import takes longer than starting a small run.
    from sendproof_simulators.core.audience import text_columns  # noqa: PLC0415

    return text_columns.customers(customers, range(start, stop))


def _initial_attributes(audience: Audience) -> Iterator[Attribute]:
    """Yield the usual attributes, and then those of the client's own."""
    own = audience.recipe.attributes
    for name in audience.attribute_names[: len(audience.attribute_names) - len(own)]:
        yield Attribute(name, _BASE_TYPES.get(audience.usual_name(name), _BASE_TYPE))
    for attribute in own:
        type_ = normalize_type(attribute.type) or attribute.type
        yield Attribute(attribute.name, type_, attribute.default, None, attribute.registered, attribute.alias)


@dataclass(frozen=True, slots=True)
class CustomersAsOf:
    """The audience with the changes up to an instant."""

    records: CustomerRecords
    audience: Audience
    at: Instant

    def customer(self, index: int) -> Customer:
        if index < self.audience.recipe.customers:
            return next(self.customers(index, index + 1))
        names = self.records.names_at(self.at)
        attributes = dict(zip(names, self.values(index, names), strict=True))
        id_ = self.records.id_of(index)
        created = Customer(id=id_, number=None, recorded_number=None, opted_out_by=None, attributes={})
        return self._with_attributes(created, attributes)

    def columns(self, start: int, stop: int, names: Sequence[str]) -> list[list[str | None]]:
        indices = range(start, stop)
        return [
            self.records.with_changes(name, indices, self._unchanged_column(name, indices), self.at) for name in names
        ]

    def values(self, index: int, names: Sequence[str]) -> list[str | None]:
        return [self.records.value(index, name, self.at) for name in names]

    def customers(self, start: int, stop: int) -> Iterator[Customer]:
        names = self.records.names_at(self.at)
        defaults = {name: self.default(name) for name in names if name not in self.audience.attribute_names}
        found = ((name, self.records.changed_values(name, range(start, stop), self.at)) for name in names)
        changed = [(name, values) for name, values in found if values]
        for place, customer in enumerate(many_customers(self.audience, start, stop)):
            own = {name: values[place] for name, values in changed if place in values}
            yield self._with_attributes(customer, {**customer.attributes, **defaults, **own})

    def default(self, name: str) -> str | None:
        """Return the value of customers without one, of an attribute that was added during the run."""
        attribute = self.records.find_attribute(name)
        is_present = attribute is not None and attribute.added_at is not None and attribute.added_at <= self.at
        return attribute.default if attribute is not None and is_present else None

    def _unchanged_column(self, name: str, indices: range) -> list[str | None]:
        if name in self.audience.attribute_names:
            return self.audience.columns(indices.start, indices.stop, [name])[0]
        return [self.default(name)] * len(indices)

    def _with_attributes(self, customer: Customer, attributes: Mapping[str, str | None]) -> Customer:
        if attributes == customer.attributes:
            return customer
        number, recorded = customer.number, attributes[self.audience.phone_attribute]
        if recorded != customer.recorded_number:
            number = read_number(recorded or "", self.audience.recipe.country)
        return replace(
            customer,
            number=number,
            recorded_number=recorded,
            opted_out_by=self._opted_out_by(customer, attributes[self.audience.consent_attribute]),
            attributes=MappingProxyType(dict(attributes)),
        )

    def _opted_out_by(self, customer: Customer, value: str | None) -> str | None:
        """Return where the opt-out is kept; the attribute only counts where the client keeps opt-outs in it.

        An opt-out at the provider stays one, even if a bridge reports it to Optimove.
        """
        if customer.opted_out_by == BY_PROVIDER:
            return BY_PROVIDER
        return BY_ATTRIBUTE if self.audience.recipe.consent == BY_ATTRIBUTE and value != _OPTED_IN else None
