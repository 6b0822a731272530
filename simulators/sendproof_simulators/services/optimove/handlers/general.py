"""Functions of the groups `general` and `apikey`: listeners, the key itself, and the login of old."""

from sendproof_simulators.core.clock.wall_clock import DAY, iso
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove import responses
from sendproof_simulators.services.optimove.auth import THIRD_PARTY, login_name, token_for
from sendproof_simulators.services.optimove.campaigns.nightly_run import midnight
from sendproof_simulators.services.optimove.errors import RefusedError, bad_request
from sendproof_simulators.services.optimove.events import CAMPAIGN_PROCESSED
from sendproof_simulators.services.optimove.permissions import function, key_of


@function
def get_last_data_update(call: Call) -> Effects:
    """Say which day the data are from: the one before the last night (assumed)."""
    night = call.state.last_night
    day = (midnight(call.now) if night is None else night) - DAY
    return Effects(response=responses.details(call.context, {"Date": iso(day)[:10]}))


@function
def register_event_listener(call: Call) -> Effects:
    """Name the address that is told of events of one type."""
    event, channel = call.body["EventTypeID"], call.body.get("ChannelID")
    if event == CAMPAIGN_PROCESSED and channel and call.context.dialects["event_1_channel"] == "refused":
        raise bad_request("EventTypeID 1 has a general listener only: leave ChannelID out")
    entry = call.state.register(event, call.body["ListenerURL"], channel)
    return Effects(response=responses.done(call.context), entries=(entry,))


@function
def unregister_event_listener(call: Call) -> Effects:
    """Stop telling a listener."""
    entries = call.state.unregister(call.body["EventTypeID"], call.body.get("ChannelID"))
    return Effects(response=responses.done(call.context), entries=entries)


@function
def get_registered_event_listeners(call: Call) -> Effects:
    """List the listeners. The form of the answer is assumed."""
    entries = [_listener(call, *entry) for entry in call.state.sorted_listeners()]
    return Effects(response=responses.listed(call.context, entries))


def _listener(call: Call, event: int, channel: int | None, url: str) -> dict[str, object]:
    entry: dict[str, object] = {"EventTypeID": event, "ListenerURL": url}
    if channel is None and call.context.dialects["listener_channel"] == "absent":
        return entry
    return {**entry, "ChannelID": channel}


@function
def api_key_info(call: Call) -> Effects:
    """Say what the key may do. The form of the answer is assumed."""
    key = key_of(call)
    if key is None:
        raise RefusedError("unauthorized", 401, "no key was shown")
    visible = [a.name for a in call.state.records.attributes if key.sees(a.name)]
    info: dict[str, object] = {
        "Nickname": key.name,
        "AccessType": key.access,
        "IsActive": True,
        "Channels": [channel for channel in call.state.templates if key.reaches(channel)],
        "CustomerAttributes": visible,
        "Functions": sorted(THIRD_PARTY if key.functions is None else key.functions),
    }
    as_array = call.context.dialects["api_key_info"] == "array"
    return Effects(response=responses.details(call.context, [info] if as_array else info))


@function
def login(call: Call) -> Effects:
    """Exchange user name and password for a token."""
    return _log_in(call, str(login_name(call.body)), call.body["Password"])


@function
def login_by_query(call: Call) -> Effects:
    """The same, as a client of 2015 did it."""
    return _log_in(call, call.params["username"], call.params["password"])


def _log_in(call: Call, name: str, password: str) -> Effects:
    drawn = (call.context.random.token(120, "optimove", "token", name, call.now, part) for part in range(3))
    token = token_for(name, "".join(drawn))
    problem = call.state.access.log_in(name, password, token, call.now)
    if problem is not None:
        raise RefusedError(problem.kind, problem.status, problem.detail)
    return Effects(response=responses.details(call.context, token))
