"""Rules about the audience and about texts: what nobody has cannot be asked for."""

import re
from collections.abc import Iterator
from fractions import Fraction

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, closest, suggestion
from sendproof_harness.scenario.model import AddTemplate, ChangeTemplate, Scenario
from sendproof_harness.scenario.rules.simulator_facts import ATTRIBUTES, OUTCOMES
from sendproof_harness.scenario.rules.step_state import event_parameters
from sendproof_harness.scenario.yaml_source import Document

_PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def placeholders_are_attributes(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """What a campaign's text asks for is an attribute; that of a trigger may also ask for parameters of its events."""
    sent = {split.template for campaign in scenario.campaigns for part in campaign.parts for split in part.splits}
    told = event_parameters(scenario)
    for place, title, body in _bodies(scenario):
        known = ATTRIBUTES if title in sent else (*ATTRIBUTES, *told)
        for name in _PLACEHOLDER.findall(body):
            if name not in known:
                message = f'customers have no attribute "{name}"; {suggestion(name, known)}'
                yield document.diagnostic(place, message)


def _bodies(scenario: Scenario) -> Iterator[tuple[KeyPath, str, str]]:
    for index, template in enumerate(scenario.templates):
        yield ("templates", index, "body"), template.title, template.body
    for index, step in enumerate(scenario.steps):
        match step:
            case AddTemplate():
                yield ("steps", index, "add_template", "body"), step.template.title, step.template.body
            case ChangeTemplate():
                yield ("steps", index, "change_template", "body"), step.title, step.body


def outcomes_are_known(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """A fate has a number that dials it, and there are not more customers with outcomes than customers."""
    outcomes = scenario.audience.outcomes
    for name in outcomes:
        if name not in OUTCOMES:
            hint = closest(name, OUTCOMES)
            said = f'did you mean "{hint}"?' if hint else "`sendproof test-numbers` lists them"
            yield document.diagnostic(("audience", "outcomes", name), f"no number decides this; {said}")
    total = sum(outcomes.values(), Fraction(0))
    if total > 1:
        yield document.diagnostic(
            ("audience", "outcomes"), f"expected shares that make 100% at most, got {float(total * 100):g}%"
        )


RULES = (placeholders_are_attributes, outcomes_are_known)
