"""The subjects of a scenario: what its run must contain to prove anything.

A promise about a customer on the second page is void if no customer there is due a message. The subjects make such
promises machine-readable. The judge looks for them in the history of the run (`judge/facts/subjects.py`).
"""

from collections.abc import Iterator

from sendproof_harness.scenario.model import (
    PAGE_SIZE,
    Campaign,
    CancelCampaign,
    DefineTrigger,
    PlanCampaign,
    Scenario,
    Subject,
)
from sendproof_harness.scenario.rules.step_state import announcement_time, step_states


def required_subjects(scenario: Scenario) -> tuple[Subject, ...]:
    """Return the subjects that the file names, and those that follow from its campaigns and triggers."""
    return tuple(dict.fromkeys([*scenario.subjects, *_derived_subjects(scenario)]))


def _derived_subjects(scenario: Scenario) -> Iterator[Subject]:
    planned = {step.campaign for step in scenario.steps if isinstance(step, PlanCampaign)}
    cancelled = {step.campaign for step in scenario.steps if isinstance(step, CancelCampaign)}
    unannounced = _cancelled_before_announcement(scenario)
    for campaign in scenario.campaigns:
        if campaign.campaign not in planned or _is_withheld(scenario, campaign) or campaign.campaign in unannounced:
            continue
        if campaign.campaign in cancelled or campaign.cancel_at is not None:
            yield Subject(kind="withheld", value="cancelled")
            continue
        yield Subject(kind="due_in_every_split", value=campaign.campaign)
        if campaign.customers > PAGE_SIZE:
            yield Subject(kind="due_on_page", value=-(-campaign.customers // PAGE_SIZE))
    for step in scenario.steps:
        if isinstance(step, DefineTrigger):
            yield Subject(kind="due", value=step.trigger)


def _cancelled_before_announcement(scenario: Scenario) -> frozenset[int]:
    """Return the campaigns that no bridge hears of, so that none of their messages is due or withheld."""
    announced = {campaign.campaign: announcement_time(scenario, campaign) for campaign in scenario.campaigns}
    cancelled = {campaign.campaign: campaign.cancel_at for campaign in scenario.campaigns}
    for state in step_states(scenario):
        if isinstance(state.step, CancelCampaign) and state.step.client is None:
            cancelled[state.step.campaign] = scenario.starts + state.elapsed
    times = ((number, at, announced.get(number)) for number, at in cancelled.items())
    return frozenset(number for number, at, announcement in times if at and announcement and at < announcement)


def _is_withheld(scenario: Scenario, campaign: Campaign) -> bool:
    """Return True if the campaign has no customers, or only individuals who get no message."""
    everywhere = (individual for individual in scenario.audience.individuals if individual.client is None)
    withheld = {individual.customer for individual in everywhere if individual.protection not in {None, "none"}}
    customers = range(campaign.first_customer, campaign.first_customer + campaign.customers)
    return len(customers) <= len(withheld) and withheld.issuperset(customers)
