"""The operations of `control.yaml` on triggers: define them, list them, and record customer events."""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.control.call import PLATFORM, ControlCall, attempt, read_instant, record_action
from sendproof_simulators.control.channels import (
    channel_of,
    channel_template,
    template_titled,
    templates_of_channel,
    triggers_of,
)
from sendproof_simulators.control.templates import templates_of
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.plans import Condition, CustomerEvent, TriggerPlan


async def add_trigger(call: ControlCall) -> Response:
    """Define a trigger."""
    sandbox, triggers, plan = call.sandbox, triggers_of(call), _trigger_plan(call)
    state = sandbox.states[PLATFORM]
    effects = attempt(lambda: triggers.add(sandbox.contexts[PLATFORM], state, call.now, plan))
    record_action(call, "addTrigger")
    sandbox.apply(PLATFORM, effects)
    return json_response(triggers.all(state)[-1], status=201)


async def list_triggers(call: ControlCall) -> Response:
    """List all triggers, with how often each has fired."""
    return json_response(triggers_of(call).all(call.sandbox.states[PLATFORM]))


async def record_customer_events(call: ControlCall) -> Response:
    """Record events of customers, and return the triggers that fired at once."""
    sandbox, triggers = call.sandbox, triggers_of(call)
    events = [_customer_event(fields) for fields in call.body]
    context, state = sandbox.contexts[PLATFORM], sandbox.states[PLATFORM]
    effects = attempt(lambda: triggers.record(context, state, call.now, events))
    sandbox.apply(PLATFORM, effects)
    triggered = [dict(entry.fields) for entry in effects.entries if entry.kind == "trigger"]
    return json_response({"events": len(events), "triggered": triggered})


def _trigger_plan(call: ControlCall) -> TriggerPlan:
    fields = call.body
    channel = channel_of(call, fields["channel"])
    at_provider, on_channel = templates_of_channel(call, channel)
    template = template_titled(fields["template"], at_provider, channel)
    id_, name = channel_template(template, on_channel, channel)
    templates = templates_of(call, channel.provider)
    return TriggerPlan(
        name=fields["trigger"],
        campaign=fields["campaign"],
        channel=channel.id,
        provider=channel.provider,
        template=id_,
        template_name=name,
        title=template.title,
        body=template.whole_body,
        render=templates.render,
        conditions=tuple(_condition(condition) for condition in fields["criteria"]),
        exclude=frozenset(fields.get("exclude", ())),
        repeat=call.value("repeat"),
        action=call.value("action"),
        message=channel.message,
        values_may_be_html=templates.values_may_be_html,
    )


def _condition(fields: Mapping[str, Any]) -> Condition:
    return Condition(
        event=fields["event"],
        count=fields.get("count", 1),
        within_ms=fields.get("within_ms"),
        where=fields.get("where", {}),
    )


def _customer_event(fields: Mapping[str, Any]) -> CustomerEvent:
    is_visitor = "visitor" in fields
    return CustomerEvent(
        customer=fields["visitor"] if is_visitor else fields["customer"],
        is_visitor=is_visitor,
        event=fields["event"],
        parameters=fields.get("parameters", {}),
        at=read_instant(fields["at"]) if "at" in fields else None,
    )
