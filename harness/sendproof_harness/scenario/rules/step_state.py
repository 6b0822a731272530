"""What several rules look at: where the parts of a campaign stand, and what there is by the time of each step."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from sendproof_harness.scenario.diagnostics import KeyPath
from sendproof_harness.scenario.model import (
    AddTemplate,
    Advance,
    Campaign,
    CustomerEvents,
    DeleteTemplate,
    Part,
    PlanCampaign,
    RenameTemplate,
    Scenario,
    Step,
)
from sendproof_harness.scenario.yaml_source import Document


@dataclass(kw_only=True)
class StepState:
    """What there is right before a step: how much time has passed, and which titles each provider holds."""

    index: int
    step: Step
    passed: timedelta
    titles: dict[str, list[str]] = field(default_factory=dict)


def step_states(scenario: Scenario) -> Iterator[StepState]:
    """Each step with what there is right before it."""
    titles: dict[str, list[str]] = {}
    for template in scenario.templates:
        titles.setdefault(template.provider, []).append(template.title)
    passed = timedelta()
    for index, step in enumerate(scenario.steps):
        held = {provider: list(some) for provider, some in titles.items()}
        yield StepState(index=index, step=step, passed=passed, titles=held)
        if isinstance(step, Advance):
            passed += step.by
        _change(titles, step)


def _change(titles: dict[str, list[str]], step: Step) -> None:
    match step:
        case AddTemplate():
            titles.setdefault(step.template.provider, []).append(step.template.title)
        case RenameTemplate() if step.title in titles.get(step.provider, ()):
            titles[step.provider].remove(step.title)
            titles[step.provider].append(step.to)
        case DeleteTemplate() if step.title in titles.get(step.provider, ()):
            titles[step.provider].remove(step.title)


def first_plan_states(scenario: Scenario) -> dict[int, StepState]:
    """The moment of each campaign's first plan step."""
    found: dict[int, StepState] = {}
    for moment in step_states(scenario):
        if isinstance(moment.step, PlanCampaign):
            found.setdefault(moment.step.campaign, moment)
    return found


def campaign_parts(scenario: Scenario, document: Document) -> Iterator[tuple[KeyPath, Campaign, Part]]:
    """Each part of each campaign with its place in the file."""
    content = cast("Any", document.value)
    for index, campaign in enumerate(scenario.campaigns):
        several = "channels" in content["campaigns"][index]
        for number, part in enumerate(campaign.parts):
            place: KeyPath = ("campaigns", index, "channels", number) if several else ("campaigns", index)
            yield place, campaign, part


def announcement_time(scenario: Scenario, campaign: Campaign) -> datetime | None:
    """When a campaign is announced or put on hold: at a time of its own, or in the night of its day."""
    if scenario.nightly is None:
        return campaign.announced
    sendings = [split.send_at for part in campaign.parts for split in part.splits]
    day = campaign.day or (min(sendings).date() if sendings else None)
    hour = time.fromisoformat(scenario.nightly)
    return None if day is None else datetime.combine(day, hour, tzinfo=UTC)


def event_parameters(scenario: Scenario) -> list[str]:
    """The parameters that customers' events have in this scenario."""
    named = [name for step in scenario.steps if isinstance(step, CustomerEvents) for name in step.parameters]
    return list(dict.fromkeys(named))
