"""The content of a checked scenario file into values."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from sendproof_harness.providers import provider as record_of
from sendproof_harness.scenario.fault_kinds import WEBHOOK, fault_of, target_of
from sendproof_harness.scenario.model import (
    ANY,
    AddTemplate,
    Advance,
    Audience,
    Campaign,
    Cancel,
    ChangeTemplate,
    Channel,
    Criterion,
    Define,
    DeleteTemplate,
    Events,
    Key,
    OptOut,
    Part,
    Plan,
    RenameTemplate,
    Resend,
    Scenario,
    Split,
    Step,
    Template,
    Trigger,
    WaitFor,
    Who,
    Wishes,
)
from sendproof_harness.scenario.values import duration_of, share_of, time_of

Content = Mapping[str, Any]

_NO_TIME = timedelta()


def scenario_of(content: Content, provider: str | None = None) -> Scenario:
    """The scenario that a file's content describes; the content has passed the schema.

    `provider` stands wherever the file says `any`; without it `any` stays.
    """
    named = _Named(provider)
    channels = tuple(named.channel(channel) for channel in content["channels"])
    audience = _audience(content["audience"], channels)
    return Scenario(
        name=content["name"],
        about=content.get("about", ""),
        seed=content["seed"],
        starts=time_of(content["starts"]),
        audience=audience,
        channels=channels,
        templates=tuple(named.template(template) for template in content["templates"]),
        campaigns=tuple(_campaign(campaign, audience) for campaign in content.get("campaigns", ())),
        steps=tuple(named.step(step) for step in content["steps"]),
        triggers=tuple(_trigger(trigger) for trigger in content.get("triggers", ())),
        wishes=Wishes(**content.get("bridge", {})),
        nightly=content.get("nightly"),
        rate_limits=content.get("rate_limits", True),
        dialects=content.get("dialects", {}),
        faults=tuple(fault_of(fault, provider) for fault in content.get("faults", ())),
        clients=tuple(content.get("clients", ())),
        provider=provider,
    )


def _audience(content: Content, channels: tuple[Channel, ...]) -> Audience:
    countries = [record_of(channel.provider).default_country for channel in channels]
    return Audience(
        customers=content["customers"],
        opted_out=share_of(content.get("opted_out", "0%")),
        unusable_numbers=share_of(content.get("unusable_numbers", "0%")),
        country=content.get("country", countries[0]),
        outcomes={name: share_of(share) for name, share in content.get("outcomes", {}).items()},
    )


def _campaign(content: Content, audience: Audience) -> Campaign:
    parts = content.get("channels", [content])
    return Campaign(
        campaign=content["campaign"],
        name=content.get("name", f"Campaign {content['campaign']}"),
        customers=content.get("customers", audience.customers),
        first_customer=content.get("first_customer", 0),
        announced=_time_in(content, "announced"),
        # What names neither channel nor splits is found by the rules.
        parts=tuple(_part(part) for part in parts if part.keys() >= {"channel", "splits"}),
        day=date.fromisoformat(content["day"]) if "day" in content else None,
        clearance_by=_time_in(content, "clearance_by"),
        cancel_at=_time_in(content, "cancel_at"),
    )


def _time_in(content: Content, key: str) -> Any:
    return time_of(content[key]) if key in content else None


def _part(content: Content) -> Part:
    return Part(channel=content["channel"], splits=tuple(_split(split) for split in content["splits"]))


def _split(content: Content) -> Split:
    return Split(share=share_of(content["share"]), template=content["template"], send_at=time_of(content["send_at"]))


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
        within=duration_of(content["within"]) if "within" in content else None,
        where=content.get("where", {}),
    )


def _who(content: Content) -> Who:
    return Who(
        customers=content.get("customers"),
        first_customer=content.get("first_customer", 0),
        share=share_of(content["share"]) if "share" in content else None,
    )


def _events(content: Content) -> Events:
    return Events(
        event=content["event"],
        who=_who(content),
        parameters=content.get("parameters", {}),
        times=content.get("times", 1),
        every=_length_in(content, "every"),
        spread=_length_in(content, "spread"),
    )


def _length_in(content: Content, key: str) -> timedelta:
    return duration_of(content[key]) if key in content else _NO_TIME


def _wait_for(content: Content) -> WaitFor:
    return WaitFor(
        listeners=content.get("listeners", 0),
        templates=content.get("templates", 0),
        synchronised=content.get("synchronised", False),
    )


def _key(content: Content) -> Key:
    return Key(action=content["action"], overlap=_length_in(content, "overlap"))


def _resend(content: Content, provider: str | None) -> Resend:
    service, _, event = target_of(WEBHOOK, content["webhook"], provider).partition(".")
    return Resend(service=service, event=event, nth=content.get("nth", 1), count=content.get("count", 1))


class _Named:
    """What names a provider, with the one that stands for `any`."""

    def __init__(self, provider: str | None) -> None:
        self._provider = provider
        self._steps: dict[str, Callable[[Any], Step]] = {
            "wait_for": _wait_for,
            "plan": lambda campaign: Plan(campaign=campaign),
            "cancel": lambda campaign: Cancel(campaign=campaign),
            "trigger": lambda trigger: Define(trigger=trigger),
            "events": _events,
            "add_template": lambda content: AddTemplate(template=self.template(content)),
            "rename_template": lambda content: RenameTemplate(**self._of(content)),
            "change_template": lambda content: ChangeTemplate(**self._of(content)),
            "delete_template": lambda content: DeleteTemplate(**self._of(content)),
            "opt_out": lambda content: OptOut(by=content["by"], who=_who(content), channel=content.get("channel")),
            "key": _key,
            "resend": lambda content: _resend(content, provider),
            "advance": lambda length: Advance(by=duration_of(length)),
        }

    def channel(self, content: Content) -> Channel:
        return Channel(**self._of(content))

    def template(self, content: Content) -> Template:
        return Template(**self._of(content))

    def step(self, content: Content) -> Step:
        (kind, said), *_ = content.items()
        return self._steps[kind](said)

    def _of(self, content: Content) -> dict[str, Any]:
        if self._provider is not None and content["provider"] == ANY:
            return {**content, "provider": self._provider}
        return dict(content)
