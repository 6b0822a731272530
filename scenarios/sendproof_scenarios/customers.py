"""Which customers a step speaks of: neighbours in the audience, or a share of it that the seed draws."""

from collections.abc import Iterator
from hashlib import blake2b

from sendproof_scenarios.model import Scenario, Who

_LONG = 1 << 64


def customer_id(index: int) -> str:
    """The id of the customer at a place in the audience, counted from 0, as the simulators make it."""
    return f"C{index:07d}"


def chosen(scenario: Scenario, who: Who, name: str) -> Iterator[str]:
    """The ids, in the order of the audience. `name` is what is drawn for: two steps draw apart."""
    if who.share is None:
        there = scenario.audience.customers
        stop = there if who.customers is None else who.first_customer + who.customers
        yield from (customer_id(index) for index in range(who.first_customer, stop))
        return
    for index in range(scenario.audience.customers):
        if drawn(scenario.seed, f"{name} {index}") < int(who.share * _LONG):
            yield customer_id(index)


def drawn(seed: int, name: str) -> int:
    """A number below 2 to the 64th that follows from the seed and from what is drawn for."""
    return int.from_bytes(blake2b(f"{seed} {name}".encode(), digest_size=8).digest(), "big")
