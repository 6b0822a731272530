"""What is posted to a listener, and to whom: plain values."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from sendproof_scenarios.contract.listener import TRIGGER, example

#: It must be taken (2xx); or answered, only not with a failure; or the listener must merely go on afterwards.
Asks = Literal["taken", "answered", "survived"]

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

    `executed`: a campaign that was announced; `triggered`: one that triggers belong to; `template`: one of the
    triggered channel, by id and title. `phone` and `consent` are names of attributes.
    """

    seed: int
    executed: int
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

    def event(self, target: Target, nobody: Nobody, **changes: Any) -> dict[str, Any]:
        """An event as the contract shows it, about what exists, upon which nothing must be sent."""
        said = self.trigger(target, nobody) if target.event == TRIGGER else self._of_campaign(target, nobody)
        return said | changes

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

    def _of_campaign(self, target: Target, nobody: Nobody) -> dict[str, Any]:
        """What was said before, said again; only what is cancelled or waits must not be a campaign that goes on."""
        said = example(target.event)
        if "CampaignID" in said:
            said["CampaignID"] = self.executed if target.event in _HARMLESS_AGAIN else nobody.campaign
        if "ChannelID" in said:
            said["ChannelID"] = target.channel
        return said


# Processed, and executed on a channel: known already, so that nothing must happen.
_HARMLESS_AGAIN = frozenset({1, 13})


def encoded(body: object) -> bytes:
    """As Optimove would write it."""
    return json.dumps(body, ensure_ascii=False).encode()
