"""SetCustomerChannelPreference: one of the three ways to share opt-ins and opt-outs."""

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.customers.subscriptions import (
    Preference,
    preference_json,
    record_preference,
)
from sendproof_simulators.services.optimove.errors import ApiError
from sendproof_simulators.services.optimove.permissions import authorized
from sendproof_simulators.services.optimove.state import State


@authorized
def set_customer_channel_preference(call: Call) -> Effects:
    """Record the communication mode of customers on a channel. Their ids are not looked up (assumed)."""
    body = call.body
    preference = Preference(
        channel=body["ChannelID"],
        app=body.get("AppID") or None,
        mode=body["CommunicationMode"],
        customers=tuple(body.get("CustomerIDs") or ()),
    )
    _check_channel(call.state, preference)
    call.state.check_app(preference.channel, preference.app)
    entry = record_preference(call.state, preference, "api", call.now)
    return Effects(response=responses.success_response(call.state.options), entries=(entry,))


def _check_channel(state: State, preference: Preference) -> None:
    try:
        state.channel_templates(preference.channel)
    except ApiError as error:
        error.summary = {"unknown_channel": preference_json(state, preference)}
        raise
