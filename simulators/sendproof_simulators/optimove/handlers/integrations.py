"""Functions of the group `integrations` with which a channel tells what it has."""

from sendproof_simulators.core.exchange import Outcome, json_reply
from sendproof_simulators.optimove.functions import function
from sendproof_simulators.provider import Call


@function
def add_channel_templates(call: Call) -> Outcome:
    """Tell which templates a channel has."""
    given = [(item["TemplateID"], item["TemplateName"]) for item in call.body]
    return Outcome(facts=call.state.add_templates(call.params["ChannelID"], given))


@function
def get_channel_templates(call: Call) -> Outcome:
    """List the templates of a channel, by id."""
    templates = call.state.channel_templates(call.params["ChannelID"])
    return Outcome(
        reply=json_reply([{"TemplateID": id_, "TemplateName": name} for id_, name in sorted(templates.items())])
    )


@function
def delete_channel_templates(call: Call) -> Outcome:
    """Tell which templates are gone."""
    return Outcome(facts=call.state.delete_templates([(item["ChannelID"], item["TemplateID"]) for item in call.body]))
