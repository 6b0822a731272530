"""The ids of customers, and the selection of those of a step: consecutive ones, or a share chosen by the seed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from heapq import nsmallest

from sendproof_harness.scenario.model import Audience, CustomerSelection, Scenario


@dataclass(frozen=True, slots=True)
class CustomerIds:
    """The ids of the customers of an audience. `own` are those that a scenario spells out, by position."""

    own: Mapping[int, str]

    @classmethod
    def of(cls, audience: Audience) -> "CustomerIds":
        """Return the ids of an audience. Several clients only share the ids that belong to none of them alone."""
        return cls({i.customer: i.id for i in audience.individuals if i.id is not None})

    def at(self, position: int) -> str:
        """Return the id of the customer at a position in the audience, from 0."""
        return self.own.get(position) or usual_id(position)

    def position(self, customer: str) -> int | None:
        """Return the position of a customer in the audience; None for an id that no customer of an audience has."""
        digits = customer.removeprefix("C")
        if digits.isdecimal() and usual_id(int(digits)) == customer:
            return int(digits) if int(digits) not in self.own else None
        return next((position for position, own in self.own.items() if own == customer), None)


def usual_id(position: int) -> str:
    """Return the id of a customer without one of their own, in the form of the simulators."""
    return f"C{position:07d}"


def visitor_id(index: int) -> str:
    """Return the id of a visitor of the client's site, who is no customer."""
    return f"V{index:07d}"


def select_customers(scenario: Scenario, selection: CustomerSelection, purpose: str) -> Iterator[str]:
    """Yield the ids of the selected customers in the order of the audience.

    `purpose` names the step: two steps with the same share select different customers.
    """
    customers, ids = scenario.audience.customers, CustomerIds.of(scenario.audience)
    if selection.share is None:
        stop = customers if selection.customers is None else selection.first_customer + selection.customers
        yield from (ids.at(index) for index in range(selection.first_customer, stop))
        return
    count = round(selection.share * customers)
    selected = nsmallest(count, range(customers), key=lambda index: seeded_number(scenario.seed, f"{purpose} {index}"))
    yield from (ids.at(index) for index in sorted(selected))


def seeded_number(seed: int, purpose: str) -> int:
    """Return a number below 2**64 that depends only on the seed and the purpose."""
    return int.from_bytes(blake2b(f"{seed} {purpose}".encode(), digest_size=8).digest(), "big")
