"""Functions of the group `integrations` with which a channel tells what became of a campaign."""

from typing import Any

from sendproof_simulators.core.exchange import Fact, Outcome
from sendproof_simulators.optimove.functions import function
from sendproof_simulators.optimove.state import Interaction
from sendproof_simulators.provider import Call

_METRIC_MEMBERS = ("ChannelID", "CampaignID", "TemplateID", "MetricID", "MetricValue")


@function
def update_campaign_metrics(call: Call) -> Outcome:
    """Take in how many messages were sent, delivered and so on."""
    items = [{name: item[name] for name in _METRIC_MEMBERS} for item in call.body]
    call.state.report_metrics(items)
    channels = {item["ChannelID"] for item in items}
    channel = channels.pop() if len(channels) == 1 else None
    return Outcome(facts=(Fact(kind="metrics", fields={"channel": channel, "items": items}),))


@function
def update_campaign_interactions(call: Call) -> Outcome:
    """Take in which customers received, opened and so on."""
    body = call.body
    interaction = Interaction(
        campaign=body["CampaignID"],
        channel=body["ChannelID"],
        template=body["TemplateID"],
        event=body["EventID"],
        date=body["InteractionDate"],
        group=body.get("RecipientGroupID", 1),
    )
    call.state.report_interactions(interaction, len(body["CustomerIDs"]))
    return Outcome(facts=(_interactions_fact(interaction, body["CustomerIDs"]),))


def _interactions_fact(interaction: Interaction, customers: list[Any]) -> Fact:
    fields = {
        "campaign": interaction.campaign,
        "channel": interaction.channel,
        "template": interaction.template,
        "event_id": interaction.event,
        "date": interaction.date,
        "customers": customers,
    }
    return Fact(kind="interactions", fields=fields)
