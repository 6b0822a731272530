"""The operations of `control.yaml` on triggers: define them, look at them, and let customers do something."""

from typing import Any

from sendproof_simulators.control.campaigns import channel_of, synchronised, template_titled, templates_of_channel
from sendproof_simulators.control.handlers import PLATFORM, ControlCall, attempt, now_of, read_instant, templates_of
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.plans import Condition, CustomerEvent, TriggerPlan
from sendproof_simulators.core.simulator import Triggers


async def add_trigger(call: ControlCall) -> Response:
    """Define a trigger."""
    triggers, state = _triggers(call), call.sandbox.states[PLATFORM]
    plan = _plan(call)
    effects: Effects = attempt(lambda: triggers.add(call.sandbox.contexts[PLATFORM], state, now_of(call), plan))
    call.sandbox.follow(PLATFORM, effects)
    return json_response(triggers.all(state)[-1], status=201)


async def list_triggers(call: ControlCall) -> Response:
    """Every trigger, with how often it has fired."""
    return json_response(_triggers(call).all(call.sandbox.states[PLATFORM]))


async def record_customer_events(call: ControlCall) -> Response:
    """Let customers do something."""
    triggers, state = _triggers(call), call.sandbox.states[PLATFORM]
    reported = [_event(given) for given in call.body]
    effects: Effects = attempt(lambda: triggers.report(call.sandbox.contexts[PLATFORM], state, now_of(call), reported))
    call.sandbox.follow(PLATFORM, effects)
    fired = [dict(entry.fields) for entry in effects.entries if entry.kind == "trigger"]
    return json_response({"events": len(reported), "triggered": fired})


def _plan(call: ControlCall) -> TriggerPlan:
    given = call.body
    channel = channel_of(call, given["channel"])
    held, synced = templates_of_channel(call, channel)
    template = template_titled(given["template"], held, channel)
    id_, name = synchronised(template, synced, channel)
    return TriggerPlan(
        name=given["trigger"],
        campaign=given["campaign"],
        channel=channel.id,
        provider=channel.provider,
        template=id_,
        template_name=name,
        title=template.title,
        body=template.body,
        render=templates_of(call, channel.provider).render,
        conditions=tuple(_condition(condition) for condition in given["criteria"]),
        exclude=frozenset(given.get("exclude", ())),
        repeat=given.get("repeat", False),
        action=given.get("action", 2),
    )


def _condition(given: dict[str, Any]) -> Condition:
    return Condition(
        event=given["event"],
        count=given.get("count", 1),
        within_ms=given.get("within_ms"),
        where=given.get("where", {}),
    )


def _event(given: dict[str, Any]) -> CustomerEvent:
    return CustomerEvent(
        customer=given["customer"],
        event=given["event"],
        parameters=given.get("parameters", {}),
        at=read_instant(given["at"]) if "at" in given else None,
    )


def _triggers(call: ControlCall) -> Triggers:
    triggers = call.control.services[PLATFORM].provider.triggers
    if triggers is None:
        raise LookupError(f"{PLATFORM} has no triggers")
    return triggers
