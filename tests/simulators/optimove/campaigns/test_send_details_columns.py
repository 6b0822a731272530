"""Pages that are computed for thousands of customers at once are those of the customers one by one."""

import subprocess
import sys
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fuzzing import tries
from instants import NINE, SIX, TEN
from optimove_alone import plan, split
from sendproof_simulators.core.audience import text_columns
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.audience.client_attributes import ClientAttribute
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.core.audience.records import Attribute, CustomerRecords
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME
from sendproof_simulators.core.messaging.number_plans import SPELLINGS
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.services.optimove.campaigns import send_details_columns, send_details_rows
from sendproof_simulators.services.optimove.campaigns.campaign import Campaign
from sendproof_simulators.services.optimove.campaigns.send_details_rows import RowFormat

MOST = 60
USUAL = ("EMAIL", "FIRST_NAME", "LAST_NAME", "PHONENUMBER", "CITY", "COUNTRY", "LANGUAGE", "SMS_OPT_IN", "BALANCE")
TEXTS = st.none() | st.text(max_size=12)


def shares(names: list[str]) -> st.SearchStrategy[dict[str, float]]:
    """Return shares of customers by some of these names, which add up to 1 at most."""
    return st.lists(st.sampled_from(names), unique=True, max_size=4).map(lambda some: dict.fromkeys(some, 0.25))


def individual(customer: int) -> st.SearchStrategy[Individual]:
    """Return a customer that a scenario spells out."""
    return st.builds(
        Individual,
        customer=st.just(customer),
        protection=st.sampled_from((None, "none", "provider_list", "unusable_number")),
        attributes=st.dictionaries(st.sampled_from(("FIRST_NAME", "CITY", "TIER")), TEXTS),
        spelling=st.none() | st.sampled_from(SPELLINGS),
        outcome=st.none() | st.sampled_from(tuple(BY_NAME)),
    )


RECIPES = st.builds(
    AudienceRecipe,
    customers=st.just(MOST),
    opted_out=st.sampled_from((0.0, 0.3, 0.5)),
    unusable_numbers=st.sampled_from((0.0, 0.3, 0.5)),
    consent=st.sampled_from(("provider", "attribute")),
    country=st.sampled_from(("GB", "US")),
    outcomes=shares(list(BY_NAME)),
    spellings=shares(list(SPELLINGS)),
    attributes=st.builds(
        lambda values, default: (ClientAttribute(name="TIER", type="VARCHAR(9)", default=default, values=values),),
        shares(["gold", 'si"lver', "é\\n", ""]),
        st.sampled_from((None, "bronze")),
    ),
    attribute_names=st.sampled_from(({}, {"PHONENUMBER": "MOBILE", "SMS_OPT_IN": "CONSENT"})),
    individuals=st.tuples(individual(3), individual(17)),
)  # fmt: skip
PLANS: dict[str, Any] = {
    "customers": st.integers(1, MOST - 5),
    "first_customer": st.integers(0, 5),
    "control_group": st.sampled_from((0.0, 0.3)),
    "splits": st.sampled_from(((split(1),), (split(1), split(2, 3.0, TEN)), (split(1), split(2), split(3)))),
}
CHANGES = st.lists(st.tuples(st.integers(0, MOST - 1), st.sampled_from(("FIRST_NAME", "EMAIL", "LATE")), TEXTS))


@settings(deadline=None, max_examples=tries(60))
@given(seed=st.integers(), recipe=RECIPES, changes=CHANGES, fields=st.fixed_dictionaries(PLANS), data=st.data())
def test_rows_are_equal_in_both_ways(
    seed: int, recipe: AudienceRecipe, changes: list[Any], fields: dict[str, Any], data: st.DataObject
) -> None:
    """A page must not depend on its size, which decides the way."""
    random = KeyedRandom(seed)
    audience = Audience(random, recipe)
    records = CustomerRecords(audience)
    records.add_attribute(Attribute("LATE", "NVARCHAR(255)", "new", NINE))
    for customer, name, value in changes:
        records.set_value(customer, name, value, NINE)
    campaign = Campaign(plan(**fields), random, audience.decided)
    customers = data.draw(st.sampled_from((audience, records.as_of(SIX), records.as_of(TEN))))
    late = () if customers is audience else ("LATE",)
    names = st.lists(st.sampled_from((*audience.attribute_names, *late)), max_size=12)
    row_format = RowFormat(tuple(data.draw(names)), ids_as_text=data.draw(st.booleans()))
    indices = data.draw(st.sampled_from((campaign.customers, campaign.customers[::-1])))
    arguments = (campaign.executions[505], customers, indices, row_format)
    if indices:
        assert send_details_columns.render_rows(*arguments) == send_details_rows.render_rows(audience, *arguments)


@settings(deadline=None, max_examples=tries(40))
@given(seed=st.integers(), recipe=RECIPES)
def test_customers_are_equal_in_both_ways(seed: int, recipe: AudienceRecipe) -> None:
    """The obligations of a campaign must not depend on its size."""
    audience = Audience(KeyedRandom(seed), recipe)
    assert [*text_columns.customers(audience, range(MOST))] == [*audience.customers(0, MOST)]


def test_small_run_does_without_numpy() -> None:
    """Its import takes as long as a small run."""
    code = "import sys, sendproof_simulators.server.server; print('numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert found.stdout == "False\n"
