"""Customers are a pure function of seed and index."""

import itertools
import re
from collections import Counter
from dataclasses import replace

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendproof_simulators.core.audience.audience import UNUSABLE_NUMBERS, Audience, AudienceRecipe
from sendproof_simulators.core.audience.client_attributes import ClientAttribute
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, outcome_for_number
from sendproof_simulators.core.randomness import KeyedRandom

LARGEST = AudienceRecipe(customers=10_000_000, opted_out=0.02, unusable_numbers=0.01)
AMERICANS = AudienceRecipe(customers=10_000_000, country="US")
AUDIENCE = Audience(KeyedRandom(1), AudienceRecipe(customers=4_000, opted_out=0.25, unusable_numbers=0.25))


@settings(deadline=None)
@given(seed=st.integers(), index=st.integers(0, 9_999_999))
def test_customer_depends_only_on_seed_and_index(seed: int, index: int) -> None:
    """Two sandboxes with one seed agree on every customer, whatever was computed before."""
    first, second = Audience(KeyedRandom(seed), LARGEST), Audience(KeyedRandom(seed), LARGEST)
    second.customer((index + 1) % 10_000_000)
    assert first.customer(index) == second.customer(index)


def test_other_seed_gives_other_customers() -> None:
    other = Audience(KeyedRandom(2), AUDIENCE.recipe)
    assert [c.attributes for c in AUDIENCE.customers(0, 9)] != [c.attributes for c in other.customers(0, 9)]


@settings(deadline=None)
@given(seed=st.integers(), indices=st.sets(st.integers(0, 9_999_999), min_size=2, max_size=200))
def test_british_numbers_are_unique(seed: int, indices: set[int]) -> None:
    """Numbers are a permutation of 300 million, so each index has its own."""
    audience = Audience(KeyedRandom(seed), LARGEST)
    assert len({audience.number_of(index) for index in indices}) == len(indices)


@settings(deadline=None)
@given(seed=st.integers(), index=st.integers(0, 9_999_999))
def test_british_numbers_are_valid_mobile_numbers(seed: int, index: int) -> None:
    """A bridge that checks numbers must accept every real one."""
    number = phonenumbers.parse("+" + Audience(KeyedRandom(seed), LARGEST).number_of(index))
    assert phonenumbers.is_valid_number_for_region(number, "GB")
    assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def test_each_spelling_of_a_number_means_that_number() -> None:
    """Clients store numbers with and without +, 00 and signs, and all of these forms occur."""
    spellings = set()
    for customer in AUDIENCE.customers(0, 4_000):
        if customer.number:
            text = customer.attributes["PHONENUMBER"] or ""
            spellings.add(text[:2] if text.isdigit() else re.sub("[0-9]+", "9", text))
            parsed = phonenumbers.parse(text, "GB")
            assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == "+" + customer.number
    assert spellings == {"+9", "07", "44", "9 9", " +9 9 9 ", "+9 (9) 9-9"}


def test_recipe_decides_the_spellings_of_numbers() -> None:
    recipe = AudienceRecipe(customers=400, spellings={"digits": 0.5, "national": 0.5})
    spelled = Counter(
        (c.attributes["PHONENUMBER"] or "")[:2] for c in Audience(KeyedRandom(1), recipe).customers(0, 400)
    )
    assert spelled == {"44": pytest.approx(200, abs=40), "07": pytest.approx(200, abs=40)}


def test_client_has_attributes_of_its_own_and_names_of_its_own() -> None:
    """A bridge must not rely on the usual names."""
    tier = ClientAttribute(name="TIER", type="VARCHAR(9)", default="bronze", values={"gold": 0.25})
    recipe = AudienceRecipe(customers=400, attributes=(tier,), attribute_names={"PHONENUMBER": "MOBILE_NO"})
    audience = Audience(KeyedRandom(1), recipe)
    tiers = Counter(c.attributes["TIER"] for c in audience.customers(0, 400))
    assert tiers == {"gold": pytest.approx(100, abs=35), "bronze": pytest.approx(300, abs=35)}
    assert audience.customer(0).attributes["MOBILE_NO"] == audience.customer(0).recorded_number
    assert "PHONENUMBER" not in audience.attribute_names


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"spellings": {"roman": 0.1}}, "expected spellings of plus"),
        ({"spellings": {"digits": 0.6, "spaces": 0.6}}, "add up to 1 at most, got 1.2"),
        ({"attribute_names": {"PHONE": "X"}}, "expected attribute_names for some of"),
        ({"attribute_names": {"CITY": "email"}}, "got email twice"),
        ({"attributes": (ClientAttribute(name="A", type="TEXT"),)}, "expected the type of A"),
        ({"attributes": (ClientAttribute(name="A", type="INT", default="x"),)}, "values of type INT for A, got 'x'"),
    ],
)
def test_impossible_attributes_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AudienceRecipe(customers=1, **fields)


@settings(deadline=None)
@given(seed=st.integers(), index=st.integers(0, 9_999_999))
def test_american_numbers_are_valid_in_the_united_states(seed: int, index: int) -> None:
    """Delivyr sends to the United States and Canada; a careful bridge accepts every real number."""
    text = Audience(KeyedRandom(seed), AMERICANS).number_of(index)
    assert phonenumbers.is_valid_number_for_region(phonenumbers.parse("+" + text), "US")
    assert text[4:7] != "555"


@settings(deadline=None)
@given(seed=st.integers(), indices=st.sets(st.integers(0, 9_999_999), min_size=2, max_size=200))
def test_american_numbers_are_unique(seed: int, indices: set[int]) -> None:
    audience = Audience(KeyedRandom(seed), AMERICANS)
    assert len({audience.number_of(index) for index in indices}) == len(indices)


def test_american_spellings_have_ten_national_digits() -> None:
    """With signs or without, and ten digits alone as in Delivyr's own sample."""
    audience = Audience(KeyedRandom(1), replace(AMERICANS, customers=2_000))
    spelled = {c.attributes["PHONENUMBER"]: c.number for c in audience.customers(0, 2_000)}
    forms = {re.sub("[0-9]{10}$", "", spelling or "") for spelling in spelled if (spelling or "").isdigit()}
    assert forms == {"", "1"}
    assert all(number == "1" + re.sub("[^0-9]", "", spelling or "")[-10:] for spelling, number in spelled.items())
    assert {c.attributes["COUNTRY"] for c in audience.customers(0, 9)} == {"US"}


def test_unknown_country_is_refused() -> None:
    with pytest.raises(ValueError, match="expected country to be one of GB, US, got 'FR'"):
        AudienceRecipe(customers=1, country="FR")


@pytest.mark.parametrize("region", ["GB", "US"])
@pytest.mark.parametrize("text", [text for text in UNUSABLE_NUMBERS if text])
def test_unusable_numbers_are_invalid_in_every_country(text: str, region: str) -> None:
    """Two careful bridges must agree on the customers to leave out."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return
    assert not phonenumbers.is_valid_number(number)


def test_customers_without_a_number_have_an_unusable_value() -> None:
    shown = {c.attributes["PHONENUMBER"] for c in AUDIENCE.customers(0, 4_000) if c.number is None}
    assert shown == set(UNUSABLE_NUMBERS)


def test_shares_are_kept_and_do_not_overlap() -> None:
    customers = list(AUDIENCE.customers(0, 4_000))
    assert sum(c.opted_out for c in customers) == pytest.approx(1_000, abs=100)
    assert sum(c.number is None for c in customers) == pytest.approx(1_000, abs=100)
    assert not any(c.opted_out and c.number is None for c in customers)


def test_opt_outs_are_only_at_the_provider_by_default() -> None:
    """A bridge that reads no consent attribute is right if its client did not ask for it."""
    customers = list(AUDIENCE.customers(0, 4_000))
    assert list(AUDIENCE.provider_opt_outs()) == [(c.id, c.number) for c in customers if c.opted_out]
    assert {c.attributes["SMS_OPT_IN"] for c in customers} == {"1"}


def test_each_opt_out_of_a_client_with_consent_attribute_is_kept_in_one_place() -> None:
    """A bridge that ignores the attribute, and one that ignores the provider's list, both send to some of them."""
    recipe = AudienceRecipe(customers=4_000, opted_out=0.25, consent="attribute")
    audience = Audience(KeyedRandom(1), recipe)
    by_attribute = {c.id for c in audience.customers(0, 4_000) if c.attributes["SMS_OPT_IN"] != "1"}
    at_provider = {customer for customer, _ in audience.provider_opt_outs()}
    assert not by_attribute & at_provider
    assert (len(by_attribute), len(at_provider)) == (pytest.approx(500, abs=70), pytest.approx(500, abs=70))


def test_share_of_one_includes_every_customer() -> None:
    all_opted_out = Audience(KeyedRandom(1), AudienceRecipe(customers=50, opted_out=1.0))
    all_unusable = Audience(KeyedRandom(1), AudienceRecipe(customers=50, unusable_numbers=1.0))
    assert len(list(all_opted_out.provider_opt_outs())) == 50
    assert {c.number for c in all_unusable.customers(0, 50)} == {None}


@pytest.mark.parametrize(
    ("customers", "opted_out", "unusable"),
    [(-1, 0, 0), (10_000_001, 0, 0), (1, -0.1, 0), (1, 0, 1.1), (1, 0.6, 0.5)],
)
def test_impossible_recipe_is_refused(customers: int, opted_out: float, unusable: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        AudienceRecipe(customers=customers, opted_out=opted_out, unusable_numbers=unusable)


@settings(deadline=None)
@given(index=st.integers(0, 3_999))
def test_id_leads_back_to_its_index(index: int) -> None:
    assert AUDIENCE.index_of(AUDIENCE.id_of(index)) == index


@pytest.mark.parametrize(
    "text", ["", "C", "42", "C42", "c0000042", "C0004000", "C00000042", "C000004²", "C" + "9" * 5_000]
)
def test_id_without_its_letter_or_zeros_is_unknown(text: str) -> None:
    assert AUDIENCE.index_of(text) is None


def test_last_id_of_the_largest_audience_keeps_the_form() -> None:
    assert Audience(KeyedRandom(1), LARGEST).id_of(9_999_999) == "C9999999"


@settings(deadline=None)
@given(
    start=st.integers(0, 4_000), length=st.integers(0, 50), names=st.lists(st.sampled_from(AUDIENCE.attribute_names))
)
def test_columns_equal_the_customers_attributes(start: int, length: int, names: list[str]) -> None:
    """Columns are the fast way; names can repeat and come in any order."""
    stop = min(start + length, 4_000)
    columns = AUDIENCE.columns(start, stop, names)
    for column, name in zip(columns, names, strict=True):
        assert column == [c.attributes[name] for c in AUDIENCE.customers(start, stop)]
    for index in itertools.islice(range(start, stop), 1):
        assert AUDIENCE.values(index, names) == [column[0] for column in columns]


def test_a_few_names_are_not_ascii() -> None:
    """A few texts in a hundred need the larger alphabet; mail addresses never do."""
    customers = list(AUDIENCE.customers(0, 4_000))
    accented = [c for c in customers if not (c.attributes["FIRST_NAME"] or "").isascii()]
    assert len(accented) == pytest.approx(160, abs=60)
    assert all((c.attributes["EMAIL"] or "").isascii() for c in customers)


def test_index_past_the_last_customer_is_refused() -> None:
    with pytest.raises(IndexError, match="expected customers from 0 to 4000"):
        AUDIENCE.customer(4_000)


WITH_OUTCOMES = AudienceRecipe(
    customers=4_000,
    opted_out=0.1,
    unusable_numbers=0.1,
    outcomes={"never": 0.25, "landline": 0.125, "delivered, 1 click": 0},
)


@pytest.mark.parametrize("country", ["GB", "US"])
def test_shares_of_customers_have_test_numbers(country: str) -> None:
    """Customers who opted out or have no usable number keep that; each other one has a number of its own."""
    customers = list(Audience(KeyedRandom(3), replace(WITH_OUTCOMES, country=country)).customers(0, 4_000))
    counts = Counter(name_of_test_number(c.number) for c in customers if c.number and not c.opted_out)
    assert {name: counts[name] for name in counts if name} == {
        "never": pytest.approx(800, abs=60),
        "landline": pytest.approx(400, abs=60),
    }
    numbers = [c.number for c in customers if c.number]
    assert len(set(numbers)) == len(numbers)
    assert {name_of_test_number(c.number) for c in customers if c.opted_out} == {None}


def name_of_test_number(number: str | None) -> str | None:
    """Return the name of a test number, or None for any other number."""
    return next(
        (name for name, test_number in BY_NAME.items() if test_number.outcome == outcome_for_number(number or "")), None
    )


def test_outcomes_do_not_change_other_customers() -> None:
    with_outcomes, without = (
        list(Audience(KeyedRandom(3), replace(WITH_OUTCOMES, outcomes=outcomes)).customers(0, 4_000))
        for outcomes in (WITH_OUTCOMES.outcomes, {})
    )
    pairs = [(a, b) for a, b in zip(with_outcomes, without, strict=True) if name_of_test_number(a.number) is None]
    assert 2_000 < len(pairs) < 3_200
    assert all(a == b for a, b in pairs)


@pytest.mark.parametrize("country", ["GB", "US"])
def test_ordinary_numbers_are_no_test_numbers(country: str) -> None:
    audience = Audience(KeyedRandom(5), AudienceRecipe(customers=20_000, country=country))
    assert not any(outcome_for_number(audience.number_of(index)) for index in range(20_000))


@pytest.mark.parametrize(
    ("customers", "outcomes", "expected"),
    [
        (100, {"nevr": 0.1}, "expected the name of a test number, got 'nevr'; did you mean 'never'"),
        (100, {"never": 1.1}, "from 0 to 1, got 1.1"),
        (100, {"never": 0.6, "landline": 0.5}, "at most, got 1.1"),
        (20_002, {"never": 0.5}, "at most 10000 customers for 'never'.*got 10001"),
    ],
)
def test_impossible_outcomes_are_refused(customers: int, outcomes: dict[str, float], expected: str) -> None:
    """There are 10,000 numbers per code, so the limit itself is valid."""
    AudienceRecipe(customers=20_000, outcomes={"never": 0.5})
    with pytest.raises(ValueError, match=expected):
        AudienceRecipe(customers=customers, outcomes=outcomes)
