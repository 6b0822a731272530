"""The steps `trigger` and `events`: defining a trigger, and the customer events that fire it."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from sendproof_harness.run.context import RunContext
from sendproof_harness.run.steps.position import position
from sendproof_harness.run.steps.synchronized import synchronized_templates
from sendproof_harness.scenario.customer_selection import select_customers, visitor_id
from sendproof_harness.scenario.model import Criterion, CustomerEvents, DefineTrigger, Trigger
from sendproof_harness.scenario.values import iso_utc, pluralized, to_milliseconds

# The limit of one call of the control API.
_EVENTS_PER_CALL = 10_000


def define(context: RunContext, step: DefineTrigger) -> None:
    """Define a trigger; Optimove rejects it unless the bridge has listed its template."""
    trigger = next(trigger for trigger in context.scenario.triggers if trigger.trigger == step.trigger)
    context.progress.phase(f"defining the trigger {trigger.trigger}")
    for sandbox in context.sandboxes:
        with synchronized_templates(context, sandbox, f"the trigger {trigger.trigger}"):
            context.control.add_trigger(sandbox, _trigger(trigger))


def record_events(context: RunContext, step: CustomerEvents) -> None:
    """Record customer events; Optimove processes later ones at their time."""
    context.progress.phase(f"recording customer events: {step.event}")
    people = [visitor_id(index) for index in range(step.visitors)] or list(
        select_customers(context.scenario, step.selection, f"events {position(context, step)}")
    )
    events = list(_events(step, people, context.time.now()))
    kind = "visitor" if step.visitors else "customer"
    context.progress.note(f"{pluralized(len(events), 'event')} of {pluralized(len(people), kind)}")
    for sandbox in context.sandboxes_of(step.client):
        remaining = iter(events)
        while batch := list(islice(remaining, _EVENTS_PER_CALL)):
            context.control.record_customer_events(sandbox, batch)


def _events(step: CustomerEvents, people: list[str], now: datetime) -> Iterator[dict[str, object]]:
    """Yield the events in order of time: the people spread evenly, repeated as the step requires."""
    interval = step.spread / len(people) if people else step.spread
    for repetition in range(step.times):
        for index, person in enumerate(people):
            delay = step.every * repetition + interval * index
            at = {"at": iso_utc(now + delay)} if delay else {}
            parameters = {"parameters": dict(step.parameters)} if step.parameters else {}
            yield {"visitor" if step.visitors else "customer": person, "event": step.event, **parameters, **at}


def _trigger(trigger: Trigger) -> dict[str, object]:
    """Return a trigger as the control API takes it."""
    return {
        "trigger": trigger.trigger,
        "campaign": trigger.campaign,
        "channel": trigger.channel,
        "template": trigger.template,
        "criteria": [_criterion(criterion) for criterion in trigger.criteria],
        "exclude": list(trigger.exclude),
        "repeat": trigger.repeat,
    }


def _criterion(criterion: Criterion) -> dict[str, object]:
    within = {} if criterion.within is None else {"within_ms": to_milliseconds(criterion.within)}
    return {"event": criterion.event, "count": criterion.count, "where": dict(criterion.where), **within}
