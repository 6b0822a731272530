"""Rules about subjects: the file has what each of them needs. The run shows if its audience has it, too."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from sendproof_harness.scenario.diagnostics import Diagnostic
from sendproof_harness.scenario.model import (
    CONSENT_BY_ATTRIBUTE,
    PAGE_SIZE,
    SMS,
    CancelCampaign,
    ChangeAttributes,
    OptIn,
    OptOut,
    Scenario,
)
from sendproof_harness.scenario.rules.simulator_facts import NUMBER_ATTRIBUTE, SPELLINGS
from sendproof_harness.scenario.yaml_source import Document

# Returns what the file lacks for a value of the subject, or None.
_Need = Callable[[Scenario, Any], str | None]


def subjects_are_possible(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the file has the campaign, trigger, step or customers that each subject needs."""
    content = cast("Any", document.value)
    for index, (subject, part) in enumerate(zip(scenario.subjects, content.get("subjects", ()), strict=True)):
        missing = _NEEDS[subject.kind](scenario, part[subject.kind])
        if missing is not None:
            message = f"no run of this file can contain this subject; {missing}"
            yield document.diagnostic(("subjects", index, subject.kind), message)


def _due(scenario: Scenario, value: str | int) -> str | None:
    known = [campaign.campaign for campaign in scenario.campaigns] + [trigger.trigger for trigger in scenario.triggers]
    return None if value in known else f"known campaigns and triggers: {', '.join(map(str, known)) or 'none'}"


def _due_on_page(scenario: Scenario, value: int) -> str | None:
    customers = (value - 1) * PAGE_SIZE + 1
    is_long = any(campaign.customers >= customers for campaign in scenario.campaigns)
    return None if is_long else f"page {value} needs a campaign with at least {customers:,} customers"


def _due_again(scenario: Scenario, value: str) -> str | None:
    del value
    is_repeated = any(trigger.repeat for trigger in scenario.triggers)
    return None if is_repeated else "add `repeat: true` to a trigger"


def _withheld(scenario: Scenario, value: str) -> str | None:
    audience = scenario.audience
    protections = {individual.protection for individual in audience.individuals}
    present = {
        "no_consent": scenario.bridge.consent == CONSENT_BY_ATTRIBUTE and audience.opted_out > 0,
        "provider_list": audience.opted_out > 0 or _has_address(scenario, "unsubscribed"),
        "unusable_number": audience.unusable_numbers > 0,
        "unknown_customer": scenario.customer_import is not None and bool(scenario.customer_import.new_customers),
        "not_cleared": any(campaign.clearance_by for campaign in scenario.campaigns),
        "cancelled": any(campaign.cancel_at for campaign in scenario.campaigns)
        or any(isinstance(step, CancelCampaign) for step in scenario.steps),
        "control_group": any(campaign.control_group for campaign in scenario.campaigns),
        "outside_segment": any(template.segment for template in scenario.templates),
        "suppressed": scenario.suppression is not None,
        "no_device": _has_any(scenario, "none", "unusable"),
        "unusable_address": _has_address(scenario, "none") or _has_address(scenario, "unusable"),
        "unsubscribed": _has_any(scenario, "unsubscribed"),
    }
    return None if present[value] or value in protections else _ADD[value]


def _has(scenario: Scenario, kind: str, group: str) -> bool:
    """Return True if customers of the scenario can have these devices or browsers."""
    audience = scenario.audience
    is_given = any(getattr(individual, kind) == group for individual in audience.individuals)
    return is_given or bool((getattr(audience, kind) or {}).get(group))


def _has_any(scenario: Scenario, *groups: str) -> bool:
    return any(_has(scenario, kind, group) for kind in ("devices", "browsers") for group in groups)


def _has_address(scenario: Scenario, group: str) -> bool:
    """Return True if customers of the scenario can have this in place of an e-mail address."""
    audience = scenario.audience
    is_given = any(individual.address == group for individual in audience.individuals)
    return is_given or bool((audience.addresses or {}).get(group))


def _of_address(group: str) -> _Need:
    def is_possible(scenario: Scenario, value: object) -> str | None:
        del value
        is_present = _has_address(scenario, group)
        return None if is_present else f"add `{group}` to the `addresses` of the audience, or to an individual"

    return is_possible


def _of_kind(kind: str) -> Callable[[Scenario, str], str | None]:
    def is_possible(scenario: Scenario, value: str) -> str | None:
        has_some = getattr(scenario.audience, kind) is not None
        is_present = has_some if value == "one" else _has(scenario, kind, value)
        return None if is_present else f"add it to the `{kind}` of the audience, or to an individual"

    return is_possible


def _message(scenario: Scenario, value: str) -> str | None:
    is_present = any(channel.message == value for channel in scenario.channels)
    return None if is_present else f"add a channel with `message: {value}`"


def _without_number(scenario: Scenario, value: object) -> str | None:
    del value
    types, protections = {channel.message for channel in scenario.channels}, scenario.audience.individuals
    is_possible = scenario.audience.unusable_numbers or any(i.protection == "unusable_number" for i in protections)
    has_types = SMS in types and len(types) > 1
    return None if is_possible and has_types else "add `unusable_numbers`, and a campaign by SMS and of another type"


_ADD: Mapping[str, str] = {
    "no_consent": "add `consent: attribute` to `bridge`, and `opted_out` to the audience",
    "provider_list": "add `opted_out`, or an individual with this protection, to the audience",
    "unusable_number": "add `unusable_numbers`, or an individual with this protection, to the audience",
    "unknown_customer": "add `new_customers` to `customer_import`",
    "not_cleared": "add `clearance_by` to a campaign",
    "outside_segment": "add a `segment` to a template",
    "suppressed": "add `suppression`",
    "no_device": "add `none` or `unusable` to the `devices` or `browsers` of the audience",
    "unusable_address": "add `none` or `unusable` to the `addresses` of the audience",
    "unsubscribed": "add `unsubscribed` to the `devices` or `browsers` of the audience",
    "cancelled": "add `cancel_at` to a campaign, or a step `cancel`",
    "control_group": "add `control_group` to a campaign",
}


def _outcome(scenario: Scenario, value: str) -> str | None:
    names = {*scenario.audience.outcomes, *(individual.outcome for individual in scenario.audience.individuals)}
    return None if value in names else "add it to the `outcomes` of the audience, or to an individual"


def _opted_out_between(scenario: Scenario, value: str) -> str | None:
    if value == "provider":
        names = (*scenario.audience.outcomes, *(i.outcome or "" for i in scenario.audience.individuals))
        has_replies = any("replies STOP" in name for name in names)
        return (
            None if has_replies else "add an outcome with a reply, such as `delivered, replies STOP`, to the audience"
        )
    has_step = any(isinstance(step, OptOut) and step.by == value for step in scenario.steps)
    return None if has_step else f"add a step such as `opt_out: {{by: {value}, share: 10%}}`"


def _opted_in_again(scenario: Scenario, value: str) -> str | None:
    has_step = any(isinstance(step, OptIn) and step.by == value for step in scenario.steps)
    return None if has_step else f"add a step such as `opt_in: {{by: {value}, customers: 20}}`"


def _spelling(scenario: Scenario, value: str) -> str | None:
    audience = scenario.audience
    shares = dict.fromkeys(SPELLINGS) if audience.spellings is None else audience.spellings
    spellings = {*shares, *(individual.spelling for individual in audience.individuals)}
    return None if value in spellings else "add an individual with this spelling to the audience"


def _shared_number(scenario: Scenario, value: object) -> str | None:
    del value
    is_shared = any(individual.same_number_as is not None for individual in scenario.audience.individuals)
    return None if is_shared else "add an individual with `same_number_as` to the audience"


def _opted_out_elsewhere(scenario: Scenario, value: object) -> str | None:
    del value
    numbers: dict[str, set[str | None]] = {}
    for individual in scenario.audience.individuals:
        numbers.setdefault(individual.number or "", set()).add(individual.client)
    is_shared = any(number and len(clients - {None}) > 1 for number, clients in numbers.items())
    return None if is_shared else "add individuals of two clients with one `number` to the audience"


def _changed_number(scenario: Scenario, value: object) -> str | None:
    del value
    number = scenario.audience.name_of(NUMBER_ATTRIBUTE)
    changes = [step for step in scenario.steps if isinstance(step, ChangeAttributes) and number in step.values]
    return None if changes else f"add a step `change_attributes` with a new {number}"


def _nothing(scenario: Scenario, value: object) -> str | None:
    """Return None: only the run shows if a text has this property, because the values decide."""
    del scenario, value
    return None


_NEEDS: Mapping[str, _Need] = {
    "message": _message,
    "devices": _of_kind("devices"),
    "browsers": _of_kind("browsers"),
    "without_number": _without_number,
    "untidy_address": _of_address("untidy"),
    "unusual_address": _of_address("unusual"),
    "due": _due,
    "due_in_every_split": _due,
    "due_on_page": _due_on_page,
    "due_again_within": _due_again,
    "withheld": _withheld,
    "opted_out_between": _opted_out_between,
    "opted_in_again": _opted_in_again,
    "outcome": _outcome,
    "text_longer_than": _nothing,
    "text_beyond_gsm": _nothing,
    "text_contains": _nothing,
    "spelling": _spelling,
    "shared_number": _shared_number,
    "changed_number": _changed_number,
    "opted_out_elsewhere": _opted_out_elsewhere,
}

RULES = (subjects_are_possible,)
