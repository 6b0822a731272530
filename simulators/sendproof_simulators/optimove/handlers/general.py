"""Functions of the group `general`: listeners."""

from sendproof_simulators.core.exchange import Outcome, json_reply
from sendproof_simulators.optimove.functions import function
from sendproof_simulators.provider import Call


@function
def register_event_listener(call: Call) -> Outcome:
    """Name the address that is told of events of one type."""
    body = call.body
    return Outcome(facts=(call.state.register(body["EventTypeID"], body["ListenerURL"], body.get("ChannelID")),))


@function
def unregister_event_listener(call: Call) -> Outcome:
    """Stop telling a listener."""
    return Outcome(facts=call.state.unregister(call.body["EventTypeID"], call.body.get("ChannelID")))


@function
def get_registered_event_listeners(call: Call) -> Outcome:
    """List the listeners. The form of the answer is assumed."""
    return Outcome(reply=json_reply([_listener(*entry) for entry in call.state.sorted_listeners()]))


def _listener(event: int, channel: int | None, url: str) -> dict[str, object]:
    entry: dict[str, object] = {"EventTypeID": event, "ListenerURL": url}
    return entry if channel is None else {**entry, "ChannelID": channel}
