"""SetCustomerChannelPreference: one of the three ways to share who opted in or out."""

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.customers import subscriptions
from sendproof_simulators.services.optimove.permissions import function


@function
def set_customer_channel_preference(call: Call) -> Effects:
    """Note how customers may be reached on a channel. Their ids are not looked up (assumed)."""
    body = call.body
    call.state.channel_templates(body["ChannelID"])
    preference = subscriptions.Preference(
        channel=body["ChannelID"],
        app=body.get("AppID"),
        mode=body["CommunicationMode"],
        customers=tuple(body.get("CustomerIDs") or ()),
    )
    entry = subscriptions.take_in(call.context, call.state, preference, "api")
    return Effects(response=responses.done(call.context), entries=(entry,))
