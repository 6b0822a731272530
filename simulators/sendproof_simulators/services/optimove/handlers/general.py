"""Functions of the groups `general` and `apikey`: listeners, information about the key, and the legacy login."""

from sendproof_simulators.core.clock.wall_clock import DAY, iso
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.auth import ApiKey, login_name, make_token
from sendproof_simulators.services.optimove.campaigns.nightly_run import start_of_day
from sendproof_simulators.services.optimove.errors import ApiError, bad_request
from sendproof_simulators.services.optimove.events import CAMPAIGN_EXECUTED_ON_CHANNEL, TRIGGER_MET
from sendproof_simulators.services.optimove.handlers.paging import visible_attributes
from sendproof_simulators.services.optimove.permissions import authorized

# documented: a listener of these names a channel, https://developer.optimove.com/docs/integrate-your-service-with-optimove
# and https://optimove-developers.readme.io/reference/post_general-registereventlistener
_EVENTS_OF_A_CHANNEL = frozenset({TRIGGER_MET, CAMPAIGN_EXECUTED_ON_CHANNEL})


@authorized
def get_last_data_update(call: Call) -> Effects:
    """Return the day of the data: the day before the last night (assumed)."""
    night = call.state.last_night
    day = (start_of_day(call.now) if night is None else night) - DAY
    return Effects(response=responses.object_response(call.state.options, {"Date": iso(day)[:10]}))


@authorized
def register_event_listener(call: Call) -> Effects:
    """Register the URL that receives the events of one type."""
    options, event, channel = call.state.options, call.body["EventTypeID"], call.body.get("ChannelID")
    if channel is not None and event not in _EVENTS_OF_A_CHANNEL and options.event_1_channel_refused:
        text = f"EventTypeID {event} has a general listener only: leave ChannelID out"
        raise bad_request(text, {"general_only": event})
    entry = call.state.register_listener(event, call.body["ListenerURL"], channel)
    return Effects(response=responses.success_response(options), entries=(entry,))


@authorized
def unregister_event_listener(call: Call) -> Effects:
    """Remove a listener."""
    entries = call.state.unregister_listener(call.body["EventTypeID"], call.body.get("ChannelID"))
    return Effects(response=responses.success_response(call.state.options), entries=entries)


@authorized
def get_registered_event_listeners(call: Call) -> Effects:
    """Return the listeners. The form of the response is assumed."""
    rows = [_listener_row(call, *listener) for listener in call.state.sorted_listeners()]
    return Effects(response=responses.list_response(call.state.options, rows))


def _listener_row(call: Call, event: int, channel: int | None, url: str) -> dict[str, object]:
    row: dict[str, object] = {"EventTypeID": event, "ListenerURL": url}
    if channel is None and call.state.options.general_listener_without_channel:
        return row
    return {**row, "ChannelID": channel}


@authorized
def api_key_info(call: Call) -> Effects:
    """Return the rights of the key. The form of the response is assumed."""
    key: ApiKey | None = call.key
    options = call.state.options
    if key is None:
        raise ApiError("unauthorized", 401, "missing API key")
    info: dict[str, object] = {
        "Nickname": key.name,
        "AccessType": key.access_type,
        "IsActive": True,
        "Channels": [channel for channel in call.state.templates if key.may_use(channel)],
        "CustomerAttributes": [attribute.name for attribute in visible_attributes(call)],
        "Functions": key.listed_functions(
            unlisted_allowed=options.unlisted_functions_allowed, look_up_allowed=options.look_up_allowed
        ),
    }
    return Effects(response=responses.object_response(options, [info] if options.api_key_info_as_array else info))


@authorized
def login(call: Call) -> Effects:
    """Return a token for a user name and password in the body."""
    return _log_in(call, str(login_name(call.body)), call.body["Password"])


@authorized
def login_by_query(call: Call) -> Effects:
    """Return a token for a user name and password in the query, as clients of 2015 sent them."""
    return _log_in(call, call.params["username"], call.params["password"])


def _log_in(call: Call, username: str, password: str) -> Effects:
    parts = (call.context.random.token(120, "optimove", "token", username, call.now, part) for part in range(3))
    token = make_token(username, "".join(parts))
    problem = call.state.credentials.log_in(username, password, token, call.now)
    if problem is not None:
        raise ApiError(problem.kind, problem.status, problem.detail)
    return Effects(response=responses.object_response(call.state.options, token))
