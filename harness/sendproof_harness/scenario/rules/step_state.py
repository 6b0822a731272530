"""State that several rules share: the parts of campaigns, and the time and templates right before each step."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from sendproof_harness.scenario.diagnostics import KeyPath
from sendproof_harness.scenario.model import (
    AddAttribute,
    AddTemplate,
    Advance,
    Audience,
    Campaign,
    CustomerEvents,
    DeleteTemplate,
    Part,
    PlanCampaign,
    RenameTemplate,
    Scenario,
    Step,
)
from sendproof_harness.scenario.rules.simulator_facts import (
    ADDRESS_ATTRIBUTES,
    BROWSER_ATTRIBUTES,
    DEVICE_ATTRIBUTES,
    USUAL_ATTRIBUTES,
)
from sendproof_harness.scenario.yaml_source import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """The state right before a step: the elapsed virtual time, and the template titles of each provider."""

    index: int
    step: Step
    elapsed: timedelta
    titles: dict[str, list[str]]


def step_states(scenario: Scenario) -> Iterator[StepState]:
    """Yield each step with the state right before it."""
    titles: dict[str, list[str]] = {}
    for template in scenario.templates:
        titles.setdefault(template.provider, []).append(template.title)
    elapsed = timedelta()
    for index, step in enumerate(scenario.steps):
        copied = {provider: list(provider_titles) for provider, provider_titles in titles.items()}
        yield StepState(index=index, step=step, elapsed=elapsed, titles=copied)
        if isinstance(step, Advance):
            elapsed += step.by
        _apply(step, titles)


def _apply(step: Step, titles: dict[str, list[str]]) -> None:
    match step:
        case AddTemplate():
            titles.setdefault(step.template.provider, []).append(step.template.title)
        case RenameTemplate() if step.title in titles.get(step.provider, ()):
            titles[step.provider].remove(step.title)
            titles[step.provider].append(step.to)
        case DeleteTemplate() if step.title in titles.get(step.provider, ()):
            titles[step.provider].remove(step.title)


def first_plan_states(scenario: Scenario) -> dict[int, StepState]:
    """Return, by campaign, the state before the first step that plans it."""
    states: dict[int, StepState] = {}
    for state in step_states(scenario):
        if isinstance(state.step, PlanCampaign):
            states.setdefault(state.step.campaign, state)
    return states


def campaign_parts(scenario: Scenario, document: Document) -> Iterator[tuple[KeyPath, Campaign, Part]]:
    """Yield each part of each campaign with its path in the file."""
    content = cast("Any", document.value)
    for index, campaign in enumerate(scenario.campaigns):
        has_channels = "channels" in content["campaigns"][index]
        for number, part in enumerate(campaign.parts):
            path: KeyPath = ("campaigns", index, "channels", number) if has_channels else ("campaigns", index)
            yield path, campaign, part


def announcement_time(scenario: Scenario, campaign: Campaign) -> datetime | None:
    """Return the time at which Optimove announces a campaign or puts it on hold, or None if the file has none.

    With a nightly process, it is the time of that process on the campaign's day.
    """
    if scenario.nightly is None:
        return campaign.announced
    due_times = [split.send_at for part in campaign.parts for split in part.splits]
    day = campaign.day or (min(due_times).date() if due_times else None)
    hour = time.fromisoformat(scenario.nightly)
    return None if day is None else datetime.combine(day, hour, tzinfo=UTC)


def attribute_names(scenario: Scenario) -> tuple[str, ...]:
    """Return the real field names of all attributes, those that steps add included."""
    return attribute_names_at(scenario, len(scenario.steps))


def attribute_names_at(scenario: Scenario, index: int) -> tuple[str, ...]:
    """Return the real field names of the attributes that exist right before a step."""
    audience = scenario.audience
    usual = (audience.name_of(name) for name in usual_attributes(audience))
    added = (step.name for step in scenario.steps[:index] if isinstance(step, AddAttribute))
    return (*usual, *(attribute.name for attribute in audience.attributes), *added)


def usual_attributes(audience: Audience) -> tuple[str, ...]:
    """Return the usual names of the attributes of every customer: without an app, no customer has a device."""
    of_devices = () if audience.devices is None else DEVICE_ATTRIBUTES
    of_browsers = () if audience.browsers is None else BROWSER_ATTRIBUTES
    of_addresses = () if audience.addresses is None else ADDRESS_ATTRIBUTES
    return (*USUAL_ATTRIBUTES, *of_devices, *of_browsers, *of_addresses)


def event_parameters(scenario: Scenario) -> list[str]:
    """Return the names of the parameters of all customer events, without duplicates."""
    names = [name for step in scenario.steps if isinstance(step, CustomerEvents) for name in step.parameters]
    return list(dict.fromkeys(names))
