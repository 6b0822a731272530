"""Rules about names: each stands once, and what it names is there."""

from collections.abc import Iterator

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, suggestion
from sendproof_harness.scenario.model import ANY, CancelCampaign, DefineTrigger, PlanCampaign, Scenario
from sendproof_harness.scenario.yaml_source import Document


def names_are_unique(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Channels, templates of a provider, campaigns, triggers, and what is planned, cancelled or defined."""
    named: list[tuple[KeyPath, object]] = [
        *((("channels", i, "id"), channel.id) for i, channel in enumerate(scenario.channels)),
        *((("templates", i, "title"), (t.provider, t.title)) for i, t in enumerate(scenario.templates)),
        *((("campaigns", i, "campaign"), campaign.campaign) for i, campaign in enumerate(scenario.campaigns)),
        *((("triggers", i, "trigger"), trigger.trigger) for i, trigger in enumerate(scenario.triggers)),
    ]
    for index, step in enumerate(scenario.steps):
        match step:
            case PlanCampaign():
                named.append((("steps", index, "plan"), step.campaign))
            case CancelCampaign():
                named.append((("steps", index, "cancel"), step.campaign))
            case DefineTrigger():
                named.append((("steps", index, "trigger"), step.trigger))
    first: dict[tuple[object, object, object], KeyPath] = {}
    for place, name in named:
        earlier = first.setdefault((place[0], place[-1], name), place)
        if earlier != place:
            word = name[1] if isinstance(name, tuple) else name
            yield document.diagnostic(
                place, f"{word} already stands on line {document.lines[earlier]}; keep one of the two"
            )


def providers_have_a_channel(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """A template is at a provider that some channel uses."""
    known = sorted({channel.provider for channel in scenario.channels})
    for index, template in enumerate(scenario.templates):
        if template.provider not in known:
            message = f'no channel has the provider "{template.provider}"; {suggestion(template.provider, known)}'
            yield document.diagnostic(("templates", index, "provider"), message)


def any_provider_is_one_of_some(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """`any` and `providers` belong together."""
    several = ("providers",) in document.lines
    places: list[KeyPath] = [
        ("channels", index, "provider") for index, one in enumerate(scenario.channels) if one.provider == ANY
    ]
    if several and not places:
        yield document.diagnostic(("providers",), f"no channel has the provider {ANY}; give one, or name no providers")
    if not several:
        for place in places:
            message = f"expected the name of a provider; {ANY} needs a list of `providers` at the top of the file"
            yield document.diagnostic(place, message)


def providers_can_do_it(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Xtremepush has no testing mode, and only Delivyr has overrides."""
    several = providers_of(document)
    for index, channel in enumerate(scenario.channels):
        carried_by = several if channel.provider == ANY else [channel.provider]
        if channel.testing and "xtremepush" in carried_by:
            yield document.diagnostic(("channels", index, "testing"), "xtremepush has no testing mode; leave it out")
        if channel.overrides is not None and carried_by != ["delivyr"]:
            yield document.diagnostic(
                ("channels", index, "overrides"), "only delivyr has triggered overrides; leave it out"
            )


def providers_of(document: Document) -> list[str]:
    """What stands for `any`."""
    content = document.value
    return list(content.get("providers", ())) if isinstance(content, dict) else []


RULES = (names_are_unique, providers_have_a_channel, any_provider_is_one_of_some, providers_can_do_it)
