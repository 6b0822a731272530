"""The customers of a condensed history that stand for others: alike in everything except their names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Alike:
    """The number of customers and of messages that each kept one stands for; 1 for those without an entry.

    `named` is the number of customers in a report before the history was condensed, by its line (`n`).
    """

    customers: Mapping[str, int] = field(default_factory=dict)
    messages: Mapping[str, int] = field(default_factory=dict)
    named: Mapping[int, int] = field(default_factory=dict)

    def count_customers(self, customers: Iterable[str]) -> int:
        """Return the number of customers that these stand for."""
        return sum(self.customers.get(customer, 1) for customer in customers)

    def count_messages(self, messages: Iterable[str]) -> int:
        """Return the number of messages that these stand for."""
        return sum(self.messages.get(message, 1) for message in messages)
