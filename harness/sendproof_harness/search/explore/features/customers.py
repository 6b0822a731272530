"""Customers whose records or phones bridges often get wrong."""

import re
from collections.abc import Callable, Mapping

from sendproof_harness.providers import discover
from sendproof_harness.scenario.model import CONSENT_BY_ATTRIBUTE
from sendproof_harness.scenario.rules.simulator_facts import OUTCOMES, SPELLINGS
from sendproof_harness.search.explore.builder import ScenarioBuilder
from sendproof_harness.search.explore.feature import Feature
from sendproof_harness.search.explore.features.campaigns import OF_TWO_PROVIDERS

_LONG_CITY = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"

# They differ in how they are escaped in a URL, as numbers, and in their length.
_IDS: Mapping[str, str] = {
    "like an e-mail address": "ann+shop@example.com",
    "with zeros at its start": "0042",
    "with signs of URLs": "C4?page=2&size=5 #b",
    "with a percent sign": "100%41",
    "with letters beyond ASCII": "Zoë Łukasz",
    "of 75 characters": "6f1f0b1e-0f5c-4c5b-9d6a-3f2a7c9e1b42.loyalty-card.customers.north-west-europe",
}
# A customer who clicks three to eight times is like one who clicks nine times.
_OUTCOMES = tuple(outcome for outcome in OUTCOMES if not re.fullmatch("delivered, [3-8] clicks", outcome))

_RECORDS: Mapping[str, Mapping[str, str | None]] = {
    "customer called like a placeholder": {"FIRST_NAME": "{{CITY}}", "CITY": "%%|FIRST_NAME%%"},
    "customer with an empty name": {"FIRST_NAME": ""},
    "customer without a name or city": {"FIRST_NAME": None, "CITY": None},
    "customer with signs in the name": {"FIRST_NAME": 'Anna;Maria, "Mia" O\'Neill & <b>'},
    "customer with a long city and no money": {"CITY": _LONG_CITY, "BALANCE": "0"},
    "customer with accents in the name": {"FIRST_NAME": "Zoë", "LAST_NAME": "Łukasz"},
    "customer with decomposed letters in the name": {"FIRST_NAME": "Zoe\u0308", "CITY": "Ko\u0308ln"},
    "customer with a joined emoji in the name": {"FIRST_NAME": "שרה 👩\u200d🔧", "CITY": "القاهرة"},
    "customer with signs of patterns in the name": {"FIRST_NAME": "R&amp;D\\1 $1 $& $$ %41 #{x} [y]"},
    "customer with digits in place of a name": {"FIRST_NAME": "0042", "CITY": "12345678901234567890"},
    "customer with a large balance called Null": {"FIRST_NAME": "0", "LAST_NAME": "Null", "BALANCE": "1234567.5"},
    "customer with spaces around the name": {"FIRST_NAME": " Ana ", "CITY": "Évora "},
}


def _due(**properties: object) -> Callable[[ScenarioBuilder], None]:
    def apply(builder: ScenarioBuilder) -> None:
        builder.add_customer(protection="none", **properties)

    return apply


def _with_outcome(outcome: str) -> Callable[[ScenarioBuilder], None]:
    def apply(builder: ScenarioBuilder) -> None:
        builder.add_customer(protection="none", outcome=outcome)
        builder.subjects.append({"outcome": outcome})

    return apply


def _share_number(builder: ScenarioBuilder) -> None:
    first = builder.add_customer(protection="none", attributes={"FIRST_NAME": "Maria"})
    builder.add_customer(protection="none", same_number_as=first, attributes={"FIRST_NAME": "José"})


def _without_number(builder: ScenarioBuilder) -> None:
    builder.add_customer(protection="unusable_number")
    builder.subjects.append({"withheld": "unusable_number"})


def _without_consent(builder: ScenarioBuilder) -> None:
    builder.bridge["consent"] = CONSENT_BY_ATTRIBUTE
    builder.add_customer(protection="no_consent")
    builder.subjects.append({"withheld": "no_consent"})


def _european() -> frozenset[str]:
    """Return the providers that send to Europe."""
    return frozenset(name for name, record in discover().items() if record.default_country == "GB")


def features() -> tuple[Feature, ...]:
    """Return the features; some depend on the providers."""
    return (
        *(Feature(name=name, topic="customer", apply=_due(attributes=values)) for name, values in _RECORDS.items()),
        *(
            Feature(name=f"number spelled with {spelling}", topic="customer", apply=_due(spelling=spelling))
            for spelling in SPELLINGS
        ),
        Feature(
            name="number of another country",
            topic="customer",
            apply=_due(number="353851234567"),
            providers=_european(),
            excludes=OF_TWO_PROVIDERS,
        ),
        *(Feature(name=f"customer id {words}", topic="customer", apply=_due(id=id_)) for words, id_ in _IDS.items()),
        Feature(name="two customers with one number", topic="customer", apply=_share_number),
        Feature(name="customer without a usable number", topic="customer", apply=_without_number),
        Feature(name="customer without consent in Optimove", topic="customer", apply=_without_consent),
        *(Feature(name=f"outcome: {outcome}", topic="outcome", apply=_with_outcome(outcome)) for outcome in _OUTCOMES),
    )
