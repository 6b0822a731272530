"""Rules about scheduled campaigns: their channels, customers, splits and times."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, cast

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, expected_got, unknown_name
from sendproof_harness.scenario.model import Campaign, PlanCampaign, Scenario
from sendproof_harness.scenario.rules.step_state import (
    StepState,
    announcement_time,
    campaign_parts,
    first_plan_states,
    step_states,
)
from sendproof_harness.scenario.values import iso_utc
from sendproof_harness.scenario.yaml_source import Document
from sendproof_harness.suggestions import suggestion


def campaigns_have_one_form(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that each campaign has either `channel` and `splits`, or `channels`, and each channel once."""
    content = cast("Any", document.value)
    for index, campaign in enumerate(scenario.campaigns):
        keys = content["campaigns"][index].keys() & {"channel", "splits", "channels"}
        if keys not in ({"channel", "splits"}, {"channels"}):
            got = " and ".join(key for key in ("channel", "splits", "channels") if key in keys) or "none of them"
            message = f"expected either channel and splits, or channels, got {got}"
            yield document.diagnostic(("campaigns", index), message)
        if "channels" in keys and "app" in content["campaigns"][index]:
            message = "expected the app in the item of its channel; move this key there"
            yield document.diagnostic(("campaigns", index, "app"), message)
        channels = [part.channel for part in campaign.parts]
        if len(set(channels)) < len(channels):
            message = f"expected each channel once, got {', '.join(map(str, channels))}"
            yield document.diagnostic(("campaigns", index, "channels"), message)


def campaign_channels_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that each channel of a campaign exists and is of kind scheduled."""
    kinds = {channel.id: channel.kind for channel in scenario.channels}
    for path, _, part in campaign_parts(scenario, document):
        if part.channel not in kinds:
            yield document.diagnostic((*path, "channel"), unknown_name("channel", part.channel, kinds))
        elif kinds[part.channel] != "scheduled":
            message = f"expected a channel of kind scheduled, got {part.channel}, which is for triggers"
            yield document.diagnostic((*path, "channel"), message)


def campaign_apps_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the channel of a campaign has its app."""
    apps = {channel.id: list(channel.apps) for channel in scenario.channels}
    for path, _, part in campaign_parts(scenario, document):
        known = apps.get(part.channel, [])
        if part.app is not None and part.app not in known:
            yield document.diagnostic((*path, "app"), unknown_name("app", part.app, known))


def campaigns_fit_the_audience(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that all customers of a campaign exist."""
    available = scenario.audience.customers
    for index, campaign in enumerate(scenario.campaigns):
        if campaign.first_customer + campaign.customers <= available:
            continue
        reason = f"the audience has {available} customers"
        if campaign.first_customer:
            reason += f", and the campaign starts at {campaign.first_customer}"
        expected = f"at most {max(0, available - campaign.first_customer)} ({reason})"
        yield document.diagnostic(("campaigns", index, "customers"), expected_got(expected, campaign.customers))


def split_shares_are_complete(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the shares of a campaign on a channel add up to 100%."""
    for path, _, part in campaign_parts(scenario, document):
        total = sum((split.share for split in part.splits), Fraction(0))
        if total != 1:
            message = f"expected shares of 100% in total, got {float(total * 100):g}%"
            yield document.diagnostic((*path, "splits"), message)


def control_groups_leave_recipients(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that no control group takes all customers of its campaign."""
    for index, campaign in enumerate(scenario.campaigns):
        if campaign.control_group >= 1:
            yield document.diagnostic(("campaigns", index, "control_group"), expected_got("less than 100%", "100%"))


def split_templates_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the channel's provider has the template when the campaign is planned."""
    providers = {channel.id: channel.provider for channel in scenario.channels}
    plan_states, initial_state = first_plan_states(scenario), next(step_states(scenario))
    for path, campaign, part in campaign_parts(scenario, document):
        provider = providers.get(part.channel)
        if provider is None:
            continue
        titles = plan_states.get(campaign.campaign, initial_state).titles.get(provider, [])
        for number, split in enumerate(part.splits):
            if split.template not in titles:
                message = f'{provider} has no template "{split.template}"; {suggestion(split.template, titles)}'
                yield document.diagnostic((*path, "splits", number, "template"), message)


def campaigns_are_announced_one_way(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the nightly process announces all campaigns, or each has its own announcement time."""
    for index, campaign in enumerate(scenario.campaigns):
        path: KeyPath = ("campaigns", index)
        if scenario.nightly is None and campaign.announced is None:
            message = 'missing key "announced": expected the time at which Optimove announces the campaign'
            yield document.diagnostic(path, message)
        if scenario.nightly is None and campaign.day is not None:
            yield document.diagnostic((*path, "day"), "`day` requires a nightly process; use `announced` instead")
        if scenario.nightly is not None and campaign.announced is not None:
            message = f"the nightly process at {scenario.nightly} announces the campaign; use `day` or remove this key"
            yield document.diagnostic((*path, "announced"), message)


def campaigns_are_announced_in_order(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that a campaign is announced after the start of the scenario and before its clearance deadline."""
    for index, campaign in enumerate(scenario.campaigns):
        path: KeyPath = ("campaigns", index)
        announced = announcement_time(scenario, campaign)
        if announced is None:
            continue
        if announced < scenario.starts:
            expected = f"a time not before the scenario starts ({iso_utc(scenario.starts)})"
            key = "announced" if scenario.nightly is None else "day"
            yield document.diagnostic((*path, key), expected_got(expected, iso_utc(announced)))
        if campaign.clearance_by is not None and campaign.clearance_by < announced:
            expected = f"a time not before the campaign is put on hold ({iso_utc(announced)})"
            yield document.diagnostic((*path, "clearance_by"), expected_got(expected, iso_utc(campaign.clearance_by)))


def conditional_campaigns_are_cleared(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the client asks the bridge for clearances, if a campaign waits for one."""
    for index, campaign in enumerate(scenario.campaigns):
        if campaign.clearance_by is not None and not scenario.bridge.clears_campaigns:
            message = "the client asks for no clearance; add `clears_campaigns: true` to `bridge`"
            yield document.diagnostic(("campaigns", index, "clearance_by"), message)


def messages_follow_the_announcement(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that no message is due before the campaign is announced or its clearance deadline."""
    for path, campaign, part in campaign_parts(scenario, document):
        earliest = campaign.clearance_by or announcement_time(scenario, campaign)
        for number, split in enumerate(part.splits):
            if earliest is not None and split.send_at < earliest:
                expected = f"a time not before the campaign is announced ({iso_utc(earliest)})"
                message = expected_got(expected, iso_utc(split.send_at))
                yield document.diagnostic((*path, "splits", number, "send_at"), message)


def campaigns_are_planned_in_time(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that each campaign is planned before it is announced."""
    for campaign, state in _planned_campaigns(scenario):
        now, announced = scenario.starts + state.elapsed, announcement_time(scenario, campaign)
        if announced is not None and scenario.starts <= announced < now:
            message = (
                f"campaign {campaign.campaign} is announced at {iso_utc(announced)},"
                f" but this step runs at {iso_utc(now)}; plan the campaign earlier"
            )
            yield document.diagnostic(("steps", state.index, "plan"), message)


def _planned_campaigns(scenario: Scenario) -> Iterator[tuple[Campaign, StepState]]:
    campaigns = {campaign.campaign: campaign for campaign in scenario.campaigns}
    for state in step_states(scenario):
        if isinstance(state.step, PlanCampaign) and state.step.campaign in campaigns:
            yield campaigns[state.step.campaign], state


RULES = (
    campaigns_have_one_form,
    campaign_channels_exist,
    campaign_apps_exist,
    campaigns_fit_the_audience,
    split_shares_are_complete,
    control_groups_leave_recipients,
    split_templates_exist,
    campaigns_are_announced_one_way,
    campaigns_are_announced_in_order,
    conditional_campaigns_are_cleared,
    messages_follow_the_announcement,
    campaigns_are_planned_in_time,
)
