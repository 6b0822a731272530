"""Functions of the group `actions`: campaigns, and the channels they are executed on."""

from collections.abc import Iterator

from sendproof_simulators.core.clock.wall_clock import iso, sql_time
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.campaigns.campaign import ANNOUNCED, Campaign
from sendproof_simulators.services.optimove.handlers.executions import send_id
from sendproof_simulators.services.optimove.permissions import function, key_of


@function
def get_campaign_details(call: Call) -> Effects:
    """Describe one campaign."""
    return Effects(response=responses.details(call.context, _described(call.state.campaign(call.params["CampaignID"]))))


@function
def get_executed_campaign_details(call: Call) -> Effects:
    """Describe the campaigns of a day."""
    rows = [{"CampaignID": one.plan.campaign, **_described(one)} for one in _executed(call)]
    return Effects(response=responses.listed(call.context, rows))


@function
def get_executed_campaigns_by_channel(call: Call) -> Effects:
    """List the campaigns of a day on a channel."""
    channel = call.params["ChannelID"]
    call.state.channel_templates(channel)
    rows = [{"CampaignID": one.plan.campaign} for one in _executed(call) if channel in one.executions]
    return Effects(response=responses.listed(call.context, rows))


@function
def get_executed_campaign_channel_details(call: Call) -> Effects:
    """List the templates and times of a campaign on a channel."""
    execution = call.state.execution(call.params["CampaignID"], call.params["ChannelID"])
    rows = [
        {
            "SendID": send_id(call.context, execution, split),
            "TemplateID": split.template,
            "ScheduledTime": sql_time(split.send_at),
        }
        for split in execution.part.splits
    ]
    return Effects(response=responses.listed(call.context, rows))


@function
def get_execution_channels(call: Call) -> Effects:
    """List the channels that the key may use. The form of their names is assumed."""
    key = key_of(call)
    rows = [
        {"ChannelID": channel.id, "ChannelName": f"{channel.provider} {channel.kind}"}
        for channel in call.context.channels
        if key is None or key.reaches(channel.id)
    ]
    return Effects(response=responses.listed(call.context, rows))


def _executed(call: Call) -> Iterator[Campaign]:
    """The campaigns that were announced on the day asked for, as far as the key may use one of their channels."""
    key = key_of(call)
    for _, campaign in sorted(call.state.campaigns.items()):
        announced = None if campaign.announced_at is None else iso(campaign.announced_at)[:10]
        reached = key is None or any(map(key.reaches, campaign.executions))
        if campaign.state == ANNOUNCED and announced == call.params["Date"] and reached:
            yield campaign


def _described(campaign: Campaign) -> dict[str, object]:
    """Members: observed; what the simulator puts into most of them: assumed."""
    return {
        "TargetGroupID": campaign.plan.campaign,
        "CampaignType": "Test/Control",
        "Duration": 7,
        "LeadTime": 0,
        "Notes": campaign.plan.name,
        "IsMultiChannel": len(campaign.executions) > 1,
        "IsRecurrence": False,
        "Status": "Successful",
        "Error": "",
        "Tags": [],
        "Channels": [{"Id": channel} for channel in campaign.executions],
        "TestGroupSize": len(campaign.customers),
        "ControlGroupSize": 0,
    }
