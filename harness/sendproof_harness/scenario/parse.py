"""Conversion of the content of a valid scenario file into a `Scenario`."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from sendproof_harness.providers import provider as provider_record
from sendproof_harness.scenario.fault_kinds import WEBHOOK, parse_fault, resolve_target
from sendproof_harness.scenario.model import (
    ANY,
    CONSENT_BY_ATTRIBUTE,
    AddAttribute,
    AddTemplate,
    Advance,
    Audience,
    BridgeRequirements,
    Campaign,
    CancelCampaign,
    ChangeAttributes,
    ChangeKey,
    ChangeTemplate,
    Channel,
    ClientAttribute,
    ClientSettings,
    Criterion,
    CustomerEvents,
    CustomerImport,
    CustomerSelection,
    DefineTrigger,
    DeleteTemplate,
    Individual,
    KeyScope,
    OptIn,
    OptOut,
    Part,
    PlanCampaign,
    RegisterAttribute,
    RenameTemplate,
    ResendWebhooks,
    Scenario,
    Segment,
    Split,
    Step,
    Subject,
    Suppression,
    Template,
    Translations,
    Trigger,
    WaitFor,
)
from sendproof_harness.scenario.values import parse_duration, parse_share, parse_time, to_milliseconds

Content = Mapping[str, Any]

_NO_DURATION = timedelta()


def parse_scenario(content: Content, provider: str | None = None) -> Scenario:
    """Return the scenario for the content of a file that is valid under the schema.

    `provider` replaces `any` in the file; without it, `any` remains.
    """
    parser = _ProviderParser(provider)
    channels = tuple(parser.channel(channel) for channel in content["channels"])
    audience = _audience(content["audience"], channels)
    return Scenario(
        name=content["name"],
        about=content.get("about", ""),
        seed=content["seed"],
        starts=parse_time(content["starts"]),
        audience=audience,
        channels=channels,
        templates=tuple(parser.template(template) for template in content["templates"]),
        campaigns=tuple(_campaign(campaign, audience) for campaign in content.get("campaigns", ())),
        steps=tuple(parser.step(step) for step in content["steps"]),
        triggers=tuple(_trigger(trigger) for trigger in content.get("triggers", ())),
        bridge=_bridge(content),
        nightly=content.get("nightly"),
        customer_import=_customer_import(content["customer_import"]) if "customer_import" in content else None,
        rate_limits=content.get("rate_limits", True),
        sender=content.get("sender"),
        dialects=content.get("dialects", {}),
        faults=tuple(parse_fault(fault, provider) for fault in content.get("faults", ())),
        clients=tuple(content.get("clients", ())),
        client_settings={name: ClientSettings(**own) for name, own in content.get("client_settings", {}).items()},
        provider=provider,
        subjects=tuple(_subject(subject) for subject in content.get("subjects", ())),
        keys={name: _key_scope(scope) for name, scope in content.get("keys", {}).items()},
        suppression=_suppression(content["suppression"]) if "suppression" in content else None,
    )


def _customer_import(content: Content) -> CustomerImport:
    new = {row["customer"]: date.fromisoformat(row["day"]) for row in content.get("new_customers", ())}
    return CustomerImport(at=time.fromisoformat(content["at"]), new_customers=new)


def _subject(content: Content) -> Subject:
    ((kind, value),) = content.items()
    return Subject(kind=kind, value=to_milliseconds(parse_duration(value)) if kind == "due_again_within" else value)


def _bridge(content: Content) -> BridgeRequirements:
    """Return the requirements; a client with a file that changes the consent attribute keeps opt-outs there."""
    changes_consent = any(step.keys() & {"opt_out", "opt_in"} for step in content["steps"])
    default = {"consent": CONSENT_BY_ATTRIBUTE} if changes_consent else {}
    return BridgeRequirements(**{**default, **content.get("bridge", {})})


def _audience(content: Content, channels: tuple[Channel, ...]) -> Audience:
    countries = [provider_record(channel.provider).default_country for channel in channels]
    return Audience(
        customers=content["customers"],
        opted_out=parse_share(content.get("opted_out", "0%")),
        unusable_numbers=parse_share(content.get("unusable_numbers", "0%")),
        country=content.get("country", countries[0]),
        outcomes={name: parse_share(share) for name, share in content.get("outcomes", {}).items()},
        spellings=_optional_shares(content, "spellings"),
        attributes=tuple(_client_attribute(attribute) for attribute in content.get("attributes", ())),
        attribute_names=content.get("attribute_names", {}),
        individuals=tuple(Individual(**individual) for individual in content.get("individuals", ())),
        devices=_optional_shares(content, "devices"),
        addresses=_optional_shares(content, "addresses"),
        browsers=_optional_shares(content, "browsers"),
    )


def _optional_shares(content: Content, key: str) -> Mapping[str, Fraction] | None:
    return {name: parse_share(share) for name, share in content[key].items()} if key in content else None


def _client_attribute(content: Content) -> ClientAttribute:
    return ClientAttribute(**{**content, "values": _optional_shares(content, "values") or {}})


def _suppression(content: Content) -> Suppression:
    return Suppression(**_with_tuples(content))


def _segment(content: Content) -> Segment:
    return Segment(excludes=parse_share(content.get("excludes", "0%")), customers=tuple(content.get("customers", ())))


def _key_scope(content: Content) -> KeyScope:
    return KeyScope(**_with_tuples(content))


def _with_tuples(content: Content) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}


def _campaign(content: Content, audience: Audience) -> Campaign:
    parts = content.get("channels", [content])
    return Campaign(
        campaign=content["campaign"],
        name=content.get("name", f"Campaign {content['campaign']}"),
        customers=content.get("customers", audience.customers),
        first_customer=content.get("first_customer", 0),
        announced=_optional_time(content, "announced"),
        # The rules report a part without channel or splits.
        parts=tuple(_part(part) for part in parts if part.keys() >= {"channel", "splits"}),
        day=date.fromisoformat(content["day"]) if "day" in content else None,
        clearance_by=_optional_time(content, "clearance_by"),
        cancel_at=_optional_time(content, "cancel_at"),
        control_group=parse_share(content.get("control_group", "0%")),
    )


def _optional_time(content: Content, key: str) -> datetime | None:
    return parse_time(content[key]) if key in content else None


def _part(content: Content) -> Part:
    splits = tuple(_split(split) for split in content["splits"])
    return Part(channel=content["channel"], splits=splits, app=content.get("app"))


def _split(content: Content) -> Split:
    return Split(
        share=parse_share(content["share"]),
        template=content["template"],
        send_at=parse_time(content["send_at"]),
        group=content.get("group", 1),
    )


def _trigger(content: Content) -> Trigger:
    return Trigger(
        trigger=content["trigger"],
        campaign=content["campaign"],
        channel=content["channel"],
        template=content["template"],
        criteria=tuple(_criterion(criterion) for criterion in content["criteria"]),
        exclude=tuple(content.get("exclude", ())),
        repeat=content.get("repeat", False),
    )


def _criterion(content: Content) -> Criterion:
    return Criterion(
        event=content["event"],
        count=content.get("count", 1),
        within=parse_duration(content["within"]) if "within" in content else None,
        where=content.get("where", {}),
    )


def _selection(content: Content) -> CustomerSelection:
    return CustomerSelection(
        customers=content.get("customers"),
        first_customer=content.get("first_customer", 0),
        share=parse_share(content["share"]) if "share" in content else None,
    )


def _events(content: Content) -> CustomerEvents:
    return CustomerEvents(
        event=content["event"],
        selection=_selection(content),
        parameters=content.get("parameters", {}),
        times=content.get("times", 1),
        every=_optional_duration(content, "every"),
        spread=_optional_duration(content, "spread"),
        visitors=content.get("visitors", 0),
        client=content.get("client"),
    )


def _optional_duration(content: Content, key: str) -> timedelta:
    return parse_duration(content[key]) if key in content else _NO_DURATION


def _wait_for(content: Content) -> WaitFor:
    return WaitFor(
        listeners=content.get("listeners", 0),
        templates=content.get("templates", 0),
        synchronised=content.get("synchronised", False),
    )


def _opt_out(content: Content) -> OptOut:
    return OptOut(
        by=content["by"],
        selection=_selection(content),
        channel=content.get("channel"),
        client=content.get("client"),
    )


def _opt_in(content: Content) -> OptIn:
    return OptIn(
        by=content["by"],
        selection=_selection(content),
        channel=content.get("channel"),
        client=content.get("client"),
    )


def _change_attributes(content: Content) -> ChangeAttributes:
    """Return the step; a single customer is a selection of one."""
    selected = {**content, "customers": 1, "first_customer": content["customer"]} if "customer" in content else content
    return ChangeAttributes(selection=_selection(selected), values=content["values"], client=content.get("client"))


def _key(content: Content) -> ChangeKey:
    return ChangeKey(action=content["action"], overlap=_optional_duration(content, "overlap"))


def _resend(content: Content, provider: str | None) -> ResendWebhooks:
    service, _, event = resolve_target(WEBHOOK, content["webhook"], provider).partition(".")
    return ResendWebhooks(service=service, event=event, nth=content.get("nth", 1), count=content.get("count", 1))


class _ProviderParser:
    """Parser of the parts that name a provider; it replaces `any` by `provider`."""

    def __init__(self, provider: str | None) -> None:
        self._provider = provider
        self._steps: dict[str, Callable[[Any], Step]] = {
            "wait_for": _wait_for,
            "plan": lambda campaign: PlanCampaign(campaign=campaign),
            "cancel": lambda content: CancelCampaign(
                **(content if isinstance(content, dict) else {"campaign": content})
            ),
            "trigger": lambda trigger: DefineTrigger(trigger=trigger),
            "events": _events,
            "add_template": lambda content: AddTemplate(template=self.template(content)),
            "rename_template": lambda content: RenameTemplate(**self._resolved(content)),
            "change_template": lambda content: ChangeTemplate(**self._resolved(content)),
            "delete_template": lambda content: DeleteTemplate(**self._resolved(content)),
            "opt_out": _opt_out,
            "opt_in": _opt_in,
            "change_attributes": _change_attributes,
            "add_attribute": lambda content: AddAttribute(**content),
            "register_attribute": lambda name: RegisterAttribute(name=name),
            "key": _key,
            "resend": lambda content: _resend(content, provider),
            "advance": lambda duration: Advance(by=parse_duration(duration)),
        }

    def channel(self, content: Content) -> Channel:
        exclude = tuple(content.get("exclude", ()))
        apps = {app["id"]: app["name"] for app in content.get("apps", ())}
        return Channel(**{**self._resolved(content), "exclude": exclude, "apps": apps})

    def template(self, content: Content) -> Template:
        segment = _segment(content["segment"]) if "segment" in content else None
        translations = Translations(**content["translations"]) if "translations" in content else None
        resolved = self._resolved(content)
        heading = resolved.pop("subject", resolved.get("heading"))
        return Template(**{**resolved, "heading": heading, "segment": segment, "translations": translations})

    def step(self, content: Content) -> Step:
        ((kind, step),) = content.items()
        return self._steps[kind](step)

    def _resolved(self, content: Content) -> dict[str, Any]:
        if self._provider is not None and content["provider"] == ANY:
            return {**content, "provider": self._provider}
        return dict(content)
