"""`hit/event`: an event of a user.

observed: a TypeScript sender of Xtremepush events and its tests. assumed: that it creates a profile for an unknown
user. Campaigns that an event triggers are not simulated.
"""

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.errors import invalid_field
from sendproof_simulators.services.xtremepush.project.profiles import (
    IMPORT_SUBSCRIPTION_NAMES,
    RowReader,
    checked_user_id,
)
from sendproof_simulators.services.xtremepush.responses import MethodResult, method


@method
def hit_event(call: Call) -> MethodResult:
    """Record an event, and set the attributes in it. The response is always async.

    observed: a TypeScript sender of Xtremepush events and its tests.
    """
    body = call.body
    attributes = body.get("user_attributes", {})
    reader = RowReader(list(attributes), IMPORT_SUBSCRIPTION_NAMES[call.context.dialects["subscription_name"]])
    try:
        values = reader.read(list(attributes.values()))
        user_id = checked_user_id(body["user_id"], call.state.limits.user_id_length)
    except ValueError as error:
        raise invalid_field("user_attributes", str(error)) from None
    values.pop("user_id", None)
    call.state.profiles.get_or_create(user_id, call.now).update(values)
    return MethodResult(value={"async": True}, effects=Effects(summary={"user": user_id, "event": body["event"]}))
