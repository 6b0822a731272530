"""Rules about names: each is defined once, and each reference to a provider has a channel."""

from collections.abc import Iterator

from sendproof_harness.providers import provider as provider_record
from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, unknown_client, unknown_name
from sendproof_harness.scenario.model import ANY, CancelCampaign, Channel, DefineTrigger, PlanCampaign, Scenario
from sendproof_harness.scenario.yaml_source import Document
from sendproof_harness.suggestions import suggestion

#: The end of a message about `any` in a file without a list of providers.
ANY_REQUIRES_PROVIDERS = "to use any, add a list of `providers` at the top of the file"


def names_are_unique(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that each name is defined once, and each campaign or trigger is planned, cancelled or defined once."""
    first: dict[tuple[object, object, object], KeyPath] = {}
    for path, name in (*_definitions(scenario), *_uses(scenario)):
        earlier = first.setdefault((path[0], path[-1], name), path)
        if earlier != path:
            text = name[1] if isinstance(name, tuple) else name
            message = f"{text} already occurs on line {document.lines[earlier]}; remove one of the two"
            yield document.diagnostic(path, message)


def _definitions(scenario: Scenario) -> Iterator[tuple[KeyPath, object]]:
    """Yield the path and the name of each channel, template, campaign and trigger."""
    for index, channel in enumerate(scenario.channels):
        yield ("channels", index, "id"), channel.id
    for index, template in enumerate(scenario.templates):
        yield ("templates", index, "title"), (template.provider, template.title)
    for index, campaign in enumerate(scenario.campaigns):
        yield ("campaigns", index, "campaign"), campaign.campaign
    for index, trigger in enumerate(scenario.triggers):
        yield ("triggers", index, "trigger"), trigger.trigger


def _uses(scenario: Scenario) -> Iterator[tuple[KeyPath, object]]:
    """Yield the path and the name in each step that must not occur twice."""
    for index, step in enumerate(scenario.steps):
        match step:
            case PlanCampaign():
                yield ("steps", index, "plan"), step.campaign
            case CancelCampaign():
                yield ("steps", index, "cancel"), step.campaign
            case DefineTrigger():
                yield ("steps", index, "trigger"), step.trigger


def app_ids_are_unique(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that no two apps of a channel have the same id: a campaign names its app by the id."""
    content = document.value["channels"] if isinstance(document.value, dict) else ()
    for index in range(len(scenario.channels)):
        first: dict[str, KeyPath] = {}
        for number, app in enumerate(content[index].get("apps", ())):
            path: KeyPath = ("channels", index, "apps", number, "id")
            earlier = first.setdefault(app["id"], path)
            if earlier != path:
                message = f"app {app['id']} already occurs on line {document.lines[earlier]}; remove one of the two"
                yield document.diagnostic(path, message)


def preference_channels_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that opt-outs are reported for a channel of the file, or for the provider's own for subscriptions."""
    listed = [channel.id for channel in scenario.channels]
    for index, channel in enumerate(scenario.channels):
        known = dict.fromkeys((*listed, *_subscription_channels(channel, document)))
        if channel.preference_channel not in (None, *known):
            message = unknown_name("channel", channel.preference_channel, known)
            yield document.diagnostic(("channels", index, "preference_channel"), message)


def _subscription_channels(channel: Channel, document: Document) -> list[int]:
    """Return the channels for subscriptions that the channel's provider has, whichever replaces `any`."""
    names = provider_list(document) if channel.provider == ANY else [channel.provider]
    of_each = [provider_record(name).subscription_channels for name in names]
    return sorted(frozenset.intersection(*of_each)) if of_each else []


def own_settings_belong_to_known_clients(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that each client with settings of its own is one of the scenario."""
    for name in scenario.client_settings:
        if name not in scenario.clients:
            yield document.diagnostic(("client_settings", name), unknown_client(name, scenario.clients))


def template_providers_have_a_channel(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the provider of each template has a channel."""
    known = sorted({channel.provider for channel in scenario.channels})
    for index, template in enumerate(scenario.templates):
        if template.provider not in known:
            message = f'no channel has the provider "{template.provider}"; {suggestion(template.provider, known)}'
            yield document.diagnostic(("templates", index, "provider"), message)


def any_and_providers_occur_together(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that a channel has the provider `any` if and only if the file has a list of `providers`."""
    has_providers = ("providers",) in document.lines
    any_paths: list[KeyPath] = [
        ("channels", index, "provider") for index, channel in enumerate(scenario.channels) if channel.provider == ANY
    ]
    if has_providers and not any_paths:
        message = f"no channel has the provider {ANY}; add one or remove `providers`"
        yield document.diagnostic(("providers",), message)
    if not has_providers:
        message = f"expected the name of a provider, got any; {ANY_REQUIRES_PROVIDERS}"
        yield from (document.diagnostic(path, message) for path in any_paths)


def webhooks_have_one_proof(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that accounts with a login for their webhooks, or with other messages, post webhooks, with one proof."""
    bridge, path = scenario.bridge, ("bridge", "webhook_login")
    if bridge.webhook_login is not None and not bridge.account_webhooks:
        yield document.diagnostic(path, "no account posts webhooks; add `account_webhooks: true` to `bridge`")
    for index, channel in enumerate(scenario.channels):
        if channel.shared_account and not bridge.account_webhooks:
            message = "the account posts no webhooks; add `account_webhooks: true` to `bridge`"
            yield document.diagnostic(("channels", index, "shared_account"), message)
    if bridge.webhook_login is not None and bridge.signed_webhooks:
        yield document.diagnostic(path, "expected either `signed_webhooks` or a login, got both")


def results_reach_the_bridge(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the bridge can learn what became of its messages, which it must report: on request, or by webhooks."""
    for index, channel in enumerate(scenario.channels):
        record = None if channel.provider == ANY else provider_record(channel.provider)
        if record is not None and record.needs_account_webhooks and not scenario.bridge.account_webhooks:
            message = (
                f"{record.title} tells the results of messages only by webhooks of the account; "
                "add `account_webhooks: true` to `bridge`"
            )
            yield document.diagnostic(("channels", index, "provider"), message)


def channel_options_are_supported(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that each channel supports its `exclude`, and its provider the `testing` and `overrides`."""
    for index, channel in enumerate(scenario.channels):
        if channel.exclude and channel.kind == "scheduled":
            message = (
                "only events of triggers leave out data, and this channel is for scheduled campaigns; remove this key"
            )
            yield document.diagnostic(("channels", index, "exclude"), message)
        for name in provider_list(document) if channel.provider == ANY else [channel.provider]:
            record = provider_record(name)
            if channel.testing and not record.has_testing_mode:
                message = f"{name} has no testing mode; remove this key"
                yield document.diagnostic(("channels", index, "testing"), message)
            if channel.shared_account and not record.shared_settings:
                message = f"{name} posts no webhooks about other messages; remove this key"
                yield document.diagnostic(("channels", index, "shared_account"), message)
            if channel.overrides is not None and not record.has_overrides:
                message = f"{name} has no triggered overrides; remove this key"
                yield document.diagnostic(("channels", index, "overrides"), message)


def provider_list(document: Document) -> list[str]:
    """Return the `providers` of the file, which replace `any`."""
    content = document.value
    return list(content.get("providers", ())) if isinstance(content, dict) else []


RULES = (
    names_are_unique,
    app_ids_are_unique,
    preference_channels_exist,
    own_settings_belong_to_known_clients,
    template_providers_have_a_channel,
    any_and_providers_occur_together,
    webhooks_have_one_proof,
    results_reach_the_bridge,
    channel_options_are_supported,
)
