"""Rules about the audience and the texts of templates: attributes and outcomes must exist."""

import re
from collections.abc import Iterator
from fractions import Fraction

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, unknown_name
from sendproof_harness.scenario.model import EMAIL, AddTemplate, ChangeTemplate, Scenario
from sendproof_harness.scenario.rules.simulator_facts import OUTCOMES
from sendproof_harness.scenario.rules.step_state import attribute_names, event_parameters
from sendproof_harness.scenario.yaml_source import Document
from sendproof_harness.suggestions import closest

PLACEHOLDER = re.compile(r"\{\{([^{}]*+)\}\}")
# The beginning of a placeholder that does not end.
_UNCLOSED = re.compile(r"\{\{(?![^{}]*+\}\})[^{}]{0,30}")


def placeholders_are_known(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that placeholders are attributes or, in templates of triggers only, parameters of events."""
    campaign_templates = {
        split.template for campaign in scenario.campaigns for part in campaign.parts for split in part.splits
    }
    attributes, parameters = attribute_names(scenario), event_parameters(scenario)
    for path, title, _, body in bodies(scenario):
        known = attributes if title in campaign_templates else (*attributes, *parameters)
        for name in PLACEHOLDER.findall(body):
            if name not in known:
                yield document.diagnostic(path, unknown_name("attribute", name, known))
        if unclosed := _UNCLOSED.search(body):
            yield document.diagnostic(path, f"expected {{{{NAME}}}}, got {unclosed[0]!r}; close it with }}}}")


def bodies(scenario: Scenario) -> Iterator[tuple[KeyPath, str, str, str]]:
    """Yield the path, title, provider and body of each text."""
    for index, template in enumerate(scenario.templates):
        title, provider = template.title, template.provider
        yield ("templates", index, "body"), title, provider, template.body
        if template.heading is not None:
            key = "subject" if template.message == EMAIL else "heading"
            yield ("templates", index, key), title, provider, template.heading
        for value, body in template.translations.bodies.items() if template.translations else ():
            yield ("templates", index, "translations", "bodies", value), title, provider, body
    for index, step in enumerate(scenario.steps):
        match step:
            case AddTemplate():
                added = step.template
                yield ("steps", index, "add_template", "body"), added.title, added.provider, added.body
            case ChangeTemplate():
                yield ("steps", index, "change_template", "body"), step.title, step.provider, step.body


def outcomes_are_known(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that each outcome has a test number, and that their shares are at most 100% in total."""
    outcomes = scenario.audience.outcomes
    for name in outcomes:
        if name not in OUTCOMES:
            match = closest(name, OUTCOMES)
            hint = f'did you mean "{match}"?' if match else "run `sendproof test-numbers` for the list"
            yield document.diagnostic(("audience", "outcomes", name), f"no test number has this outcome; {hint}")
    total = sum(outcomes.values(), Fraction(0))
    if total > 1:
        message = f"expected shares of at most 100% in total, got {float(total * 100):g}%"
        yield document.diagnostic(("audience", "outcomes"), message)


RULES = (placeholders_are_known, outcomes_are_known)
