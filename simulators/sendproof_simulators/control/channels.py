"""Channels of a sandbox and their templates, as campaigns and triggers use them."""

from collections.abc import Mapping, Sequence

from sendproof_simulators.control.call import PLATFORM, ControlCall, ControlError
from sendproof_simulators.control.templates import templates_of
from sendproof_simulators.core.simulator import Campaigns, Channel, Template, Triggers
from sendproof_simulators.core.suggestions import suggestion

#: (id, name) of a template on a channel.
ChannelTemplate = tuple[int, str]


def campaigns_of(call: ControlCall) -> Campaigns:
    """Return the campaigns of the marketing platform."""
    campaigns = call.control.simulators[PLATFORM].campaigns
    if campaigns is None:
        raise LookupError(f"{PLATFORM} has no campaigns")
    return campaigns


def triggers_of(call: ControlCall) -> Triggers:
    """Return the triggers of the marketing platform."""
    triggers = call.control.simulators[PLATFORM].triggers
    if triggers is None:
        raise LookupError(f"{PLATFORM} has no triggers")
    return triggers


def channel_of(call: ControlCall, id_: int) -> Channel:
    """Return a channel of the sandbox; 409 if it has none with this id."""
    channels = {channel.id: channel for channel in call.sandbox.settings.channels}
    if id_ not in channels:
        raise ControlError(409, f"channel {id_} is not in this sandbox; {suggestion(id_, channels)}")
    return channels[id_]


def templates_of_channel(
    call: ControlCall, channel: Channel
) -> tuple[Mapping[str, Template], Sequence[ChannelTemplate]]:
    """Return the provider's templates for the channel's type of messages by title, and those on the channel."""
    states = call.sandbox.states
    at_provider = templates_of(call, channel.provider).all(states[channel.provider])
    by_title = {template.title: template for template in at_provider if template.message == channel.message}
    return by_title, campaigns_of(call).channel_templates(states[PLATFORM], channel.id)


def template_titled(title: str, at_provider: Mapping[str, Template], channel: Channel) -> Template:
    """Return the provider's template with this title; 409 if there is none."""
    if title not in at_provider:
        hint = suggestion(title, at_provider)
        raise ControlError(409, f"{channel.provider} has no template titled {title!r}; {hint}")
    return at_provider[title]


def channel_template(template: Template, on_channel: Sequence[ChannelTemplate], channel: Channel) -> ChannelTemplate:
    """Return a provider's template on the channel: the one with the same id, else one whose name contains the title.

    `Offer 12` contains the title `Offer 1`, too, so the shortest such name is the template's.
    """
    by_id = [pair for pair in on_channel if str(pair[0]) == str(template.id)]
    by_name = sorted((pair for pair in on_channel if template.title in pair[1]), key=lambda pair: len(pair[1]))
    if not (by_id or by_name):
        names = [name for _, name in on_channel] or "none"
        raise ControlError(
            409,
            f"template {template.title!r} is not among those of channel {channel.id}: {names}; "
            "the bridge has to add it with AddChannelTemplates first",
        )
    return (by_id or by_name)[0]
