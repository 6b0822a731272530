"""What is known of a campaign, scheduled or triggered, in the words of Optimove's own screens."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.plans import TriggerPlan
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove.campaigns.campaign import Campaign
from sendproof_simulators.services.optimove.customers.subscriptions import means_out
from sendproof_simulators.services.optimove.state import State
from sendproof_simulators.services.optimove.triggers.processing import criteria

# observed: a Vonage SMS bridge knows all of these, PyPI optimove 2.0.0 the first five. Nobody says what 7 and 8 are.
METRICS: Mapping[int, str] = {
    0: "sent",
    1: "delivered",
    2: "opened",
    3: "clicked",
    4: "unsubscribed",
    5: "dropped",
    6: "spam report",
    9: "bounced",
}
# observed: a Salesforce client's interactions go up to 7, so that these may differ from the metrics above 6.
EVENTS: Mapping[int, str] = {number: name for number, name in METRICS.items() if number <= 6}  # noqa: PLR2004 - as said

SCHEDULED, TRIGGERED = "scheduled", "triggered"


def everything(state: State) -> list[dict[str, object]]:
    """Every campaign in a few words: the scheduled ones by id, then the triggered ones."""
    triggered = sorted({plan.campaign for plan in state.triggers.plans.values()})
    return [
        *(_short(state, id_, _scheduled(campaign)) for id_, campaign in sorted(state.campaigns.items())),
        *(_short(state, id_, _triggered(state, id_)) for id_ in triggered),
    ]


def of(context: SandboxContext, state: State, campaign: int, now: Instant) -> dict[str, object]:
    """One campaign and all that was told about it since; `KeyError` says which campaigns there are."""
    plans = _plans(state, campaign)
    if plans:
        known = _triggered(state, campaign) | {"executions": [_moment(state, plan) for plan in plans]}
        group, since, clearance = _met(state, campaign), 0, None
    else:
        planned = state.planned(campaign)
        known = _scheduled(planned) | {"executions": list(_splits(state, planned))}
        group, since, clearance = _target_group(planned), planned.announced_at or now, _clearance(planned)
    return {
        "campaign": campaign,
        **known,
        "at": iso(now),
        "criteria": [{"trigger": plan.name, **one} for plan in plans for one in criteria(plan)],
        "metrics": _metrics(state, campaign),
        "interactions": _interactions(state, campaign),
        "clearance": clearance,
        "preferences": list(_preferences(context, state, group)),
        "attributes": list(_attributes(state, group, since)),
    }


# -- what it is --------------------------------------------------------------------------------------


def _scheduled(campaign: Campaign) -> dict[str, object]:
    plan = campaign.plan
    return {
        "name": plan.name,
        "kind": SCHEDULED,
        "state": campaign.state,
        "channels": [part.channel for part in plan.parts],
        "target_group": {"id": plan.campaign, "customers": plan.customers},
        "recipients": len(campaign.customers),
        "triggers": [],
        "announced_at": None if campaign.announced_at is None else iso(campaign.announced_at),
        "cancelled_at": None if campaign.cancelled_at is None else iso(campaign.cancelled_at),
    }


def _triggered(state: State, campaign: int) -> dict[str, object]:
    plans = _plans(state, campaign)
    return {
        "name": ", ".join(plan.name for plan in plans),
        "kind": TRIGGERED,
        "state": "running",
        "channels": list(dict.fromkeys(plan.channel for plan in plans)),
        "target_group": None,
        "recipients": sum(met.plan.campaign == campaign for met in state.triggers.met),
        "triggers": [plan.name for plan in plans],
        "announced_at": None,
        "cancelled_at": None,
    }


def _short(state: State, campaign: int, head: Mapping[str, object]) -> dict[str, object]:
    totals: Counter[str] = Counter()
    for metric, value in state.metrics.items():
        if metric.campaign == campaign:
            totals[_name(METRICS, metric.metric)] += value
    return {"campaign": campaign, **head, "metrics": dict(totals)}


def _plans(state: State, campaign: int) -> list[TriggerPlan]:
    return [plan for plan in state.triggers.plans.values() if plan.campaign == campaign]


# -- who gets what -----------------------------------------------------------------------------------


def _splits(state: State, campaign: Campaign) -> Iterator[dict[str, object]]:
    for channel, execution in campaign.executions.items():
        for split, recipients in zip(execution.part.splits, execution.sizes(), strict=True):
            yield {
                "channel": channel,
                "provider": execution.part.provider,
                "template": split.template,
                "name": state.templates[channel].get(split.template),
                "title": split.title,
                "scheduled_time": iso(split.send_at),
                "recipients": recipients,
            }


def _moment(state: State, plan: TriggerPlan) -> dict[str, object]:
    return {
        "channel": plan.channel,
        "provider": plan.provider,
        "template": plan.template,
        "name": plan.template_name,
        "title": plan.title,
        "scheduled_time": None,
        "recipients": sum(met.plan is plan for met in state.triggers.met),
    }


def _target_group(campaign: Campaign) -> Container[int]:
    first = campaign.plan.first_customer
    return range(first, first + campaign.plan.customers)


def _met(state: State, campaign: int) -> Container[int]:
    return {met.customer for met in state.triggers.met if met.plan.campaign == campaign}


# -- what came back ----------------------------------------------------------------------------------


def _metrics(state: State, campaign: int) -> list[dict[str, object]]:
    """Totals as they stand, whether the sandbox adds values up or replaces them."""
    return [
        {
            "channel": metric.channel,
            "template": metric.template,
            "metric": metric.metric,
            "name": _name(METRICS, metric.metric),
            "value": value,
        }
        for metric, value in sorted(state.metrics.items())
        if metric.campaign == campaign
    ]


def _interactions(state: State, campaign: int) -> list[dict[str, object]]:
    return [
        {
            "channel": one.channel,
            "template": one.template,
            "event": one.event,
            "name": _name(EVENTS, one.event),
            "date": one.date,
            "group": one.group,
            "customers": customers,
        }
        for one, customers in sorted(state.interactions.items())
        if one.campaign == campaign
    ]


def _clearance(campaign: Campaign) -> dict[str, object] | None:
    clearance = campaign.clearance
    if clearance is None:
        return None
    return {"required_by": iso(clearance.by), "cleared": len(clearance.cleared), "closed": clearance.closed}


def _preferences(context: SandboxContext, state: State, group: Container[int]) -> Iterator[dict[str, object]]:
    """What was told of the campaign's customers, on whatever channel: a vendor may report on one of its own."""
    for (channel, app), known in sorted(state.preferences.items(), key=str):
        modes = Counter(mode for customer, mode in known.items() if state.records.find(customer) in group)
        for mode, customers in sorted(modes.items()):
            said = {"channel": channel, "app": app, "mode": mode}
            yield {**said, "opted_out": means_out(context, mode), "customers": customers}


def _attributes(state: State, group: Container[int], since: Instant) -> Iterator[dict[str, object]]:
    """Which attributes of the campaign's customers were changed since it was announced, by API or by file."""
    for attribute in state.records.attributes:
        changed = state.records.changed(attribute.name)
        customers = sum(index in group and log[-1][0] >= since for index, log in changed.items())
        if customers:
            yield {"name": attribute.name, "customers": customers}


def _name(names: Mapping[int, str], number: int) -> str:
    return names.get(number, str(number))
