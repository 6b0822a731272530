"""The rules that a schema cannot express: how the parts of a scenario must fit together.

Each rule is a function that yields the diagnostics of a scenario. Each module contains the rules of one topic.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath
from sendproof_harness.scenario.model import Scenario, with_own_settings
from sendproof_harness.scenario.rules import (
    attributes,
    campaigns,
    customer_ids,
    exclusions,
    faults,
    individuals,
    key_scopes,
    message_types,
    names,
    steps,
    subjects,
    texts,
    triggers,
)
from sendproof_harness.scenario.yaml_source import Document

Rule = Callable[[Scenario, Document], Iterator[Diagnostic]]

RULES: tuple[Rule, ...] = (
    *names.RULES,
    *attributes.RULES,
    *texts.RULES,
    *key_scopes.RULES,
    *individuals.RULES,
    *campaigns.RULES,
    *customer_ids.RULES,
    *message_types.RULES,
    *triggers.RULES,
    *exclusions.RULES,
    *steps.RULES,
    *faults.RULES,
    *subjects.RULES,
)


# The parts of a scenario that each setting of a client replaces.
_PLACES: Mapping[str | int, KeyPath] = {
    "sender": (),
    "country": ("audience",),
    "attribute_names": ("audience",),
    "reports_a_day": ("bridge",),
    "opt_outs": ("bridge",),
}


def broken_rules(scenario: Scenario, document: Document) -> list[Diagnostic]:
    """Return the diagnostics of all rules. Each client's own settings must fit the rest of the file, too."""
    clients = scenario.client_settings
    versions = [(scenario, document)]
    versions += [(with_own_settings(scenario, client), _with_own_places(document, client)) for client in clients]
    found = (diagnostic for version, place in versions for rule in RULES for diagnostic in rule(version, place))
    return list(dict.fromkeys(found))


def _with_own_places(document: Document, client: str) -> Document:
    """Return the document with the places of a client's own settings instead of those that they replace."""
    own: KeyPath = ("client_settings", client)
    rests = [path[len(own) :] for path in document.lines if path[: len(own)] == own and path != own]
    return replace(document, moved={(*_PLACES[rest[0]], *rest): (*own, *rest) for rest in rests})
