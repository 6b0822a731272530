"""Which customers a step speaks of: neighbours in the audience, or a share of it that the seed draws."""

from collections.abc import Iterator
from hashlib import blake2b
from heapq import nsmallest

from sendproof_harness.scenario.model import CustomerSelection, Scenario


def customer_id(index: int) -> str:
    """The id of the customer at a place in the audience, counted from 0, as the simulators make it."""
    return f"C{index:07d}"


def select_customers(scenario: Scenario, who: CustomerSelection, name: str) -> Iterator[str]:
    """The ids, in the order of the audience. `name` is what is drawn for: two steps draw apart."""
    if who.share is None:
        there = scenario.audience.customers
        stop = there if who.customers is None else who.first_customer + who.customers
        yield from (customer_id(index) for index in range(who.first_customer, stop))
        return
    wanted = round(who.share * scenario.audience.customers)
    everybody = range(scenario.audience.customers)
    first = nsmallest(wanted, everybody, key=lambda index: seeded_number(scenario.seed, f"{name} {index}"))
    yield from (customer_id(index) for index in sorted(first))


def seeded_number(seed: int, name: str) -> int:
    """A number below 2 to the 64th that follows from the seed and from what is drawn for."""
    return int.from_bytes(blake2b(f"{seed} {name}".encode(), digest_size=8).digest(), "big")
