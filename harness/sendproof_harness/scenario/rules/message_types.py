"""Rules about types of messages: the provider sends them, customers can get them, and the templates are of one type."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sendproof_harness.providers import provider
from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath
from sendproof_harness.scenario.model import (
    ANY,
    CONSENT_BY_ATTRIBUTE,
    CUSTOMER_IDS,
    EMAIL,
    PUSH,
    SMS,
    WEB_PUSH,
    Channel,
    Scenario,
    Template,
)
from sendproof_harness.scenario.rules.step_state import campaign_parts
from sendproof_harness.scenario.yaml_source import Document

_NO_CONSENT = "no_consent"
# As in the contract of the control API; HTML may have more.
_MOST_CHARACTERS = 2000
# What messages of a type go to, by the key of the audience.
_KINDS: Mapping[str, str] = {PUSH: "devices", WEB_PUSH: "browsers", EMAIL: "addresses"}


def types_have_providers(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that a provider sends the messages of its channels and templates."""
    parts: Mapping[str, Sequence[Channel | Template]] = {"channels": scenario.channels, "templates": scenario.templates}
    for key, items in parts.items():
        for index, item in enumerate(items):
            types = provider(item.provider).message_types if item.provider != ANY else {item.message}
            if item.message not in types:
                message = f"{item.provider} sends {' and '.join(sorted(types))} only; choose another provider"
                yield document.diagnostic((key, index, "message"), message)


def customers_can_get_the_types(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that customers have what messages of a channel's type go to, and that it gives users to the provider."""
    for index, channel in enumerate(scenario.channels):
        path: KeyPath = ("channels", index, "message")
        kind = _KINDS.get(channel.message)
        if kind is not None and getattr(scenario.audience, kind) is None:
            yield document.diagnostic(path, _NONE[kind])
        if channel.message != SMS and channel.recipients == CUSTOMER_IDS:
            yield document.diagnostic(path, f"expected sms with `recipients: {CUSTOMER_IDS}`, got {channel.message}")


def headings_have_a_place(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that only push notifications have a heading, and that each e-mail and nothing else has a subject."""
    parts = cast("Any", document.value).get("templates", ())
    for index, (template, part) in enumerate(zip(scenario.templates, parts, strict=True)):
        path: KeyPath = ("templates", index)
        if "heading" in part and template.message in _WITHOUT_HEADING:
            yield document.diagnostic((*path, "heading"), _WITHOUT_HEADING[template.message])
        if "subject" in part and template.message != EMAIL:
            yield document.diagnostic((*path, "subject"), "only an e-mail has a subject; remove this key")
        if template.message == EMAIL and template.heading is None:
            yield document.diagnostic(path, "an e-mail needs a subject; add `subject`")


def texts_are_short(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check the length of each body that is no HTML."""
    for index, template in enumerate(scenario.templates):
        size = len(template.body)
        if template.message != EMAIL and size > _MOST_CHARACTERS:
            message = f"expected at most {_MOST_CHARACTERS} characters, got {size}"
            yield document.diagnostic(("templates", index, "body"), message)


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


def groups_fit_the_client(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that shares of devices and the like are at most 100% in total, and individuals have such ones only."""
    audience, individuals = scenario.audience, scenario.audience.individuals
    kinds = (
        ("devices", "devices", audience.devices, [i.devices for i in individuals]),
        ("browsers", "browsers", audience.browsers, [i.browsers for i in individuals]),
        ("addresses", "address", audience.addresses, [i.address for i in individuals]),
    )
    by_attribute = scenario.bridge.consent == CONSENT_BY_ATTRIBUTE
    for what, key, shares, groups in kinds:
        if sum((shares or {}).values()) > 1:
            yield document.diagnostic(("audience", what), "expected shares of at most 100% in total")
        if (shares or {}).get(_NO_CONSENT) and not by_attribute:
            yield document.diagnostic(("audience", what, _NO_CONSENT), _NEEDS_ATTRIBUTE)
        for index, group in enumerate(groups):
            path: KeyPath = ("audience", "individuals", index, key)
            if group is not None and shares is None:
                yield document.diagnostic(path, _NONE[what])
            elif group == _NO_CONSENT and not by_attribute:
                yield document.diagnostic(path, _NEEDS_ATTRIBUTE)


_NONE: Mapping[str, str] = {
    "devices": "no customer has a device; add `devices: {}` to `audience`",
    "browsers": "no customer has a browser that subscribed; add `browsers: {}` to `audience`",
    "addresses": "the client sends no e-mails; add `addresses: {}` to `audience`",
}
_WITHOUT_HEADING = {
    SMS: "an SMS has no title; remove this key",
    EMAIL: "the title of an e-mail is its `subject`; rename this key",
}
_NEEDS_ATTRIBUTE = "this client keeps opt-outs at the provider only; add `consent: attribute` to `bridge`"

RULES = (
    types_have_providers,
    customers_can_get_the_types,
    headings_have_a_place,
    texts_are_short,
    templates_have_the_type_of_their_channel,
    groups_fit_the_client,
)
