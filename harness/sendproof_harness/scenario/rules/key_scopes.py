"""Rules about the scopes of credentials: they name parts of the file, and hide nothing that the bridge needs."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from sendproof_harness.scenario.diagnostics import Diagnostic, KeyPath, unknown_name
from sendproof_harness.scenario.model import CONSENT_BY_ATTRIBUTE, CUSTOMER_IDS, KeyScope, Scenario
from sendproof_harness.scenario.rules.simulator_facts import CONSENT_ATTRIBUTE, NUMBER_ATTRIBUTE
from sendproof_harness.scenario.rules.step_state import attribute_names
from sendproof_harness.scenario.rules.texts import PLACEHOLDER, bodies
from sendproof_harness.scenario.yaml_source import Document

_TRANSACTIONAL, _LOGIN = "Transactional", "login"
_LOGINS_END = datetime(2024, 2, 1, tzinfo=UTC)


def key_scopes_exist(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that the scopes of keys name attributes and channels of the file."""
    attributes, channels = attribute_names(scenario), list(_channels(scenario))
    for name, scope in scenario.keys.items():
        for index, attribute in enumerate(scope.attributes or ()):
            if attribute not in attributes:
                path = ("keys", name, "attributes", index)
                yield document.diagnostic(path, unknown_name("attribute", attribute, attributes))
        for index, channel in enumerate(scope.channels or ()):
            if channel not in channels:
                path = ("keys", name, "channels", index)
                yield document.diagnostic(path, unknown_name("channel", channel, channels))


def key_scopes_suffice(scenario: Scenario, document: Document) -> Iterator[Diagnostic]:
    """Check that no scope hides an attribute, a channel or a function without which no bridge can be correct."""
    for name, scope in scenario.keys.items():
        if name == _LOGIN and not _has_logins(scenario):
            continue
        path: KeyPath = ("keys", name)
        if scope.attributes is not None:
            seen = {attribute.lower() for attribute in scope.attributes}
            needs = {need: why for need, why in _attributes(scenario).items() if need.lower() not in seen}
            yield from _hidden(document, (*path, "attributes"), needs)
        if scope.channels is not None:
            channels = {str(id_): why for id_, why in _channels(scenario).items() if id_ not in scope.channels}
            yield from _hidden(document, (*path, "channels"), channels)
        yield from _hidden_functions(scenario, document, path, scope)


def _hidden(document: Document, path: KeyPath, needs: Mapping[str, str]) -> Iterator[Diagnostic]:
    for need, why in needs.items():
        yield document.diagnostic(path, f"this scope hides {need}, {why}; add {need}")


def _hidden_functions(scenario: Scenario, document: Document, path: KeyPath, scope: KeyScope) -> Iterator[Diagnostic]:
    if scope.functions is not None:
        needs = {need: why for need, why in _functions(scenario).items() if need not in scope.functions}
        yield from _hidden(document, (*path, "functions"), needs)
    elif scope.access == _TRANSACTIONAL:
        needed = ", ".join(_functions(scenario))
        message = f"a key of this access type may call no function that the bridge needs; add functions: [{needed}]"
        yield document.diagnostic((*path, "access"), message)


def _has_logins(scenario: Scenario) -> bool:
    return scenario.starts < _LOGINS_END or scenario.dialects.get("optimove.password_login") == "accepted"


def _attributes(scenario: Scenario) -> dict[str, str]:
    """Return the attributes that every bridge needs, each with the reason. The provider fills in texts for ids."""
    audience, known = scenario.audience, attribute_names(scenario)
    by_number = [channel for channel in scenario.channels if channel.recipients != CUSTOMER_IDS]
    providers = {channel.provider for channel in by_number}
    needs = {audience.name_of(NUMBER_ATTRIBUTE): "the attribute with the phone number"} if by_number else {}
    if CONSENT_BY_ATTRIBUTE in {scenario.bridge.consent, scenario.bridge.opt_outs}:
        needs[audience.name_of(CONSENT_ATTRIBUTE)] = "the attribute with the consent"
    for _, title, provider, body in bodies(scenario):
        for name in PLACEHOLDER.findall(body) if provider in providers else ():
            if name in known:
                needs.setdefault(name, f'which the text of template "{title}" needs')
    return needs


def _channels(scenario: Scenario) -> dict[int, str]:
    """Return the channels of the file, and those for which opt-outs are reported, each with the reason."""
    other = (channel.preference_channel for channel in scenario.channels if channel.preference_channel is not None)
    reported = dict.fromkeys(other, "the channel for which opt-outs are reported")
    return reported | {channel.id: "a channel of this file" for channel in scenario.channels}


def _functions(scenario: Scenario) -> dict[str, str]:
    """Return the functions without which no bridge can do what the file asks for, each with the reason."""
    bridge = scenario.bridge
    needs = {
        "RegisterEventListener": "with which a bridge learns of messages that are due",
        "AddChannelTemplates": "which gives Optimove the templates",
    }
    if scenario.campaigns:
        needs["GetCustomerSendDetailsByChannel"] = "which returns the recipients of a campaign"
    if bridge.reports == "campaign_metrics":
        needs |= dict.fromkeys(("UpdateCampaignMetrics", "UpdateCampaignInteractions"), "which takes the reports")
    if bridge.opt_outs == "preference":
        needs["SetCustomerChannelPreference"] = "which takes the opt-outs"
    if bridge.opt_outs == CONSENT_BY_ATTRIBUTE:
        needs["UpdateCustomerAttributes"] = "which takes the opt-outs"
    if bridge.clears_campaigns:
        needs["UpdateCustomerPromotionStatus"] = "which clears campaigns"
    if any(channel.apps for channel in scenario.channels):
        needs["AddChannelApps"] = "which gives Optimove the apps"
    return needs


RULES = (key_scopes_exist, key_scopes_suffice)
