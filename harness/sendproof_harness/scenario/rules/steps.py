"""Rules about steps: everything that a step names exists when the step runs."""

from collections.abc import Iterator, Mapping

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, expected_got, unknown_client, unknown_name
from sendproof_harness.scenario.model import (
    AddTemplate,
    CancelCampaign,
    ChangeAttributes,
    ChangeKey,
    ChangeTemplate,
    CustomerEvents,
    CustomerSelection,
    DeleteTemplate,
    OptIn,
    OptOut,
    PlanCampaign,
    RenameTemplate,
    Scenario,
    WaitFor,
)
from sendproof_harness.scenario.rules.step_state import StepState, step_states
from sendproof_harness.scenario.yaml_source import Document
from sendproof_harness.suggestions import suggestion


def campaigns_match_the_steps(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that steps name existing campaigns, cancel only planned ones, and plan every campaign."""
    known = [campaign.campaign for campaign in scenario.campaigns]
    planned: list[int] = []
    for index, step in enumerate(scenario.steps):
        if isinstance(step, PlanCampaign):
            planned.append(step.campaign)
        if isinstance(step, PlanCampaign) and step.campaign not in known:
            yield document.diagnostic(("steps", index, "plan"), unknown_name("campaign", step.campaign, known))
        if isinstance(step, CancelCampaign) and step.campaign not in planned:
            message = f"no earlier step plans campaign {step.campaign}; {suggestion(str(step.campaign), planned)}"
            yield document.diagnostic(("steps", index, "cancel"), message)
    for index, campaign in enumerate(known):
        if campaign not in planned:
            message = f"no step plans this campaign; add `- plan: {campaign}` to the steps"
            yield document.diagnostic(("campaigns", index, "campaign"), message)


def first_step_is_wait_for(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the scenario begins by waiting for the bridge."""
    if not isinstance(scenario.steps[0], WaitFor):
        message = "expected wait_for as the first step; add `- wait_for: {listeners: 1}`, so that the bridge can start"
        yield document.diagnostic(("steps", 0), message)


def waits_can_end(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that no step waits for more listeners than channels, or for more templates than the providers have."""
    channels = len(scenario.channels)
    for state in step_states(scenario):
        if isinstance(state.step, WaitFor) and state.step.listeners > channels:
            expected = f"at most {channels} (a correct bridge may register one listener for each channel)"
            path: KeyPath = ("steps", state.index, "wait_for", "listeners")
            yield document.diagnostic(path, expected_got(expected, state.step.listeners))
        available = sum(len(state.titles.get(channel.provider, ())) for channel in scenario.channels)
        if isinstance(state.step, WaitFor) and state.step.templates > available:
            expected = f"at most {available} (the templates of all channels)"
            path = ("steps", state.index, "wait_for", "templates")
            yield document.diagnostic(path, expected_got(expected, state.step.templates))


def step_templates_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that steps change only existing templates, and that no two templates get the same title."""
    for state in step_states(scenario):
        match state.step:
            case AddTemplate(template=added):
                yield from _missing_channel(state, scenario, document, added.provider)
                yield from _used_title(state, document, added.provider, added.title, ("add_template", "title"))
            case RenameTemplate() as step:
                yield from _missing_template(state, document, step.provider, step.title, "rename_template")
                yield from _used_title(state, document, step.provider, step.to, ("rename_template", "to"))
            case ChangeTemplate() as step:
                yield from _missing_template(state, document, step.provider, step.title, "change_template")
            case DeleteTemplate() as step:
                yield from _missing_template(state, document, step.provider, step.title, "delete_template")


def _missing_channel(state: StepState, scenario: Scenario, document: Document, provider: str) -> Iterator[Diagnostic]:
    known = sorted({channel.provider for channel in scenario.channels})
    if provider not in known:
        message = f'no channel has the provider "{provider}"; {suggestion(provider, known)}'
        yield document.diagnostic(("steps", state.index, "add_template", "provider"), message)


def _missing_template(
    state: StepState, document: Document, provider: str, title: str, kind: str
) -> Iterator[Diagnostic]:
    titles = state.titles.get(provider, [])
    if title not in titles:
        message = f'{provider} has no template "{title}" at this step; {suggestion(title, titles)}'
        yield document.diagnostic(("steps", state.index, kind, "title"), message)


def _used_title(state: StepState, document: Document, provider: str, title: str, key: KeyPath) -> Iterator[Diagnostic]:
    if title in state.titles.get(provider, ()):
        message = f'{provider} already has a template "{title}" at this step; choose another title'
        yield document.diagnostic(("steps", state.index, *key), message)


def selected_customers_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that steps select customers by number or by share, and only existing ones."""
    for index, step in enumerate(scenario.steps):
        if isinstance(step, CustomerEvents | OptOut | OptIn | ChangeAttributes):
            path: KeyPath = ("steps", index, _SELECTING_STEPS[type(step)])
            if (*path, "customer") not in document.lines:
                yield from _invalid_selection(step.selection, scenario.audience.customers, document, path)
        if isinstance(step, CustomerEvents) and step.visitors and step.selection != CustomerSelection():
            yield document.diagnostic(
                ("steps", index, "events", "visitors"), "expected visitors or customers, got both"
            )


# The steps that select customers, with their keys.
_SELECTING_STEPS: Mapping[type, str] = {
    CustomerEvents: "events",
    OptOut: "opt_out",
    OptIn: "opt_in",
    ChangeAttributes: "change_attributes",
}


# The steps that one of several clients can do, with their keys.
_STEPS_OF_CLIENTS: Mapping[type, str] = {**_SELECTING_STEPS, CancelCampaign: "cancel"}


def _invalid_selection(
    selection: CustomerSelection, available: int, document: Document, path: KeyPath
) -> Iterator[Diagnostic]:
    if selection.share is not None and (selection.customers is not None or selection.first_customer):
        yield document.diagnostic((*path, "share"), "expected either a share or customers, got both")
    if selection.first_customer + (selection.customers or 0) > available:
        expected = f"at most {max(0, available - selection.first_customer)} (the audience has {available} customers)"
        yield document.diagnostic((*path, "customers"), expected_got(expected, selection.customers))


def opt_out_channels_are_valid(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that opt-outs and opt-ins by preference, and only they, have an existing channel."""
    known = [channel.id for channel in scenario.channels]
    for index, step in enumerate(scenario.steps):
        if not isinstance(step, OptOut | OptIn):
            continue
        path: KeyPath = ("steps", index, _SELECTING_STEPS[type(step)])
        if step.by == "preference" and step.channel is None:
            yield document.diagnostic(path, 'missing key "channel": expected the channel of the preference')
        if step.by == "attribute" and step.channel is not None:
            message = "an attribute applies to all channels; remove this key"
            yield document.diagnostic((*path, "channel"), message)
        if step.channel is not None and step.channel not in known:
            yield document.diagnostic((*path, "channel"), unknown_name("channel", step.channel, known))


def step_clients_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that steps of one client name a client of the scenario."""
    for index, step in enumerate(scenario.steps):
        key = _STEPS_OF_CLIENTS.get(type(step))
        client = getattr(step, "client", None)
        if key is None or client is None or client in scenario.clients:
            continue
        yield document.diagnostic(("steps", index, key, "client"), unknown_client(client, scenario.clients))


def enabled_keys_have_no_overlap(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that only actions that end a key have an overlap."""
    for index, step in enumerate(scenario.steps):
        if isinstance(step, ChangeKey) and step.action == "enable" and step.overlap:
            message = "the action enable has no overlap, because it ends no key; remove this key"
            yield document.diagnostic(("steps", index, "key", "overlap"), message)


RULES = (
    campaigns_match_the_steps,
    first_step_is_wait_for,
    waits_can_end,
    step_templates_exist,
    selected_customers_exist,
    opt_out_channels_are_valid,
    step_clients_exist,
    enabled_keys_have_no_overlap,
)
