"""Rules about customer attributes: the client's own, its names of the usual ones, and the scopes of keys."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from fractions import Fraction

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, expected_got, unknown_name
from sendproof_harness.scenario.model import AddAttribute, RegisterAttribute, Scenario
from sendproof_harness.scenario.rules.simulator_facts import SPELLINGS
from sendproof_harness.scenario.rules.step_state import attribute_names_at, usual_attributes
from sendproof_harness.scenario.yaml_source import Document

_AUDIENCE: KeyPath = ("audience",)
_BITS = {"INT": 31, "BIGINT": 63}


def renamed_attributes_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that `attribute_names` renames usual attributes."""
    for name in scenario.audience.attribute_names:
        known = usual_attributes(scenario.audience)
        if name not in known:
            message = unknown_name("attribute", name, known)
            yield document.diagnostic((*_AUDIENCE, "attribute_names", name), message)


def attributes_are_unique(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that no two attributes have one name, in any case: Optimove does not distinguish it."""
    audience = scenario.audience
    taken = {name.lower() for name in usual_attributes(audience) if name not in audience.attribute_names}
    for usual, name in audience.attribute_names.items():
        yield from _taken(document, (*_AUDIENCE, "attribute_names", usual), name, taken)
    for index, attribute in enumerate(audience.attributes):
        yield from _taken(document, (*_AUDIENCE, "attributes", index, "name"), attribute.name, taken)
    for index, step in enumerate(scenario.steps):
        if isinstance(step, AddAttribute):
            yield from _taken(document, ("steps", index, "add_attribute", "name"), step.name, taken)


def _taken(document: Document, path: KeyPath, name: str, taken: set[str]) -> Iterator[Diagnostic]:
    if name.lower() in taken:
        yield document.diagnostic(path, f"an attribute {name} exists already; choose another name")
    taken.add(name.lower())


def attribute_values_fit(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that values have the type of their attribute, and that their shares are at most 100% in total."""
    for index, attribute in enumerate(scenario.audience.attributes):
        path: KeyPath = (*_AUDIENCE, "attributes", index)
        yield from _too_much(document, (*path, "values"), attribute.values)
        for value in attribute.values:
            yield from _misfit(document, (*path, "values", value), attribute.type, value)
        yield from _misfit(document, (*path, "default"), attribute.type, attribute.default)
    for index, step in enumerate(scenario.steps):
        if isinstance(step, AddAttribute):
            yield from _misfit(document, ("steps", index, "add_attribute", "default"), step.type, step.default)


def _misfit(document: Document, path: KeyPath, type_: str, value: str | None) -> Iterator[Diagnostic]:
    kind, _, length = type_.partition("(")
    if value is not None and not _FITS[kind](value, length.rstrip(")")):
        yield document.diagnostic(path, expected_got(f"a value of type {type_}", value))


def _is_integer(bits: int) -> Callable[[str, str], bool]:
    return lambda text, _: bool(re.fullmatch(r"-?[0-9]{1,19}", text)) and -(2**bits) <= int(text) < 2**bits


def _is_text(text: str, length: str) -> bool:
    return len(text) <= int(length)


def _is_decimal(text: str, length: str) -> bool:
    del length
    return bool(re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,4})?", text))


def _is_date(text: str, length: str) -> bool:
    del length
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_FITS: Mapping[str, Callable[[str, str], bool]] = {
    "VARCHAR": _is_text,
    "NVARCHAR": _is_text,
    "DECIMAL": _is_decimal,
    "DATE": _is_date,
    **{kind: _is_integer(bits) for kind, bits in _BITS.items()},
}


def spellings_are_known(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that spellings exist, and that their shares are at most 100% in total."""
    spellings = scenario.audience.spellings or {}
    for name in spellings:
        if name not in SPELLINGS:
            path = (*_AUDIENCE, "spellings", name)
            yield document.diagnostic(path, unknown_name("spelling", name, SPELLINGS))
    yield from _too_much(document, (*_AUDIENCE, "spellings"), spellings)


def _too_much(document: Document, path: KeyPath, shares: Mapping[str, Fraction]) -> Iterator[Diagnostic]:
    total = sum(shares.values(), Fraction(0))
    if total > 1:
        yield document.diagnostic(path, f"expected shares of at most 100% in total, got {float(total * 100):g}%")


def registered_attributes_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that a step registers an attribute that exists by then."""
    for index, step in enumerate(scenario.steps):
        known = attribute_names_at(scenario, index)
        if isinstance(step, RegisterAttribute) and step.name not in known:
            yield document.diagnostic(
                ("steps", index, "register_attribute"), unknown_name("attribute", step.name, known)
            )


RULES = (
    renamed_attributes_exist,
    attributes_are_unique,
    attribute_values_fit,
    spellings_are_known,
    registered_attributes_exist,
)
