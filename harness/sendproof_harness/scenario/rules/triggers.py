"""Rules about triggers: their channel, template and names."""

from collections.abc import Iterator

from sendproof_harness.scenario.diagnostics import Diagnostic, suggestion
from sendproof_harness.scenario.model import CustomerEvents, DefineTrigger, Scenario
from sendproof_harness.scenario.rules.simulator_facts import ATTRIBUTES
from sendproof_harness.scenario.rules.step_state import event_parameters, step_states
from sendproof_harness.scenario.yaml_source import Document


def triggers_have_a_channel(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """The channel is there and is one for triggers; the campaign's number is no scheduled campaign's."""
    kinds = {channel.id: channel.kind for channel in scenario.channels}
    scheduled = {campaign.campaign for campaign in scenario.campaigns}
    for index, trigger in enumerate(scenario.triggers):
        if trigger.channel not in kinds:
            message = f"there is no channel {trigger.channel}; {suggestion(str(trigger.channel), list(kinds))}"
            yield document.diagnostic(("triggers", index, "channel"), message)
        elif kinds[trigger.channel] != "triggered":
            message = f"channel {trigger.channel} is for scheduled campaigns; a trigger needs one of kind triggered"
            yield document.diagnostic(("triggers", index, "channel"), message)
        if trigger.campaign in scheduled:
            message = f"{trigger.campaign} is a scheduled campaign; a trigger has a campaign of its own"
            yield document.diagnostic(("triggers", index, "campaign"), message)


def triggers_hide_what_there_is(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Only attributes and parameters can be excluded."""
    known = (*ATTRIBUTES, *event_parameters(scenario))
    for index, trigger in enumerate(scenario.triggers):
        for number, name in enumerate(trigger.exclude):
            if name not in known:
                message = f'there is no attribute or parameter "{name}"; {suggestion(name, known)}'
                yield document.diagnostic(("triggers", index, "exclude", number), message)


def triggers_are_defined(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Every trigger has its step, and its template is there by then."""
    triggers = {trigger.trigger: (index, trigger) for index, trigger in enumerate(scenario.triggers)}
    providers = {channel.id: channel.provider for channel in scenario.channels}
    defined = set()
    for moment in step_states(scenario):
        if not isinstance(moment.step, DefineTrigger):
            continue
        name = moment.step.trigger
        defined.add(name)
        if name not in triggers:
            message = f'there is no trigger "{name}"; {suggestion(name, list(triggers))}'
            yield document.diagnostic(("steps", moment.index, "trigger"), message)
            continue
        index, trigger = triggers[name]
        provider = providers.get(trigger.channel)
        known = moment.titles.get(provider or "", [])
        if provider is not None and trigger.template not in known:
            message = f'{provider} has no template "{trigger.template}"; {suggestion(trigger.template, known)}'
            yield document.diagnostic(("triggers", index, "template"), message)
    for name, (index, _) in triggers.items():
        if name not in defined:
            message = f"no step defines this trigger; add `- trigger: {name}` to the steps"
            yield document.diagnostic(("triggers", index, "trigger"), message)


def events_are_counted(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """What customers do counts for some trigger; and only what is done again has a time between."""
    counted = [criterion.event for trigger in scenario.triggers for criterion in trigger.criteria]
    for index, step in enumerate(scenario.steps):
        if not isinstance(step, CustomerEvents):
            continue
        if step.event not in counted:
            message = f'no trigger counts "{step.event}"; {suggestion(step.event, counted)}'
            yield document.diagnostic(("steps", index, "events", "event"), message)
        if step.every and step.times == 1:
            yield document.diagnostic(
                ("steps", index, "events", "every"), "it is done once; say how many times as well"
            )


RULES = (triggers_have_a_channel, triggers_hide_what_there_is, triggers_are_defined, events_are_counted)
