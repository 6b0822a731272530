"""Rules about scheduled campaigns: their channels, customers, splits and times."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any, cast

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, expected_got, suggestion
from sendproof_harness.scenario.model import Campaign, PlanCampaign, Scenario
from sendproof_harness.scenario.rules.step_state import (
    announcement_time,
    campaign_parts,
    first_plan_states,
    step_states,
)
from sendproof_harness.scenario.values import iso_utc
from sendproof_harness.scenario.yaml_source import Document


def campaigns_say_where(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Either one channel with its splits, or several of both; and each channel once."""
    content = cast("Any", document.value)
    for index, campaign in enumerate(scenario.campaigns):
        keys = content["campaigns"][index].keys() & {"channel", "splits", "channels"}
        if keys not in ({"channel", "splits"}, {"channels"}):
            got = " and ".join(key for key in ("channel", "splits", "channels") if key in keys) or "none of them"
            message = f"expected either channel and splits, or channels, got {got}"
            yield document.diagnostic(("campaigns", index), message)
        used = [part.channel for part in campaign.parts]
        if len(set(used)) < len(used):
            message = f"expected each channel once, got {', '.join(map(str, used))}"
            yield document.diagnostic(("campaigns", index, "channels"), message)


def campaigns_have_a_channel(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """The channel is there, and is one for scheduled campaigns."""
    kinds = {channel.id: channel.kind for channel in scenario.channels}
    for place, _, part in campaign_parts(scenario, document):
        if part.channel not in kinds:
            message = f"there is no channel {part.channel}; {suggestion(str(part.channel), list(kinds))}"
            yield document.diagnostic((*place, "channel"), message)
        elif kinds[part.channel] != "scheduled":
            message = f"channel {part.channel} is for triggers; a campaign needs one of kind scheduled"
            yield document.diagnostic((*place, "channel"), message)


def campaigns_fit_the_audience(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Nobody is in a campaign who does not exist."""
    there = scenario.audience.customers
    for index, campaign in enumerate(scenario.campaigns):
        needed = campaign.first_customer + campaign.customers
        if needed > there:
            what = f"at most {max(0, there - campaign.first_customer)}, as the audience has {there} customers"
            if campaign.first_customer:
                what += f" and this campaign begins at {campaign.first_customer}"
            yield document.diagnostic(("campaigns", index, "customers"), expected_got(what, campaign.customers))


def splits_make_the_whole(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """The shares of a campaign on a channel make 100%."""
    for place, _, part in campaign_parts(scenario, document):
        total = sum((split.share for split in part.splits), Fraction(0))
        if total != 1:
            message = f"expected shares that make 100%, got {float(total * 100):g}%"
            yield document.diagnostic((*place, "splits"), message)


def splits_have_a_template(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """The template is at the channel's provider when the campaign is planned."""
    providers = {channel.id: channel.provider for channel in scenario.channels}
    when, first = first_plan_states(scenario), next(step_states(scenario))
    for place, campaign, part in campaign_parts(scenario, document):
        provider = providers.get(part.channel)
        if provider is None:
            continue
        known = when.get(campaign.campaign, first).titles.get(provider, [])
        for number, split in enumerate(part.splits):
            if split.template not in known:
                message = f'{provider} has no template "{split.template}"; {suggestion(split.template, known)}'
                yield document.diagnostic((*place, "splits", number, "template"), message)


def announcements_are_said_once(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Where there is a nightly process it announces; else each campaign says when."""
    for index, campaign in enumerate(scenario.campaigns):
        place: KeyPath = ("campaigns", index)
        if scenario.nightly is None and campaign.announced is None:
            yield document.diagnostic(place, 'missing key "announced": expected when Optimove tells the bridge of it')
        if scenario.nightly is None and campaign.day is not None:
            yield document.diagnostic((*place, "day"), "only a nightly process has days; say when it is announced")
        if scenario.nightly is not None and campaign.announced is not None:
            message = f"the nightly process at {scenario.nightly} announces it; give the day or leave it out"
            yield document.diagnostic((*place, "announced"), message)


def times_follow_each_other(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """The beginning, the announcement, the clearance, the first message."""
    for index, campaign in enumerate(scenario.campaigns):
        place: KeyPath = ("campaigns", index)
        at = announcement_time(scenario, campaign)
        if at is None:
            continue
        if at < scenario.starts:
            what = f"a time not before the scenario starts ({iso_utc(scenario.starts)})"
            key = "announced" if scenario.nightly is None else "day"
            yield document.diagnostic((*place, key), expected_got(what, iso_utc(at)))
        if campaign.clearance_by is not None and campaign.clearance_by < at:
            what = f"a time not before the campaign is put on hold ({iso_utc(at)})"
            yield document.diagnostic((*place, "clearance_by"), expected_got(what, iso_utc(campaign.clearance_by)))
    for place, campaign, part in campaign_parts(scenario, document):
        earliest = campaign.clearance_by or announcement_time(scenario, campaign)
        for number, split in enumerate(part.splits):
            if earliest is not None and split.send_at < earliest:
                yield document.diagnostic((*place, "splits", number, "send_at"), _too_early(split.send_at, earliest))


def _too_early(send_at: datetime, earliest: datetime) -> str:
    return expected_got(f"a time not before the campaign is announced ({iso_utc(earliest)})", iso_utc(send_at))


def plans_come_in_time(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """A campaign is planned before it is announced."""
    for campaign, moment in _planned(scenario):
        now, at = scenario.starts + moment.passed, announcement_time(scenario, campaign)
        if at is not None and scenario.starts <= at < now:
            message = (
                f"campaign {campaign.campaign} is announced at {iso_utc(at)},"
                f" but by this step it is {iso_utc(now)}; plan it earlier"
            )
            yield document.diagnostic(("steps", moment.index, "plan"), message)


def _planned(scenario: Scenario) -> Iterator[tuple[Campaign, Any]]:
    campaigns = {campaign.campaign: campaign for campaign in scenario.campaigns}
    for moment in step_states(scenario):
        if isinstance(moment.step, PlanCampaign) and moment.step.campaign in campaigns:
            yield campaigns[moment.step.campaign], moment


RULES = (
    campaigns_say_where,
    campaigns_have_a_channel,
    campaigns_fit_the_audience,
    splits_make_the_whole,
    splits_have_a_template,
    announcements_are_said_once,
    times_follow_each_other,
    plans_come_in_time,
)
