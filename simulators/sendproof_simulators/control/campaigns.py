"""The operations of `control.yaml` on campaigns: schedule, list, report, and cancel."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sendproof_simulators.control.call import (
    PLATFORM,
    ControlCall,
    ControlError,
    attempt,
    read_instant,
    record_action,
)
from sendproof_simulators.control.channels import (
    ChannelTemplate,
    campaigns_of,
    channel_of,
    channel_template,
    template_titled,
    templates_of_channel,
)
from sendproof_simulators.control.templates import placeholder_names, templates_of
from sendproof_simulators.core.clock.wall_clock import MINUTE, Instant, iso
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.plans import CampaignPlan, ChannelPlan, ExpectedMessage, Split
from sendproof_simulators.core.simulator import CUSTOMER_IDS, Channel, Template
from sendproof_simulators.core.suggestions import suggestion


async def schedule_campaign(call: ControlCall) -> Response:
    """Schedule a campaign."""
    sandbox, plan = call.sandbox, _campaign_plan(call)
    campaigns, state = campaigns_of(call), sandbox.states[PLATFORM]
    effects = attempt(lambda: campaigns.schedule(sandbox.contexts[PLATFORM], state, call.now, plan))
    record_action(call, "scheduleCampaign")
    sandbox.apply(PLATFORM, effects)
    return json_response(campaigns.get(state, plan.campaign), status=201)


async def get_campaign(call: ControlCall) -> Response:
    """Return one campaign."""
    campaigns, state = campaigns_of(call), call.sandbox.states[PLATFORM]
    return json_response(attempt(lambda: campaigns.get(state, call.params["campaign"])))


async def list_campaigns(call: ControlCall) -> Response:
    """List summaries of all campaigns."""
    return json_response(campaigns_of(call).all(call.sandbox.states[PLATFORM]))


async def get_campaign_report(call: ControlCall) -> Response:
    """Return one campaign with everything that was reported for it."""
    sandbox, id_ = call.sandbox, call.params["campaign"]
    context, state = sandbox.contexts[PLATFORM], sandbox.states[PLATFORM]
    report = attempt(lambda: campaigns_of(call).report(context, state, id_, call.now))
    engagement = [
        {"service": name, "event": event, "events": events}
        for name, simulator in call.control.simulators.items()
        if simulator.engagement is not None
        for event, events in simulator.engagement(sandbox.states[name], id_).items()
    ]
    webhooks = sandbox.dispatcher.log.as_json(PLATFORM, None)
    notifications = [webhook for webhook in webhooks if _campaign_id(webhook) == id_]
    return json_response({**report, "engagement": engagement, "notifications": notifications})


def _campaign_id(webhook: Mapping[str, Any]) -> object:
    return webhook["about"].get("campaign")


async def cancel_campaign(call: ControlCall) -> Response:
    """Cancel a campaign now."""
    sandbox, id_ = call.sandbox, call.params["campaign"]
    campaigns, state = campaigns_of(call), sandbox.states[PLATFORM]
    effects = attempt(lambda: campaigns.cancel(sandbox.contexts[PLATFORM], state, call.now, id_))
    sandbox.apply(PLATFORM, effects)
    return json_response(campaigns.get(state, id_))


def _campaign_plan(call: ControlCall) -> CampaignPlan:
    fields, now = call.body, call.now
    if "announce_at" in fields and call.sandbox.settings.nightly_at is not None:
        raise ControlError(409, "a nightly process announces the campaigns here: set `day` instead of `announce_at`")
    single = [{"channel": fields.get("channel"), "splits": fields.get("splits"), "app": fields.get("app")}]
    return CampaignPlan(
        campaign=fields["campaign"],
        name=fields.get("name", f"Campaign {fields['campaign']}"),
        customers=fields["customers"],
        first_customer=call.value("first_customer"),
        parts=tuple(_channel_plan(call, part) for part in fields.get("channels", single)),
        announce_at=_optional_instant(fields, "announce_at") or now,
        day=read_instant(fields["day"] + "T00:00:00Z") if "day" in fields else None,
        clearance_by=_optional_instant(fields.get("conditional", {}), "clearance_by"),
        cancel_at=_optional_instant(fields, "cancel_at"),
        control_group=fields.get("control_group", 0.0),
    )


def _optional_instant(fields: Mapping[str, Any], name: str) -> Instant | None:
    return read_instant(fields[name]) if name in fields else None


def _channel_plan(call: ControlCall, part: Mapping[str, Any]) -> ChannelPlan:
    channel = channel_of(call, part["channel"])
    _check_carries_messages(call, channel)
    _check_send_times(call, part["splits"])
    at_provider, on_channel = templates_of_channel(call, channel)
    templates = templates_of(call, channel.provider)
    return ChannelPlan(
        channel=channel.id,
        provider=channel.provider,
        splits=tuple(_split(call, split, at_provider, on_channel, channel) for split in part["splits"]),
        render=templates.render,
        values_may_be_html=templates.values_may_be_html,
        app=part.get("app"),
        message=channel.message,
        expected=_expected_messages(call, channel) if channel.recipients == CUSTOMER_IDS else None,
    )


def _expected_messages(call: ControlCall, channel: Channel) -> Callable[[Split, str], ExpectedMessage]:
    """Return a function for the message of a split that a customer is due, by the records of the provider."""
    name, sandbox = channel.provider, call.sandbox
    expected_message = call.control.simulators[name].expected_message
    if expected_message is None:
        raise ControlError(409, f"channel {channel.id}: {name} does not know customers by their ids")
    context, state = sandbox.contexts[name], sandbox.states[name]

    def expected(split: Split, customer: str) -> ExpectedMessage:
        template = Template(id=split.template, title=split.title, body=split.body)
        return expected_message(context, state, template, customer, split.send_at)

    return expected


def _check_carries_messages(call: ControlCall, channel: Channel) -> None:
    """Refuse a channel that only carries a provider's reports to Optimove."""
    provider = call.control.simulators[channel.provider]
    if channel.id in provider.post_back_only:
        others = [other.id for other in call.sandbox.settings.channels if other.id not in provider.post_back_only]
        raise ControlError(
            409,
            f"channel {channel.id} only carries the subscription status from {channel.provider} to Optimove, and no "
            f"campaign; choose another channel (in this sandbox: {', '.join(map(str, others)) or 'none'})",
        )


def _check_send_times(call: ControlCall, splits: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a send time in the past, which no bridge could meet. A minute allows for slow calls and other clocks."""
    for index, split in enumerate(splits):
        if read_instant(split["send_at"]) < call.now - MINUTE:
            raise ControlError(
                409,
                f"splits.{index}.send_at: expected a time from now on, got {split['send_at']}; the sandbox's time is "
                f"{iso(call.now)}",
            )


def _check_placeholders(call: ControlCall, template: Template, provider: str) -> None:
    """Refuse a text with the name of no attribute: no bridge could fill it in."""
    known = call.sandbox.customers.names_at(call.now)
    folded = {name.casefold() for name in known}
    for name in placeholder_names(templates_of(call, provider), template.whole_body):
        if name.casefold() not in folded:
            raise ControlError(
                409,
                f"template {template.title!r} has the placeholder {name}, which is no attribute of the customers; "
                f"{suggestion(name, known)}",
            )


def _split(
    call: ControlCall,
    fields: Mapping[str, Any],
    at_provider: Mapping[str, Template],
    on_channel: Sequence[ChannelTemplate],
    channel: Channel,
) -> Split:
    template = template_titled(fields["template"], at_provider, channel)
    if channel.recipients != CUSTOMER_IDS:
        _check_placeholders(call, template, channel.provider)
    return Split(
        share=fields["share"],
        template=channel_template(template, on_channel, channel)[0],
        title=template.title,
        body=template.whole_body,
        send_at=read_instant(fields["send_at"]),
        group=fields.get("group", 1),
    )
