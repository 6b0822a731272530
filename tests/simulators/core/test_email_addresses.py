"""The e-mail addresses of customers, and the recipients of e-mails."""

from collections import Counter

import pytest

from sendproof_simulators.core.audience.addresses import ADDRESS_GROUPS
from sendproof_simulators.core.audience.audience import Audience, AudienceRecipe
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.core.audience.recipients import recipient
from sendproof_simulators.core.audience.records import many_customers
from sendproof_simulators.core.messaging.addresses import read_address
from sendproof_simulators.core.messaging.message_types import EMAIL
from sendproof_simulators.core.randomness import KeyedRandom

SHARES = dict.fromkeys(ADDRESS_GROUPS, 0.15)


def audience(customers=1, **recipe):
    return Audience(KeyedRandom(3), AudienceRecipe(customers=customers, consent="attribute", **recipe))


def reached(address, **recipe):
    """Return the recipient of an e-mail to an individual with this address."""
    people = audience(individuals=(Individual(customer=0, address=address),), addresses={}, **recipe)
    return recipient(people, 0, people.customer(0), EMAIL)


@pytest.mark.parametrize(
    ("address", "reason", "opted_out_by"),
    [
        ("one", None, None),
        ("untidy", None, None),
        ("unusual", None, None),
        ("none", "unusable_address", None),
        ("unusable", "unusable_address", None),
        ("unsubscribed", None, "provider"),
        ("no_consent", None, "attribute"),
    ],
)
def test_address_decides_if_an_email_is_due(address, reason, opted_out_by):
    found = reached(address)
    assert (found.reason, found.opted_out_by) == (reason, opted_out_by)


def test_untidy_address_is_the_same_address():
    assert reached("untidy").address == reached("one").address
    assert reached("untidy").facts["raw_number"] == f" {reached('one').address.title()} "


def test_unusual_addresses_have_a_tag_or_a_long_top_level_domain():
    people = audience(2, addresses={"unusual": 1.0})
    addresses = [recipient(people, index, people.customer(index), EMAIL).address for index in range(2)]
    assert [address.partition(".")[2].partition(".")[2] for address in addresses] == [
        "0+news@example.com",
        "1@example.photography",
    ]


def test_shares_decide_addresses():
    people = audience(4_000, addresses={"none": 0.25, "untidy": 0.25})
    groups = Counter(map(people.addresses.group, range(4_000)))
    assert groups.keys() == {"none", "untidy", "one"}
    assert groups["one"] == pytest.approx(2_000, abs=150)


def test_no_unusable_address_can_be_read():
    people = audience(300, addresses={"unusable": 1.0})
    assert {read_address(people.values(index, ["EMAIL"])[0]) for index in range(300)} == {None}


def test_many_customers_have_the_addresses_of_the_single_ones():
    people = audience(600, addresses=SHARES)
    assert list(many_customers(people, 0, 600)) == list(people.customers(0, 600))


def test_customer_is_found_by_address():
    people = audience(20, addresses={"untidy": 0.3, "unusual": 0.5})
    addresses = [recipient(people, index, people.customer(index), EMAIL).address for index in range(20)]
    assert [people.index_of_address(address) for address in addresses] == list(range(20))
    assert people.index_of_address("nobody.3@example.com") is None


def test_client_names_its_attributes():
    people = audience(addresses={}, attribute_names={"EMAIL": "MAIL", "EMAIL_OPT_IN": "NEWS"})
    assert people.special_attributes == {
        "phone": "PHONENUMBER",
        "consent": "SMS_OPT_IN",
        "email": "MAIL",
        "email_consent": "NEWS",
    }


def test_client_without_emails_has_no_consent_to_them():
    assert "EMAIL_OPT_IN" not in audience().attribute_names


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"individuals": (Individual(customer=0, address="one"),)}, "add `addresses: {}`"),
        ({"addresses": {"lost": 0.1}}, "expected addresses to have shares of none, unusable"),
        ({"addresses": {"none": 0.6, "untidy": 0.6}}, "add up to 1 at most"),
    ],
)
def test_impossible_addresses_are_refused(recipe, message):
    with pytest.raises(ValueError, match=message):
        audience(**recipe)


@pytest.mark.parametrize("text", ["o'brien+news@mail.example.co.uk", "A_b-c@x1.example", " Ann@Example.com\n"])
def test_usual_forms_are_addresses(text):
    assert read_address(text) == text.strip().lower()


@pytest.mark.parametrize(
    "text", [None, "", "n/a", "ann@", "@example.com", "ann@example", "a b@example.com", ".a@b.de", f"{'a' * 65}@b.de"]
)
def test_other_texts_are_no_addresses(text):
    assert read_address(text) is None
