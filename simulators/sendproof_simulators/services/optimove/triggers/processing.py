"""What a customer's event leads to: event 11 to whoever listens, and what is owed to the customer."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

import msgspec

from sendproof_simulators.core.audience.audience import Customer
from sendproof_simulators.core.clock.wall_clock import SECOND, Instant, iso
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.plans import CustomerEvent, TriggerPlan
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove import events
from sendproof_simulators.services.optimove.state import State
from sendproof_simulators.services.optimove.triggers.criteria import Met, check_trigger

REPORT = "customer_event"

_encode = msgspec.json.Encoder().encode


def add(context: SandboxContext, state: State, now: Instant, plan: TriggerPlan) -> Effects:
    """Look out for one more trigger; `ValueError` says why not."""
    del now
    check_trigger(plan, context, state.triggers.plans, campaign_taken=plan.campaign in state.campaigns)
    state.triggers.add(plan)
    return Effects()


def everything(state: State) -> list[dict[str, object]]:
    """The control API's JSON view of every trigger."""
    fired = {name: sum(met.plan.name == name for met in state.triggers.met) for name in state.triggers.plans}
    return [_view(plan, fired[name]) for name, plan in state.triggers.plans.items()]


def criteria(plan: TriggerPlan) -> list[dict[str, object]]:
    """What a customer has to do, as JSON."""
    return [
        {"event": c.event, "count": c.count, "within_ms": c.within_ms, "where": dict(c.where)} for c in plan.conditions
    ]


def report(context: SandboxContext, state: State, now: Instant, reported: Iterable[CustomerEvent]) -> Effects:
    """Take in what customers do: now, or at an instant to come. `ValueError` refuses all of it."""
    listed = list(reported)
    for one in listed:
        if context.audience.index_of(one.customer) is None:
            raise ValueError(
                f"expected a customer of this sandbox such as {context.audience.id_of(0)}, got {one.customer!r}"
            )
        if one.at is not None and one.at < now:
            raise ValueError(f"expected an instant that is not over, it is {iso(now)}; got {iso(one.at)}")
    done = [happen(context, state, one, now) for one in listed if one.at is None or one.at == now]
    timers = tuple(Timer(at=one.at, name=REPORT, payload=one) for one in listed if one.at is not None and one.at > now)
    return Effects(
        entries=tuple(entry for effects in done for entry in effects.entries),
        webhooks=tuple(webhook for effects in done for webhook in effects.webhooks),
        timers=timers,
    )


def happen(context: SandboxContext, state: State, event: CustomerEvent, now: Instant) -> Effects:
    """A customer does something now."""
    index = context.audience.index_of(event.customer)
    if index is None:
        raise LookupError(f"{event.customer!r} is no customer of this sandbox")
    fields = {"customer": event.customer, "event": event.event, "parameters": dict(event.parameters)}
    met = state.triggers.take(index, event.event, event.parameters, now)
    webhooks = [webhook for one in met for webhook in _tell(context, state, one)]
    entries = (JournalEntry(kind="customer_event", fields=fields), *(_fact(context, one) for one in met))
    return Effects(entries=entries, webhooks=tuple(webhooks))


def expectations(state: State) -> Iterator[tuple[Instant, JournalEntry]]:
    """What is owed to each customer who met a trigger, since then."""
    for met in state.triggers.met:
        yield met.at, JournalEntry(kind="obligation", fields=_obligation(met, _customer(state, met)))


def _customer(state: State, met: Met) -> Customer:
    """As Optimove knew the customer at that instant."""
    return next(state.records.seen_at(met.at).customers(met.customer, met.customer + 1))


def _tell(context: SandboxContext, state: State, met: Met) -> list[Webhook]:
    plan = met.plan
    url = events.listener(state.listeners, events.TRIGGER_MET, plan.channel)
    if url is None:
        return []
    customer = _customer(state, met)
    about = {"campaign": plan.campaign, "channel": plan.channel, "customer": customer.id, "trigger": plan.name}
    key = f"{events.TRIGGER_MET}:{plan.name}:{customer.id}:{met.number}"
    return [events.webhook(context, events.TRIGGER_MET, url, key, _body(context, met, customer), about)]


def _body(context: SandboxContext, met: Met, customer: Customer) -> dict[str, object]:
    """Event 11. Its members and their types follow a vendor's sample; openapi/listener.yaml says how sure each is."""
    plan = met.plan
    head = {"eventTypeID": events.TRIGGER_MET} if context.dialects["trigger_event_type"] == "present" else {}
    return {
        **head,
        "requestId": _request_id(context, met),
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
        "timestamp": str(met.at // SECOND),
        "personalization": _personalization(context, met, customer),
    }


def _personalization(context: SandboxContext, met: Met, customer: Customer) -> dict[str, object]:
    tags: dict[str, object] = {}
    if context.dialects["personal_info"] == "present":
        named = {name: value for name, value in customer.attributes.items() if name not in met.plan.exclude}
        tags["personalInfo"] = {"ClientCustomerId": customer.id, **named}
    return {**tags, **_parameters(met)}


def _parameters(met: Met) -> dict[str, dict[str, object]]:
    """Event by event, without what is excluded."""
    excluded = met.plan.exclude
    return {
        event: {name: value for name, value in given.items() if name not in excluded}
        for event, given in met.events.items()
    }


def _request_id(context: SandboxContext, met: Met) -> str:
    return str(UUID(context.random.token(32, "optimove", "trigger", met.plan.name, met.customer, met.number)))


def _fact(context: SandboxContext, met: Met) -> JournalEntry:
    plan = met.plan
    fields = {
        "trigger": plan.name,
        "campaign": plan.campaign,
        "channel": plan.channel,
        "customer": context.audience.id_of(met.customer),
        "template": plan.template,
        "request_id": _request_id(context, met),
    }
    return JournalEntry(kind="trigger", fields=fields)


def _obligation(met: Met, customer: Customer) -> dict[str, object]:
    plan = met.plan
    reason = "opted_out" if customer.opted_out else "unusable_number" if customer.number is None else None
    return {
        "campaign": plan.campaign,
        "channel": plan.channel,
        "customer": customer.id,
        "template": plan.template,
        "number": customer.number,
        "text": plan.render(plan.body, _values(met, customer)) if reason is None else None,
        "due": iso(met.at),
        "owed": reason is None,
        "reason": reason,
        "trigger": plan.name,
    }


def _values(met: Met, customer: Customer) -> dict[str, str | None]:
    """What a text can be made of: attributes can always be asked for, parameters only come with the event."""
    parameters = {name: _text(value) for given in _parameters(met).values() for name, value in given.items()}
    return {**customer.attributes, **parameters}


def _text(value: object) -> str:
    """A parameter inside a text: as JSON writes it, without quotes."""
    return value if isinstance(value, str) else _encode(value).decode()


def _view(plan: TriggerPlan, fired: int) -> dict[str, object]:
    shown: Mapping[str, object] = {
        "trigger": plan.name,
        "campaign": plan.campaign,
        "channel": plan.channel,
        "action": plan.action,
        "template": {"id": plan.template, "name": plan.template_name, "title": plan.title},
        "criteria": criteria(plan),
        "exclude": sorted(plan.exclude),
        "repeat": plan.repeat,
        "fired": fired,
    }
    return dict(shown)
