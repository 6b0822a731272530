"""The rules that a schema cannot express: how the parts of a scenario must fit together.

Each rule is a function that yields the diagnostics of a scenario. Each module contains the rules of one topic.
"""

from collections.abc import Callable, Iterator

from sendproof_harness.scenario.diagnostics import Diagnostic
from sendproof_harness.scenario.model import Scenario
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
    """Return the diagnostics of all rules."""
    return [diagnostic for rule in RULES for diagnostic in rule(scenario, document)]
