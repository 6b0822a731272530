"""Rules about triggers: their channel, template, events and names."""

from collections.abc import Iterator

from sendproof_harness.scenario.diagnostics import Diagnostic, unknown_name
from sendproof_harness.scenario.model import Criterion, CustomerEvents, DefineTrigger, Scenario
from sendproof_harness.scenario.rules.step_state import attribute_names, event_parameters, step_states
from sendproof_harness.scenario.yaml_source import Document
from sendproof_harness.suggestions import suggestion


def trigger_channels_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the channel exists and is of kind triggered, and that no scheduled campaign has the same number."""
    kinds = {channel.id: channel.kind for channel in scenario.channels}
    scheduled = {campaign.campaign for campaign in scenario.campaigns}
    for index, trigger in enumerate(scenario.triggers):
        if trigger.channel not in kinds:
            message = unknown_name("channel", trigger.channel, kinds)
            yield document.diagnostic(("triggers", index, "channel"), message)
        elif kinds[trigger.channel] != "triggered":
            message = f"expected a channel of kind triggered, got {trigger.channel}, which is for scheduled campaigns"
            yield document.diagnostic(("triggers", index, "channel"), message)
        if trigger.campaign in scheduled:
            message = f"{trigger.campaign} is a scheduled campaign; choose another number"
            yield document.diagnostic(("triggers", index, "campaign"), message)


def excluded_names_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that only attributes and event parameters are excluded."""
    known = (*attribute_names(scenario), *event_parameters(scenario))
    excluded = [
        *(("channels", index, channel.exclude) for index, channel in enumerate(scenario.channels)),
        *(("triggers", index, trigger.exclude) for index, trigger in enumerate(scenario.triggers)),
    ]
    for key, index, names in excluded:
        for number, name in enumerate(names):
            if name not in known:
                message = unknown_name("attribute or parameter", name, known)
                yield document.diagnostic((key, index, "exclude", number), message)


def defined_triggers_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that steps define existing triggers, and that the template exists by then."""
    triggers = {trigger.trigger: (index, trigger) for index, trigger in enumerate(scenario.triggers)}
    providers = {channel.id: channel.provider for channel in scenario.channels}
    for state in step_states(scenario):
        if not isinstance(state.step, DefineTrigger):
            continue
        name = state.step.trigger
        if name not in triggers:
            yield document.diagnostic(("steps", state.index, "trigger"), unknown_name("trigger", name, triggers))
            continue
        index, trigger = triggers[name]
        provider = providers.get(trigger.channel)
        titles = state.titles.get(provider or "", [])
        if provider is not None and trigger.template not in titles:
            message = f'{provider} has no template "{trigger.template}"; {suggestion(trigger.template, titles)}'
            yield document.diagnostic(("triggers", index, "template"), message)


def triggers_are_defined(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that a step defines each trigger."""
    defined = {step.trigger for step in scenario.steps if isinstance(step, DefineTrigger)}
    for index, trigger in enumerate(scenario.triggers):
        if trigger.trigger not in defined:
            message = f"no step defines this trigger; add `- trigger: {trigger.trigger}` to the steps"
            yield document.diagnostic(("triggers", index, "trigger"), message)


def events_are_counted(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that some trigger counts each event, and that only repeated events have a time between them."""
    counted = [criterion.event for trigger in scenario.triggers for criterion in trigger.criteria]
    for index, step in enumerate(scenario.steps):
        if not isinstance(step, CustomerEvents):
            continue
        if step.event not in counted:
            message = f'no trigger counts the event "{step.event}"; {suggestion(step.event, counted)}'
            yield document.diagnostic(("steps", index, "events", "event"), message)
        if step.every and step.times == 1:
            message = "`every` requires several events per customer; add `times`, such as times: 2"
            yield document.diagnostic(("steps", index, "events", "every"), message)


def criteria_can_be_met(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the parameters of some event fit each criterion, if a step has this event at all."""
    for index, trigger in enumerate(scenario.triggers):
        for number, criterion in enumerate(trigger.criteria):
            steps = (step for step in scenario.steps if isinstance(step, CustomerEvents))
            events = [step for step in steps if step.event == criterion.event]
            if events and not any(_fits(event, criterion) for event in events):
                where = ", ".join(f"{name}: {value}" for name, value in criterion.where.items())
                message = (
                    f'no step has an event "{criterion.event}" with {{{where}}}; change `where` or add such a step'
                )
                yield document.diagnostic(("triggers", index, "criteria", number, "where"), message)


def _fits(event: CustomerEvents, criterion: Criterion) -> bool:
    return all(name in event.parameters and event.parameters[name] == value for name, value in criterion.where.items())


RULES = (
    trigger_channels_exist,
    excluded_names_exist,
    defined_triggers_exist,
    triggers_are_defined,
    events_are_counted,
    criteria_can_be_met,
)
