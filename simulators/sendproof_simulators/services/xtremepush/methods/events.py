"""`hit/event`: a user did something.

observed: a TypeScript sender of Xtremepush events and its tests. assumed: that it makes a profile where there is none.
Campaigns that an event triggers are not simulated.
"""

from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.errors import wrong
from sendproof_simulators.services.xtremepush.project.profiles import IMPORT_NAMES, Reader, user_id_of
from sendproof_simulators.services.xtremepush.responses import Answer


def hit_event(call: Call) -> Answer:
    """Take an event, and set the attributes that come with it. The answer says async, whatever was asked for."""
    given = call.body
    attributes = given.get("user_attributes", {})
    reader = Reader(list(attributes), IMPORT_NAMES[call.context.dialects["subscription_name"]])
    try:
        values = reader.read(list(attributes.values()))
        user_id = user_id_of(given["user_id"])
    except ValueError as error:
        raise wrong("user_attributes", str(error)) from None
    values.pop("user_id", None)
    call.state.profiles.obtain(user_id, call.now).set(values)
    return Answer(value={"async": True}, summary={"user": user_id, "event": given["event"]})
