"""Whether the channel lists exactly the templates that the provider has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sendproof_harness.history.records import ChannelTemplates, History, ProviderTemplate
from sendproof_harness.history.timestamps import HOUR, span, spoken
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import TEMPLATES_SYNCHRONISED

_ID = "templates.synchronised"

# Providers do not announce a change, so a bridge has to look now and then; Optimove asks for "every time" and
# names no limit. An hour is what a marketer who has just written a template may be asked to wait.
SYNCHRONISED_WITHIN = 1 * HOUR


@dataclass(kw_only=True)
class _Shelf:
    """What a provider has and what a channel lists, as of some instant."""

    provider: dict[str, dict[str, str]] = field(default_factory=dict)
    changed: dict[tuple[str, str], int] = field(default_factory=dict)
    channels: dict[int, dict[str, str]] = field(default_factory=dict)

    def apply(self, event: ProviderTemplate | ChannelTemplates) -> None:
        if isinstance(event, ProviderTemplate):
            self._provider_changed(event)
        else:
            self._channel_told(event)

    def _provider_changed(self, event: ProviderTemplate) -> None:
        titles, key = self.provider.setdefault(event.service, {}), str(event.id)
        if event.action == "deleted":
            titles.pop(key, None)
        else:
            titles[key] = event.title or titles.get(key, "")
        if event.action != "changed":
            self.changed[event.service, key] = event.at

    def _channel_told(self, event: ChannelTemplates) -> None:
        names = self.channels.setdefault(event.channel, {})
        for template in event.templates:
            if event.action == "deleted":
                names.pop(str(template.id), None)
            else:
                names[str(template.id)] = template.name or names.get(str(template.id), "")


def synchronised(history: History) -> CheckResult:
    """Compare both sides whenever a campaign is announced, and at the end."""
    provider_of = {channel.id: channel.provider for channel in history.header.channels}
    found: dict[tuple[str, Location], Finding] = {}
    seen: set[tuple[int, str]] = set()
    for at, shelf in _moments(history):
        for channel, service in provider_of.items():
            seen |= {(channel, key) for key in (*_settled(shelf, service, at), *shelf.channels.get(channel, ()))}
            for finding in _differences(shelf, channel, service, at):
                found.setdefault((finding.cause, finding.where), finding)
    return CheckResult(looked_at=len(seen), unit="templates", findings=tuple(found.values()))


def _moments(history: History) -> Iterator[tuple[int, _Shelf]]:
    """The state of both sides at each announcement and at the end of the history."""
    announced = [campaign.announced_at for campaign in history.campaigns if campaign.announced_at is not None]
    told: list[ProviderTemplate | ChannelTemplates] = [*history.provider_templates, *history.channel_templates]
    events = iter(sorted(told, key=lambda event: (event.at, event.n)))
    shelf, waiting = _Shelf(), next(events, None)
    for moment in sorted({*announced, history.header.ended}):
        while waiting is not None and waiting.at <= moment:
            shelf.apply(waiting)
            waiting = next(events, None)
        yield moment, shelf


def _differences(shelf: _Shelf, channel: int, service: str, at: int) -> Iterator[Finding]:
    titles, names = shelf.provider.get(service, {}), shelf.channels.get(channel, {})
    for key in _settled(shelf, service, at):
        if not _listed(key, titles[key], names):
            yield _unlisted(channel, key, titles[key], names, at)
    for key, name in names.items():
        if _stale(key, name, titles) and _gone(key, shelf, service, at):
            yield _left_over(channel, key, name, at)


def _settled(shelf: _Shelf, service: str, at: int) -> list[str]:
    """What the provider has had for long enough that a channel without it is wrong."""
    latest = at - SYNCHRONISED_WITHIN
    return [key for key in shelf.provider.get(service, ()) if shelf.changed.get((service, key), at) <= latest]


def _listed(key: str, title: str, names: Mapping[str, str]) -> bool:
    """A bridge may number templates itself, and may add to their names; the title must be in there."""
    own = names.get(key)
    return title in own if own is not None else any(title in name for name in names.values())


def _stale(key: str, name: str, titles: Mapping[str, str]) -> bool:
    return key not in titles and not any(title and title in name for title in titles.values())


def _gone(key: str, shelf: _Shelf, service: str, at: int) -> bool:
    """Whether the provider has been without it for long enough; with ids of the bridge's own, any change may be it."""
    own = shelf.changed.get((service, key))
    latest = max((changed for (of, _), changed in shelf.changed.items() if of == service), default=0)
    return (latest if own is None else own) + SYNCHRONISED_WITHIN <= at


def _unlisted(channel: int, key: str, title: str, names: Mapping[str, str], at: int) -> Finding:
    known = names.get(key)
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause="a template of the provider is missing in the channel"
        if known is None
        else "a template has its old name",
        expected=f"{title!r} in the channel within {span(SYNCHRONISED_WITHIN)}",
        got="not listed" if known is None else f"listed as {known!r}",
        where=Location(channel=channel, template=key),
        at=at,
    )


def _left_over(channel: int, key: str, name: str, at: int) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause="a template that the provider no longer has is still in the channel",
        expected=f"not listed at {spoken(at)}",
        got=f"listed as {name!r}",
        where=Location(channel=channel, template=key),
        at=at,
    )


CHECKS = (
    Check(
        id=_ID,
        title="The channel lists the provider's templates",
        requirement=TEMPLATES_SYNCHRONISED,
        run=synchronised,
    ),
)
