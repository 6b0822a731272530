"""The steps in which somebody acts: a marketer, customers, the user of a provider, the client's admin.

Each is a few calls of the control API, at every client.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from itertools import islice
from typing import Any

from sendproof_harness.control_client import ControlError
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.context import RunContext
from sendproof_harness.scenario.customer_selection import select_customers
from sendproof_harness.scenario.model import (
    AddTemplate,
    Campaign,
    CancelCampaign,
    ChangeTemplate,
    Criterion,
    CustomerEvents,
    DefineTrigger,
    DeleteTemplate,
    OptOut,
    Part,
    PlanCampaign,
    RenameTemplate,
    ResendWebhooks,
    Split,
    Trigger,
)
from sendproof_harness.scenario.values import iso_utc, pluralized, to_milliseconds

OPTIMOVE = "optimove"
_CONSENT = "SMS_OPT_IN"
# The mode that means no messages, in the simulator's first answer to the open question which it is.
_NO_MESSAGES = 2
# As many as one call of the control API takes.
_EVENTS_AT_ONCE = 10_000


def plan(world: RunContext, step: PlanCampaign) -> None:
    """Give a campaign to Optimove, which takes it only when its templates are synchronised."""
    campaign = next(one for one in world.scenario.campaigns if one.campaign == step.campaign)
    world.watcher.phase(f"planning campaign {campaign.campaign} for {pluralized(campaign.customers, 'customer')}")
    channels = [part.channel for part in campaign.parts]
    for sandbox in world.sandboxes:
        with _Synchronised(world, sandbox, channels, f"campaign {campaign.campaign}"):
            world.control.schedule_campaign(sandbox, _planned(campaign))


def define(world: RunContext, step: DefineTrigger) -> None:
    """Define a trigger in Optimove, under the same condition."""
    trigger = next(one for one in world.scenario.triggers if one.trigger == step.trigger)
    world.watcher.phase(f"defining the trigger {trigger.trigger}")
    for sandbox in world.sandboxes:
        with _Synchronised(world, sandbox, [trigger.channel], f"the trigger {trigger.trigger}"):
            world.control.add_trigger(sandbox, _defined(trigger))


class _Synchronised:
    """Tells whose fault it is when Optimove cannot take something: the bridge's, if it has not told of a template."""

    def __init__(self, world: RunContext, sandbox: str, channels: list[int], what: str) -> None:
        self._world = world
        self._sandbox = sandbox
        self._channels = channels
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, ControlError) and error.status == HTTPStatus.CONFLICT and self._lacks_templates():
            raise RunAbortedError(
                RunAborted(
                    blame="bridge",
                    cause="a campaign could not be planned, as its templates are not synchronised",
                    expected=f"Optimove to take {self._what}",
                    got=str(error),
                )
            ) from error

    def _lacks_templates(self) -> bool:
        """Whether Optimove knows fewer templates for one of the channels than the provider has."""
        control = self._world.control
        listed = control.state(self._sandbox)["channel_templates"]
        providers = {one.id: one.provider for one in self._world.scenario.channels}
        return any(
            len(listed.get(str(channel), ())) < len(control.templates(self._sandbox, providers[channel]))
            for channel in self._channels
        )


def cancel(world: RunContext, step: CancelCampaign) -> None:
    """Cancel a campaign."""
    world.watcher.phase(f"cancelling campaign {step.campaign}")
    for sandbox in world.sandboxes:
        world.control.cancel_campaign(sandbox, step.campaign)


def events(world: RunContext, step: CustomerEvents) -> None:
    """Customers do something; what lies ahead is known to Optimove as time comes to it."""
    world.watcher.phase(f"letting customers do {step.event}")
    customers = list(select_customers(world.scenario, step.selection, f"events {_index(world, step)}"))
    happen = list(_happenings(step, customers, world.passing.now()))
    world.watcher.note(f"{pluralized(len(happen), 'event')} of {pluralized(len(customers), 'customer')}")
    for sandbox in world.sandboxes:
        rest = iter(happen)
        while some := list(islice(rest, _EVENTS_AT_ONCE)):
            world.control.record_customer_events(sandbox, some)


def _happenings(step: CustomerEvents, customers: list[str], now: datetime) -> Iterator[dict[str, object]]:
    """In the order of time: the customers spread evenly, each as often as the step says."""
    apart = step.spread / len(customers) if customers else step.spread
    for time in range(step.times):
        for place, customer in enumerate(customers):
            later = step.every * time + apart * place
            at = {"at": iso_utc(now + later)} if later else {}
            parameters = {"parameters": dict(step.parameters)} if step.parameters else {}
            yield {"customer": customer, "event": step.event, **parameters, **at}


def add_template(world: RunContext, step: AddTemplate) -> None:
    """Somebody writes a template."""
    new = step.template
    world.watcher.phase(f"adding the template {new.title}")
    for sandbox in world.sandboxes:
        world.control.add_templates(sandbox, new.provider, [{"title": new.title, "body": new.body}])


def rename_template(world: RunContext, step: RenameTemplate) -> None:
    """Somebody gives a template another title."""
    world.watcher.phase(f"renaming the template {step.title} to {step.to}")
    for sandbox in world.sandboxes:
        template = _template(world, sandbox, step.provider, step.title)
        world.control.change_template(sandbox, step.provider, template, {"title": step.to})


def change_template(world: RunContext, step: ChangeTemplate) -> None:
    """Somebody gives a template another text."""
    world.watcher.phase(f"changing the text of the template {step.title}")
    for sandbox in world.sandboxes:
        template = _template(world, sandbox, step.provider, step.title)
        world.control.change_template(sandbox, step.provider, template, {"body": step.body})


def delete_template(world: RunContext, step: DeleteTemplate) -> None:
    """Somebody deletes a template."""
    world.watcher.phase(f"deleting the template {step.title}")
    for sandbox in world.sandboxes:
        world.control.delete_template(sandbox, step.provider, _template(world, sandbox, step.provider, step.title))


def _template(world: RunContext, sandbox: str, provider: str, title: str) -> object:
    return next(one["id"] for one in world.control.templates(sandbox, provider) if one["title"] == title)


def opt_out(world: RunContext, step: OptOut) -> None:
    """Upload a file of the client's daily batch."""
    customers = list(select_customers(world.scenario, step.selection, f"opt_out {_index(world, step)}"))
    world.watcher.phase(f"letting {pluralized(len(customers), 'customer')} opt out by {step.by}")
    if step.by == "attribute":
        head, tail = f"CustomerID,{_CONSENT}", "0"
    else:
        head, tail = "CustomerID,ChannelID,CommunicationMode", f"{step.channel},{_NO_MESSAGES}"
    text = "\n".join([head, *(f"{customer},{tail}" for customer in customers)]) + "\n"
    for sandbox in world.sandboxes:
        world.control.upload_batch_file(sandbox, OPTIMOVE, text)


def resend(world: RunContext, step: ResendWebhooks) -> None:
    """Send notifications of the past once more."""
    world.watcher.phase(f"sending {pluralized(step.count, 'notification')} {step.service}.{step.event} once more")
    for sandbox in world.sandboxes:
        sent = world.control.webhooks(sandbox, step.service, step.event)
        again = sent[step.nth - 1 : step.nth - 1 + step.count]
        if len(again) < step.count:
            raise RunAbortedError(_never_sent(step, len(sent)))
        for one in again:
            world.control.resend_webhook(sandbox, step.service, one["key"])


def _never_sent(step: ResendWebhooks, sent: int) -> RunAborted:
    return RunAborted(
        blame="config",
        cause="a notification could not be sent once more, as it was never sent",
        expected=f"{step.nth + step.count - 1} notifications {step.service}.{step.event} by this step",
        got=f"{sent}; let more time pass first, or name another",
    )


def _index(world: RunContext, step: CustomerEvents | OptOut) -> int:
    """The place of a step, which is part of what is drawn for it."""
    return next(index for index, one in enumerate(world.scenario.steps) if one is step)


def _planned(campaign: Campaign) -> dict[str, object]:
    announced = {} if campaign.announced is None else {"announce_at": iso_utc(campaign.announced)}
    day = {} if campaign.day is None else {"day": campaign.day.isoformat()}
    clearance = campaign.clearance_by
    conditional = {} if clearance is None else {"conditional": {"clearance_by": iso_utc(clearance)}}
    cancel_at = {} if campaign.cancel_at is None else {"cancel_at": iso_utc(campaign.cancel_at)}
    return {
        "campaign": campaign.campaign,
        "name": campaign.name,
        "customers": campaign.customers,
        "first_customer": campaign.first_customer,
        **_channels(campaign.parts),
        **announced,
        **day,
        **conditional,
        **cancel_at,
    }


def _channels(parts: tuple[Part, ...]) -> dict[str, object]:
    each = [{"channel": part.channel, "splits": [_split(split) for split in part.splits]} for part in parts]
    return each[0] if len(each) == 1 else {"channels": each}


def _split(split: Split) -> dict[str, object]:
    return {"share": float(split.share), "template": split.template, "send_at": iso_utc(split.send_at)}


def _defined(trigger: Trigger) -> dict[str, object]:
    return {
        "trigger": trigger.trigger,
        "campaign": trigger.campaign,
        "channel": trigger.channel,
        "template": trigger.template,
        "criteria": [_criterion(criterion) for criterion in trigger.criteria],
        "exclude": list(trigger.exclude),
        "repeat": trigger.repeat,
    }


def _criterion(criterion: Criterion) -> dict[str, object]:
    within = {} if criterion.within is None else {"within_ms": to_milliseconds(criterion.within)}
    return {"event": criterion.event, "count": criterion.count, "where": dict(criterion.where), **within}


ACTS: Mapping[type, Callable[[RunContext, Any], None]] = {
    PlanCampaign: plan,
    DefineTrigger: define,
    CancelCampaign: cancel,
    CustomerEvents: events,
    AddTemplate: add_template,
    RenameTemplate: rename_template,
    ChangeTemplate: change_template,
    DeleteTemplate: delete_template,
    OptOut: opt_out,
    ResendWebhooks: resend,
}
