"""The rules that a schema cannot express: how the parts of a scenario must fit together.

Each rule is a function that yields the diagnostics of a scenario. Each module contains the rules of one topic.
"""

from collections.abc import Callable, Iterator

from sendproof_harness.scenario.diagnostics import Diagnostic
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


def broken_rules(scenario: Scenario, document: Document) -> list[Diagnostic]:
    """Return the diagnostics of all rules. Each client's own settings must fit the rest of the file, too."""
    versions = [scenario, *(with_own_settings(scenario, client) for client in scenario.client_settings)]
    found = (diagnostic for version in versions for rule in RULES for diagnostic in rule(version, document))
    return list(dict.fromkeys(found))
