"""The report of a campaign, scheduled or triggered, in the terms of Optimove's screens."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.messaging.metrics import INTERACTIONS, METRICS
from sendproof_simulators.core.plans import TriggerPlan
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove.campaigns.campaign import TEST_GROUP, Campaign, iso_or_none
from sendproof_simulators.services.optimove.state import State
from sendproof_simulators.services.optimove.triggers.processing import criteria_json

SCHEDULED, TRIGGERED = "scheduled", "triggered"


def list_campaigns(state: State) -> list[dict[str, object]]:
    """Return a summary of each campaign: the scheduled ones by id, then the triggered ones."""
    triggered = sorted({plan.campaign for plan in state.triggers.plans.values()})
    return [
        *(_summary_json(state, id_, _scheduled_json(campaign)) for id_, campaign in sorted(state.campaigns.items())),
        *(_summary_json(state, id_, _triggered_json(state, id_)) for id_ in triggered),
    ]


def campaign_report(context: SandboxContext, state: State, campaign: int, now: Instant) -> dict[str, object]:
    """Return a campaign and all its reported results; raise `KeyError` with the known campaigns."""
    del context
    plans = _trigger_plans(state, campaign)
    if plans:
        description = {
            **_triggered_json(state, campaign),
            "executions": [_trigger_execution_json(state, plan) for plan in plans],
        }
        group, since, clearance = _triggered_customers(state, campaign), 0, None
    else:
        scheduled = state.campaign_in_any_state(campaign)
        description = {**_scheduled_json(scheduled), "executions": list(_split_executions_json(state, scheduled))}
        group, since, clearance = scheduled.target_group, scheduled.announced_at or now, _clearance_json(scheduled)
    return {
        "campaign": campaign,
        **description,
        "at": iso(now),
        "criteria": [{"trigger": plan.name, **criterion} for plan in plans for criterion in criteria_json(plan)],
        "metrics": _metrics_json(state, campaign),
        "interactions": _interactions_json(state, campaign),
        "clearance": clearance,
        "preferences": list(_preferences_json(state, group)),
        "attributes": list(_attributes_json(state, group, since)),
    }


# -- description -------------------------------------------------------------------------------------


def _scheduled_json(campaign: Campaign) -> dict[str, object]:
    plan = campaign.plan
    return {
        "name": plan.name,
        "kind": SCHEDULED,
        "state": campaign.state,
        "channels": [part.channel for part in plan.parts],
        "target_group": {"id": plan.campaign, "customers": plan.customers},
        "recipients": len(campaign.customers),
        "control_group": len(campaign.control),
        "triggers": [],
        "scheduled_times": [iso(at) for at in sorted({split.send_at for part in plan.parts for split in part.splits})],
        "announced_at": iso_or_none(campaign.announced_at),
        "cancelled_at": iso_or_none(campaign.cancelled_at),
    }


def _triggered_json(state: State, campaign: int) -> dict[str, object]:
    plans = _trigger_plans(state, campaign)
    return {
        "name": ", ".join(plan.name for plan in plans),
        "kind": TRIGGERED,
        "state": "running",
        "channels": list(dict.fromkeys(plan.channel for plan in plans)),
        "target_group": None,
        "recipients": sum(firing.plan.campaign == campaign for firing in state.triggers.firings),
        "control_group": 0,
        "triggers": [plan.name for plan in plans],
        "scheduled_times": [],
        "announced_at": None,
        "cancelled_at": None,
    }


def _summary_json(state: State, campaign: int, description: Mapping[str, object]) -> dict[str, object]:
    totals: Counter[str] = Counter()
    for metric, value in state.metrics.items():
        if metric.campaign == campaign:
            totals[_name_or_number(METRICS, metric.metric)] += value
    return {"campaign": campaign, **description, "metrics": dict(totals)}


def _trigger_plans(state: State, campaign: int) -> list[TriggerPlan]:
    return [plan for plan in state.triggers.plans.values() if plan.campaign == campaign]


# -- recipients --------------------------------------------------------------------------------------


def _split_executions_json(state: State, campaign: Campaign) -> Iterator[dict[str, object]]:
    for channel, execution in campaign.executions.items():
        for split, recipients in zip(execution.plan.splits, execution.split_sizes(), strict=True):
            yield {
                "channel": channel,
                "provider": execution.plan.provider,
                "template": split.template,
                "name": state.templates[channel].get(split.template),
                "title": split.title,
                "scheduled_time": iso(split.send_at),
                "recipients": recipients,
                "group": split.group,
                "app": execution.plan.app,
            }


def _trigger_execution_json(state: State, plan: TriggerPlan) -> dict[str, object]:
    return {
        "channel": plan.channel,
        "provider": plan.provider,
        "template": plan.template,
        "name": plan.template_name,
        "title": plan.title,
        "scheduled_time": None,
        "group": TEST_GROUP,
        "app": None,
        "recipients": sum(firing.plan is plan for firing in state.triggers.firings),
    }


def _triggered_customers(state: State, campaign: int) -> Container[int]:
    people = (firing.person for firing in state.triggers.firings if firing.plan.campaign == campaign)
    return {person for person in people if isinstance(person, int)}


# -- results -----------------------------------------------------------------------------------------


def _metrics_json(state: State, campaign: int) -> list[dict[str, object]]:
    """Return the current totals of a campaign, with both options of the dialect `metric_values`."""
    return [
        {
            "channel": metric.channel,
            "template": metric.template,
            "metric": metric.metric,
            "name": _name_or_number(METRICS, metric.metric),
            "value": value,
        }
        for metric, value in sorted(state.metrics.items())
        if metric.campaign == campaign
    ]


def _interactions_json(state: State, campaign: int) -> list[dict[str, object]]:
    return [
        {
            "channel": interaction.channel,
            "template": interaction.template,
            "event": interaction.event,
            "name": _name_or_number(INTERACTIONS, interaction.event),
            "date": interaction.date,
            "group": interaction.group,
            "app": interaction.app or None,
            "customers": customers,
        }
        for interaction, customers in sorted(state.interactions.items())
        if interaction.campaign == campaign
    ]


def _clearance_json(campaign: Campaign) -> dict[str, object] | None:
    clearance = campaign.clearance
    if clearance is None:
        return None
    required_by = iso(clearance.required_by)
    return {"required_by": required_by, "cleared": len(clearance.cleared), "closed": clearance.is_closed}


def _preferences_json(state: State, group: Container[int]) -> Iterator[dict[str, object]]:
    """Yield the preferences of the campaign's customers, on all channels: a vendor may report on one of its own."""
    for (channel, app), preferences in sorted(state.preferences.items(), key=str):
        known = ((customer, mode) for customer, mode in preferences.items() if isinstance(customer, int))
        modes = Counter(mode for customer, mode in known if customer in group)
        for mode, customers in sorted(modes.items()):
            is_opt_out = mode == state.options.opt_out_mode
            yield {"channel": channel, "app": app, "mode": mode, "opted_out": is_opt_out, "customers": customers}


def _attributes_json(state: State, group: Container[int], since: Instant) -> Iterator[dict[str, object]]:
    """Yield the attributes that changed for the campaign's customers at or after `since`, by API or by file."""
    for attribute in state.records.attributes:
        changes = state.records.changes_of(attribute.name)
        customers = sum(index in group and log[-1][0] >= since for index, log in changes.items())
        if customers:
            yield {"name": attribute.name, "customers": customers}


def _name_or_number(names: Mapping[int, str], number: int) -> str:
    return names.get(number, str(number))
