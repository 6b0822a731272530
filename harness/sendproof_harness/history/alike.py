"""The customers of a condensed history that represent others: alike in everything except their names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Alike:
    """The number of customers and of messages that each kept one represents; 1 for those without an entry.

    Before the history was condensed, `named` was the number of customers in a report, by its line (`n`), and `accepted`
    the number of messages after a request, by the line of the request. `representatives` has a position for each
    obligation of the whole history, in its order: that of the customer who represents it. `places` are the positions of
    the kept obligations among all of them.
    """

    customers: Mapping[str, int] = field(default_factory=dict)
    messages: Mapping[str, int] = field(default_factory=dict)
    named: Mapping[int, int] = field(default_factory=dict)
    accepted: Mapping[int, int] = field(default_factory=dict)
    representatives: Sequence[int] = ()
    places: Sequence[int] = ()

    def place(self, position: int) -> int:
        """Return the position among all obligations of the kept one at a position."""
        return self.places[position] if self.places else position

    def count_customers(self, customers: Iterable[str]) -> int:
        """Return the number of customers that these represent."""
        return sum(self.customers.get(customer, 1) for customer in customers)

    def count_messages(self, messages: Iterable[str]) -> int:
        """Return the number of messages that these represent."""
        return sum(self.messages.get(message, 1) for message in messages)
