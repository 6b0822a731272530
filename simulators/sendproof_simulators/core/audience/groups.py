"""Groups of customers by what they have, such as devices: drawn from the seed, one customer independent of another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sendproof_simulators.core.randomness import KeyedRandom

#: The customer's record says that no messages of this type are wanted.
REFUSED = "no_consent"


@dataclass(frozen=True, slots=True)
class Groups:
    """The group of each customer of an audience. `what` names what the groups are about.

    `names` are the groups that a recipe can give a share of; all other customers are in the group `usual`. `shares` are
    those of the groups, `given` the customers' own.
    """

    random: KeyedRandom
    what: str
    names: Sequence[str]
    usual: str
    shares: Mapping[str, float]
    given: Mapping[int, str]

    def of(self, index: int) -> str:
        """Return the group of a customer: the given one, or one that is drawn."""
        if index in self.given:
            return self.given[index]
        draw = self.random.fraction("audience", self.what, index)
        for name in self.names:
            draw -= self.shares.get(name, 0.0)
            if draw < 0:
                return name
        return self.usual


def check_groups(
    what: str,
    names: Sequence[str],
    usual: str,
    shares: Mapping[str, float] | None,
    given: Mapping[int, str],
    *,
    has_consent: bool,
) -> None:
    """Raise `ValueError` for impossible shares, and for customers with `given` groups in an audience without any.

    `what` is the member of the recipe. `has_consent` is true if the client keeps opt-outs in its attributes.
    """
    if shares is None and given:
        raise ValueError(f"expected {what} of the audience for the {what} of customer {min(given)}; add `{what}: {{}}`")
    if not has_consent and (REFUSED in given.values() or (shares or {}).get(REFUSED)):
        raise ValueError(f"expected consent attribute for customers with {what} {REFUSED}")
    for position, name in given.items():
        if name not in {*names, usual}:
            known = ", ".join((usual, *names))
            raise ValueError(f"expected {what} of customer {position} to be one of {known}, got {name!r}")
    for name, share in (shares or {}).items():
        if name not in names:
            raise ValueError(f"expected {what} to have shares of {', '.join(names)}, got {name!r}")
        if not 0 <= share <= 1:
            raise ValueError(f"expected the share of {name!r} in {what} from 0 to 1, got {share}")
    if round(sum((shares or {}).values()), 9) > 1:
        raise ValueError(f"expected the shares of {what} to add up to 1 at most, got {sum((shares or {}).values())}")
