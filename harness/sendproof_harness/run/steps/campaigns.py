"""The steps `plan` and `cancel` of scheduled campaigns."""

from datetime import datetime

from sendproof_harness.run.context import RunContext
from sendproof_harness.run.errors import RunOptionsError
from sendproof_harness.run.steps.synchronized import synchronized_templates
from sendproof_harness.scenario.model import Campaign, CancelCampaign, Part, PlanCampaign, Split
from sendproof_harness.scenario.values import iso_utc, parse_time, pluralized


def schedule(context: RunContext, step: PlanCampaign) -> None:
    """Schedule a campaign; Optimove rejects it unless the bridge has listed its templates."""
    campaign = next(campaign for campaign in context.scenario.campaigns if campaign.campaign == step.campaign)
    customers = pluralized(campaign.customers, "customer")
    context.progress.phase(f"scheduling campaign {campaign.campaign} for {customers}")
    if context.time.rate is not None:
        check_rate(campaign, context.time.rate, parse_time(context.control.clock(context.time.sandbox)["now"]))
    for sandbox in context.sandboxes:
        with synchronized_templates(context, sandbox, f"campaign {campaign.campaign}"):
            context.control.schedule_campaign(sandbox, _campaign(campaign))


def check_rate(campaign: Campaign, rate: float, now: datetime) -> None:
    """Raise `RunOptionsError` if time that runs by itself has passed a send time while the bridge became ready."""
    first = min(split.send_at for part in campaign.parts for split in part.splits)
    if first < now:
        raise RunOptionsError(
            f"--clock-rate: expected a rate at which the bridge is ready before {iso_utc(first)}, "
            f"the first send time of campaign {campaign.campaign}, got {rate:g}, and it is {iso_utc(now)}; "
            "use a lower rate"
        )


def cancel(context: RunContext, step: CancelCampaign) -> None:
    """Cancel a campaign."""
    context.progress.phase(f"cancelling campaign {step.campaign}" + (f" of {step.client}" if step.client else ""))
    for sandbox in context.sandboxes_of(step.client):
        context.control.cancel_campaign(sandbox, step.campaign)


def _campaign(campaign: Campaign) -> dict[str, object]:
    """Return a campaign as the control API takes it."""
    announced = {} if campaign.announced is None else {"announce_at": iso_utc(campaign.announced)}
    day = {} if campaign.day is None else {"day": campaign.day.isoformat()}
    clearance = campaign.clearance_by
    conditional = {} if clearance is None else {"conditional": {"clearance_by": iso_utc(clearance)}}
    cancel_at = {} if campaign.cancel_at is None else {"cancel_at": iso_utc(campaign.cancel_at)}
    return {
        "campaign": campaign.campaign,
        "name": campaign.name,
        "customers": campaign.customers,
        "first_customer": campaign.first_customer,
        **_channels(campaign.parts),
        **announced,
        **day,
        **conditional,
        **cancel_at,
        **({"control_group": float(campaign.control_group)} if campaign.control_group else {}),
    }


def _channels(parts: tuple[Part, ...]) -> dict[str, object]:
    channels: list[dict[str, object]] = [
        {
            "channel": part.channel,
            "splits": [_split(split) for split in part.splits],
            **({} if part.app is None else {"app": part.app}),
        }
        for part in parts
    ]
    return channels[0] if len(channels) == 1 else {"channels": channels}


def _split(split: Split) -> dict[str, object]:
    group = {} if split.group == 1 else {"group": split.group}
    return {"share": float(split.share), "template": split.template, "send_at": iso_utc(split.send_at), **group}
