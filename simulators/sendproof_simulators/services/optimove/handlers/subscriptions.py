"""SetCustomerChannelPreference: one of the three ways to share opt-ins and opt-outs."""

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.customers.subscriptions import Preference, record_preference
from sendproof_simulators.services.optimove.permissions import authorized


@authorized
def set_customer_channel_preference(call: Call) -> Effects:
    """Record the communication mode of customers on a channel. Their ids are not looked up (assumed)."""
    body = call.body
    call.state.channel_templates(body["ChannelID"])
    preference = Preference(
        channel=body["ChannelID"],
        app=body.get("AppID"),
        mode=body["CommunicationMode"],
        customers=tuple(body.get("CustomerIDs") or ()),
    )
    entry = record_preference(call.state, preference, "api", call.now)
    return Effects(response=responses.success_response(call.state.options), entries=(entry,))
