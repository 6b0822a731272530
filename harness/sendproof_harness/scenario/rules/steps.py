"""Rules about steps: what they name is there by then, and can be done."""

from collections.abc import Iterator

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, expected_got, suggestion
from sendproof_harness.scenario.model import (
    AddTemplate,
    CancelCampaign,
    ChangeKey,
    ChangeTemplate,
    CustomerEvents,
    CustomerSelection,
    DeleteTemplate,
    OptOut,
    PlanCampaign,
    RenameTemplate,
    Scenario,
    WaitFor,
)
from sendproof_harness.scenario.rules.step_state import StepState, step_states
from sendproof_harness.scenario.yaml_source import Document


def steps_and_campaigns_meet(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """A step names a campaign, every campaign is planned, and only what is planned is cancelled."""
    known = [campaign.campaign for campaign in scenario.campaigns]
    planned: list[int] = []
    for index, step in enumerate(scenario.steps):
        if isinstance(step, PlanCampaign):
            planned.append(step.campaign)
        if isinstance(step, PlanCampaign) and step.campaign not in known:
            message = f"there is no campaign {step.campaign}; {suggestion(str(step.campaign), known)}"
            yield document.diagnostic(("steps", index, "plan"), message)
        if isinstance(step, CancelCampaign) and step.campaign not in planned:
            message = f"no step before plans campaign {step.campaign}; {suggestion(str(step.campaign), planned)}"
            yield document.diagnostic(("steps", index, "cancel"), message)
    for index, campaign in enumerate(known):
        if campaign not in planned:
            message = f"no step plans this campaign; add `- plan: {campaign}` to the steps"
            yield document.diagnostic(("campaigns", index, "campaign"), message)


def the_bridge_is_waited_for(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Nothing begins before the bridge does."""
    if not isinstance(scenario.steps[0], WaitFor):
        message = "expected a wait_for first, such as {wait_for: {listeners: 1}}: the bridge needs a moment to start"
        yield document.diagnostic(("steps", 0), message)


def waits_can_end(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """No more templates are waited for than there are."""
    for moment in step_states(scenario):
        there = sum(len(moment.titles.get(channel.provider, ())) for channel in scenario.channels)
        if isinstance(moment.step, WaitFor) and moment.step.templates > there:
            what = f"at most {there}, as many as the channels can have"
            place = ("steps", moment.index, "wait_for", "templates")
            yield document.diagnostic(place, expected_got(what, moment.step.templates))


def templates_are_there(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Only what a provider holds can be changed, and no two have one title."""
    carried = {channel.provider for channel in scenario.channels}
    for moment in step_states(scenario):
        match moment.step:
            case AddTemplate(template=new):
                if new.provider not in carried:
                    message = (
                        f'no channel has the provider "{new.provider}"; {suggestion(new.provider, sorted(carried))}'
                    )
                    yield document.diagnostic(("steps", moment.index, "add_template", "provider"), message)
                yield from _is_new(moment, document, new.provider, new.title, ("add_template", "title"))
            case RenameTemplate() as step:
                yield from _is_held(moment, document, step.provider, step.title, "rename_template")
                yield from _is_new(moment, document, step.provider, step.to, ("rename_template", "to"))
            case ChangeTemplate() as step:
                yield from _is_held(moment, document, step.provider, step.title, "change_template")
            case DeleteTemplate() as step:
                yield from _is_held(moment, document, step.provider, step.title, "delete_template")


def _is_held(moment: StepState, document: Document, provider: str, title: str, kind: str) -> Iterator[Diagnostic]:
    known = moment.titles.get(provider, [])
    if title not in known:
        message = f'{provider} has no template "{title}" by then; {suggestion(title, known)}'
        yield document.diagnostic(("steps", moment.index, kind, "title"), message)


def _is_new(moment: StepState, document: Document, provider: str, title: str, key: KeyPath) -> Iterator[Diagnostic]:
    if title in moment.titles.get(provider, ()):
        message = f'{provider} has a template "{title}" by then; choose another title'
        yield document.diagnostic(("steps", moment.index, *key), message)


def customers_are_said_once(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Either neighbours or a share, and all of them exist."""
    for index, step in enumerate(scenario.steps):
        if isinstance(step, CustomerEvents | OptOut):
            place: KeyPath = ("steps", index, "events" if isinstance(step, CustomerEvents) else "opt_out")
            yield from _exist(step.selection, scenario.audience.customers, document, place)


def _exist(who: CustomerSelection, there: int, document: Document, place: KeyPath) -> Iterator[Diagnostic]:
    if who.share is not None and (who.customers is not None or who.first_customer):
        yield document.diagnostic((*place, "share"), "expected either a share or customers, got both")
    if who.first_customer + (who.customers or 0) > there:
        what = f"at most {max(0, there - who.first_customer)}, as the audience has {there} customers"
        yield document.diagnostic((*place, "customers"), expected_got(what, who.customers))


def opt_outs_have_their_channel(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """A preference is one for a channel; an attribute is not."""
    known = [channel.id for channel in scenario.channels]
    for index, step in enumerate(scenario.steps):
        if not isinstance(step, OptOut):
            continue
        if step.by == "preference" and step.channel is None:
            yield document.diagnostic(
                ("steps", index, "opt_out"), 'missing key "channel": expected that of the preference'
            )
        if step.by == "attribute" and step.channel is not None:
            message = "an attribute is one of the customer, on all channels; leave it out"
            yield document.diagnostic(("steps", index, "opt_out", "channel"), message)
        if step.channel is not None and step.channel not in known:
            message = f"there is no channel {step.channel}; {suggestion(str(step.channel), known)}"
            yield document.diagnostic(("steps", index, "opt_out", "channel"), message)


def keys_overlap_when_one_ends(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Enabling ends nothing."""
    for index, step in enumerate(scenario.steps):
        if isinstance(step, ChangeKey) and step.action == "enable" and step.overlap:
            yield document.diagnostic(("steps", index, "key", "overlap"), "enabling a key ends nothing; leave it out")


RULES = (
    steps_and_campaigns_meet,
    the_bridge_is_waited_for,
    waits_can_end,
    templates_are_there,
    customers_are_said_once,
    opt_outs_have_their_channel,
    keys_overlap_when_one_ends,
)
