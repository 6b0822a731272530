"""Parsing of Optimove's events into plain values. A `ValueError` names the expected value.

The case of names varies in observed events, and event 11 may have no type; openapi/listener.yaml.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sendproof_bridge.domain.keys import MAX_ID_BYTES, is_storable
from sendproof_bridge.json_body import json_object, lowercase_keys
from sendproof_bridge.outbound.optimove import (
    CAMPAIGN_CANCELLED,
    CAMPAIGN_EXECUTED_ON_CHANNEL,
    CAMPAIGN_ON_HOLD,
    CAMPAIGN_PROCESSED,
    TRIGGER_MET,
)

# Values of an event without a campaign or a channel.
NO_CAMPAIGN, NO_CHANNEL = "", 0

_WITH_CAMPAIGN = frozenset(
    {CAMPAIGN_PROCESSED, CAMPAIGN_CANCELLED, CAMPAIGN_ON_HOLD, TRIGGER_MET, CAMPAIGN_EXECUTED_ON_CHANNEL}
)
_WITH_CHANNEL = frozenset({TRIGGER_MET, CAMPAIGN_EXECUTED_ON_CHANNEL})
# Part of URLs and ids; observed: whole numbers, and 2.38
_CAMPAIGN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event of Optimove. Event 11 has its body in `trigger`, and a `key` that identifies repetitions."""

    client: str
    type: int
    campaign: str = NO_CAMPAIGN
    channel: int = NO_CHANNEL
    optimove_time: str = ""
    required_by: str = ""
    key: str = ""
    trigger: Mapping[str, Any] | None = None

    @property
    def is_for_channel(self) -> bool:
        """True if it requires work on a channel."""
        return self.type in _WITH_CHANNEL


def read_event(client: str, body: bytes) -> Event:
    """Parse an event. An unknown event only needs a type."""
    payload = json_object(body)
    fields = lowercase_keys(payload)
    type_ = _event_type(fields)
    event = Event(
        client=client,
        type=type_,
        campaign=_campaign(fields) if type_ in _WITH_CAMPAIGN or "campaignid" in fields else NO_CAMPAIGN,
        channel=_integer(fields, "ChannelID") if type_ in _WITH_CHANNEL or "channelid" in fields else NO_CHANNEL,
        optimove_time=str(fields.get("timestamp", "")),
        required_by=str(fields.get("clearancerequiredby", "")),
        key=_trigger_key(fields) if type_ == TRIGGER_MET else "",
        trigger=payload if type_ == TRIGGER_MET else None,
    )
    if event.trigger is not None:
        _integer(fields, "TemplateID")
    return event


def _event_type(fields: Mapping[str, Any]) -> int:
    # observed: Delivyr's sample of event 11 has no type
    if "eventtypeid" not in fields and "customerid" in fields and "templateid" in fields:
        return TRIGGER_MET
    return _integer(fields, "EventTypeID")


def _trigger_key(fields: Mapping[str, Any]) -> str:
    """Return a hash of the event's id, or else of its content: an id may be long and contain any character."""
    customer = fields.get("customerid")
    if not isinstance(customer, (str, int)) or isinstance(customer, bool) or customer == "":
        raise ValueError(f"expected CustomerID, got {customer!r}")
    if not is_storable(str(customer)):
        raise ValueError(f"expected CustomerID with at most {MAX_ID_BYTES:,} bytes, got {customer!r:.80}")
    id_ = fields.get("requestid")
    content = [fields.get(name) for name in ("customerid", "channelid", "campaignid", "templateid", "timestamp")]
    natural_key = json.dumps(["id", id_] if id_ else ["about", *map(str, content)])
    return hashlib.sha256(natural_key.encode()).hexdigest()[:32]


def _campaign(fields: Mapping[str, Any]) -> str:
    value = fields.get("campaignid")
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if not _CAMPAIGN.fullmatch(text):
        raise ValueError(f"expected CampaignID as a number or a short text, got {value!r}")
    if text.isdigit() and len(text) > _MAX_DIGITS:
        raise ValueError(f"expected CampaignID as a number of at most {_MAX_DIGITS} digits, got {value!r:.80}")
    return str(int(text)) if text.isdigit() else text


def _integer(fields: Mapping[str, Any], name: str) -> int:
    value = fields.get(name.lower())
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    # Some services send ids as text; 18 digits fit every database.
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise ValueError(f"expected {name} as a whole number, got {value!r}")
    return int(text)
