"""What every function of Optimove has in common, around what is its own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.optimove.auth import ApiKey
from sendproof_simulators.services.optimove.errors import RefusedError, error, forbidden

# Members of bodies that come as numbers or as text of digits, and those that are text but come as numbers too.
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


def function(handler: Callable[[Call], Effects]) -> Callable[[Call], Effects]:
    """Give a handler plain values, from those who may call it, and turn what it refuses into Optimove's answer."""

    @wraps(handler)
    def answer(call: Call) -> Effects:
        if call.body is not None:
            call = replace(call, body=plain(call.body))
        try:
            _permit(call)
            return handler(call)
        except RefusedError as refused:
            return Effects(response=error(replace(refused.problem, dialects=call.context.dialects)))

    return answer


def plain(value: Any) -> Any:
    """A body with its ids in one form: numbers for Optimove's own, text for customers."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _member(name, item) for name, item in value.items()}
    return value


def _member(name: str, value: Any) -> Any:
    if name in _NUMBERS:
        return int(value) if isinstance(value, str) else value
    if name in _TEXTS:
        return str(value)
    if name == "CustomerIDs" and value is not None:
        return [item if isinstance(item, str) else str(item) for item in value]
    # No list in a body holds ids that are further down than its items' own members.
    return plain(value) if isinstance(value, list) and name != "Attributes" else value


# -- permission --------------------------------------------------------------------------------------


def key_of(call: Call) -> ApiKey | None:
    """The key that a call shows. None is somebody who needs none: a login, or no bridge at all."""
    key: ApiKey | None = call.state.access.of(call.credential, call.now)
    return key


def _permit(call: Call) -> None:
    key = key_of(call)
    if key is None:
        return
    if not key.may(call.operation, unlisted=call.context.dialects["unlisted_functions"] == "allowed"):
        raise forbidden(f"a key of access type {key.access} may not call {call.operation}")
    for channel in _channels(call):
        if not key.reaches(channel):
            raise forbidden(f"the key may not use ChannelID {channel}")
    campaign = call.state.campaigns.get(call.params.get("CampaignID"))
    if campaign is not None and not any(map(key.reaches, campaign.executions)):
        raise forbidden(f"the key may not use any channel of CampaignID {campaign.plan.campaign}")


def _channels(call: Call) -> Iterator[int]:
    """Every channel that a call names. 0 is none."""
    items = call.body if isinstance(call.body, list) else [call.body]
    named = [call.params.get("ChannelID"), *(item.get("ChannelID") for item in items if isinstance(item, dict))]
    return (channel for channel in dict.fromkeys(named) if channel)
