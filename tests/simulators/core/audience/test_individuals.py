"""Customers that a scenario spells out, at their position of a generated audience."""

from typing import Any

import phonenumbers
import pytest

from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe, Customer
from sendproof_simulators.core.audience.individuals import PROTECTIONS, Individual
from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.messaging.delivery_outcomes import name_of_test_number
from sendproof_simulators.core.messaging.number_plans import SPELLINGS
from sendproof_simulators.core.randomness import KeyedRandom


def customers_with(*individuals: Individual, country: str = "GB") -> list[Customer]:
    recipe = AudienceRecipe(
        customers=100,
        opted_out=0.5,
        unusable_numbers=0.5,
        consent="attribute",
        country=country,
        individuals=individuals,
    )
    return list(Audience(KeyedRandom(1), recipe).customers(0, 100))


@pytest.mark.parametrize("protection", PROTECTIONS)
def test_individual_has_exactly_its_protection(protection: str) -> None:
    """All others in this audience are protected in some way."""
    customer = customers_with(Individual(customer=42, protection=protection))[42]
    opted_out_by = {"no_consent": "attribute", "provider_list": "provider"}.get(protection)
    assert (customer.opted_out_by, customer.number is None) == (opted_out_by, protection == "unusable_number")


def test_individuals_change_no_other_customer() -> None:
    changed = customers_with(Individual(customer=42, protection="none", attributes={"CITY": "Ys"}, outcome="never"))
    unchanged = customers_with()
    assert [index for index in range(100) if changed[index] != unchanged[index]] == [42]


def test_individual_has_its_attributes() -> None:
    customer = customers_with(Individual(customer=7, attributes={"FIRST_NAME": "{{CITY}}", "CITY": None}))[7]
    assert (customer.attributes["FIRST_NAME"], customer.attributes["CITY"]) == ("{{CITY}}", None)


@pytest.mark.parametrize("country", ["GB", "US"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_means_the_same_number(country: str, spelling: str) -> None:
    """A careful bridge reads all of them, with the region of the client."""
    individual = Individual(customer=3, protection="none", spelling=spelling)
    customer = customers_with(individual, country=country)[3]
    text = (customer.attributes["PHONENUMBER"] or "").strip()
    parsed = phonenumbers.parse("+" + text[2:] if text.startswith("00") else text, country)
    assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == f"+{customer.number}"


def test_individuals_can_share_a_number() -> None:
    first, second = (
        Individual(customer=1, protection="none"),
        Individual(customer=2, protection="none", same_number_as=1),
    )
    customers = customers_with(first, second)
    assert customers[1].number == customers[2].number
    assert customers[1].number is not None


def test_individual_can_have_a_test_number() -> None:
    customer = customers_with(Individual(customer=9, protection="none", outcome="delivered, replies STOP"))[9]
    assert name_of_test_number(customer.number or "") == "delivered, replies STOP"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"customer": 100}, "expected a customer from 0 to 99 in individuals, got 100"),
        ({"protection": "no"}, "expected protection of customer 1 to be one of none, no_consent"),
        ({"spelling": "roman"}, "expected spelling of customer 1 to be one of plus, national"),
        ({"outcome": "nevr"}, "expected outcome of customer 1 to be one of"),
        ({"attributes": {"PHONENUMBER": "1"}}, "got PHONENUMBER; protection and spelling decide"),
        ({"same_number_as": 2}, "expected customer 1 and the other one .* to be individuals with protection none"),
    ],
)
def test_impossible_individual_is_refused(fields: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        AudienceRecipe(customers=100, individuals=(Individual(**{"customer": 1, **fields}),))


def test_individual_without_consent_needs_a_client_that_keeps_it() -> None:
    with pytest.raises(ValueError, match="expected consent attribute for individuals with protection no_consent"):
        AudienceRecipe(customers=100, individuals=(Individual(customer=1, protection="no_consent"),))


def test_two_individuals_at_one_position_are_refused() -> None:
    with pytest.raises(ValueError, match="expected each customer once"):
        AudienceRecipe(customers=100, individuals=(Individual(customer=1), Individual(customer=1)))


def test_individual_has_its_own_id_instead_of_the_usual_one() -> None:
    recipe = AudienceRecipe(customers=100, individuals=(Individual(customer=7, id="0042"),))
    audience = Audience(KeyedRandom(1), recipe)
    assert [audience.id_of(index) for index in (6, 7)] == ["C0000006", "0042"]
    assert [audience.index_of(id_) for id_ in ("0042", "C0000006", "C0000007", "42")] == [7, 6, None, None]


def test_many_ids_are_split_into_known_and_other_ones() -> None:
    recipe = AudienceRecipe(customers=1_000, individuals=(Individual(customer=7, id="O'Neill #1"),))
    audience = Audience(KeyedRandom(1), recipe)
    ids = [*map(audience.id_of, range(1_000)), "C0000007"]
    assert CustomerRecords(audience).split_ids(ids) == ([*range(1_000)], ["C0000007"])


@pytest.mark.parametrize(
    "id_",
    [
        *("", " 42", "42 ", "a/b", "a\\b", "a,b", "a\nb", "a\n", "x" * 101),
        # Programs remove other white space than spaces, too, and some read these characters as the end of a line.
        *("\u00a042", "42\u3000", "42\ufeff", "\u200b42", "a\u2028b", "a\u2029b", "a\u0085b", "\ud83d"),
    ],
)
def test_id_that_not_every_system_can_store_is_refused(id_: str) -> None:
    with pytest.raises(ValueError, match="expected an id of customer 1 of 1 to 100 characters"):
        AudienceRecipe(customers=100, individuals=(Individual(customer=1, id=id_),))


@pytest.mark.parametrize("id_", [".", ".."])
def test_id_that_no_client_can_write_into_a_path_is_refused(id_: str) -> None:
    """Clients remove dot segments, also escaped ones: RFC 3986, and the URL standard of browsers."""
    with pytest.raises(ValueError, match="expected an id of customer 1 of 1 to 100 characters"):
        AudienceRecipe(customers=100, individuals=(Individual(customer=1, id=id_),))


def test_id_with_letters_in_pieces_is_refused() -> None:
    """A system that normalises text changes it."""
    with pytest.raises(ValueError, match="expected an id of customer 1 with composed characters"):
        AudienceRecipe(customers=100, individuals=(Individual(customer=1, id="Zoe\u0308"),))


@pytest.mark.parametrize("id_", ["...", ".a", "Zoë Łukasz", "a\u00a0b", "👩\u200d🔬", "x" * 100])
def test_unusual_id_that_every_system_can_store_is_accepted(id_: str) -> None:
    recipe = AudienceRecipe(customers=100, individuals=(Individual(customer=1, id=id_),))
    assert Audience(KeyedRandom(1), recipe).index_of(id_) == 1


def test_id_of_two_customers_is_refused() -> None:
    """In any case, because text in Optimove is not case-sensitive (documented)."""
    both = (Individual(customer=1, id="Ann"), Individual(customer=2, id="ann"))
    with pytest.raises(ValueError, match="expected each id once, in any case, got 'ann' twice"):
        AudienceRecipe(customers=100, individuals=both)
    for usual in ("C0000002", "c0000002"):
        with pytest.raises(ValueError, match="in another form than C0000042"):
            AudienceRecipe(customers=100, individuals=(Individual(customer=1, id=usual),))
