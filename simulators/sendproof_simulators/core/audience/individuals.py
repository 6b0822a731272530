"""The customers that a scenario spells out, at a position of the audience."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from unicodedata import is_normalized

from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME
from sendproof_simulators.core.messaging.number_plans import SPELLINGS
from sendproof_simulators.core.messaging.phone import read_number

NO_PROTECTION, NO_CONSENT, PROVIDER_LIST, UNUSABLE_NUMBER = "none", "no_consent", "provider_list", "unusable_number"
PROTECTIONS = (NO_PROTECTION, NO_CONSENT, PROVIDER_LIST, UNUSABLE_NUMBER)

MAX_CUSTOMERS = 10_000_000
#: The length of the id of every customer who has none of their own.
ID_LENGTH = len(f"C{MAX_CUSTOMERS - 1}")

# No white space at either end, which many programs remove, and no characters that end a line for some of them.
# No slash: many servers refuse an escaped one in a path, and it is not documented what Optimove does. No comma, which
# separates the contacts of a Textlocal group. No `.` and `..`: clients remove them from a path, also escaped (RFC 3986,
# 5.2.4).
_BLANK = r"[\s\u200b\ufeff]"
_OWN_ID = re.compile(
    rf"(?!\.{{1,2}}\Z)(?!{_BLANK})[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff/\\,]{{1,100}}(?<!{_BLANK})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Individual:
    """One customer that a scenario spells out. Everything that is None, or absent, is drawn as for all others.

    `customer` is the position in the audience, from 0. `id` is the customer's own id instead of the usual one.
    `protection` is the one reason why the customer gets no message, or `none`. `attributes` replace drawn values.
    `spelling` is the form of the number in the client's records. `number` is the text in the client's records instead.
    `same_number_as` is the position of another individual, who has the number too. `outcome` names a test number.
    `devices` and `browsers` are groups of `devices.py`, and `address` is one of `addresses.py`.
    """

    customer: int
    id: str | None = None
    protection: str | None = None
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    spelling: str | None = None
    number: str | None = None
    same_number_as: int | None = None
    outcome: str | None = None
    devices: str | None = None
    address: str | None = None
    browsers: str | None = None


def usual_id(index: int) -> str:
    """Return the id of a customer without one of their own: a bridge that makes a number of it loses the letter."""
    return f"C{index:07d}"


def index_in_id(customer_id: str) -> int | None:
    """Return the index in a usual id, None for any other text."""
    digits = customer_id[1:]
    if len(customer_id) != ID_LENGTH or customer_id[0] != "C" or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits)


def check_individuals(
    individuals: Sequence[Individual], customers: int, attributes: frozenset[str], country: str
) -> None:
    """Raise `ValueError` for impossible individuals. `attributes` are the names of those that they may have."""
    due = {individual.customer for individual in individuals if individual.protection == NO_PROTECTION}
    if len({individual.customer for individual in individuals}) < len(individuals):
        raise ValueError("expected each customer once in individuals")
    _check_ids(individuals)
    for individual in individuals:
        _check_individual(individual, customers, attributes, due, country)


def _check_ids(individuals: Sequence[Individual]) -> None:
    """Raise `ValueError` unless each id is one that any system can store, and no other customer's."""
    known: set[str] = set()
    for individual in individuals:
        if individual.id is None:
            continue
        _check_id(individual.customer, individual.id)
        # documented: text is not case-sensitive, https://developer.optimove.com/docs/general-information
        # Whether that holds for ids is not documented. A bridge that changes their case may fail in production, so the
        # simulators only know the exact id. As no two differ by case alone, the judge can name the one that was meant.
        if individual.id.casefold() in known:
            raise ValueError(f"expected each id once, in any case, got {individual.id!r} twice")
        known.add(individual.id.casefold())


def _check_id(customer: int, own_id: str) -> None:
    if not _OWN_ID.fullmatch(own_id):
        raise ValueError(
            f"expected an id of customer {customer} of 1 to 100 characters, without slashes, commas, line breaks and "
            f"control characters, without white space at its ends, and neither . nor .., got {own_id!r}"
        )
    if not is_normalized("NFC", own_id):
        raise ValueError(
            f"expected an id of customer {customer} with composed characters (NFC), which no system changes, "
            f"got {own_id!r}"
        )
    if index_in_id(own_id.upper()) is not None:
        raise ValueError(f"expected an id of customer {customer} in another form than C0000042, got {own_id!r}")


def _check_individual(
    individual: Individual, customers: int, attributes: frozenset[str], due: set[int], country: str
) -> None:
    position, other = individual.customer, individual.same_number_as
    if not 0 <= position < customers:
        raise ValueError(f"expected a customer from 0 to {customers - 1} in individuals, got {position}")
    for name, value, known in (
        ("protection", individual.protection, PROTECTIONS),
        ("spelling", individual.spelling, SPELLINGS),
        ("outcome", individual.outcome, tuple(BY_NAME)),
    ):
        if value is not None and value not in known:
            raise ValueError(f"expected {name} of customer {position} to be one of {', '.join(known)}, got {value!r}")
    unknown = sorted(individual.attributes.keys() - attributes)
    if unknown:
        raise ValueError(
            f"expected attributes of customer {position} from {', '.join(sorted(attributes))}, got {unknown[0]}; "
            "protection and spelling decide the number and the consent"
        )
    if individual.number is not None:
        _check_number(individual, country)
    if other is not None and (other == position or not {other, position} <= due):
        raise ValueError(
            f"expected customer {position} and the other one with the same number to be individuals with protection "
            f"none, got {other}"
        )


def _check_number(individual: Individual, country: str) -> None:
    """Raise `ValueError` unless the number is usable exactly if the protection says so, and no other key decides it."""
    if (individual.spelling, individual.same_number_as, individual.outcome) != (None, None, None):
        raise ValueError(f"expected number of customer {individual.customer} without spelling, outcome, same_number_as")
    is_usable = read_number(individual.number or "", country) is not None
    if is_usable == (individual.protection == UNUSABLE_NUMBER):
        expected = f"with protection {UNUSABLE_NUMBER}" if not is_usable else "without that protection"
        raise ValueError(f"expected customer {individual.customer} {expected} for the number {individual.number!r}")
