"""A scenario as the content of a scenario file, and back: for programs that write or change scenarios.

A document is what YAML holds: mappings, lists, texts and numbers. It has one provider, whose name replaces `any`, and
no key with its default value.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from sendproof_harness.providers import provider as provider_record
from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.fault_kinds import DURATION_KEYS
from sendproof_harness.scenario.load import parse_scenarios
from sendproof_harness.scenario.model import (
    CONSENT_BY_ATTRIBUTE,
    EMAIL,
    AddAttribute,
    AddTemplate,
    Advance,
    Audience,
    Campaign,
    CancelCampaign,
    ChangeAttributes,
    ChangeKey,
    ChangeTemplate,
    Channel,
    CustomerEvents,
    CustomerSelection,
    DefineTrigger,
    DeleteTemplate,
    Fault,
    OptIn,
    OptOut,
    PlanCampaign,
    RegisterAttribute,
    RenameTemplate,
    ResendWebhooks,
    Scenario,
    Subject,
    Template,
    WaitFor,
)
from sendproof_harness.scenario.values import duration_text, iso_utc
from sendproof_harness.scenario.yaml_text import block, text_lines

#: The content of a scenario file.
Document = Mapping[str, Any]

_TEXT_KEYS = ("name", "about")


def scenario_of(document: Document, file: str = "the scenario") -> Scenario:
    """Return the scenario of a document for one provider; `InvalidFileError` with all that is wrong with it."""
    return parse_scenarios(document_text(document), file)[0]


def is_valid(document: Document) -> bool:
    """Return True if a document is a scenario for one provider."""
    try:
        scenario_of(document)
    except InvalidFileError:
        return False
    return True


def document_text(document: Document) -> str:
    """Return the scenario file with this content."""
    lines = [f"sendproof: {document['sendproof']}"]
    for key in _TEXT_KEYS:
        lines += text_lines(key, document[key]) if key in document else []
    for key, value in document.items():
        if key not in {"sendproof", *_TEXT_KEYS}:
            lines += block(key, value, "", is_compact=True)
    return "\n".join(lines) + "\n"


def is_documentable(scenario: Scenario) -> bool:
    """Return True if a file can contain all steps of the scenario."""
    return all(type(step) in _STEPS for step in scenario.steps)


def content_digest(scenario: Scenario) -> str:
    """Return a digest of what happens in a scenario, so that two runs of one name can be known to differ.

    Texts for readers, the seed, and steps that no file can contain are left out.
    """
    steps = tuple(step for step in scenario.steps if type(step) in _STEPS)
    content = scenario_document(replace(scenario, steps=steps, name="-", about="", seed=0))
    return blake2b(document_text(content).encode(), digest_size=16).hexdigest()


def scenario_document(scenario: Scenario) -> dict[str, Any]:
    """Return the document of a scenario, which `scenario_of` turns into an equal one."""
    content: dict[str, Any] = {
        "sendproof": 1,
        "name": scenario.name,
        "about": scenario.about,
        "seed": scenario.seed,
        "starts": iso_utc(scenario.starts),
        "clients": list(scenario.clients),
        "client_settings": {name: _plain(own) for name, own in scenario.client_settings.items()},
        "audience": _audience(scenario.audience, scenario.channels),
        "subjects": [_subject(subject) for subject in scenario.subjects],
        "channels": [_channel(channel) for channel in scenario.channels],
        "templates": [_template(template) for template in scenario.templates],
        "campaigns": [_campaign(campaign, scenario.audience) for campaign in scenario.campaigns],
        "triggers": [_plain(trigger) for trigger in scenario.triggers],
        "bridge": _bridge(scenario),
        "keys": {name: _plain(scope) for name, scope in scenario.keys.items()},
        "suppression": _optional(scenario.suppression),
        "nightly": scenario.nightly,
        "customer_import": _customer_import(scenario),
        "sender": scenario.sender,
        "dialects": dict(scenario.dialects),
        "faults": [_fault(fault) for fault in scenario.faults],
        "steps": [_step(step) for step in scenario.steps],
    }
    content = {key: value for key, value in content.items() if value not in (None, "", [], {})}
    # An empty list of templates is required, and a key in a file without templates.
    content.setdefault("templates", [])
    return content if scenario.rate_limits else {**content, "rate_limits": False}


def _plain(value: Any) -> Any:
    """Return a part of the model as plain values, without the fields that have their default."""
    if hasattr(value, "__dataclass_fields__"):
        return {
            item.name: _plain(member)
            for item in fields(value)
            if (member := getattr(value, item.name)) != _default(item)
        }
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    convert = next((convert for kind, convert in _CONVERTERS.items() if isinstance(value, kind)), None)
    return value if convert is None else convert(value)


def _default(item: "Field[Any]") -> object:
    return item.default_factory() if item.default_factory is not MISSING else item.default


def share_text(share: Fraction) -> str:
    """Format a share as `12.5%`."""
    return f"{float(share * 100):.4f}".rstrip("0").rstrip(".") + "%"


# A datetime is also a date, so it comes first.
_CONVERTERS: Mapping[type, Callable[[Any], str]] = {
    datetime: iso_utc,
    date: date.isoformat,
    time: lambda value: value.isoformat("minutes"),
    timedelta: duration_text,
    Fraction: share_text,
}


def _optional(value: object) -> Any:
    return None if value is None else _plain(value)


def _template(template: Template) -> dict[str, Any]:
    content: dict[str, Any] = _plain(template)
    if template.message == EMAIL and "heading" in content:
        content["subject"] = content.pop("heading")
    return content


def _subject(subject: Subject) -> dict[str, Any]:
    if subject.kind == "due_again_within":
        return {subject.kind: duration_text(timedelta(milliseconds=int(subject.value)))}
    return {subject.kind: subject.value}


def _audience(audience: Audience, channels: tuple[Channel, ...]) -> dict[str, Any]:
    content: dict[str, Any] = _plain(audience)
    usual = provider_record(channels[0].provider).default_country
    content.pop("country", None)
    shares = {name: content.pop(name) for name in ("opted_out", "unusable_numbers") if getattr(audience, name)}
    content = {name: value for name, value in content.items() if name not in {"opted_out", "unusable_numbers"}}
    country = {} if audience.country == usual else {"country": audience.country}
    return {"customers": content.pop("customers"), **shares, **country, **content}


def _channel(channel: Channel) -> dict[str, Any]:
    content: dict[str, Any] = _plain(channel)
    apps = [{"id": id_, "name": name} for id_, name in channel.apps.items()]
    return {**content, "apps": apps} if apps else content


def _campaign(campaign: Campaign, audience: Audience) -> dict[str, Any]:
    content: dict[str, Any] = _plain(campaign)
    parts = [_plain(part) for part in campaign.parts]
    content.pop("parts")
    if campaign.announced is None:
        del content["announced"]
    if campaign.name == f"Campaign {campaign.campaign}":
        del content["name"]
    if campaign.customers == audience.customers:
        del content["customers"]
    if not campaign.first_customer:
        del content["first_customer"]
    return {**content, **(parts[0] if len(parts) == 1 else {"channels": parts})}


def _bridge(scenario: Scenario) -> dict[str, Any]:
    content: dict[str, Any] = _plain(scenario.bridge)
    changes_consent = any(isinstance(step, OptOut | OptIn) for step in scenario.steps)
    if changes_consent and content.get("consent") == CONSENT_BY_ATTRIBUTE:
        del content["consent"]
    return content


def _customer_import(scenario: Scenario) -> dict[str, Any] | None:
    imported = scenario.customer_import
    if imported is None:
        return None
    new = [{"customer": position, "day": day.isoformat()} for position, day in imported.new_customers.items()]
    return {"at": imported.at.isoformat("minutes"), **({"new_customers": new} if new else {})}


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        key: duration_text(timedelta(milliseconds=int(str(value)))) if key in DURATION_KEYS else _plain(value)
        for key, value in fault.items()
    }


# -- steps -----------------------------------------------------------------------------------------------


def _step(step: Any) -> dict[str, Any]:
    key, content = _STEPS[type(step)]
    return {key: content(step)}


def _selected(step: Any) -> dict[str, Any]:
    """Return a step with its selection among its own keys."""
    content: dict[str, Any] = _plain(step)
    selection = content.pop("selection", None) or _plain(step.selection)
    return {**content, **selection}


def _attributes(step: ChangeAttributes) -> dict[str, Any]:
    """Return the step; a single customer has a key of its own."""
    content = _selected(step)
    if step.selection == CustomerSelection(customers=1, first_customer=step.selection.first_customer):
        content = {key: value for key, value in content.items() if key not in {"customers", "first_customer"}}
        return {"customer": step.selection.first_customer, **content}
    return content


def _cancellation(step: CancelCampaign) -> Any:
    return step.campaign if step.client is None else _plain(step)


def _resend(step: ResendWebhooks) -> dict[str, Any]:
    content: dict[str, Any] = _plain(step)
    return {"webhook": f"{content.pop('service')}.{content.pop('event')}", **content}


_STEPS: Mapping[type, tuple[str, Callable[[Any], Any]]] = {
    WaitFor: ("wait_for", _plain),
    PlanCampaign: ("plan", lambda step: step.campaign),
    CancelCampaign: ("cancel", _cancellation),
    DefineTrigger: ("trigger", lambda step: step.trigger),
    CustomerEvents: ("events", _selected),
    AddTemplate: ("add_template", lambda step: _template(step.template)),
    RenameTemplate: ("rename_template", _plain),
    ChangeTemplate: ("change_template", _plain),
    DeleteTemplate: ("delete_template", _plain),
    OptOut: ("opt_out", _selected),
    OptIn: ("opt_in", _selected),
    ChangeAttributes: ("change_attributes", _attributes),
    AddAttribute: ("add_attribute", _plain),
    RegisterAttribute: ("register_attribute", lambda step: step.name),
    ChangeKey: ("key", _plain),
    ResendWebhooks: ("resend", _resend),
    Advance: ("advance", lambda step: duration_text(step.by)),
}
