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
from sendproof_simulators.core.messaging.delivery_outcomes import BY_NAME, outcome_for_number
from sendproof_simulators.core.randomness import KeyedRandom

LARGEST = AudienceRecipe(customers=10_000_000, opted_out=0.02, unusable_numbers=0.01)
AMERICANS = AudienceRecipe(customers=10_000_000, country="US")
PEOPLE = Audience(KeyedRandom(1), AudienceRecipe(customers=4_000, opted_out=0.25, unusable_numbers=0.25))


@settings(deadline=None)
@given(seed=st.integers(), index=st.integers(0, 9_999_999))
def test_a_customer_depends_on_seed_and_index_only(seed: int, index: int) -> None:
    """Two sandboxes with one seed agree on every customer, whatever was asked before."""
    first, second = Audience(KeyedRandom(seed), LARGEST), Audience(KeyedRandom(seed), LARGEST)
    second.customer((index + 1) % 10_000_000)
    assert first.customer(index) == second.customer(index)


def test_another_seed_gives_other_customers() -> None:
    """Seeds are not decoration."""
    other = Audience(KeyedRandom(2), PEOPLE.recipe)
    assert [c.attributes for c in PEOPLE.customers(0, 9)] != [c.attributes for c in other.customers(0, 9)]


@settings(deadline=None)
@given(seed=st.integers(), indices=st.sets(st.integers(0, 9_999_999), min_size=2, max_size=200))
def test_no_two_customers_share_a_number(seed: int, indices: set[int]) -> None:
    """Numbers are a permutation of 300 million, so every index has its own."""
    audience = Audience(KeyedRandom(seed), LARGEST)
    assert len({audience.number_of(index) for index in indices}) == len(indices)


@settings(deadline=None)
@given(seed=st.integers(), index=st.integers(0, 9_999_999))
def test_true_numbers_are_valid_british_mobile_numbers(seed: int, index: int) -> None:
    """A bridge that checks numbers must let every true one pass."""
    number = phonenumbers.parse("+" + Audience(KeyedRandom(seed), LARGEST).number_of(index))
    assert phonenumbers.is_valid_number_for_region(number, "GB")
    assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def test_every_spelling_of_a_true_number_means_that_number() -> None:
    """+447.., 07.. and 0044 7.. all occur, and all lead to the same digits."""
    spellings = set()
    for customer in PEOPLE.customers(0, 4_000):
        if customer.number:
            text = customer.attributes["PHONENUMBER"] or ""
            spellings.add(text[:2])
            parsed = phonenumbers.parse(text, "GB")
            assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == "+" + customer.number
    assert spellings == {"+4", "07", "00"}


@settings(deadline=None)
@given(seed=st.integers(), index=st.integers(0, 9_999_999))
def test_true_numbers_of_americans_are_valid_in_the_united_states(seed: int, index: int) -> None:
    """Delivyr reaches the United States and Canada; a careful bridge lets every true number pass."""
    text = Audience(KeyedRandom(seed), AMERICANS).number_of(index)
    assert phonenumbers.is_valid_number_for_region(phonenumbers.parse("+" + text), "US")
    assert text[4:7] != "555"


@settings(deadline=None)
@given(seed=st.integers(), indices=st.sets(st.integers(0, 9_999_999), min_size=2, max_size=200))
def test_no_two_americans_share_a_number(seed: int, indices: set[int]) -> None:
    """Every index has its own, as in the United Kingdom."""
    audience = Audience(KeyedRandom(seed), AMERICANS)
    assert len({audience.number_of(index) for index in indices}) == len(indices)


def test_americans_write_ten_digits_where_britons_write_a_zero() -> None:
    """+1 and ten digits, ten digits alone as in Delivyr's own sample, and 001 from abroad."""
    people = Audience(KeyedRandom(1), replace(AMERICANS, customers=2_000))
    spelled = {c.attributes["PHONENUMBER"]: c.number for c in people.customers(0, 2_000)}
    forms = {spelling: re.sub("[0-9]{10}$", "", spelling or "") for spelling in spelled}
    assert set(forms.values()) == {"+1", "", "001 "}
    assert all(number == "1" + (spelling or "")[-10:] for spelling, number in spelled.items())
    assert {c.attributes["COUNTRY"] for c in people.customers(0, 9)} == {"US"}


def test_an_audience_of_another_country_is_refused() -> None:
    """The message says which there are."""
    with pytest.raises(ValueError, match="expected country to be one of GB, US, got 'FR'"):
        AudienceRecipe(customers=1, country="FR")


@pytest.mark.parametrize("region", ["GB", "US"])
@pytest.mark.parametrize("text", [text for text in UNUSABLE_NUMBERS if text])
def test_unusable_numbers_are_valid_nowhere(text: str, region: str) -> None:
    """Two careful bridges must not disagree on whom to leave out."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return
    assert not phonenumbers.is_valid_number(number)


def test_customers_without_a_number_show_an_unusable_one() -> None:
    """Each kind of unusable number occurs, and only where nothing can be sent."""
    shown = {c.attributes["PHONENUMBER"] for c in PEOPLE.customers(0, 4_000) if c.number is None}
    assert shown == set(UNUSABLE_NUMBERS)


def test_shares_come_out_as_asked_and_never_overlap() -> None:
    """A quarter opted out, a quarter unusable, and nobody is both."""
    everyone = list(PEOPLE.customers(0, 4_000))
    assert sum(c.opted_out for c in everyone) == pytest.approx(1_000, abs=100)
    assert sum(c.number is None for c in everyone) == pytest.approx(1_000, abs=100)
    assert not any(c.opted_out and c.number is None for c in everyone)


def test_consent_and_optouts_agree() -> None:
    """SMS_OPT_IN is 0 for exactly the customers whose numbers are listed as opted out."""
    by_attribute = [c.number for c in PEOPLE.customers(0, 4_000) if c.attributes["SMS_OPT_IN"] == "0"]
    assert list(PEOPLE.opt_outs()) == by_attribute


def test_whole_shares_leave_nobody_out() -> None:
    """1 means every customer."""
    everyone_out = Audience(KeyedRandom(1), AudienceRecipe(customers=50, opted_out=1.0))
    nobody_reachable = Audience(KeyedRandom(1), AudienceRecipe(customers=50, unusable_numbers=1.0))
    assert len(list(everyone_out.opt_outs())) == 50
    assert {c.number for c in nobody_reachable.customers(0, 50)} == {None}


@pytest.mark.parametrize(
    ("customers", "opted_out", "unusable"),
    [(-1, 0, 0), (10_000_001, 0, 0), (1, -0.1, 0), (1, 0, 1.1), (1, 0.6, 0.5)],
)
def test_impossible_recipes_are_refused(customers: int, opted_out: float, unusable: float) -> None:
    """The message says what was expected."""
    with pytest.raises(ValueError, match="expected"):
        AudienceRecipe(customers=customers, opted_out=opted_out, unusable_numbers=unusable)


@settings(deadline=None)
@given(index=st.integers(0, 3_999))
def test_ids_and_indices_are_inverse(index: int) -> None:
    """An id leads back to its index."""
    assert PEOPLE.index_of(PEOPLE.id_of(index)) == index


@pytest.mark.parametrize(
    "text", ["", "C", "42", "C42", "c0000042", "C0004000", "C00000042", "C000004²", "C" + "9" * 5_000]
)
def test_only_exact_ids_are_ids(text: str) -> None:
    """An id that lost its zeros or its letter is nobody's."""
    assert PEOPLE.index_of(text) is None


def test_ids_of_the_largest_audience_are_distinct() -> None:
    """The last of ten million customers still fits the form."""
    assert Audience(KeyedRandom(1), LARGEST).id_of(9_999_999) == "C9999999"


@settings(deadline=None)
@given(start=st.integers(0, 4_000), length=st.integers(0, 50), names=st.lists(st.sampled_from(PEOPLE.attribute_names)))
def test_columns_are_the_customers_values(start: int, length: int, names: list[str]) -> None:
    """The quick way and the plain way give the same values, in the order asked for, even when asked for twice."""
    stop = min(start + length, 4_000)
    columns = PEOPLE.columns(start, stop, names)
    for column, name in zip(columns, names, strict=True):
        assert column == [c.attributes[name] for c in PEOPLE.customers(start, stop)]
    for index in itertools.islice(range(start, stop), 1):
        assert PEOPLE.values(index, names) == [column[0] for column in columns]


def test_names_beyond_ascii_occur_but_rarely() -> None:
    """A few texts in a hundred need the larger alphabet; mail addresses never do."""
    everyone = list(PEOPLE.customers(0, 4_000))
    accented = [c for c in everyone if not (c.attributes["FIRST_NAME"] or "").isascii()]
    assert len(accented) == pytest.approx(160, abs=60)
    assert all((c.attributes["EMAIL"] or "").isascii() for c in everyone)


def test_there_is_no_customer_past_the_last() -> None:
    """Asking for one is a mistake of the caller."""
    with pytest.raises(IndexError, match="expected customers from 0 to 4000"):
        PEOPLE.customer(4_000)


FATED = AudienceRecipe(
    customers=4_000,
    opted_out=0.1,
    unusable_numbers=0.1,
    outcomes={"never": 0.25, "landline": 0.125, "delivered, 1 click": 0},
)


@pytest.mark.parametrize("country", ["GB", "US"])
def test_shares_of_customers_have_numbers_that_dial_a_fate(country: str) -> None:
    """Who opted out or has no number stays that; all others of the share dial, each with a number of their own."""
    everyone = list(Audience(KeyedRandom(3), replace(FATED, country=country)).customers(0, 4_000))
    fates = Counter(fate_of(c.number) for c in everyone if c.number and not c.opted_out)
    assert {name: fates[name] for name in fates if name} == {
        "never": pytest.approx(800, abs=60),
        "landline": pytest.approx(400, abs=60),
    }
    numbers = [c.number for c in everyone if c.number]
    assert len(set(numbers)) == len(numbers)
    assert {fate_of(c.number) for c in everyone if c.opted_out} == {None}


def fate_of(number: str | None) -> str | None:
    """The name of what a number dials."""
    return next(
        (name for name, test_number in BY_NAME.items() if test_number.outcome == outcome_for_number(number or "")), None
    )


def test_asking_for_fates_changes_nobody_else() -> None:
    """Whoever has none is the same customer as without them."""
    with_fates, without = (
        list(Audience(KeyedRandom(3), replace(FATED, outcomes=outcomes)).customers(0, 4_000))
        for outcomes in (FATED.outcomes, {})
    )
    pairs = [(a, b) for a, b in zip(with_fates, without, strict=True) if fate_of(a.number) is None]
    assert 2_000 < len(pairs) < 3_200
    assert all(a == b for a, b in pairs)


@pytest.mark.parametrize("country", ["GB", "US"])
def test_nobody_dials_a_fate_by_chance(country: str) -> None:
    """Ordinary numbers keep clear of those that dial."""
    audience = Audience(KeyedRandom(5), AudienceRecipe(customers=20_000, country=country))
    assert not any(outcome_for_number(audience.number_of(index)) for index in range(20_000))


@pytest.mark.parametrize(
    ("customers", "outcomes", "expected"),
    [
        (100, {"nevr": 0.1}, "no number dials 'nevr'; did you mean 'never'"),
        (100, {"never": 1.1}, "from 0 to 1, got 1.1"),
        (100, {"never": 0.6, "landline": 0.5}, "at most, got 1.1"),
        (20_002, {"never": 0.5}, "at most 10000 customers for 'never'.*got 10001"),
    ],
)
def test_impossible_fates_are_refused(customers: int, outcomes: dict[str, float], expected: str) -> None:
    """There are 10,000 numbers for each, which is at the limit and passes."""
    AudienceRecipe(customers=20_000, outcomes={"never": 0.5})
    with pytest.raises(ValueError, match=expected):
        AudienceRecipe(customers=customers, outcomes=outcomes)
