"""`list/campaign`, `info/campaign` and `create/campaign`."""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.errors import NOT_FOUND, ApiError, invalid_field
from sendproof_simulators.services.xtremepush.methods.list_query import query_rows, select_fields
from sendproof_simulators.services.xtremepush.project.campaigns import (
    ANDROID_PUSH,
    CHANNELS,
    INBOX,
    IOS_PUSH,
    ROW_FIELDS,
    SMS,
    WEB_PUSH,
    Campaign,
    email_of,
    sms_of,
)
from sendproof_simulators.services.xtremepush.project.templates import template_entry
from sendproof_simulators.services.xtremepush.responses import MethodResult, method
from sendproof_simulators.services.xtremepush.state import State

# documented: an info response contains these, also if the campaign has no such message,
# https://docs.xtremepush.com/docs/api-data-monitor
_MESSAGE_TYPES = ("1", "2", "3", "4", "6", "7", "8", SMS, "10", "11")
# documented, on the same page: those that have a text field even without one.
_WITH_TEXT_FIELD = frozenset({"1", "2", "3", "6"})
_CHANNEL_TYPES: Mapping[str, str] = {
    "ios_push": IOS_PUSH,
    "android_push": ANDROID_PUSH,
    "web_push": WEB_PUSH,
    "inbox": INBOX,
}


@method
def list_campaign(call: Call) -> MethodResult:
    """List campaigns (observed: https://github.com/clientIO/appmixer-connectors)."""
    rows = query_rows((campaign.row() for campaign in call.state.campaigns.values()), ROW_FIELDS, call.with_defaults)
    return MethodResult(value={"data": rows}, effects=Effects(summary={"rows": len(rows)}))


@method
def info_campaign(call: Call) -> MethodResult:
    """Return one campaign with its messages (documented: https://docs.xtremepush.com/docs/api-data-monitor)."""
    campaign = campaign_by_id(call.state, call.body["id"])
    absent = {type_: {"push_text": None} if type_ in _WITH_TEXT_FIELD else [] for type_ in _MESSAGE_TYPES}
    messages = {type_: campaign.messages.get(type_) or absent[type_] for type_ in _MESSAGE_TYPES}
    model = {**campaign.row(), "messages": messages}
    selected = select_fields(call.body.get("select"), tuple(model))(model)
    return MethodResult(value={"model": {"id": campaign.id, **selected}})


@method
def create_campaign(call: Call) -> MethodResult:
    """Create a campaign (documented: https://docs.xtremepush.com/reference/campaign-model).

    Fields that the simulator does not have are ignored.
    """
    state: State = call.state
    body = call.body
    channels = frozenset(channel for channel in CHANNELS if body.get(channel) == 1)
    messages = _messages(body, channels)
    if "sms" in channels and not sms_of(messages).get("text", "").strip():
        raise invalid_field("messages.9.sms.text", "expected the text of the SMS, because sms is 1")
    if "email" in channels and not (email_of(messages).get("html") or "").strip():
        raise invalid_field("messages.7.email.html", "expected the HTML of the e-mail, because email is 1")
    campaign = Campaign(
        id=state.ids.draw("campaign", body, state.campaigns),
        title=body["title"],
        trigger=call.value("trigger"),
        created=call.now,
        channels=channels,
        messages=messages,
    )
    state.campaigns[campaign.id] = campaign
    entries = (template_entry("created", campaign),) if campaign.is_template else ()
    effects = Effects(entries=entries, summary={"campaign": campaign.id})
    return MethodResult(value={"model": {"id": campaign.id}}, effects=effects)


def _messages(body: Mapping[str, Any], channels: frozenset[str]) -> Mapping[str, Any]:
    """Return the content by message type. `push_title` and `push_text` are for all types without their own."""
    messages: dict[str, Any] = dict(body.get("messages", {}))
    common = {name: body[name] for name in ("push_title", "push_text") if body.get(name) is not None}
    of_channels = [type_ for channel, type_ in _CHANNEL_TYPES.items() if channel in channels]
    return {**{type_: common for type_ in of_channels if common}, **messages}


def campaign_by_id(state: State, id_: object) -> Campaign:
    """Return the campaign with this id, a number or its text; raise `ApiError` if it does not exist."""
    campaign = state.campaigns.get(int(str(id_)))
    if campaign is None:
        raise ApiError(NOT_FOUND, f"no campaign has the id {id_}")
    return campaign
