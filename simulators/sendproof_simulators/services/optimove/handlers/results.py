"""Functions that record the results of a campaign, and functions that return the recorded interactions."""

from collections.abc import Iterator
from typing import Any

import msgspec

from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.auth import ApiKey
from sendproof_simulators.services.optimove.campaigns.campaign import TEST_GROUP
from sendproof_simulators.services.optimove.handlers.executions import FIRST_ACTION
from sendproof_simulators.services.optimove.handlers.paging import requested_page
from sendproof_simulators.services.optimove.permissions import authorized
from sendproof_simulators.services.optimove.state import Interaction

# documented: https://developer.optimove.com/reference/post_integrations-updatecampaigninteractions
_METRIC_MEMBERS = ("ChannelID", "CampaignID", "TemplateID", "MetricID", "MetricValue")


@authorized
def update_campaign_metrics(call: Call) -> Effects:
    """Record totals such as the number of sent or delivered messages."""
    items = [{name: item[name] for name in _METRIC_MEMBERS} for item in call.body]
    call.state.record_metrics(items)
    channels = {item["ChannelID"] for item in items}
    channel = channels.pop() if len(channels) == 1 else None
    entry = JournalEntry(kind="metrics", fields={"channel": channel, "items": items})
    return Effects(response=responses.success_response(call.state.options), entries=(entry,))


@authorized
def update_campaign_interactions(call: Call) -> Effects:
    """Record the customers who received a message, opened it and so on."""
    body = call.body
    interaction = Interaction(
        campaign=body["CampaignID"],
        channel=body["ChannelID"],
        template=body["TemplateID"],
        event=int(body["EventID"]),
        date=body["InteractionDate"],
        group=int(call.value("RecipientGroupID")),
        app=body.get("AppID") or "",
    )
    call.state.record_interactions(interaction, body["CustomerIDs"])
    entry = _interactions_entry(interaction, body["CustomerIDs"])
    return Effects(response=responses.success_response(call.state.options), entries=(entry,))


@authorized
def get_campaign_interaction_customers(call: Call) -> Effects:
    """Return the customers reported on a day, for a channel and a kind of interaction."""
    call.state.channel_templates(call.params["ChannelID"])
    rows = []
    for interaction in _reported_interactions(call, call.params["Date"], call.params["Date"]):
        if interaction.event == call.params["EventID"]:
            ids = {"CampaignID": interaction.campaign, "TemplateID": interaction.template}
            rows += [{"CustomerID": customer, **ids} for customer in call.state.reported_customers(interaction)]
    return Effects(response=responses.list_response(call.state.options, rows[requested_page(call).slice()]))


@authorized
def get_customer_channel_interactions(call: Call) -> Effects:
    """Return the reported interactions of one customer."""
    customer, rows = call.params["CustomerID"], []
    encoded = msgspec.json.encode(customer)
    for interaction in _reported_interactions(call, call.params["StartDate"], call.params["EndDate"]):
        # Decoding a block is slow, so blocks without the customer are skipped.
        if any(encoded in block for block in call.state.reported[interaction]):
            count = call.state.reported_customers(interaction).count(customer)
            rows += [_interaction_row(interaction)] * count
    return Effects(response=responses.list_response(call.state.options, rows))


def _interaction_row(interaction: Interaction) -> dict[str, object]:
    return {
        "Date": interaction.date,
        "CampaignID": interaction.campaign,
        "RecipientGroupID": interaction.group,
        "ActionID": FIRST_ACTION,
        "ChannelID": interaction.channel,
        "TemplateID": interaction.template,
        "EventID": interaction.event,
    }


def _reported_interactions(call: Call, first: str, last: str) -> Iterator[Interaction]:
    """Yield the interactions of these days, on the requested channel (0 or none: all) that the key may use."""
    key: ApiKey | None = call.key
    channel = call.params.get("ChannelID")
    for interaction in sorted(call.state.reported, key=lambda interaction: (interaction.date, *interaction)):
        is_requested = first <= interaction.date <= last and channel in {None, 0, interaction.channel}
        if is_requested and (key is None or key.may_use(interaction.channel)):
            yield interaction


def _interactions_entry(interaction: Interaction, customers: list[Any]) -> JournalEntry:
    fields: dict[str, Any] = {
        "campaign": interaction.campaign,
        "channel": interaction.channel,
        "template": interaction.template,
        "event_id": interaction.event,
        "date": interaction.date,
        "customers": customers,
    }
    if interaction.group != TEST_GROUP:
        fields["group"] = interaction.group
    if interaction.app:
        fields["app"] = interaction.app
    return JournalEntry(kind="interactions", fields=fields)
