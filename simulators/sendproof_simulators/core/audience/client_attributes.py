"""The attributes that a scenario gives a client: attributes of its own, and its names for the usual ones."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from sendproof_simulators.core.audience.attribute_types import fits, normalize_type
from sendproof_simulators.core.randomness import KeyedRandom


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAttribute:
    """One attribute of a client's own. `name` is its real field name, `type` is spelled as in AddCustomerAttribute.

    `values` are shares of customers by their value; all others have the `default`. Vendors may sync a `registered` one.
    """

    name: str
    type: str
    alias: str | None = None
    default: str | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    registered: bool = True

    def drawn_values(self, random: KeyedRandom, customers: Sequence[int]) -> list[str | None]:
        """Return the values of these customers (by index), drawn from the seed."""
        values: list[str | None] = [*self.values, self.default]
        bounds = list(accumulate(self.values.values()))
        draws = random.fractions(customers, "audience", "attribute", self.name) if bounds else [0.0] * len(customers)
        return [values[bisect_right(bounds, draw)] for draw in draws]


def check_attributes(attributes: Sequence[ClientAttribute], names: Mapping[str, str], usual: Sequence[str]) -> None:
    """Raise `ValueError` for impossible attributes. `names` are the client's names of `usual` attributes."""
    unknown = sorted(names.keys() - set(usual))
    if unknown:
        raise ValueError(f"expected attribute_names for some of {', '.join(usual)}, got {unknown[0]}")
    taken: set[str] = set()
    for name in (*(names.get(name, name) for name in usual), *(attribute.name for attribute in attributes)):
        if name.lower() in taken:
            raise ValueError(f"expected each attribute name once, in any case, got {name} twice")
        taken.add(name.lower())
    for attribute in attributes:
        _check_attribute(attribute)


def _check_attribute(attribute: ClientAttribute) -> None:
    type_ = normalize_type(attribute.type)
    if type_ is None:
        raise ValueError(f"expected the type of {attribute.name} to be as VARCHAR(10) or INT, got {attribute.type!r}")
    for value in (*attribute.values, attribute.default):
        if not fits(type_, value):
            raise ValueError(f"expected values of type {type_} for {attribute.name}, got {value!r}")
    total = round(sum(attribute.values.values()), 9)
    if total > 1 or any(share < 0 for share in attribute.values.values()):
        raise ValueError(f"expected the shares of {attribute.name} to add up to 1 at most, got {total}")
