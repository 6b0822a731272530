"""What became of a campaign: functions with which a channel tells it, and such that tell it again."""

from collections.abc import Iterator
from typing import Any

import msgspec

from sendproof_simulators.core.effects import Effects, JournalEntry
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.errors import bad_request
from sendproof_simulators.services.optimove.handlers.executions import FIRST_ACTION
from sendproof_simulators.services.optimove.handlers.paging import page_of
from sendproof_simulators.services.optimove.permissions import function, key_of
from sendproof_simulators.services.optimove.state import Interaction

_METRIC_MEMBERS = ("ChannelID", "CampaignID", "TemplateID", "MetricID", "MetricValue")
# observed: a Vonage SMS bridge knows 0 to 6 and 9
_METRICS_SEEN = frozenset({0, 1, 2, 3, 4, 5, 6, 9})


@function
def update_campaign_metrics(call: Call) -> Effects:
    """Take in how many messages were sent, delivered and so on."""
    items = [{name: item[name] for name in _METRIC_MEMBERS} for item in call.body]
    unseen = sorted({item["MetricID"] for item in items} - _METRICS_SEEN)
    if unseen and call.context.dialects["metric_ids"] == "seen":
        raise bad_request(f"MetricID: expected one of {sorted(_METRICS_SEEN)}, got {unseen}")
    call.state.report_metrics(items, additive=call.context.dialects["metric_values"] == "additive")
    channels = {item["ChannelID"] for item in items}
    channel = channels.pop() if len(channels) == 1 else None
    entry = JournalEntry(kind="metrics", fields={"channel": channel, "items": items})
    return Effects(response=responses.done(call.context), entries=(entry,))


@function
def update_campaign_interactions(call: Call) -> Effects:
    """Take in which customers received, opened and so on."""
    body = call.body
    interaction = Interaction(
        campaign=body["CampaignID"],
        channel=body["ChannelID"],
        template=body["TemplateID"],
        event=int(body["EventID"]),
        date=body["InteractionDate"],
        group=body.get("RecipientGroupID", 1),
    )
    call.state.report_interactions(interaction, body["CustomerIDs"])
    return Effects(
        response=responses.done(call.context), entries=(_interactions_fact(interaction, body["CustomerIDs"]),)
    )


@function
def get_campaign_interaction_customers(call: Call) -> Effects:
    """List the customers who were reported on a day, for a channel and an interaction."""
    call.state.channel_templates(call.params["ChannelID"])
    rows = []
    for interaction in _reported(call, call.params["Date"], call.params["Date"]):
        if interaction.event == call.params["EventID"]:
            same = {"CampaignID": interaction.campaign, "TemplateID": interaction.template}
            rows += [{"CustomerID": customer, **same} for customer in call.state.reported_customers(interaction)]
    return Effects(response=responses.listed(call.context, rows[page_of(call)]))


@function
def get_customer_channel_interactions(call: Call) -> Effects:
    """List what was reported of one customer."""
    customer, rows = call.params["CustomerID"], []
    sought = msgspec.json.encode(customer)
    for interaction in _reported(call, call.params["StartDate"], call.params["EndDate"]):
        said = _said_of(interaction)
        found = sum(sought in block for block in call.state.reported[interaction])
        times = call.state.reported_customers(interaction).count(customer) if found else 0
        rows += [said] * times
    return Effects(response=responses.listed(call.context, rows))


def _said_of(interaction: Interaction) -> dict[str, object]:
    return {
        "Date": interaction.date,
        "CampaignID": interaction.campaign,
        "RecipientGroupID": interaction.group,
        "ActionID": FIRST_ACTION,
        "ChannelID": interaction.channel,
        "TemplateID": interaction.template,
        "EventID": interaction.event,
    }


def _reported(call: Call, first: str, last: str) -> Iterator[Interaction]:
    """What was reported for these days, on the channel asked for (0 and none: every one) that the key may use."""
    key, channel = key_of(call), call.params.get("ChannelID")
    for interaction in sorted(call.state.reported, key=lambda one: (one.date, *one)):
        wanted = first <= interaction.date <= last and channel in {None, 0, interaction.channel}
        if wanted and (key is None or key.reaches(interaction.channel)):
            yield interaction


def _interactions_fact(interaction: Interaction, customers: list[Any]) -> JournalEntry:
    fields = {
        "campaign": interaction.campaign,
        "channel": interaction.channel,
        "template": interaction.template,
        "event_id": interaction.event,
        "date": interaction.date,
        "customers": customers,
    }
    return JournalEntry(kind="interactions", fields=fields)
