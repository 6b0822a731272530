"""Functions of the group `actions`: campaigns, and the channels of their execution."""

from sendproof_simulators.core.clock.wall_clock import sql_time
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.auth import ApiKey
from sendproof_simulators.services.optimove.campaigns.campaign import Campaign
from sendproof_simulators.services.optimove.handlers.executions import executed_campaigns, send_id
from sendproof_simulators.services.optimove.permissions import authorized


@authorized
def get_campaign_details(call: Call) -> Effects:
    """Return the details of a campaign."""
    campaign = call.state.announced_campaign(call.params["CampaignID"])
    return Effects(response=responses.object_response(call.state.options, _campaign_details(campaign)))


@authorized
def get_executed_campaign_details(call: Call) -> Effects:
    """Return the details of the campaigns of a day."""
    rows = [
        {"CampaignID": campaign.plan.campaign, **_campaign_details(campaign)} for campaign in executed_campaigns(call)
    ]
    return Effects(response=responses.list_response(call.state.options, rows))


@authorized
def get_executed_campaigns_by_channel(call: Call) -> Effects:
    """Return the campaigns of a day on a channel."""
    channel = call.params["ChannelID"]
    call.state.channel_templates(channel)
    campaigns = (campaign for campaign in executed_campaigns(call) if channel in campaign.executions)
    rows = [{"CampaignID": campaign.plan.campaign} for campaign in campaigns]
    return Effects(response=responses.list_response(call.state.options, rows))


@authorized
def get_executed_campaign_channel_details(call: Call) -> Effects:
    """Return the templates and times of a campaign on a channel."""
    execution = call.state.execution(call.params["CampaignID"], call.params["ChannelID"])
    rows = [
        {
            "SendID": send_id(call.context, execution, split),
            "TemplateID": split.template,
            "ScheduledTime": sql_time(split.send_at),
        }
        for split in execution.plan.splits
    ]
    return Effects(response=responses.list_response(call.state.options, rows))


@authorized
def get_execution_channels(call: Call) -> Effects:
    """Return the channels in the scope of the key. The form of their names is assumed."""
    key: ApiKey | None = call.key
    rows = [
        {"ChannelID": channel.id, "ChannelName": f"{channel.provider} {channel.kind}"}
        for channel in call.context.channels
        if key is None or key.may_use(channel.id)
    ]
    return Effects(response=responses.list_response(call.state.options, rows))


def _campaign_details(campaign: Campaign) -> dict[str, object]:
    """Return the details of a campaign. Members: observed; most of their values: assumed."""
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
        "ControlGroupSize": len(campaign.control),
    }
