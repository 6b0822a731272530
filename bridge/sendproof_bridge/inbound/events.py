"""What Optimove posts, read: plain values, or a `ValueError` that says what was expected.

The case of names varies among what was seen, and event 11 need not name its type; openapi/listener.yaml.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sendproof_bridge.json_body import json_object
from sendproof_bridge.outbound.optimove import (
    CAMPAIGN_CANCELLED,
    CAMPAIGN_EXECUTED_ON_CHANNEL,
    CAMPAIGN_ON_HOLD,
    CAMPAIGN_PROCESSED,
    TRIGGER_MET,
)

# Of an event that names no campaign or no channel.
NO_CAMPAIGN, NO_CHANNEL = "", 0

_NEEDS_CAMPAIGN = frozenset(
    {CAMPAIGN_PROCESSED, CAMPAIGN_CANCELLED, CAMPAIGN_ON_HOLD, TRIGGER_MET, CAMPAIGN_EXECUTED_ON_CHANNEL}
)
_NEEDS_CHANNEL = frozenset({TRIGGER_MET, CAMPAIGN_EXECUTED_ON_CHANNEL})
# A part of addresses and names; observed: whole numbers, and 2.38
_CAMPAIGN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What Optimove told. `trigger` is all of event 11, and `key` what makes it the same when it is told again."""

    client: str
    type: int
    campaign: str = NO_CAMPAIGN
    channel: int = NO_CHANNEL
    stamp: str = ""
    required_by: str = ""
    key: str = ""
    trigger: Mapping[str, Any] | None = None

    @property
    def on_channel(self) -> bool:
        """Whether it asks for work on a channel."""
        return self.type in _NEEDS_CHANNEL


def read_event(client: str, body: bytes) -> Event:
    """Read what Optimove posts; of events that nothing is known of, only the type is sure."""
    whole = json_object(body)
    said = in_lower_case(whole)
    kind = _type(said)
    event = Event(
        client=client,
        type=kind,
        campaign=_campaign(said) if kind in _NEEDS_CAMPAIGN or "campaignid" in said else NO_CAMPAIGN,
        channel=_whole(said, "ChannelID") if kind in _NEEDS_CHANNEL or "channelid" in said else NO_CHANNEL,
        stamp=str(said.get("timestamp", "")),
        required_by=str(said.get("clearancerequiredby", "")),
        key=_key(said) if kind == TRIGGER_MET else "",
        trigger=whole if kind == TRIGGER_MET else None,
    )
    if event.trigger is not None:
        _whole(said, "TemplateID")
    return event


def _type(said: Mapping[str, Any]) -> int:
    # observed: Delivyr's sample of event 11 has no type
    if "eventtypeid" not in said and "customerid" in said and "templateid" in said:
        return TRIGGER_MET
    return _whole(said, "EventTypeID")


def _key(said: Mapping[str, Any]) -> str:
    """Its own id, or else what it is about; hashed, as it may be long and hold anything."""
    customer = said.get("customerid")
    if not isinstance(customer, (str, int)) or isinstance(customer, bool) or customer == "":
        raise ValueError(f"expected CustomerID, got {customer!r}")
    own = said.get("requestid")
    about = [said.get(name) for name in ("customerid", "channelid", "campaignid", "templateid", "timestamp")]
    natural = json.dumps(["id", own] if own else ["about", *map(str, about)])
    return hashlib.sha256(natural.encode()).hexdigest()[:32]


def in_lower_case(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same with the names of its members in lower case, as their case is not sure."""
    return {name.lower(): value for name, value in said.items()}


def _campaign(said: Mapping[str, Any]) -> str:
    value = said.get("campaignid")
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if not _CAMPAIGN.fullmatch(text):
        raise ValueError(f"expected CampaignID as a number or a short text, got {value!r}")
    if text.isdigit() and len(text) > _LONGEST_NUMBER:
        raise ValueError(f"expected CampaignID as a number of at most {_LONGEST_NUMBER} digits, got {value!r:.80}")
    return str(int(text)) if text.isdigit() else text


def _whole(said: Mapping[str, Any], name: str) -> int:
    value = said.get(name.lower())
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    # Ids come as text from some services; 18 digits fit every database.
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise ValueError(f"expected {name} as a whole number, got {value!r}")
    return int(text)
