"""The effects of customer events: event 11 to the listeners, and the message that a customer is then due.

A visitor of the client's site can meet a trigger too. Optimove knows no attributes of visitors, so no message is due.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from sendproof_simulators.core.audience.audience import Customer
from sendproof_simulators.core.audience.recipients import Recipient, recipient
from sendproof_simulators.core.clock.wall_clock import SECOND, Instant, iso
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.messaging.message_types import expected_text
from sendproof_simulators.core.plans import CustomerEvent, TriggerPlan
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove import events
from sendproof_simulators.services.optimove.right_messages import with_alternatives, with_values_as_html
from sendproof_simulators.services.optimove.state import State
from sendproof_simulators.services.optimove.triggers.criteria import Firing, Person, check_trigger

CUSTOMER_EVENT = "customer_event"

_encode = msgspec.json.Encoder().encode


def add_trigger(context: SandboxContext, state: State, now: Instant, plan: TriggerPlan) -> Effects:
    """Add a trigger; raise `ValueError` if it is not possible."""
    del now
    check_trigger(plan, context, state.triggers.plans, campaign_taken=plan.campaign in state.campaigns)
    state.triggers.add(plan)
    return Effects()


def list_triggers(state: State) -> list[dict[str, object]]:
    """Return the control API's JSON of all triggers."""
    firings = state.triggers.firings
    return [
        _trigger_json(plan, sum(firing.plan.name == name for firing in firings))
        for name, plan in state.triggers.plans.items()
    ]


def criteria_json(plan: TriggerPlan) -> list[dict[str, object]]:
    """Return the conditions of a trigger as JSON."""
    return [
        {
            "event": condition.event,
            "count": condition.count,
            "within_ms": condition.within_ms,
            "where": dict(condition.where),
        }
        for condition in plan.conditions
    ]


def record_events(context: SandboxContext, state: State, now: Instant, reported: Sequence[CustomerEvent]) -> Effects:
    """Process customer events, and set timers for those in the future. Raise `ValueError` if one is not possible."""
    for event in reported:
        _check_event(context, event, now)
    effects = [process_event(context, state, event, now) for event in reported if event.at is None or event.at == now]
    return Effects(
        entries=tuple(entry for effect in effects for entry in effect.entries),
        webhooks=tuple(webhook for effect in effects for webhook in effect.webhooks),
        timers=tuple(_event_timers(reported, now)),
    )


def _check_event(context: SandboxContext, event: CustomerEvent, now: Instant) -> None:
    is_customer = context.customers.index_of(event.customer) is not None
    if is_customer == event.is_visitor:
        known = context.audience.id_of(0)
        wanted = "a visitor with another id than every customer" if event.is_visitor else "a customer of this sandbox"
        raise ValueError(f"expected {wanted} such as {known}, got {event.customer!r}")
    if event.at is not None and event.at < now:
        raise ValueError(f"expected an instant not before {iso(now)}, got {iso(event.at)}")


def _event_timers(reported: Iterable[CustomerEvent], now: Instant) -> Iterator[Timer]:
    for event in reported:
        if event.at is not None and event.at > now:
            yield Timer(at=event.at, name=CUSTOMER_EVENT, payload=event)


def process_event(context: SandboxContext, state: State, event: CustomerEvent, now: Instant) -> Effects:
    """Process an event that a customer or a visitor causes now."""
    fields = {"customer": event.customer, "event": event.event, "parameters": dict(event.parameters)}
    visitor = {"visitor": True} if event.is_visitor else {}
    firings = state.triggers.record_event(_person(context, event), event.event, event.parameters, now)
    entries = (
        JournalEntry(kind="customer_event", fields={**fields, **visitor}),
        *(_trigger_entry(context, firing) for firing in firings),
    )
    webhooks = tuple(webhook for firing in firings for webhook in _trigger_webhooks(context, state, firing))
    return Effects(entries=entries, webhooks=webhooks)


def _person(context: SandboxContext, event: CustomerEvent) -> Person:
    if event.is_visitor:
        return event.customer
    index = context.customers.index_of(event.customer)
    if index is None:
        raise LookupError(f"{event.customer!r} is no customer of this sandbox")
    return index


def expectations(context: SandboxContext, state: State) -> Iterator[tuple[Instant, JournalEntry]]:
    """Yield (instant of the firing, obligation) for each customer or visitor who met a trigger."""
    for firing in state.triggers.firings:
        yield firing.at, JournalEntry(kind="obligation", fields=_obligation_json(context, state, firing))


def obligations_of_customers(context: SandboxContext, state: State) -> Callable[[int], list[Mapping[str, Any]]]:
    """Return a function from a customer's index to the obligations from triggers."""
    by_customer: dict[Person, list[Firing]] = {}
    for firing in state.triggers.firings:
        by_customer.setdefault(firing.person, []).append(firing)
    return lambda index: [_obligation_json(context, state, firing) for firing in by_customer.get(index, ())]


def _customer(state: State, firing: Firing) -> Customer | None:
    """Return the customer in their state at the instant of the firing; None for a visitor."""
    if isinstance(firing.person, str):
        return None
    return state.records.as_of(firing.at).customer(firing.person)


def _id(context: SandboxContext, firing: Firing) -> str:
    return firing.person if isinstance(firing.person, str) else context.customers.id_of(firing.person)


def _attributes(state: State, firing: Firing) -> dict[str, str | None]:
    """Return all attributes of the customer at the instant of the firing, those that the API added last.

    documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove (any attribute by default)
    """
    if isinstance(firing.person, str):
        return {}
    names = [
        attribute.name
        for attribute in state.records.attributes
        if attribute.added_at is None or attribute.added_at <= firing.at
    ]
    return dict(zip(names, state.records.as_of(firing.at).values(firing.person, names), strict=True))


def _trigger_webhooks(context: SandboxContext, state: State, firing: Firing) -> list[Webhook]:
    plan = firing.plan
    url = events.listener_url(state.listeners, events.TRIGGER_MET, plan.channel)
    if url is None:
        return []
    customer, id_ = _customer(state, firing), _id(context, firing)
    about = {"campaign": plan.campaign, "channel": plan.channel, "customer": id_, "trigger": plan.name}
    key = f"{events.TRIGGER_MET}:{plan.name}:{id_}:{firing.number}"
    body = _event_body(context, state, firing)
    subjects = (id_,) if customer is None or customer.number is None else (id_, customer.number)
    webhook = events.event_webhook(state.options, events.TRIGGER_MET, url, key, body, about)
    return [replace(webhook, subjects=subjects)]


def _event_body(context: SandboxContext, state: State, firing: Firing) -> dict[str, object]:
    """Return event 11. Members and types are those of a vendor's sample; openapi/listener.yaml has their evidence."""
    plan = firing.plan
    type_member = {"eventTypeID": events.TRIGGER_MET} if state.options.trigger_event_type_present else {}
    return {
        **type_member,
        "requestId": _request_id(context, firing),
        "triggerName": plan.name,
        "customerID": _id(context, firing),
        "isVisitor": isinstance(firing.person, str),
        "actionID": plan.action,
        "promotions": [],
        "promoCode": [],
        "channelID": plan.channel,
        "channelAdditionalData": None,
        "campaignID": str(plan.campaign),
        "campaignSeriesID": str(plan.campaign),
        "templateID": plan.template,
        "templateName": plan.template_name,
        "timestamp": str(firing.at // SECOND),
        "personalization": _personalization(context, state, firing),
    }


def _personalization(context: SandboxContext, state: State, firing: Firing) -> dict[str, object]:
    personalization: dict[str, object] = {}
    if state.options.personal_info_present and not isinstance(firing.person, str):
        excluded = _excluded(context, firing.plan)
        attributes = {name: value for name, value in _attributes(state, firing).items() if name not in excluded}
        personalization["personalInfo"] = {"ClientCustomerId": _id(context, firing), **attributes}
    return {**personalization, **_sent_parameters(context, state, firing)}


def _excluded(context: SandboxContext, plan: TriggerPlan) -> frozenset[str]:
    """Return the attributes and parameters that event 11 leaves out, of the channel and of the trigger.

    documented: https://developer.optimove.com/docs/integrate-your-service-with-optimove (for a certain channel)
    """
    of_channel = (channel.exclude for channel in context.channels if channel.id == plan.channel)
    return plan.exclude.union(*of_channel)


def _sent_parameters(context: SandboxContext, state: State, firing: Firing) -> dict[str, dict[str, object]]:
    """Return the parameters by event, without the excluded ones."""
    excluded = _excluded(context, firing.plan)
    return {
        event: {name: value for name, value in parameters.items() if name not in excluded}
        for event, parameters in firing.parameters(only_newest=state.options.only_newest_parameters).items()
    }


def _request_id(context: SandboxContext, firing: Firing) -> str:
    token = context.random.token(32, "optimove", "trigger", firing.plan.name, firing.person, firing.number)
    return str(UUID(token))


def _trigger_entry(context: SandboxContext, firing: Firing) -> JournalEntry:
    plan = firing.plan
    fields = {
        "trigger": plan.name,
        "campaign": plan.campaign,
        "channel": plan.channel,
        "customer": _id(context, firing),
        "template": plan.template,
        "request_id": _request_id(context, firing),
    }
    excluded = sorted(_excluded(context, plan))
    return JournalEntry(kind="trigger", fields=fields | ({"excluded": excluded} if excluded else {}))


def _obligation_json(context: SandboxContext, state: State, firing: Firing) -> Mapping[str, object]:
    plan, found = firing.plan, _recipient(state, firing)
    reason = "visitor" if found is None else found.withheld
    values = {} if reason else _template_values(context, state, firing)
    obligation = {
        "campaign": plan.campaign,
        "channel": plan.channel,
        "customer": _id(context, firing),
        "template": plan.template,
        "number": None if found is None else found.address,
        "text": None if reason else expected_text(plan.message, plan.render, plan.body, values),
        "due": iso(firing.at),
        "owed": reason is None,
        "reason": reason,
        **({} if found is None else found.facts),
        "trigger": plan.name,
    }
    first, *others = with_values_as_html(obligation, plan, plan.body, values)
    return with_alternatives(first, others)


def _recipient(state: State, firing: Firing) -> Recipient | None:
    """Return the recipient of the message; None for a visitor."""
    customer = _customer(state, firing)
    if customer is None or isinstance(firing.person, str):
        return None
    return recipient(state.records.audience, firing.person, customer, firing.plan.message)


def _template_values(context: SandboxContext, state: State, firing: Firing) -> dict[str, str | None]:
    """Return the values for a text: all attributes, as a bridge can request them, and the parameters in the event."""
    parameters = {
        name: _parameter_text(value)
        for event_parameters in _sent_parameters(context, state, firing).values()
        for name, value in event_parameters.items()
    }
    overrides = (channel.variables for channel in context.channels if channel.id == firing.plan.channel)
    return {**_attributes(state, firing), **parameters, **next(overrides, {})}


def _parameter_text(value: object) -> str:
    """Return a parameter as part of a text: in JSON, but a string without quotes."""
    return value if isinstance(value, str) else _encode(value).decode()


def _trigger_json(plan: TriggerPlan, fired: int) -> dict[str, object]:
    return {
        "trigger": plan.name,
        "campaign": plan.campaign,
        "channel": plan.channel,
        "action": plan.action,
        "template": {"id": plan.template, "name": plan.template_name, "title": plan.title},
        "criteria": criteria_json(plan),
        "exclude": sorted(plan.exclude),
        "repeat": plan.repeat,
        "fired": fired,
    }
