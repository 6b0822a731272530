"""The operations of `control.yaml` on campaigns: plan, look at, cancel, and what came back."""

from typing import Any

from sendproof_simulators.control.handlers import (
    PLATFORM,
    ControlCall,
    ControlError,
    attempt,
    campaigns_of,
    now_of,
    read_instant,
    templates_of,
)
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.plans import CampaignPlan, ChannelPlan, Split
from sendproof_simulators.core.simulator import Channel, Template


async def schedule_campaign(call: ControlCall) -> Response:
    """Schedule a campaign."""
    sandbox, plan = call.sandbox, _plan(call)
    campaigns, state = campaigns_of(call), sandbox.states[PLATFORM]
    effects: Effects = attempt(lambda: campaigns.plan(sandbox.contexts[PLATFORM], state, now_of(call), plan))
    sandbox.follow(PLATFORM, effects)
    return json_response(campaigns.get(state, plan.campaign), status=201)


async def get_campaign(call: ControlCall) -> Response:
    """One campaign."""
    campaigns, state = campaigns_of(call), call.sandbox.states[PLATFORM]
    return json_response(attempt(lambda: campaigns.get(state, call.params["campaign"])))


async def list_campaigns(call: ControlCall) -> Response:
    """Every campaign in a few words."""
    return json_response(campaigns_of(call).all(call.sandbox.states[PLATFORM]))


async def get_campaign_report(call: ControlCall) -> Response:
    """One campaign with all that came back."""
    sandbox, id_ = call.sandbox, call.params["campaign"]
    report = attempt(
        lambda: campaigns_of(call).report(sandbox.contexts[PLATFORM], sandbox.states[PLATFORM], id_, now_of(call))
    )
    told = [
        {"service": name, "event": event, "events": events}
        for name, service in call.control.services.items()
        if service.provider.engagement is not None
        for event, events in service.provider.engagement(sandbox.states[name], id_).items()
    ]
    notified = [one for one in sandbox.dispatcher.outbox.log(PLATFORM, None) if _about(one).get("campaign") == id_]
    return json_response({**report, "engagement": told, "notifications": notified})


def _about(webhook: dict[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = webhook["about"]
    return about


async def cancel_campaign(call: ControlCall) -> Response:
    """Cancel a campaign now."""
    sandbox, id_ = call.sandbox, call.params["campaign"]
    campaigns, state = campaigns_of(call), sandbox.states[PLATFORM]
    effects: Effects = attempt(lambda: campaigns.cancel(sandbox.contexts[PLATFORM], state, now_of(call), id_))
    sandbox.follow(PLATFORM, effects)
    return json_response(campaigns.get(state, id_))


def _plan(call: ControlCall) -> CampaignPlan:
    given, now = call.body, now_of(call)
    if "announce_at" in given and call.sandbox.settings.nightly_at is not None:
        raise ControlError(409, "here campaigns are announced by a nightly process: give `day` and not `announce_at`")
    parts = given["channels"] if "channels" in given else [{"channel": given["channel"], "splits": given["splits"]}]
    return CampaignPlan(
        campaign=given["campaign"],
        name=given.get("name", f"Campaign {given['campaign']}"),
        customers=given["customers"],
        first_customer=given.get("first_customer", 0),
        parts=tuple(_part(call, part) for part in parts),
        announce_at=_instant_in(given, "announce_at") or now,
        day=read_instant(given["day"] + "T00:00:00Z") if "day" in given else None,
        clearance_by=_instant_in(given.get("conditional", {}), "clearance_by"),
        cancel_at=_instant_in(given, "cancel_at"),
    )


def _instant_in(given: dict[str, Any], name: str) -> Instant | None:
    return read_instant(given[name]) if name in given else None


def _part(call: ControlCall, given: dict[str, Any]) -> ChannelPlan:
    channel = channel_of(call, given["channel"])
    _refuse_post_back_only(call, channel)
    held, synced = templates_of_channel(call, channel)
    return ChannelPlan(
        channel=channel.id,
        provider=channel.provider,
        splits=tuple(_split(split, held, synced, channel) for split in given["splits"]),
        render=templates_of(call, channel.provider).render,
    )


def _refuse_post_back_only(call: ControlCall, channel: Channel) -> None:
    """Nothing goes out through a channel that only carries reports to Optimove."""
    provider = call.control.services[channel.provider].provider
    if channel.id in provider.post_back_only:
        others = [c.id for c in call.sandbox.settings.channels if c.id not in provider.post_back_only]
        raise ControlError(
            409,
            f"channel {channel.id} only carries the subscription status from {channel.provider} to Optimove, and no "
            f"campaign; plan it on another channel (in this sandbox: {', '.join(map(str, others)) or 'none'})",
        )


def _split(
    given: dict[str, Any], held: dict[str, Template], synced: tuple[tuple[int, str], ...], channel: Channel
) -> Split:
    template = template_titled(given["template"], held, channel)
    return Split(
        share=given["share"],
        template=synchronised(template, synced, channel)[0],
        title=template.title,
        body=template.body,
        send_at=read_instant(given["send_at"]),
    )


def channel_of(call: ControlCall, id_: int) -> Channel:
    """A channel of the sandbox."""
    channels = call.sandbox.settings.channels
    for channel in channels:
        if channel.id == id_:
            return channel
    known = ", ".join(str(channel.id) for channel in channels)
    raise ControlError(409, f"channel {id_} is not in this sandbox; there are: {known}")


def templates_of_channel(
    call: ControlCall, channel: Channel
) -> tuple[dict[str, Template], tuple[tuple[int, str], ...]]:
    """What the channel's provider holds, by title, and what the channel was told of."""
    states = call.sandbox.states
    held = {t.title: t for t in templates_of(call, channel.provider).all(states[channel.provider])}
    return held, campaigns_of(call).channel_templates(states[PLATFORM], channel.id)


def template_titled(title: str, held: dict[str, Template], channel: Channel) -> Template:
    """The provider's template with this title."""
    if title not in held:
        raise ControlError(409, f"{channel.provider} holds no template titled {title!r}; it holds: {sorted(held)}")
    return held[title]


def synchronised(template: Template, synced: tuple[tuple[int, str], ...], channel: Channel) -> tuple[int, str]:
    """The channel's id and name of a provider's template: the same id, else a name that contains the title."""
    by_id = [pair for pair in synced if str(pair[0]) == str(template.id)]
    by_name = [pair for pair in synced if template.title in pair[1]]
    if not (by_id or by_name):
        names = [name for _, name in synced] or "none"
        raise ControlError(
            409,
            f"template {template.title!r} is not among those of channel {channel.id}: {names}; "
            "the bridge has to synchronise it with AddChannelTemplates first",
        )
    return (by_id or by_name)[0]
