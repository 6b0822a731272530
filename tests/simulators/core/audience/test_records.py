"""Changes of many customers at once are the changes of each of them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from instants import NINE, SIX, TEN
from sendproof_simulators.core.audience import id_columns
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.audience.records import Attribute, CustomerRecords
from sendproof_simulators.core.randomness import KeyedRandom

SIZE = 40
AUDIENCE = Audience(KeyedRandom(1), AudienceRecipe(customers=SIZE))
IDS = st.integers(0, SIZE + 1).map(AUDIENCE.id_of) | st.text(alphabet="C0129é²/:", min_size=7, max_size=9)


@given(customers=st.lists(IDS, min_size=1, max_size=20))
def test_ids_are_split_together_as_one_by_one(customers: list[str]) -> None:
    """Ids of another form make the whole list unusual."""
    indices = [AUDIENCE.index_of(customer) for customer in customers]
    known = [index for index in indices if index is not None]
    others = [customer for customer, index in zip(customers, indices, strict=True) if index is None]
    is_usual = all(re.fullmatch("C[0-9]{7}", customer) for customer in customers)
    assert id_columns.split(customers, SIZE) == ((known, others) if is_usual else None)


def test_id_has_one_spelling() -> None:
    """A bridge that treats ids as numbers must not find a customer."""
    assert AUDIENCE.index_of("C0000007") == 7
    for other in ("c0000007", "C000007", "C00000007", "C0000040", "C000000²", "0000007", "", "C-000007"):
        assert AUDIENCE.index_of(other) is None


@given(groups=st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=4))
def test_values_of_many_customers_are_set_as_one_by_one(groups: list[list[int]]) -> None:
    """A customer can be in a call twice, and in several calls."""
    together, singly = CustomerRecords(AUDIENCE), CustomerRecords(AUDIENCE)
    for number, indices in enumerate(groups):
        together.set_values(indices, "CITY", str(number), NINE)
        for index in indices:
            singly.set_value(index, "CITY", str(number), NINE)
    assert together.changes_of("CITY") == singly.changes_of("CITY")
    assert together.change_count == singly.change_count
    assert [together.value(3, "CITY", at) for at in (SIX, TEN)] == [singly.value(3, "CITY", at) for at in (SIX, TEN)]


@given(
    changes=st.lists(
        st.tuples(
            st.integers(0, SIZE - 1),
            st.sampled_from([*AUDIENCE.attribute_names, "TIER"]),
            st.none() | st.sampled_from(["", "0", "1", "07700 900123", "Paris"]),
            st.sampled_from([SIX, NINE, TEN]),
        ),
        max_size=8,
    )
)
def test_changed_customers_have_the_values_of_their_columns(changes: list[tuple[int, str, str | None, int]]) -> None:
    """One attribute was added during the run."""
    records = CustomerRecords(AUDIENCE)
    records.add_attribute(Attribute("TIER", "VARCHAR(9)", "basic", SIX))
    for index, name, value, at in sorted(changes, key=lambda change: change[3]):
        records.set_value(index, name, value, at)
    names, customers = records.names_at(NINE), records.as_of(NINE)
    rows = zip(*customers.columns(0, SIZE, names), strict=True)
    assert [(*customer.attributes.items(),) for customer in customers.customers(0, SIZE)] == [
        (*zip(names, row, strict=True),) for row in rows
    ]


def test_large_call_finds_the_customers_of_the_audience() -> None:
    """Ids of others, such as one that an upsert created, stay as they are."""
    records = CustomerRecords(Audience(KeyedRandom(1), AudienceRecipe(customers=600)))
    records.index_or_create("new")
    customers = [records.id_of(index) for index in range(600)]
    assert records.split_ids(customers) == (list(range(600)), [])
    assert records.split_ids([*customers, "new", "unknown"]) == (list(range(600)), ["new", "unknown"])


def test_ids_of_other_lengths_are_not_joined_to_known_ones() -> None:
    records = CustomerRecords(Audience(KeyedRandom(1), AudienceRecipe(customers=600)))
    others = ["C000000", "1C0000002", "C000000\0", "C00000012"]
    customers = [records.id_of(index) for index in range(600)]
    assert records.split_ids([*others, *customers]) == (list(range(600)), others)


def test_repeated_value_is_no_change() -> None:
    """A client that repeats a call a thousand times must not fill the memory."""
    records = CustomerRecords(AUDIENCE)
    for at, value in ((SIX, "0"), (SIX, "0"), (NINE, "0"), (NINE, "1"), (NINE, "0")):
        records.set_values([3], "CITY", value, at)
    assert records.changes_of("CITY") == {3: ((SIX, "0"), (NINE, "0"), (NINE, "1"), (NINE, "0"))}


def test_value_repeated_at_later_instants_is_kept_twice() -> None:
    """The first says since when the customer has it, and the last when a client wrote it last."""
    records = CustomerRecords(AUDIENCE)
    for at in range(SIX, SIX + 1_000):
        records.set_values([3, 4, 3], "CITY", "0", at)
    assert records.changes_of("CITY") == dict.fromkeys((3, 4), ((SIX, "0"), (SIX + 999, "0")))
