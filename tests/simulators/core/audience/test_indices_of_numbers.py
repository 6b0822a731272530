"""The customer of a number is found without a search through the audience."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instants import SIX
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.randomness import KeyedRandom

INDIVIDUALS = (
    Individual(customer=3, number="07555 123 456"),
    Individual(customer=4, same_number_as=5, protection="none"),
    Individual(customer=5, protection="none"),
    Individual(customer=6, outcome="never"),
)
RECIPES = [
    AudienceRecipe(customers=10_000_000),
    AudienceRecipe(customers=10_000_000, country="US"),
    AudienceRecipe(customers=2_000, outcomes={"delivered after 1 h": 0.5, "never": 0.25}),
    AudienceRecipe(customers=2_000, country="US", outcomes={"delivered after 1 h": 0.5}),
    AudienceRecipe(customers=2_000, opted_out=0.3, unusable_numbers=0.3),
    AudienceRecipe(customers=10, individuals=INDIVIDUALS),
    AudienceRecipe(customers=1),
]
AUDIENCES = [Audience(KeyedRandom(5), recipe) for recipe in RECIPES]


@given(st.sampled_from(AUDIENCES), st.data())
def test_number_of_each_customer_leads_back(audience: Audience, data: st.DataObject) -> None:
    customer = audience.customer(data.draw(st.integers(0, audience.recipe.customers - 1)))
    found = [] if customer.number is None else audience.indices_of_number(customer.number)
    assert (customer.id in map(audience.id_of, found)) == (customer.number is not None)


@pytest.mark.parametrize("number", ["", "447", "447999999999999", "4412345", "12025550100", "447555999999", "n/a"])
def test_number_of_no_customer_is_found_nowhere(number: str) -> None:
    assert AUDIENCES[5].indices_of_number(number) == []


def test_two_customers_can_share_a_number() -> None:
    number = AUDIENCES[5].customer(4).number
    assert number is not None
    assert AUDIENCES[5].indices_of_number(number) == [4, 5]


def test_old_and_new_number_of_a_customer_are_found() -> None:
    records = CustomerRecords(AUDIENCES[0])
    old = records.customer(7, SIX).number
    records.set_value(7, "PHONENUMBER", "+44 7555 000 123", SIX)
    assert old is not None
    assert (records.indices_of_number(old), records.indices_of_number("447555000123")) == ([7], [7])


def test_customer_that_an_upsert_created_is_found() -> None:
    records = CustomerRecords(AUDIENCES[6])
    index = records.index_or_create("new one")
    records.set_value(index, "PHONENUMBER", "07555000123", SIX)
    assert (records.size, records.indices_of_number("447555000123")) == (2, [index])
    assert records.customer(index, SIX).number == "447555000123"
