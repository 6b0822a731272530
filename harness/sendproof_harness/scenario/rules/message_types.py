"""Rules about types of messages: the provider sends them, customers can get them, and the templates are of one type."""

from collections.abc import Iterator, Mapping, Sequence

from sendproof_harness.providers import provider
from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath
from sendproof_harness.scenario.model import (
    ANY,
    CONSENT_BY_ATTRIBUTE,
    CUSTOMER_IDS,
    PUSH,
    SMS,
    Channel,
    Scenario,
    Template,
)
from sendproof_harness.scenario.rules.step_state import campaign_parts
from sendproof_harness.scenario.yaml_source import Document

_NO_CONSENT = "no_consent"


def types_have_providers(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that a provider sends the messages of its channels and templates."""
    parts: Mapping[str, Sequence[Channel | Template]] = {"channels": scenario.channels, "templates": scenario.templates}
    for key, items in parts.items():
        for index, item in enumerate(items):
            types = provider(item.provider).message_types if item.provider != ANY else {item.message}
            if item.message not in types:
                message = f"{item.provider} sends {' and '.join(sorted(types))} only; choose another provider"
                yield document.diagnostic((key, index, "message"), message)


def push_needs_devices(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that customers have devices if a channel is for push notifications, and give users to the provider."""
    for index, channel in enumerate(scenario.channels):
        path: KeyPath = ("channels", index, "message")
        if channel.message == PUSH and scenario.audience.devices is None:
            yield document.diagnostic(path, "no customer has a device; add `devices: {}` to `audience`")
        if channel.message != SMS and channel.recipients == CUSTOMER_IDS:
            yield document.diagnostic(path, f"expected sms with `recipients: {CUSTOMER_IDS}`, got {channel.message}")


def headings_have_a_place(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that only templates of messages with a title have one."""
    for index, template in enumerate(scenario.templates):
        if template.heading is not None and template.message == SMS:
            yield document.diagnostic(("templates", index, "heading"), "an SMS has no title; remove this key")


def templates_have_the_type_of_their_channel(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that campaigns and triggers use templates of the type of their channel."""
    types = {channel.id: channel.message for channel in scenario.channels}
    of_templates = {template.title: template.message for template in scenario.templates}
    uses: list[tuple[KeyPath, int, str]] = [
        ((*path, "splits", number, "template"), part.channel, split.template)
        for path, _, part in campaign_parts(scenario, document)
        for number, split in enumerate(part.splits)
    ]
    uses += [(("triggers", index, "template"), t.channel, t.template) for index, t in enumerate(scenario.triggers)]
    for path, channel, title in uses:
        expected, got = types.get(channel), of_templates.get(title)
        if expected is not None and got is not None and got != expected:
            yield document.diagnostic(path, f"channel {channel} is for {expected}, and this template for {got}")


def devices_fit_the_client(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that shares of devices add up to 100% at most, and that individuals have devices only with an app."""
    audience, by_attribute = scenario.audience, scenario.bridge.consent == CONSENT_BY_ATTRIBUTE
    shares = audience.devices or {}
    if sum(shares.values()) > 1:
        yield document.diagnostic(("audience", "devices"), "expected shares of at most 100% in total")
    if shares.get(_NO_CONSENT) and not by_attribute:
        yield document.diagnostic(("audience", "devices", _NO_CONSENT), _NEEDS_ATTRIBUTE)
    for index, individual in enumerate(audience.individuals):
        path: KeyPath = ("audience", "individuals", index, "devices")
        if individual.devices is not None and audience.devices is None:
            yield document.diagnostic(path, "no customer has a device; add `devices: {}` to `audience`")
        elif individual.devices == _NO_CONSENT and not by_attribute:
            yield document.diagnostic(path, _NEEDS_ATTRIBUTE)


_NEEDS_ATTRIBUTE = "this client keeps opt-outs at the provider only; add `consent: attribute` to `bridge`"

RULES = (
    types_have_providers,
    push_needs_devices,
    headings_have_a_place,
    templates_have_the_type_of_their_channel,
    devices_fit_the_client,
)
