"""Pure changes of a scenario, one for each invariant."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from sendproof_harness.comparison.invariants.invariant import NotApplicableError, Situation
from sendproof_harness.comparison.invariants.letters import other_letters
from sendproof_harness.comparison.invariants.named_texts import NamedTexts
from sendproof_harness.history.records import Obligation
from sendproof_harness.scenario.customer_selection import CustomerIds
from sendproof_harness.scenario.model import (
    NUMBERS,
    PAGE_SIZE,
    AddTemplate,
    Campaign,
    CancelCampaign,
    ChangeAttributes,
    ChangeTemplate,
    CustomerEvents,
    DeleteTemplate,
    Individual,
    OptIn,
    OptOut,
    PlanCampaign,
    RenameTemplate,
    Scenario,
    Step,
    Trigger,
    shifted,
)

#: The days by which a scenario is shifted: whole weeks, over the nights in which clocks change.
DAYS = 35
#: What is added to the title of every template.
TITLE_SUFFIX = " (2)"

_ROW_ORDER, _ASCENDING, _DESCENDING = "optimove.row_order", "ascending", "descending"
# The control API takes no more.
_INDIVIDUALS_MAX = 1_000


def in_opposite_order(situation: Situation) -> Scenario:
    """Return the scenario with the rows of each campaign in the opposite order."""
    scenario = situation.scenario
    _require(bool(scenario.campaigns), "no scheduled campaign, so no rows")
    _require(not scenario.faults, "faults, which would hit other customers")
    order = _DESCENDING if scenario.dialects.get(_ROW_ORDER, _ASCENDING) == _ASCENDING else _ASCENDING
    return _plain(replace(scenario, dialects={**scenario.dialects, _ROW_ORDER: order}))


def over_a_page_border(situation: Situation) -> Scenario:
    """Return the scenario with further customers, so that a page ends in the middle of the present ones.

    The further customers have no usable number. They come first in the descending order of rows.
    """
    scenario, customers = situation.scenario, situation.scenario.audience.customers
    campaigns = [_as_large(campaign, customers, PAGE_SIZE + customers // 2) for campaign in scenario.campaigns]
    _require(bool(campaigns), "no scheduled campaign, so no pages")
    _require(1 < customers <= _INDIVIDUALS_MAX, f"{customers:,} customers, which is not 2 to {_INDIVIDUALS_MAX:,}")
    _require(all(campaigns), "a campaign to a part of the audience")
    _require(not scenario.audience.outcomes, "shares of test numbers, which depend on the size of the audience")
    _require(not any(campaign.control_group for campaign in scenario.campaigns), "a control group")
    _require(not scenario.faults and not scenario.clients, "faults or several clients")
    _require(not scenario.customer_import and not scenario.suppression, "customers whom the provider leaves out")
    audience = replace(
        scenario.audience,
        customers=PAGE_SIZE + customers // 2,
        opted_out=Fraction(0),
        unusable_numbers=Fraction(1),
        individuals=tuple(_protected_individuals(situation)),
    )
    return _plain(
        replace(
            scenario,
            audience=audience,
            campaigns=tuple(campaign for campaign in campaigns if campaign),
            dialects={**scenario.dialects, _ROW_ORDER: _DESCENDING},
        )
    )


def _as_large(campaign: Campaign, audience: int, customers: int) -> Campaign | None:
    """Return the campaign for a larger audience; None if it has only a part of the present one."""
    if campaign.first_customer or campaign.customers != audience:
        return None
    return replace(campaign, customers=customers)


def _protected_individuals(situation: Situation) -> Iterator[Individual]:
    """Yield each customer with the protection that the run had; the present individuals keep their places."""
    known = {individual.customer: individual for individual in situation.scenario.audience.individuals}
    obligations = {obligation.customer: obligation for obligation in situation.history.obligations}
    ids = CustomerIds.of(situation.scenario.audience)
    rest = [position for position in range(situation.scenario.audience.customers) if position not in known]
    for position in (*known, *rest):
        individual = known.get(position, Individual(customer=position))
        if individual.protection is None:
            obligation = obligations.get(ids.at(position))
            _require(obligation is not None, "customers outside every campaign")
            individual = replace(individual, protection=_protection(obligation))
        yield individual


def _protection(obligation: Obligation | None) -> str:
    reason = "none" if obligation is None or obligation.owed else str(obligation.reason)
    if reason == "opted_out" and obligation is not None:
        return "no_consent" if obligation.opted_out_by == "attribute" else "provider_list"
    _require(reason in {"none", "unusable_number"}, f"customers whose message is withheld for another reason: {reason}")
    return reason


def in_two_campaigns(situation: Situation) -> Scenario:
    """Return the scenario with each campaign divided into two: the first half of its customers, and the second."""
    scenario = situation.scenario
    _require(bool(scenario.campaigns), "no scheduled campaign")
    _require(not scenario.faults, "faults, which would hit other calls")
    # The draw depends on the place of the step, and there is one step more before it.
    _require(not any(map(_selects_a_share, scenario.steps)), "a step for a share of the audience")
    for campaign in scenario.campaigns:
        _require(campaign.customers > 1, "a campaign to a single customer")
        _require(not campaign.control_group, "a control group, which Optimove draws for each campaign")
        _require(
            all(len(part.splits) == 1 for part in campaign.parts),
            "a campaign with several splits, which Optimove draws for each campaign",
        )
    numbers = second_halves(scenario)
    return _plain(
        replace(
            scenario,
            campaigns=tuple(half for campaign in scenario.campaigns for half in _halves(campaign, numbers)),
            steps=tuple(new for step in scenario.steps for new in _for_both_halves(step, numbers)),
        )
    )


def second_halves(scenario: Scenario) -> dict[int, int]:
    """Return the number of the campaign with the second half of the customers, by that of the campaign."""
    triggered = (trigger.campaign for trigger in scenario.triggers)
    highest = max((*(campaign.campaign for campaign in scenario.campaigns), *triggered), default=0)
    return {campaign.campaign: highest + 1 + index for index, campaign in enumerate(scenario.campaigns)}


def _halves(campaign: Campaign, numbers: dict[int, int]) -> tuple[Campaign, Campaign]:
    half = campaign.customers // 2
    return replace(campaign, customers=half), replace(
        campaign,
        campaign=numbers[campaign.campaign],
        customers=campaign.customers - half,
        first_customer=campaign.first_customer + half,
    )


def _for_both_halves(step: Step, numbers: dict[int, int]) -> tuple[Step, ...]:
    if isinstance(step, PlanCampaign | CancelCampaign):
        return step, replace(step, campaign=numbers[step.campaign])
    return (step,)


def with_other_titles(situation: Situation) -> Scenario:
    """Return the scenario with another title for each template."""
    scenario = situation.scenario
    _require(bool(scenario.templates), "no template")
    _require(not any(template.translations for template in scenario.templates), "translations, named by the title")
    return _plain(
        replace(
            scenario,
            templates=tuple(replace(template, title=other_title(template.title)) for template in scenario.templates),
            campaigns=tuple(map(_with_other_titles, scenario.campaigns)),
            triggers=tuple(_trigger_with_other_title(trigger) for trigger in scenario.triggers),
            steps=tuple(map(_step_with_other_title, scenario.steps)),
        )
    )


def other_title(title: str) -> str:
    """Return the new title of a template."""
    return title + TITLE_SUFFIX


def _with_other_titles(campaign: Campaign) -> Campaign:
    parts = (
        replace(part, splits=tuple(replace(split, template=other_title(split.template)) for split in part.splits))
        for part in campaign.parts
    )
    return replace(campaign, parts=tuple(parts))


def _trigger_with_other_title(trigger: Trigger) -> Trigger:
    return replace(trigger, template=other_title(trigger.template))


def _step_with_other_title(step: Step) -> Step:
    match step:
        case AddTemplate():
            return replace(step, template=replace(step.template, title=other_title(step.template.title)))
        case RenameTemplate():
            return replace(step, title=other_title(step.title), to=other_title(step.to))
        case ChangeTemplate() | DeleteTemplate():
            return replace(step, title=other_title(step.title))
        case _:
            return step


def days_later(situation: Situation) -> Scenario:
    """Return the scenario with all of its times shifted by whole days."""
    scenario = situation.scenario
    _require(situation.scenario.customer_import is None, "a daily import with days of its own")
    return _plain(shifted(scenario, timedelta(days=DAYS)))


def with_another_provider(situation: Situation) -> Scenario:
    """Return the scenario for the next provider of its list, with customers of the same country."""
    scenario = situation.scenario
    _require(bool(situation.others), "no other provider to test this bridge with")
    _require(not scenario.faults, "faults, which have other places there")
    _require(
        all(template.url is None and template.segment is None for template in scenario.templates),
        "a link or a segment that only one provider has",
    )
    _require(scenario.suppression is None and scenario.customer_import is None, "settings of one provider")
    _require(
        all(channel.recipients == NUMBERS and not channel.overrides for channel in scenario.channels),
        "channels as only one provider has them",
    )
    other = situation.others[0]
    return _plain(replace(other, audience=replace(other.audience, country=scenario.audience.country)))


def with_twice_the_audience(situation: Situation) -> Scenario:
    """Return the scenario with as many customers again, in every campaign to the whole audience."""
    scenario, customers = situation.scenario, situation.scenario.audience.customers
    doubled = [_as_large(campaign, customers, 2 * customers) or campaign for campaign in scenario.campaigns]
    _require(doubled != list(scenario.campaigns), "no campaign to the whole audience")
    _require(not scenario.faults, "faults, which would hit other calls")
    _require(not scenario.audience.outcomes, "shares of test numbers, which depend on the size of the audience")
    _require(not any(map(_selects_a_share, scenario.steps)), "a step for a share of the audience")
    audience = replace(scenario.audience, customers=2 * customers)
    return _plain(replace(scenario, audience=audience, campaigns=tuple(doubled)))


def _selects_a_share(step: Step) -> bool:
    return isinstance(step, CustomerEvents | OptOut | OptIn | ChangeAttributes) and step.selection.share is not None


def with_other_names(situation: Situation) -> Scenario:
    """Return the scenario with other names and cities for all customers, spelled by the same rules.

    The present names are those in the due texts of the run.
    """
    scenario = situation.scenario
    _require(not scenario.clients, "several clients with different customers")
    individuals = {individual.customer: individual for individual in scenario.audience.individuals}
    for customer, names in _present_names(situation).items():
        individual = individuals.get(customer, Individual(customer=customer))
        others = {name: other_letters(value) for name, value in names.items()}
        individuals[customer] = replace(individual, attributes={**individual.attributes, **others})
    _require(len(individuals) <= _INDIVIDUALS_MAX, f"more than {_INDIVIDUALS_MAX:,} customers")
    audience = replace(scenario.audience, individuals=tuple(individuals.values()))
    _require(audience != scenario.audience, "no name in any text")
    return _plain(replace(scenario, audience=audience))


def _present_names(situation: Situation) -> dict[int, dict[str, str]]:
    """Return the names in the due texts, by the position of the customer."""
    texts, present = NamedTexts(situation.scenario), dict[int, dict[str, str]]()
    ids = CustomerIds.of(situation.scenario.audience)
    for obligation in situation.history.obligations:
        position = ids.position(obligation.customer)
        if position is not None:
            own = present.setdefault(position, {})
            for name, value in texts.names(obligation.text or "").items():
                # "Ana Maria Silva" does not say where the first name ends; another text may.
                _require(own.setdefault(name, value) == value, "names that its texts do not tell apart")
    return {customer: names for customer, names in present.items() if names}


def _plain(scenario: Scenario) -> Scenario:
    """Return the scenario without subjects: a changed one proves nothing by itself."""
    return replace(scenario, subjects=())


def _require(holds: bool, reason: str) -> None:  # noqa: FBT001 - the condition reads best first
    """Raise `NotApplicableError` unless a condition holds."""
    if not holds:
        raise NotApplicableError(f"it has {reason}")
