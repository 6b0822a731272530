"""The common part of all functions of Optimove: normalized bodies, permissions, and error responses."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from operator import is_
from typing import Any

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove.auth import ApiKey
from sendproof_simulators.services.optimove.errors import ApiError, error_response, forbidden

# Members of bodies that arrive as numbers or as text of digits, and text members that may also arrive as numbers.
_NUMBERS = frozenset(
    {
        "CampaignID",
        "ChannelID",
        "CommunicationMode",
        "EventID",
        "EventTypeID",
        "MetricID",
        "MetricValue",
        "RecipientGroupID",
        "TemplateID",
    }
)
_TEXTS = frozenset({"CustomerID", "CustomerId"})


def authorized(handler: Callable[[Call], Effects]) -> Callable[[Call], Effects]:
    """Call a handler with a normalized body if the key permits it, and turn an `ApiError` into Optimove's response."""

    @wraps(handler)
    def authorized_handler(call: Call) -> Effects:
        if call.body is not None:
            call = replace(call, body=normalize_ids(call.body))
        try:
            _check_permission(call)
            return handler(call)
        except ApiError as error:
            response = error_response(replace(error.problem, dialects=call.context.dialects))
            return Effects(response=response, summary=error.summary)

    return authorized_handler


def normalize_ids(value: Any) -> Any:
    """Return a body with each id in one form: Optimove's own ids as numbers, customer ids as text.

    A part in which nothing changes is returned as it is: a copy of a large body could need as much memory again.
    """
    if isinstance(value, list):
        items = [normalize_ids(item) for item in value]
        return value if all(map(is_, items, value)) else items
    if isinstance(value, dict):
        members = {name: _normalize_member(name, item) for name, item in value.items()}
        return value if all(map(is_, members.values(), value.values())) else members
    return value


def _normalize_member(name: str, value: Any) -> Any:
    if name in _NUMBERS:
        return int(value) if isinstance(value, str) else value
    if name in _TEXTS:
        return str(value)
    if name == "CustomerIDs" and value is not None:
        return value if _are_texts(value) else [str(item) for item in value]
    # In all lists of a body, ids are direct members of the items.
    return normalize_ids(value) if isinstance(value, list) and name != "Attributes" else value


def _are_texts(values: list[Any]) -> bool:
    try:
        # The fastest way to look at thousands of items.
        "".join(values)
    except TypeError:
        return False
    return True


# -- permission --------------------------------------------------------------------------------------


def _check_permission(call: Call) -> None:
    """Raise `ApiError` if the key may not make the call. A login has no key."""
    key: ApiKey | None = call.key
    if key is None:
        return
    options = call.state.options
    if not key.may_call(
        call.operation,
        unlisted_allowed=options.unlisted_functions_allowed,
        look_up_allowed=options.look_up_allowed,
    ):
        raise forbidden(f"a key of access type {key.access_type} may not call {call.operation}")
    for channel in _named_channels(call):
        if not key.may_use(channel):
            raise forbidden(f"the key may not use ChannelID {channel}")
    campaign = call.state.campaigns.get(call.params.get("CampaignID"))
    if campaign is not None and not any(map(key.may_use, campaign.executions)):
        raise forbidden(f"the key may not use any channel of CampaignID {campaign.plan.campaign}")


def _named_channels(call: Call) -> Iterator[int]:
    """Yield each channel that a call names. 0 means no channel."""
    items = call.body if isinstance(call.body, list) else [call.body]
    channels = [call.params.get("ChannelID"), *(item.get("ChannelID") for item in items if isinstance(item, dict))]
    return (channel for channel in dict.fromkeys(channels) if channel)
