"""Functions of the group `actions`: campaigns."""

from sendproof_simulators.core.exchange import Outcome, json_reply
from sendproof_simulators.optimove.functions import function
from sendproof_simulators.provider import Call


@function
def get_campaign_details(call: Call) -> Outcome:
    """Describe one campaign. Members: observed; what the simulator puts into most of them: assumed."""
    campaign = call.state.campaign(call.params["CampaignID"])
    plan = campaign.plan
    details = {
        "TargetGroupID": plan.campaign,
        "CampaignType": "Test/Control",
        "Duration": 7,
        "LeadTime": 0,
        "Notes": plan.name,
        "IsMultiChannel": len(campaign.executions) > 1,
        "IsRecurrence": False,
        "Status": "Successful",
        "Error": "",
        "Tags": [],
        "Channels": [{"Id": channel} for channel in campaign.executions],
        "TestGroupSize": len(campaign.customers),
        "ControlGroupSize": 0,
    }
    return Outcome(reply=json_reply(details))
