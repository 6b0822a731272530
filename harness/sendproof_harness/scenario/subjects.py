"""The subjects of a scenario: what its run must contain to prove anything.

A promise about a customer on the second page is void if no customer there is due a message. The subjects make such
promises machine-readable. The judge looks for them in the history of the run (`judge/facts/subjects.py`).
"""

from collections.abc import Iterator

from sendproof_harness.scenario.model import Campaign, CancelCampaign, DefineTrigger, PlanCampaign, Scenario, Subject

#: The customers of one page; documented: openapi/optimove.yaml.
PAGE_SIZE = 10_000


def required_subjects(scenario: Scenario) -> tuple[Subject, ...]:
    """Return the subjects that the file names, and those that follow from its campaigns and triggers."""
    return tuple(dict.fromkeys([*scenario.subjects, *_derived_subjects(scenario)]))


def _derived_subjects(scenario: Scenario) -> Iterator[Subject]:
    planned = {step.campaign for step in scenario.steps if isinstance(step, PlanCampaign)}
    cancelled = {step.campaign for step in scenario.steps if isinstance(step, CancelCampaign)}
    for campaign in scenario.campaigns:
        if campaign.campaign not in planned or _is_withheld(scenario, campaign):
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


def _is_withheld(scenario: Scenario, campaign: Campaign) -> bool:
    """Return True if the campaign has no customers, or only individuals who get no message."""
    everywhere = (individual for individual in scenario.audience.individuals if individual.client is None)
    withheld = {individual.customer for individual in everywhere if individual.protection not in {None, "none"}}
    customers = range(campaign.first_customer, campaign.first_customer + campaign.customers)
    return len(customers) <= len(withheld) and withheld.issuperset(customers)
