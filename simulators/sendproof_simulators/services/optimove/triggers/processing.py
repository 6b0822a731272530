"""The effects of customer events: event 11 to the listeners, and the message that a customer is then due."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

import msgspec

from sendproof_simulators.core.audience.audience import Customer
from sendproof_simulators.core.clock.wall_clock import SECOND, Instant, iso
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.plans import CustomerEvent, TriggerPlan
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove import events
from sendproof_simulators.services.optimove.campaigns.obligations import customer_facts
from sendproof_simulators.services.optimove.state import State
from sendproof_simulators.services.optimove.triggers.criteria import Firing, check_trigger

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
    if context.audience.index_of(event.customer) is None:
        known = context.audience.id_of(0)
        raise ValueError(f"expected a customer of this sandbox such as {known}, got {event.customer!r}")
    if event.at is not None and event.at < now:
        raise ValueError(f"expected an instant not before {iso(now)}, got {iso(event.at)}")


def _event_timers(reported: Iterable[CustomerEvent], now: Instant) -> Iterator[Timer]:
    for event in reported:
        if event.at is not None and event.at > now:
            yield Timer(at=event.at, name=CUSTOMER_EVENT, payload=event)


def process_event(context: SandboxContext, state: State, event: CustomerEvent, now: Instant) -> Effects:
    """Process an event that a customer causes now."""
    index = context.audience.index_of(event.customer)
    if index is None:
        raise LookupError(f"{event.customer!r} is no customer of this sandbox")
    fields = {"customer": event.customer, "event": event.event, "parameters": dict(event.parameters)}
    firings = state.triggers.record_event(index, event.event, event.parameters, now)
    entries = (
        JournalEntry(kind="customer_event", fields=fields),
        *(_trigger_entry(context, firing) for firing in firings),
    )
    webhooks = tuple(webhook for firing in firings for webhook in _trigger_webhooks(context, state, firing))
    return Effects(entries=entries, webhooks=webhooks)


def expectations(state: State) -> Iterator[tuple[Instant, JournalEntry]]:
    """Yield (instant of the firing, obligation) for each customer who met a trigger."""
    for firing in state.triggers.firings:
        yield firing.at, JournalEntry(kind="obligation", fields=_obligation_json(firing, _customer(state, firing)))


def _customer(state: State, firing: Firing) -> Customer:
    """Return the customer in their state at the instant of the firing."""
    return next(state.records.as_of(firing.at).customers(firing.customer, firing.customer + 1))


def _trigger_webhooks(context: SandboxContext, state: State, firing: Firing) -> list[Webhook]:
    plan = firing.plan
    url = events.listener_url(state.listeners, events.TRIGGER_MET, plan.channel)
    if url is None:
        return []
    customer = _customer(state, firing)
    about = {"campaign": plan.campaign, "channel": plan.channel, "customer": customer.id, "trigger": plan.name}
    key = f"{events.TRIGGER_MET}:{plan.name}:{customer.id}:{firing.number}"
    body = _event_body(context, state, firing, customer)
    subjects = (customer.id,) if customer.number is None else (customer.id, customer.number)
    webhook = events.event_webhook(state.options, events.TRIGGER_MET, url, key, body, about)
    return [replace(webhook, subjects=subjects)]


def _event_body(context: SandboxContext, state: State, firing: Firing, customer: Customer) -> dict[str, object]:
    """Return event 11. Members and types are those of a vendor's sample; openapi/listener.yaml has their evidence."""
    plan = firing.plan
    type_member = {"eventTypeID": events.TRIGGER_MET} if state.options.trigger_event_type_present else {}
    return {
        **type_member,
        "requestId": _request_id(context, firing),
        "triggerName": plan.name,
        "customerID": customer.id,
        "isVisitor": False,
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
        "personalization": _personalization(state, firing, customer),
    }


def _personalization(state: State, firing: Firing, customer: Customer) -> dict[str, object]:
    personalization: dict[str, object] = {}
    if state.options.personal_info_present:
        excluded = firing.plan.exclude
        attributes = {name: value for name, value in customer.attributes.items() if name not in excluded}
        personalization["personalInfo"] = {"ClientCustomerId": customer.id, **attributes}
    return {**personalization, **_sent_parameters(firing)}


def _sent_parameters(firing: Firing) -> dict[str, dict[str, object]]:
    """Return the newest parameters by event, without the excluded ones."""
    excluded = firing.plan.exclude
    return {
        event: {name: value for name, value in parameters.items() if name not in excluded}
        for event, parameters in firing.events.items()
    }


def _request_id(context: SandboxContext, firing: Firing) -> str:
    token = context.random.token(32, "optimove", "trigger", firing.plan.name, firing.customer, firing.number)
    return str(UUID(token))


def _trigger_entry(context: SandboxContext, firing: Firing) -> JournalEntry:
    plan = firing.plan
    fields = {
        "trigger": plan.name,
        "campaign": plan.campaign,
        "channel": plan.channel,
        "customer": context.audience.id_of(firing.customer),
        "template": plan.template,
        "request_id": _request_id(context, firing),
    }
    return JournalEntry(kind="trigger", fields=fields)


def _obligation_json(firing: Firing, customer: Customer) -> dict[str, object]:
    plan = firing.plan
    reason = "opted_out" if customer.opted_out else "unusable_number" if customer.number is None else None
    return {
        "campaign": plan.campaign,
        "channel": plan.channel,
        "customer": customer.id,
        "template": plan.template,
        "number": customer.number,
        "text": plan.render(plan.body, _template_values(firing, customer)) if reason is None else None,
        "due": iso(firing.at),
        "owed": reason is None,
        "reason": reason,
        **customer_facts(customer),
        "trigger": plan.name,
    }


def _template_values(firing: Firing, customer: Customer) -> dict[str, str | None]:
    """Return the values for a text: all attributes, as a bridge can request them, and the parameters in the event."""
    parameters = {
        name: _parameter_text(value)
        for event_parameters in _sent_parameters(firing).values()
        for name, value in event_parameters.items()
    }
    return {**customer.attributes, **parameters}


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
