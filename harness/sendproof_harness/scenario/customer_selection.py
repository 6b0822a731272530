"""Selection of the customers of a step: consecutive ones, or a share of the audience chosen by the seed."""

from collections.abc import Iterator
from hashlib import blake2b
from heapq import nsmallest

from sendproof_harness.scenario.model import CustomerSelection, Scenario


def customer_id(index: int) -> str:
    """Return the id of the customer at a position in the audience, from 0, in the form of the simulators."""
    return f"C{index:07d}"


def visitor_id(index: int) -> str:
    """Return the id of a visitor of the client's site, who is no customer."""
    return f"V{index:07d}"


def select_customers(scenario: Scenario, selection: CustomerSelection, purpose: str) -> Iterator[str]:
    """Yield the ids of the selected customers in the order of the audience.

    `purpose` names the step: two steps with the same share select different customers.
    """
    customers = scenario.audience.customers
    if selection.share is None:
        stop = customers if selection.customers is None else selection.first_customer + selection.customers
        yield from (customer_id(index) for index in range(selection.first_customer, stop))
        return
    count = round(selection.share * customers)
    selected = nsmallest(count, range(customers), key=lambda index: seeded_number(scenario.seed, f"{purpose} {index}"))
    yield from (customer_id(index) for index in sorted(selected))


def seeded_number(seed: int, purpose: str) -> int:
    """Return a number below 2**64 that depends only on the seed and the purpose."""
    return int.from_bytes(blake2b(f"{seed} {purpose}".encode(), digest_size=8).digest(), "big")
