"""Optimove's functions: from HTTP's values to the state and back. The contract is openapi/optimove.yaml."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from sendproof_simulators.core.exchange import Fact, Outcome, Reply, json_reply
from sendproof_simulators.optimove.errors import RefusedError, bad_request, error
from sendproof_simulators.optimove.pages import ROWS_PER_PAGE
from sendproof_simulators.optimove.state import Interaction
from sendproof_simulators.provider import Call

_METRIC_MEMBERS = ("ChannelID", "CampaignID", "TemplateID", "MetricID", "MetricValue")


def _refusing(handler: Callable[[Call], Outcome]) -> Callable[[Call], Outcome]:
    """Turn what the state refuses into Optimove's answer."""

    @wraps(handler)
    def answer(call: Call) -> Outcome:
        try:
            return handler(call)
        except RefusedError as refused:
            return Outcome(reply=error(refused.problem))

    return answer


@_refusing
def register_event_listener(call: Call) -> Outcome:
    """Name the address that is told of events of one type."""
    body = call.body
    return Outcome(facts=(call.state.register(body["EventTypeID"], body["ListenerURL"], body.get("ChannelID")),))


@_refusing
def unregister_event_listener(call: Call) -> Outcome:
    """Stop telling a listener."""
    return Outcome(facts=call.state.unregister(call.body["EventTypeID"], call.body.get("ChannelID")))


def get_registered_event_listeners(call: Call) -> Outcome:
    """List the listeners. The form of the answer is assumed."""
    return Outcome(reply=json_reply([_listener(*entry) for entry in call.state.sorted_listeners()]))


@_refusing
def add_channel_templates(call: Call) -> Outcome:
    """Tell which templates a channel has."""
    given = [(item["TemplateID"], item["TemplateName"]) for item in call.body]
    return Outcome(facts=call.state.add_templates(call.params["ChannelID"], given))


@_refusing
def get_channel_templates(call: Call) -> Outcome:
    """List the templates of a channel, by id."""
    templates = call.state.channel_templates(call.params["ChannelID"])
    return Outcome(
        reply=json_reply([{"TemplateID": id_, "TemplateName": name} for id_, name in sorted(templates.items())])
    )


@_refusing
def delete_channel_templates(call: Call) -> Outcome:
    """Tell which templates are gone."""
    return Outcome(facts=call.state.delete_templates([(item["ChannelID"], item["TemplateID"]) for item in call.body]))


@_refusing
def get_customer_send_details_by_channel(call: Call) -> Outcome:
    """Page through the customers of a campaign on a channel."""
    params, state = call.params, call.state
    campaign = state.campaign(params["CampaignID"], params["ChannelID"])
    names = _attribute_names(call)
    skip, asked = params.get("$skip", 0), params.get("$top", ROWS_PER_PAGE)
    top = min(asked, ROWS_PER_PAGE)
    page = state.pages.page(campaign, skip, top, names)
    rows = max(0, min(top, campaign.plan.customers - skip))
    return Outcome(reply=Reply(body=page), note=_page_note(call, campaign.plan.first_customer + skip, asked, rows))


@_refusing
def get_campaign_details(call: Call) -> Outcome:
    """Describe one campaign. Members: observed; what the simulator puts into most of them: assumed."""
    plan = call.state.campaign(call.params["CampaignID"]).plan
    details = {
        "TargetGroupID": plan.campaign,
        "CampaignType": "Test/Control",
        "Duration": 7,
        "LeadTime": 0,
        "Notes": plan.name,
        "IsMultiChannel": False,
        "IsRecurrence": False,
        "Status": "Successful",
        "Error": "",
        "Tags": [],
        "Channels": [{"Id": plan.channel}],
        "TestGroupSize": plan.customers,
        "ControlGroupSize": 0,
    }
    return Outcome(reply=json_reply(details))


@_refusing
def update_campaign_metrics(call: Call) -> Outcome:
    """Take in how many messages were sent, delivered and so on."""
    items = [{name: item[name] for name in _METRIC_MEMBERS} for item in call.body]
    call.state.report_metrics(items)
    channels = {item["ChannelID"] for item in items}
    channel = channels.pop() if len(channels) == 1 else None
    return Outcome(facts=(Fact(kind="metrics", fields={"channel": channel, "items": items}),))


@_refusing
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


def _listener(event: int, channel: int | None, url: str) -> dict[str, object]:
    entry: dict[str, object] = {"EventTypeID": event, "ListenerURL": url}
    return entry if channel is None else {**entry, "ChannelID": channel}


def _attribute_names(call: Call) -> tuple[str, ...]:
    """The attributes asked for, spelled as the audience spells them.

    Their case does not matter (documented: https://developer.optimove.com/docs/general-information calls strings
    non-case-sensitive); that an unknown one is refused is assumed.
    """
    text: str = call.params.get("CustomerAttributes", "")
    known: Mapping[str, str] = {name.lower(): name for name in call.world.audience.attribute_names}
    asked = text.split(";") if text else []
    unknown = [name for name in asked if name.lower() not in known]
    if unknown:
        raise bad_request(f"CustomerAttributes: {', '.join(unknown)} not known; there are {';'.join(known.values())}")
    return tuple(known[name.lower()] for name in asked)


def _page_note(call: Call, first: int, asked: int, rows: int) -> dict[str, object]:
    id_of = call.world.audience.id_of
    return {
        "campaign": call.params["CampaignID"],
        "channel": call.params["ChannelID"],
        "skip": call.params.get("$skip", 0),
        "top": asked,
        "rows": rows,
        "first": id_of(first) if rows else None,
        "last": id_of(first + rows - 1) if rows else None,
    }


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
