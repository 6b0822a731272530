"""Requests to a listener, as plain values, and the fictitious data in them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from sendproof_harness.conformance.listener_spec import TRIGGER, example

#: The listener must accept the request (2xx), respond without a server error, or only work on afterwards.
Expectation = Literal["accepted", "answered", "survived"]

JSON = "application/json"
OPTED_OUT = "its customer has opted out"

# Ids that exist in no sandbox: customers of an audience are C0000000 and so on, and the campaigns of the conformance
# scenario are 7001 and so on.
_UNKNOWN_CAMPAIGNS = 900_000_000
# Larger than 32 bits, as ids of templates were observed.
UNKNOWN_TEMPLATE = 9_007_199_254
UNKNOWN_CHANNEL = 999
# Valid British numbers, above those of an audience.
_UNKNOWN_NUMBERS = 447_410_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One registered listener: its URL, its event type and its channel (None: all channels)."""

    url: str
    event: int
    channel: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerRequest:
    """One request to a listener.

    `what` describes the kind of request, and `wrong` the part that the contract does not allow (None: it is valid).
    `number` is a phone number that no other request contains; nothing may be sent to it, for the reason in `forbids`.
    """

    what: str
    expects: Expectation
    body: bytes
    url: str
    method: str = "POST"
    content_type: str | None = JSON
    wrong: str | None = None
    number: str | None = None
    forbids: str = OPTED_OUT


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownIds:
    """Ids that exist in no sandbox and that no other request contains. `customer` and `number` belong together."""

    customer: str
    number: str
    campaign: int
    request: str


@dataclass(kw_only=True)
class EventContext:
    """The data of a sandbox that events refer to, and a source of unknown ids.

    `executed` is a campaign with the time at which Optimove announced its execution, and `triggered` the campaign of a
    trigger. `template` is the id and title of a template of the triggered channel. `phone` and `consent` are names of
    attributes, and `token` is the secret in the listener's URL. `now` is the sandbox's time.
    """

    seed: int
    now: datetime
    executed: tuple[int, datetime]
    triggered: int
    template: tuple[int | str, str]
    phone: str
    consent: str
    token: str
    _serials: Iterator[int] = field(default_factory=lambda: count(1), init=False)

    def new_ids(self) -> UnknownIds:
        """Return ids that were not used before."""
        serial = next(self._serials)
        return UnknownIds(
            customer=f"N{serial:07d}",
            number=str(_UNKNOWN_NUMBERS + serial),
            campaign=_UNKNOWN_CAMPAIGNS + serial,
            request=str(uuid5(NAMESPACE_URL, f"sendproof {self.seed} {serial}")),
        )

    def known_event(self, target: Target, ids: UnknownIds) -> dict[str, Any]:
        """Return an event about existing things that must not cause a message.

        For a campaign it is identical to the event that Optimove has posted before, because a bridge may distinguish
        events by any member.
        """
        event = self.unknown_event(target, ids)
        if _CAMPAIGN in event:
            campaign, announced = self.executed
            time = announced if target.event in _ANNOUNCING else self.now
            event |= {_CAMPAIGN: campaign, _TIME: optimove_time(time)}
        return event

    def unknown_event(self, target: Target, ids: UnknownIds) -> dict[str, Any]:
        """Return an event about a campaign that does not exist; event 11 is about an unknown customer."""
        if target.event == TRIGGER:
            return self.trigger_event(target, ids)
        members = {_CAMPAIGN: ids.campaign, "ChannelID": target.channel, _TIME: optimove_time(self.now)}
        members["ClearanceRequiredBy"] = optimove_time(self.now + timedelta(hours=2))
        event = example(target.event)
        return event | {name: value for name, value in members.items() if name in event}

    def trigger_event(self, target: Target, ids: UnknownIds, *, consent: str = "0") -> dict[str, Any]:
        """Return event 11 about an unknown customer, who has opted out unless `consent` is 1."""
        template, title = self.template
        return example(TRIGGER) | {
            "requestId": ids.request,
            "customerID": ids.customer,
            "channelID": target.channel,
            "campaignID": str(self.triggered),
            "campaignSeriesID": str(self.triggered),
            "templateID": template,
            "templateName": title,
            "timestamp": str(int(self.now.timestamp())),
            "personalization": {
                "personalInfo": {
                    "ClientCustomerId": ids.customer,
                    "FIRST_NAME": "Ana",
                    self.phone: f"+{ids.number}",
                    self.consent: consent,
                },
                "basket": {"page": "/offers"},
            },
        }


_CAMPAIGN, _TIME = "CampaignID", "TimeStamp"
# Event 1: a campaign was processed. Event 13: a campaign was executed on a channel.
_ANNOUNCING = frozenset({1, 13})


def optimove_time(time: datetime) -> str:
    """Format a time like Optimove."""
    return time.strftime("%Y-%m-%d %H:%M:%S")


def json_body(value: object) -> bytes:
    """Encode a body like Optimove."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
