"""What is posted to a listener, and to whom: plain values."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from sendproof_harness.conformance.listener_spec import TRIGGER, example

#: It must be taken (2xx); or answered, only not with a failure; or the listener must merely go on afterwards.
Asks = Literal["accepted", "answered", "survived"]

JSON = "application/json"
OPTED_OUT = "its customer does not want any"

# Ids that exist in no sandbox: audiences have C0000000, campaigns of the contract's scenario 7001 and its like.
_CAMPAIGN_OF_NOBODY = 900_000_000
# Templates were seen with ids beyond 32 bits.
TEMPLATE_OF_NOBODY = 9_007_199_254
CHANNEL_OF_NOBODY = 999
# Valid numbers of Britain, above those that audiences have.
_NUMBER_OF_NOBODY = 447_410_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One registered listener: where it is, for which type of event, and of which channel (None: of all)."""

    url: str
    event: int
    channel: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One call. `what` is its kind in words, `wrong` what of it no contract allows (None: it is allowed).

    `number` is one that it alone names; `forbids` says why nothing may be sent there.
    """

    what: str
    asks: Asks
    body: bytes
    url: str
    method: str = "POST"
    content_type: str | None = JSON
    wrong: str | None = None
    number: str | None = None
    forbids: str = OPTED_OUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Nobody:
    """A customer who does not exist, with ids that nobody else has."""

    customer: str
    number: str
    campaign: int
    request: str


@dataclass(kw_only=True)
class Place:
    """What there is in the sandbox, and as much as is needed of what there is not.

    `executed`: a campaign, and when Optimove told that it was executed; `triggered`: one that triggers belong to;
    `template`: one of the triggered channel, by id and title; `now`: the sandbox's time. `phone` and `consent` are
    names of attributes.
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

    def nobody(self) -> Nobody:
        """Another one at every call."""
        serial = next(self._serials)
        return Nobody(
            customer=f"N{serial:07d}",
            number=str(_NUMBER_OF_NOBODY + serial),
            campaign=_CAMPAIGN_OF_NOBODY + serial,
            request=str(uuid5(NAMESPACE_URL, f"sendproof {self.seed} {serial}")),
        )

    def known(self, target: Target, nobody: Nobody) -> dict[str, Any]:
        """An event about what exists, upon which nothing must be sent.

        Of a campaign it is the very event that was posted before: a bridge may tell events apart by anything in them.
        """
        said = self.unknown(target, nobody)
        if _CAMPAIGN in said:
            campaign, announced = self.executed
            said |= {_CAMPAIGN: campaign, _TIME: written(announced if target.event in _ANNOUNCING else self.now)}
        return said

    def unknown(self, target: Target, nobody: Nobody) -> dict[str, Any]:
        """An event about a campaign that does not exist; event 11 about a customer who does not."""
        if target.event == TRIGGER:
            return self.trigger(target, nobody)
        about = {_CAMPAIGN: nobody.campaign, "ChannelID": target.channel, _TIME: written(self.now)}
        about["ClearanceRequiredBy"] = written(self.now + timedelta(hours=2))
        said = example(target.event)
        return said | {name: value for name, value in about.items() if name in said}

    def trigger(self, target: Target, nobody: Nobody, *, consent: str = "0") -> dict[str, Any]:
        """Event 11 about somebody who does not exist, and who, but for `consent` 1, does not want to be written to."""
        template, title = self.template
        return example(TRIGGER) | {
            "requestId": nobody.request,
            "customerID": nobody.customer,
            "channelID": target.channel,
            "campaignID": str(self.triggered),
            "campaignSeriesID": str(self.triggered),
            "templateID": template,
            "templateName": title,
            "timestamp": str(int(self.now.timestamp())),
            "personalization": {
                "personalInfo": {
                    "ClientCustomerId": nobody.customer,
                    "FIRST_NAME": "Ana",
                    self.phone: f"+{nobody.number}",
                    self.consent: consent,
                },
                "basket": {"page": "/offers"},
            },
        }


_CAMPAIGN, _TIME = "CampaignID", "TimeStamp"
# Campaigns that are processed, and that are executed on a channel.
_ANNOUNCING = frozenset({1, 13})


def written(time: datetime) -> str:
    """As Optimove writes it."""
    return time.strftime("%Y-%m-%d %H:%M:%S")


def encoded(body: object) -> bytes:
    """As Optimove would write it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
