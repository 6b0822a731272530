"""The customers of a sandbox, computed from a recipe instead of stored.

Each customer is a pure function of the sandbox's seed and of the customer's index. One keyed hash of the index gives
all draws of a customer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from hashlib import blake2b
from itertools import accumulate
from struct import Struct
from types import MappingProxyType
from typing import Any, NamedTuple

from sendproof_simulators.core.audience.addresses import (
    ADDRESS_GROUPS,
    ONE,
    UNSUBSCRIBED,
    Addresses,
    index_in_address,
)
from sendproof_simulators.core.audience.client_attributes import ClientAttribute, check_attributes
from sendproof_simulators.core.audience.devices import BROWSERS, Devices, check_devices
from sendproof_simulators.core.audience.fake_names import Name, Names, pools
from sendproof_simulators.core.audience.groups import check_groups
from sendproof_simulators.core.audience.individuals import (
    MAX_CUSTOMERS,
    NO_CONSENT,
    NO_PROTECTION,
    PROVIDER_LIST,
    UNUSABLE_NUMBER,
    Individual,
    check_individuals,
    index_in_id,
    usual_id,
)
from sendproof_simulators.core.audience.outcome_numbers import OutcomeNumbers, coprime, position_in_order
from sendproof_simulators.core.audience.type_columns import (
    EMAIL_CONSENT,
    PUSH_CONSENT,
    PUSH_TOKEN,
    WEB_PUSH_CONSENT,
    recorded_addresses,
    type_columns,
)
from sendproof_simulators.core.messaging.addresses import read_address
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, COUNTRIES, number_for_code
from sendproof_simulators.core.messaging.number_plans import DEFAULT_SPELLINGS, NUMBER_PLANS, PLUS, check_spellings
from sendproof_simulators.core.messaging.phone import read_number
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.suggestions import suggestion

_BLOCK = 10_000
#: The number of customers from which on they are computed together, with numpy.
MANY_CUSTOMERS = 500
_PHONE, _CONSENT, _EMAIL = "PHONENUMBER", "SMS_OPT_IN", "EMAIL"

_LONG = 1 << 64
_SHORT = 1 << 16
#: Draws below these mean a foreign name, and no city.
FOREIGN, CITY_UNKNOWN = int(0.04 * _SHORT), int(0.02 * _SHORT)

# Invalid in every country, so that careful bridges agree on them.
UNUSABLE_NUMBERS: tuple[str | None, ...] = ("", None, "12345", "n/a", "unknown", "+44", "0207946", "0000000000")


#: One in this many customers without consent has no value instead of 0.
NEVER_ANSWERED = 3

# Where a client keeps its customers' opt-outs.
BY_PROVIDER, BY_ATTRIBUTE = "provider", "attribute"

# Groups of individuals; no hash can draw them.
_GROUP_OF_PROTECTION = {NO_CONSENT: -1, PROVIDER_LIST: -2, UNUSABLE_NUMBER: -3, NO_PROTECTION: _LONG}
_OPTED_OUT_BY_GROUP = {
    _GROUP_OF_PROTECTION[NO_CONSENT]: BY_ATTRIBUTE,
    _GROUP_OF_PROTECTION[PROVIDER_LIST]: BY_PROVIDER,
}


def _plain(value: Any) -> Any:
    """Return JSON for a part of a recipe; members without a value are left out."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        value = {name: item for name, item in asdict(value).items() if item not in (None, {}, ())}
    return dict(value) if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceRecipe:
    """The number of customers, and the shares of those that opted out or have an unusable number.

    The two groups do not overlap, so their shares add up to 1 at most. `consent` is where the client keeps opt-outs:
    with `provider`, they are all on the provider's list; with `attribute`, half of them are only there, and half only
    have no consent in the attribute (0, or no value). `country` is where all customers live: GB or US.
    `outcomes` are shares of customers with test numbers, by the names in `core/messaging/delivery_outcomes.py`.
    Customers of the two groups keep ordinary numbers. `spellings` are shares of customers by the form of their number
    in the client's records; all others have + and digits. `attributes` are the client's own, and `attribute_names` its
    names of the usual ones. `individuals` are customers that a scenario spells out. `devices` are shares of customers
    by their devices with the client's app, by the groups in `devices.py`; None if the client has no app. `browsers` are
    the same for browsers that subscribed to web push notifications. `addresses` are those by their e-mail address, by
    the groups in `addresses.py`; None if the client sends no e-mails.
    """

    customers: int
    opted_out: float = 0.0
    unusable_numbers: float = 0.0
    consent: str = BY_PROVIDER
    country: str = "GB"
    outcomes: Mapping[str, float] = field(default_factory=dict)
    spellings: Mapping[str, float] = field(default_factory=lambda: DEFAULT_SPELLINGS)
    attributes: tuple[ClientAttribute, ...] = ()
    attribute_names: Mapping[str, str] = field(default_factory=dict)
    individuals: tuple[Individual, ...] = ()
    devices: Mapping[str, float] | None = None
    addresses: Mapping[str, float] | None = None
    browsers: Mapping[str, float] | None = None

    def view(self) -> dict[str, object]:
        """Return the recipe as JSON for the header of a history, without the defaults."""
        usual = AudienceRecipe(customers=self.customers)
        names = (item.name for item in fields(self))
        changed = {name: getattr(self, name) for name in names if getattr(self, name) != getattr(usual, name)}
        return {"customers": self.customers, **{name: _plain(value) for name, value in changed.items()}}

    def __post_init__(self) -> None:
        """Raise `ValueError` for an impossible audience."""
        if not 0 <= self.customers <= MAX_CUSTOMERS:
            raise ValueError(f"expected 0 to {MAX_CUSTOMERS} customers, got {self.customers}")
        if self.consent not in {BY_PROVIDER, BY_ATTRIBUTE}:
            raise ValueError(f"expected consent to be {BY_PROVIDER} or {BY_ATTRIBUTE}, got {self.consent!r}")
        if self.country not in NUMBER_PLANS:
            raise ValueError(f"expected country to be one of {', '.join(NUMBER_PLANS)}, got {self.country!r}")
        for name, share in (("opted_out", self.opted_out), ("unusable_numbers", self.unusable_numbers)):
            if not 0 <= share <= 1:
                raise ValueError(f"expected {name} from 0 to 1, got {share}")
        if self.opted_out + self.unusable_numbers > 1:
            raise ValueError(
                "expected opted_out and unusable_numbers to add up to 1 at most, because no customer is both; "
                f"got {self.opted_out} and {self.unusable_numbers}"
            )
        self._check_outcomes()
        check_spellings(self.spellings)
        check_attributes(self.attributes, self.attribute_names, self._usual_attributes)
        check_individuals(self.individuals, self.customers, frozenset(self.own_attributes), self.country)
        if self.consent != BY_ATTRIBUTE and any(i.protection == NO_CONSENT for i in self.individuals):
            raise ValueError(f"expected consent {BY_ATTRIBUTE} for individuals with protection {NO_CONSENT}")
        by_attribute, given = self.consent == BY_ATTRIBUTE, self.given("address")
        check_devices(self.devices, self.given("devices"), has_consent=by_attribute)
        check_devices(self.browsers, self.given("browsers"), has_consent=by_attribute, kind=BROWSERS)
        check_groups("addresses", ADDRESS_GROUPS, ONE, self.addresses, given, has_consent=by_attribute)

    @property
    def own_attributes(self) -> tuple[str, ...]:
        """The attributes that individuals may have: all but those with addresses and consent."""
        of_mail = set() if self.addresses is None else {_EMAIL}
        decided = {_PHONE, _CONSENT, PUSH_CONSENT, PUSH_TOKEN, WEB_PUSH_CONSENT, EMAIL_CONSENT} | of_mail
        usual = (self.name_of(name) for name in self._usual_attributes if name not in decided)
        return (*usual, *(attribute.name for attribute in self.attributes))

    @property
    def _usual_attributes(self) -> tuple[str, ...]:
        """The usual names of the attributes of every customer."""
        return (*_COLUMNS, *type_columns(self))

    def given(self, key: str) -> dict[int, str]:
        """Return what individuals have as this key, such as `devices`, by position."""
        return {i.customer: group for i in self.individuals if (group := getattr(i, key)) is not None}

    def name_of(self, usual: str) -> str:
        """Return the client's name of a usual attribute."""
        return self.attribute_names.get(usual, usual)

    def _check_outcomes(self) -> None:
        for name, share in self.outcomes.items():
            if name not in BY_NAME:
                hint = suggestion(name, BY_NAME, command="sendproof test-numbers")
                raise ValueError(f"expected the name of a test number, got {name!r}; {hint}")
            if not 0 <= share <= 1:
                raise ValueError(f"expected the share of {name!r} from 0 to 1, got {share}")
            maximum, count = COUNTRIES[self.country], round(share * self.customers)
            if count > maximum:
                raise ValueError(f"expected at most {maximum} customers for {name!r}, one per number, got {count}")
        if round(sum(self.outcomes.values()), 9) > 1:
            raise ValueError(
                f"expected the shares of outcomes to add up to 1 at most, got {sum(self.outcomes.values())}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer. `number` is the real one, digits with country code, or None if it is unusable.

    `recorded_number` is the number, or what is in its place, as the client's records have it.
    `opted_out_by` is where the client or the provider keeps the opt-out: `attribute` or `provider`; None without one.
    """

    id: str
    number: str | None
    recorded_number: str | None
    opted_out_by: str | None
    attributes: Mapping[str, str | None]

    @property
    def opted_out(self) -> bool:
        """Return True if the customer wants no messages."""
        return self.opted_out_by is not None


class Draws(NamedTuple):
    """The draws of one index from its hash: two of 64 bits and eight of 16 bits."""

    group: int
    balance: int
    first_name: int
    last_name: int
    foreign: int
    language: int
    city: int
    city_unknown: int
    spelling: int
    unusable: int


_HASH = Struct(">2Q8H")


class Audience:
    """The customers of one sandbox, computed on demand."""

    __slots__ = (
        "_columns",
        "_indices_of_own_ids",
        "_keyed",
        "addresses",
        "browsers",
        "by_attribute_bound",
        "decided",
        "devices",
        "individuals",
        "number_offset",
        "number_plan",
        "number_step",
        "opted_out_bound",
        "outcome_numbers",
        "own_ids",
        "random",
        "recipe",
        "spellings",
        "unusable_bound",
    )

    def __init__(self, random: KeyedRandom, recipe: AudienceRecipe) -> None:
        """Draw the values that all customers share: the key of the hash, and the order of the numbers."""
        self.recipe = recipe
        self.random = random
        self._columns: dict[str, Callable[[People], list[str | None]]] = {
            **{recipe.name_of(name): column for name, column in _COLUMNS.items()},
            **{recipe.name_of(name): column for name, column in type_columns(recipe).items()},
            **{attribute.name: self._own_column(attribute) for attribute in recipe.attributes},
        }
        self.spellings = list(zip(accumulate(recipe.spellings.values()), recipe.spellings, strict=True))
        self._keyed = blake2b(key=random.token(64, "audience").encode(), digest_size=_HASH.size)
        self.number_plan = NUMBER_PLANS[recipe.country]
        count = self.number_plan.count
        self.number_step = coprime(count // 3 + random.below(count // 3, "audience", "step"), count)
        self.number_offset = random.below(count, "audience", "offset")
        self.outcome_numbers = (
            OutcomeNumbers(random, recipe.country, recipe.customers, recipe.outcomes) if recipe.outcomes else None
        )
        self.individuals = {individual.customer: individual for individual in recipe.individuals}
        self.own_ids = {index: i.id for index, i in self.individuals.items() if i.id is not None}
        self._indices_of_own_ids = {id_: index for index, id_ in self.own_ids.items()}
        # The individuals whose protection is given: no further draw may keep them from a message.
        self.decided = frozenset(index for index, i in self.individuals.items() if i.protection is not None)
        self.devices = None if recipe.devices is None else Devices(random, recipe.devices, recipe.given("devices"))
        shares, given = recipe.addresses, recipe.given("address")
        self.addresses = None if shares is None else Addresses(random, shares, given)
        self.browsers = (
            None if recipe.browsers is None else Devices(random, recipe.browsers, recipe.given("browsers"), BROWSERS)
        )
        self.opted_out_bound = int(recipe.opted_out * _LONG)
        self.by_attribute_bound = self.opted_out_bound // 2 if recipe.consent == BY_ATTRIBUTE else 0
        self.unusable_bound = self.opted_out_bound + int(recipe.unusable_numbers * _LONG)

    @property
    def phone_attribute(self) -> str:
        """The attribute that contains the phone number."""
        return self.recipe.name_of(_PHONE)

    @property
    def consent_attribute(self) -> str:
        """The attribute that contains the consent to messages."""
        return self.recipe.name_of(_CONSENT)

    @property
    def push_consent_attribute(self) -> str:
        """The attribute that contains the consent to push notifications."""
        return self.recipe.name_of(PUSH_CONSENT)

    @property
    def email_attribute(self) -> str:
        """The attribute that contains the e-mail address."""
        return self.recipe.name_of(_EMAIL)

    @property
    def email_consent_attribute(self) -> str:
        """The attribute that contains the consent to e-mails."""
        return self.recipe.name_of(EMAIL_CONSENT)

    @property
    def web_push_consent_attribute(self) -> str:
        """The attribute that contains the consent to web push notifications."""
        return self.recipe.name_of(WEB_PUSH_CONSENT)

    @property
    def special_attributes(self) -> dict[str, str]:
        """The names of the attributes with the phone number and with the consent, as `phone` and `consent`.

        A client with an app also has `push_consent` and `push_token`, one with a website `web_push_consent`, and one
        with e-mails `email` and `email_consent`.
        """
        of_devices = {"push_consent": self.push_consent_attribute, "push_token": self.recipe.name_of(PUSH_TOKEN)}
        of_browsers = {"web_push_consent": self.web_push_consent_attribute}
        of_addresses = {"email": self.email_attribute, "email_consent": self.email_consent_attribute}
        return {
            "phone": self.phone_attribute,
            "consent": self.consent_attribute,
            **({} if self.devices is None else of_devices),
            **({} if self.browsers is None else of_browsers),
            **({} if self.addresses is None else of_addresses),
        }

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """The attributes of every customer, in order."""
        return tuple(self._columns)

    def usual_name(self, name: str) -> str:
        """Return the usual name of one of the usual attributes."""
        return next((usual for usual, real in self.recipe.attribute_names.items() if real == name), name)

    def id_of(self, index: int) -> str:
        """Return the customer's id: their own, or else a letter and the index in seven digits."""
        return self.own_ids.get(index) or usual_id(index)

    def index_of(self, customer_id: str) -> int | None:
        """Return the index of the customer with exactly this id (`individuals` says why its case counts), or None."""
        index = index_in_id(customer_id)
        if index is None:
            return self._indices_of_own_ids.get(customer_id)
        return index if index < self.recipe.customers and index not in self.own_ids else None

    def customer(self, index: int) -> Customer:
        """Return one customer; `IndexError` if it does not exist."""
        return next(self.customers(index, index + 1))

    def customers(self, start: int, stop: int) -> Iterator[Customer]:
        """Yield the customers from `start` up to but not including `stop`."""
        for people in self._blocks(start, stop):
            columns = [self._column(people, name) for name in self._columns]
            for index, draws, *values in zip(people.indices, people.draws, *columns, strict=True):
                attributes = dict(zip(self._columns, values, strict=True))
                yield Customer(
                    id=self.id_of(index),
                    number=self._phone_number(index, draws) if self.has_number(draws) else None,
                    recorded_number=attributes[self.phone_attribute],
                    opted_out_by=self.opted_out_by(draws),
                    attributes=MappingProxyType(attributes),
                )

    def values(self, index: int, names: Sequence[str]) -> list[str | None]:
        """Return one customer's attributes in the order of `names`; `KeyError` for an unknown name."""
        return [column[0] for column in self.columns(index, index + 1, names)]

    def columns(self, start: int, stop: int, names: Sequence[str]) -> list[list[str | None]]:
        """Return the attributes of consecutive customers, one list per name: the fast way to many rows."""
        people = self._people(start, stop)
        return [self._column(people, name) for name in names]

    def _column(self, people: "People", name: str) -> list[str | None]:
        """Return an attribute of consecutive customers, with the values of individuals."""
        column = self._columns[name](people)
        for index, individual in self.individuals.items():
            if index in people.indices and name in individual.attributes:
                column[index - people.indices.start] = individual.attributes[name]
        return column

    def _own_column(self, attribute: ClientAttribute) -> "Callable[[People], list[str | None]]":
        return lambda people: attribute.drawn_values(self.random, people.indices)

    def outcome_code(self, index: int) -> str | None:
        """Return the code of the outcome of messages to one customer that go to no phone number, or None."""
        individual = self.individuals.get(index)
        if individual is not None and individual.outcome is not None:
            return BY_NAME[individual.outcome].code
        number = None if self.outcome_numbers is None else self.outcome_numbers.number(index)
        return None if number is None else number[-2:]

    def number_of(self, index: int) -> str:
        """Return the ordinary number of an index: valid in the audience's country, and unique."""
        return self.number_plan.number((index * self.number_step + self.number_offset) % self.number_plan.count)

    def index_of_address(self, address: str) -> int | None:
        """Return the customer with this e-mail address in the client's records, or None."""
        index = index_in_address(address)
        if index is None or index >= self.recipe.customers:
            return None
        return index if read_address(self.values(index, [self.email_attribute])[0]) == address else None

    def unsubscribed_addresses(self) -> Iterator[tuple[str, str]]:
        """Yield the id and e-mail address of each customer who unsubscribed from e-mails before the start."""
        found = self.addresses
        for index in range(self.recipe.customers if found is not None else 0):
            if found is not None and found.group(index) == UNSUBSCRIBED:
                yield self.id_of(index), self.values(index, [self.email_attribute])[0] or ""

    def indices_of_number(self, number: str) -> list[int]:
        """Return the customers with a number (digits with country code), by index; mostly one or none."""
        if not number.isdecimal():
            return []
        place = self.number_plan.index(number)
        ordinary = (
            None
            if place is None
            else position_in_order(place, self.number_step, self.number_offset, self.number_plan.count)
        )
        tested = None if self.outcome_numbers is None else self.outcome_numbers.index(number)
        candidates = {index for index in (ordinary, tested) if index is not None} | self.individuals.keys()
        known = sorted(index for index in candidates if index < self.recipe.customers)
        return [index for index in known if self.number(index) == number]

    def number(self, index: int) -> str | None:
        """Return the real number of one customer, None without a usable one."""
        draws = self._draws(index)
        return self._phone_number(index, draws) if self.has_number(draws) else None

    def _phone_number(self, index: int, draws: Draws) -> str:
        """Return the customer's test number, or else the ordinary number."""
        individual = self.individuals.get(index)
        if individual is not None and individual.number is not None:
            return read_number(individual.number, self.recipe.country) or self.number_of(index)
        if individual is not None and individual.same_number_as is not None:
            return self.customer(individual.same_number_as).number or self.number_of(index)
        if individual is not None and individual.outcome is not None:
            # From the end of the range, so that it differs from the numbers of the shares.
            serial = COUNTRIES[self.recipe.country] - 1 - self.recipe.individuals.index(individual)
            return number_for_code(self.recipe.country, BY_NAME[individual.outcome].code, serial)
        if self.outcome_numbers is None or self.opted_out_by(draws):
            return self.number_of(index)
        return self.outcome_numbers.number(index) or self.number_of(index)

    def provider_opt_outs(self) -> Iterator[tuple[str, str]]:
        """Yield the id and number of each customer who opted out at the provider before the start."""
        has_any = self.opted_out_bound or any(i.protection == PROVIDER_LIST for i in self.recipe.individuals)
        for people in self._blocks(0, self.recipe.customers if has_any else 0):
            for index, draws in zip(people.indices, people.draws, strict=True):
                if self.opted_out_by(draws) == BY_PROVIDER:
                    yield self.id_of(index), self._phone_number(index, draws)

    def _blocks(self, start: int, stop: int) -> Iterator["People"]:
        for first in range(start, stop, _BLOCK):
            yield self._people(first, min(first + _BLOCK, stop))

    def _people(self, start: int, stop: int) -> "People":
        if not 0 <= start <= stop <= self.recipe.customers:
            raise IndexError(f"expected customers from 0 to {self.recipe.customers}, got {start} to {stop}")
        indices = range(start, stop)
        return People(self, indices, [self._draws(index) for index in indices])

    def digests(self, indices: Iterable[int]) -> bytes:
        """Return the hashes of these customers, from which everything about them is drawn, one after the other."""
        copy = self._keyed.copy
        digests = []
        for index in indices:
            hashed = copy()
            hashed.update(index.to_bytes(8, "big"))
            digests.append(hashed.digest())
        return b"".join(digests)

    def _draws(self, index: int) -> Draws:
        draws = Draws._make(_HASH.unpack(self.digests((index,))))
        individual = self.individuals.get(index)
        if individual is None or individual.protection is None:
            return draws
        return draws._replace(group=_GROUP_OF_PROTECTION[individual.protection])

    def opted_out_by(self, draws: Draws) -> str | None:
        """Return where the opt-out of the customer with these draws is kept, or None."""
        if draws.group < 0:
            return _OPTED_OUT_BY_GROUP.get(draws.group)
        if draws.group < self.by_attribute_bound:
            return BY_ATTRIBUTE
        return BY_PROVIDER if draws.group < self.opted_out_bound else None

    def opt_out(self, index: int) -> str | None:
        """Return where the opt-out of one customer is kept, or None."""
        return self.opted_out_by(self._draws(index))

    def has_number(self, draws: Draws) -> bool:
        """Return True if the customer with these draws has a usable number."""
        is_unusable = self.opted_out_bound <= draws.group < self.unusable_bound
        return not is_unusable and draws.group != _GROUP_OF_PROTECTION[UNUSABLE_NUMBER]

    def recorded_number(self, index: int, draws: Draws) -> str | None:
        """Return the number as spelled in the client's records, or the unusable value in its place."""
        individual = self.individuals.get(index)
        if individual is not None and individual.number is not None:
            return individual.number
        if not self.has_number(draws):
            return UNUSABLE_NUMBERS[draws.unusable * len(UNUSABLE_NUMBERS) >> 16]
        number = self._phone_number(index, draws)
        if individual is not None and individual.spelling is not None:
            return self.number_plan.spelled(number, individual.spelling)
        draw = draws.spelling / _SHORT
        return self.number_plan.spelled(number, next((name for bound, name in self.spellings if draw < bound), PLUS))


class People(NamedTuple):
    """Consecutive customers with their draws, from which columns of attributes are computed."""

    audience: Audience
    indices: range
    draws: list[Draws]


def _names(draws: Draws) -> Names:
    if draws.foreign >= FOREIGN:
        return pools().home
    foreign = pools().foreign
    return foreign[draws.language * len(foreign) >> 16]


def _first(draws: Draws) -> Name:
    names = _names(draws).first
    return names[draws.first_name * len(names) >> 16]


def _last(draws: Draws) -> Name:
    names = _names(draws).last
    return names[draws.last_name * len(names) >> 16]


def _emails(people: People) -> list[str | None]:
    pairs = zip(people.indices, people.draws, strict=True)
    addresses = [f"{_first(d).mail}.{_last(d).mail}.{index}@example.com" for index, d in pairs]
    return recorded_addresses(people, addresses)


def _first_names(people: People) -> list[str | None]:
    return [_first(draws).text for draws in people.draws]


def _last_names(people: People) -> list[str | None]:
    return [_last(draws).text for draws in people.draws]


def _phone_numbers(people: People) -> list[str | None]:
    return list(map(people.audience.recorded_number, people.indices, people.draws))


def _cities(people: People) -> list[str | None]:
    cities = pools().cities
    return [None if d.city_unknown < CITY_UNKNOWN else cities[d.city * len(cities) >> 16] for d in people.draws]


def _countries(people: People) -> list[str | None]:
    return [people.audience.recipe.country] * len(people.draws)


def _languages(people: People) -> list[str | None]:
    return [_names(draws).language for draws in people.draws]


def _consents(people: People) -> list[str | None]:
    return [_consent(draws) if people.audience.opted_out_by(draws) == BY_ATTRIBUTE else "1" for draws in people.draws]


def _consent(draws: Draws) -> str | None:
    """Return the value of a customer without consent: 0, or none for those who never answered."""
    return None if draws.spelling % NEVER_ANSWERED == 0 else "0"


def _balances(people: People) -> list[str | None]:
    return [f"{draws.balance % 100_000 / 100:.2f}" for draws in people.draws]


_COLUMNS: Mapping[str, Callable[[People], list[str | None]]] = {
    "EMAIL": _emails,
    "FIRST_NAME": _first_names,
    "LAST_NAME": _last_names,
    _PHONE: _phone_numbers,
    "CITY": _cities,
    "COUNTRY": _countries,
    "LANGUAGE": _languages,
    _CONSENT: _consents,
    "BALANCE": _balances,
}
