"""A scenario as values: what a checked scenario file says."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sendproof_scenarios.values import duration_of, share_of, time_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """How many customers exist, which part of them opted out or has no usable number (0 to 1), and where they live.

    `fates`: which part has a number that decides what becomes of a message to it, by the name of that fate.
    """

    customers: int
    opted_out: Fraction
    unusable_numbers: Fraction
    country: str = "GB"
    fates: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One Optimove channel and the provider that carries its messages."""

    id: int
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One message text at a provider. `body` marks attributes as `{{FIRST_NAME}}`."""

    provider: str
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A part of a campaign's customers (0 to 1), the template they get, and when."""

    share: Fraction
    template: str
    send_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One scheduled campaign: `customers` neighbours in the audience from `first_customer` on."""

    campaign: int
    channel: int
    name: str
    customers: int
    first_customer: int
    announced: datetime
    splits: tuple[Split, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFor:
    """Step: until the bridge has registered so many listeners and synchronised so many templates."""

    listeners: int
    templates: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Step: give a campaign to Optimove."""

    campaign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """Step: let virtual time pass."""

    by: timedelta


Step = WaitFor | Plan | Advance


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that one scenario file says. Times are aware, in UTC."""

    name: str
    about: str
    seed: int
    starts: datetime
    audience: Audience
    channels: tuple[Channel, ...]
    templates: tuple[Template, ...]
    campaigns: tuple[Campaign, ...]
    steps: tuple[Step, ...]


def scenario_of(content: Mapping[str, Any]) -> Scenario:
    """The scenario that a file's content describes; the content has passed the schema and the rules."""
    audience = _audience(content["audience"])
    return Scenario(
        name=content["name"],
        about=content.get("about", ""),
        seed=content["seed"],
        starts=time_of(content["starts"]),
        audience=audience,
        channels=tuple(Channel(**channel) for channel in content["channels"]),
        templates=tuple(Template(**template) for template in content["templates"]),
        campaigns=tuple(_campaign(campaign, audience) for campaign in content["campaigns"]),
        steps=tuple(_step(step) for step in content["steps"]),
    )


def moved(scenario: Scenario, by: timedelta) -> Scenario:
    """The same scenario so much later: every time in it."""
    return replace(
        scenario,
        starts=scenario.starts + by,
        campaigns=tuple(
            replace(
                campaign,
                announced=campaign.announced + by,
                splits=tuple(replace(split, send_at=split.send_at + by) for split in campaign.splits),
            )
            for campaign in scenario.campaigns
        ),
    )


def _audience(content: Mapping[str, Any]) -> Audience:
    return Audience(
        customers=content["customers"],
        opted_out=share_of(content.get("opted_out", "0%")),
        unusable_numbers=share_of(content.get("unusable_numbers", "0%")),
        country=content.get("country", "GB"),
        fates={name: share_of(share) for name, share in content.get("fates", {}).items()},
    )


def _campaign(content: Mapping[str, Any], audience: Audience) -> Campaign:
    return Campaign(
        campaign=content["campaign"],
        channel=content["channel"],
        name=content.get("name", f"Campaign {content['campaign']}"),
        customers=content.get("customers", audience.customers),
        first_customer=content.get("first_customer", 0),
        announced=time_of(content["announced"]),
        splits=tuple(_split(split) for split in content["splits"]),
    )


def _split(content: Mapping[str, Any]) -> Split:
    return Split(share=share_of(content["share"]), template=content["template"], send_at=time_of(content["send_at"]))


def _step(content: Mapping[str, Any]) -> Step:
    if "plan" in content:
        return Plan(campaign=content["plan"])
    if "advance" in content:
        return Advance(by=duration_of(content["advance"]))
    wanted = content["wait_for"]
    return WaitFor(listeners=wanted.get("listeners", 0), templates=wanted.get("templates", 0))
