"""Rules about individuals, and about steps that change one customer: they exist, and so does everything they name."""

from collections.abc import Iterable, Iterator
from unicodedata import is_normalized

from sendproof_harness.scenario.customer_selection import CustomerIds
from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, expected_got, unknown_client, unknown_name
from sendproof_harness.scenario.model import CONSENT_BY_ATTRIBUTE, ChangeAttributes, Individual, Scenario
from sendproof_harness.scenario.rules.simulator_facts import (
    BROWSER_ATTRIBUTES,
    CONSENT_ATTRIBUTE,
    DEVICE_ATTRIBUTES,
    NUMBER_ATTRIBUTE,
    OUTCOMES,
)
from sendproof_harness.scenario.rules.step_state import attribute_names_at
from sendproof_harness.scenario.yaml_source import Document
from sendproof_harness.suggestions import closest


def individuals_exist_once(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the audience has each individual, and that no two of one client have one position."""
    seen: set[tuple[int, str | None]] = set()
    for path, individual in _individuals(scenario):
        yield from _missing_customer(scenario, document, (*path, "customer"), individual.customer)
        places = {(individual.customer, client) for client in _clients_with(scenario, individual)}
        if not seen.isdisjoint(places):
            message = f"customer {individual.customer} already is an individual; remove one of the two"
            yield document.diagnostic((*path, "customer"), message)
        seen |= places


def individuals_belong_to_known_clients(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the client of an individual is one of the scenario."""
    for path, individual in _individuals(scenario):
        if individual.client is not None and individual.client not in scenario.clients:
            yield document.diagnostic((*path, "client"), unknown_client(individual.client, scenario.clients))


def individuals_share_numbers_with_each_other(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that individuals share numbers only with other individuals who are due a message, too."""
    due = {
        (individual.customer, client)
        for individual in scenario.audience.individuals
        for client in _clients_with(scenario, individual)
        if individual.protection == "none"
    }
    for path, individual in _individuals(scenario):
        other, clients = individual.same_number_as, _clients_with(scenario, individual)
        pair = {(customer, client) for customer in (other, individual.customer) for client in clients}
        if other is not None and (other == individual.customer or not pair <= due):
            message = f"expected two individuals with `protection: none`, got {individual.customer} and {other}"
            yield document.diagnostic((*path, "same_number_as"), message)


def individuals_without_consent_need_the_attribute(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the client keeps opt-outs in the consent attribute, if an individual has no consent there."""
    for path, individual in _individuals(scenario):
        if individual.protection == "no_consent" and scenario.bridge.consent != CONSENT_BY_ATTRIBUTE:
            message = "this client keeps opt-outs at the provider only; add `consent: attribute` to `bridge`"
            yield document.diagnostic((*path, "protection"), message)


def individuals_have_known_properties(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that attributes and outcomes of individuals exist."""
    decided = (NUMBER_ATTRIBUTE, CONSENT_ATTRIBUTE, *DEVICE_ATTRIBUTES, *BROWSER_ATTRIBUTES)
    special = {scenario.audience.name_of(name) for name in decided}
    known = tuple(name for name in attribute_names_at(scenario, 0) if name not in special)
    for path, individual in _individuals(scenario):
        yield from _unknown_attributes(document, (*path, "attributes"), individual.attributes, known)
        if individual.outcome is not None and individual.outcome not in OUTCOMES:
            match = closest(individual.outcome, OUTCOMES)
            hint = f'did you mean "{match}"?' if match else "run `sendproof test-numbers` for the list"
            yield document.diagnostic((*path, "outcome"), f"no test number has this outcome; {hint}")


def changed_customers_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that `change_attributes` names one existing customer or a selection, and existing attributes."""
    for index, step in enumerate(scenario.steps):
        if isinstance(step, ChangeAttributes):
            path: KeyPath = ("steps", index, "change_attributes")
            if (*path, "customer") in document.lines:
                yield from _missing_customer(scenario, document, (*path, "customer"), step.selection.first_customer)
                yield from _other_selection(document, path)
            yield from _unknown_attributes(
                document, (*path, "values"), step.values, attribute_names_at(scenario, index)
            )


def _other_selection(document: Document, path: KeyPath) -> Iterator[Diagnostic]:
    for key in ("customers", "first_customer", "share"):
        if (*path, key) in document.lines:
            yield document.diagnostic((*path, key), "expected either one customer or a selection, got both")


def individuals_have_ids_of_their_own(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the id of an individual is no other customer's, and the same at each client.

    Ids that differ by case alone count as one; documented: text in Optimove is not case-sensitive.
    """
    known: dict[str, int] = {}
    for path, individual in _individuals(scenario):
        if individual.id is None:
            continue
        if individual.client is not None:
            yield document.diagnostic((*path, "id"), "the steps name customers of all clients; remove `id` or `client`")
        if not is_normalized("NFC", individual.id):
            message = expected_got("composed characters (Unicode form NFC)", individual.id)
            yield document.diagnostic((*path, "id"), message)
        if CustomerIds({}).position(individual.id.upper()) is not None:
            message = expected_got("another form than that of the other customers", individual.id)
            yield document.diagnostic((*path, "id"), message)
        other = known.setdefault(individual.id.casefold(), individual.customer)
        if other != individual.customer:
            message = f"customer {other} has this id, in this or another case; give each customer their own"
            yield document.diagnostic((*path, "id"), message)


def individuals_have_one_number(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that only one key decides the number of an individual."""
    for path, individual in _individuals(scenario):
        for key in ("spelling", "same_number_as", "outcome"):
            if individual.number is not None and getattr(individual, key) is not None:
                yield document.diagnostic((*path, key), "`number` decides the number of this customer; remove this key")


def numbers_are_usable_or_not(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that bridges with different rules for phone numbers agree about each number.

    Of a number with the right length that is not assigned, such as those for films (07700 900123), they do not.
    """
    for path, number in _numbers(scenario):
        from sendproof_harness.scenario.rules.disputed_numbers import is_disputed  # noqa: PLC0415 - few have numbers

        if is_disputed(number, scenario.audience.country):
            message = expected_got("a number that is assigned, such as 447400123456, or one that is too short", number)
            yield document.diagnostic(path, message)


def _numbers(scenario: Scenario) -> Iterator[tuple[KeyPath, str]]:
    for path, individual in _individuals(scenario):
        if individual.number:
            yield (*path, "number"), individual.number
    name = scenario.audience.name_of(NUMBER_ATTRIBUTE)
    for index, step in enumerate(scenario.steps):
        if isinstance(step, ChangeAttributes) and (number := step.values.get(name)):
            yield ("steps", index, "change_attributes", "values", name), number


def _clients_with(scenario: Scenario, individual: Individual) -> tuple[str | None, ...]:
    """Return the clients that have the individual; None means the only one."""
    return (individual.client,) if individual.client is not None else scenario.clients or (None,)


def _individuals(scenario: Scenario) -> Iterator[tuple[KeyPath, Individual]]:
    for index, individual in enumerate(scenario.audience.individuals):
        yield ("audience", "individuals", index), individual


def _missing_customer(scenario: Scenario, document: Document, path: KeyPath, customer: int) -> Iterator[Diagnostic]:
    customers = scenario.audience.customers
    if customer >= customers:
        expected = f"at most {customers - 1} (the audience has {customers} customers, from 0)"
        yield document.diagnostic(path, expected_got(expected, customer))


def _unknown_attributes(
    document: Document, path: KeyPath, names: Iterable[str], known: tuple[str, ...]
) -> Iterator[Diagnostic]:
    for name in names:
        if name not in known:
            yield document.diagnostic((*path, name), unknown_name("attribute", name, known))


RULES = (
    individuals_exist_once,
    individuals_belong_to_known_clients,
    individuals_share_numbers_with_each_other,
    individuals_without_consent_need_the_attribute,
    individuals_have_known_properties,
    changed_customers_exist,
    individuals_have_ids_of_their_own,
    individuals_have_one_number,
    numbers_are_usable_or_not,
)
