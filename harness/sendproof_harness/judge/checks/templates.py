"""Check that the channel lists exactly the templates of the provider."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sendproof_harness.history.parts import SMS
from sendproof_harness.history.records import ChannelTemplates, History, ProviderTemplate
from sendproof_harness.history.timestamps import HOUR, MINUTE, span, spoken
from sendproof_harness.judge.checks.reports.statements import is_disturbed
from sendproof_harness.judge.facts.clients.key_outages import standstill_time, standstills
from sendproof_harness.judge.facts.fault_effects import is_result_hidden
from sendproof_harness.judge.facts.observation import bridge_time
from sendproof_harness.judge.facts.requests import may_succeed_later, request_before
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location, cached_per_history
from sendproof_harness.judge.requirements import TEMPLATES_SYNCHRONISED
from sendproof_harness.providers import provider

_ID = "templates.synchronised"

# Providers do not announce a change, so a bridge has to poll. Optimove requires a report "every time" and sets no
# limit. An hour is an acceptable wait for a marketer who has just written a template.
SYNC_WITHIN = 1 * HOUR
_REMOVE = "DeleteChannelTemplates"
# A bridge may delete a template and add it again, such as to rename it. Until then no marketer can choose it.
_ADDED_AGAIN_WITHIN = 5 * MINUTE
# A bridge that looks once an hour still needs a moment to add a hundred templates.
_LEEWAY = 5 * MINUTE


@dataclass(kw_only=True)
class _TemplateLists:
    """The templates of the providers and the lists of the channels at some instant."""

    provider: dict[str, dict[str, str]] = field(default_factory=dict)
    earlier: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    changed: dict[tuple[str, str], int] = field(default_factory=dict)
    channels: dict[int, dict[str, str]] = field(default_factory=dict)
    removed: dict[int, dict[str, tuple[str, int]]] = field(default_factory=dict)

    def apply(self, event: ProviderTemplate | ChannelTemplates) -> None:
        if isinstance(event, ProviderTemplate):
            self._apply_to_provider(event)
        else:
            self._apply_to_channel(event)

    def _apply_to_provider(self, event: ProviderTemplate) -> None:
        titles, key = self.provider.setdefault(_templates_of(event.service, event.message), {}), str(event.id)
        if event.action == "deleted":
            titles.pop(key, None)
        else:
            if key in titles:
                self.earlier.setdefault((_templates_of(event.service, event.message), key), set()).add(titles[key])
            titles[key] = event.title or titles.get(key, "")
        if event.action != "changed":
            self.changed[_templates_of(event.service, event.message), key] = event.at

    def _apply_to_channel(self, event: ChannelTemplates) -> None:
        names, removed = self.channels.setdefault(event.channel, {}), self.removed.setdefault(event.channel, {})
        for template in event.templates:
            key = str(template.id)
            if event.action == "deleted":
                removed[key] = names.pop(key, ""), event.at
            else:
                names[key] = template.name or names.get(key, "")
                removed.pop(key, None)

    def earlier_titles(self, service: str, key: str) -> set[str]:
        """Return the titles that a template of the provider had before the present one."""
        return self.earlier.get((service, key), set()) - {self.provider[service][key]}

    def removed_at(self, channel: int, service: str, key: str) -> int | None:
        """Return when the bridge last took a template off the channel; None if it was never there, or is again."""
        of_channel = self.removed.get(channel, {})
        times = [
            at for other, (name, at) in of_channel.items() if other == key or self._is_named(service, key, other, name)
        ]
        return max(times, default=None)

    def is_listed(self, channel: int, service: str, key: str) -> bool:
        """Return True if the channel lists a template: a bridge may use its own ids, and extend the titles."""
        names = self.channels.get(channel, {})
        if key in names:
            return _is_title_of(names[key], self.provider[service][key], self.earlier_titles(service, key))
        return any(self._is_named(service, key, id_, name) for id_, name in names.items())

    def is_stale(self, service: str, id_: str, name: str) -> bool:
        """Return True if an entry of a channel is about no template that the provider has now."""
        titles = self.provider.get(service, {})
        return id_ not in titles and ((service, id_) in self.changed or not _contains(name, titles.values()))

    def _is_named(self, service: str, key: str, id_: str, name: str) -> bool:
        """Return True if an entry under an id of the bridge's own is about the template, and about no longer title."""
        titles = self.provider[service]
        longer = {*titles.values(), *self.earlier_titles(service, key)}
        return (service, id_) not in self.changed and _is_title_of(name, titles[key], longer)


def _is_title_of(name: str, title: str, others: Iterable[str]) -> bool:
    """Return True if a name is a title with or without an extension, and not one of the others that contain it."""
    return title in name and not any(title != other and title in other and other in name for other in others)


def _templates_of(service: str, message: str) -> str:
    """Return the name of the templates of a provider that a channel for this type of messages lists."""
    return service if message == SMS else f"{service} ({message})"


def check_templates_synced(history: History) -> CheckResult:
    """Compare the channel with the provider an hour after each change, when a campaign is announced, and at the end."""
    provider_of = {
        channel.id: _templates_of(channel.provider, channel.message)
        for channel in history.header.channels
        if channel.id not in provider(channel.provider).subscription_channels
    }
    found: dict[tuple[str, Location], Finding] = {}
    seen: set[tuple[int, str]] = set()
    for at, lists in _lists_at_checkpoints(history):
        limits = _Limits.of(history, at)
        latest = limits.changed
        for channel, service in provider_of.items():
            seen |= {
                (channel, key) for key in (*_settled(lists, service, at, latest), *lists.channels.get(channel, ()))
            }
            for finding in _differences(lists, channel, service, at, limits):
                found.setdefault((finding.cause, finding.where), finding)
    findings = (*found.values(), *_offered_for_sending(history, frozenset(provider_of)))
    return CheckResult(looked_at=len(seen), unit="templates", findings=findings)


def _offered_for_sending(history: History, sending: Collection[int]) -> Iterator[Finding]:
    """Yield the templates on a channel that only carries subscriptions: a marketer could send a campaign there."""
    for change in history.channel_templates:
        for template in change.templates if change.channel not in sending and change.action == "added" else ():
            yield Finding(
                check=_ID,
                level="fail",
                blame="bridge",
                cause="a template is offered on a channel that only carries subscriptions back",
                expected=f"no template on channel {change.channel}",
                got=f"{template.name!r} was added",
                where=Location(channel=change.channel, template=str(template.id)),
                at=change.at,
            )


def _lists_at_checkpoints(history: History) -> Iterator[tuple[int, _TemplateLists]]:
    """Yield the lists at each announcement, when each change must have been noticed, and at the end of the history."""
    announced = [campaign.announced_at for campaign in history.campaigns if campaign.announced_at is not None]
    checkpoints = {*announced, *_undisturbed_limits(history), history.header.ended}
    changes: list[ProviderTemplate | ChannelTemplates] = [*history.provider_templates, *history.channel_templates]
    events = iter(sorted(changes, key=lambda event: (event.at, event.n)))
    lists, following = _TemplateLists(), next(events, None)
    for checkpoint in sorted(checkpoints):
        while following is not None and following.at <= checkpoint:
            lists.apply(following)
            following = next(events, None)
        yield checkpoint, lists


def _undisturbed_limits(history: History) -> Iterator[int]:
    """Yield when each change must have been noticed at the latest, unless something may have kept the bridge from it.

    The last checkpoint still finds a bridge that never catches up.
    """
    for changed in {change.at for change in history.provider_templates}:
        limit = bridge_time(history).after(changed, SYNC_WITHIN + _LEEWAY)
        is_free = not (is_disturbed(history, changed - _LEEWAY, limit) or _is_refused(history, changed, limit))
        if limit <= history.header.ended and is_free:
            yield limit
    for change in history.channel_templates:
        limit = bridge_time(history).after(change.at, _ADDED_AGAIN_WITHIN + 1)
        if change.action == "deleted" and limit <= history.header.ended and not _is_kept_from(history, change, limit):
            yield limit


def _is_kept_from(history: History, removal: ChannelTemplates, limit: int) -> bool:
    """Return True if something may have kept the bridge from adding a template again.

    What failed before the removal is no reason for it: a list that could not be read is not an empty one. The bridge
    cannot know of a removal whose own response it did not get.
    """
    first = _request_of(history, removal)
    later = (request for request in history.requests if request.n >= first and request.at <= limit)
    has_failed = any(is_result_hidden(request) or may_succeed_later(request) for request in later)
    return has_failed or standstill_time(history, removal.at, limit) > 0


def _request_of(history: History, removal: ChannelTemplates) -> int:
    """Return the line of the request that removed templates; the line of the removal if the history lacks it."""
    request = request_before(history.requests, removal.n)
    return removal.n if request is None or request.operation != _REMOVE else request.n


def _is_refused(history: History, start: int, end: int) -> bool:
    """Return True if a service refused the bridge's key or its rate of calls between two instants, or failed."""
    return any(start <= request.at <= end and may_succeed_later(request) for request in history.requests)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Limits:
    """The bridge cannot know of changes at the provider after `changed`, and may not have repeated later removals."""

    changed: int
    removed: int

    @classmethod
    def of(cls, history: History, at: int) -> "_Limits":
        """Return the limits at a checkpoint. The last one still finds a bridge that never catches up."""
        before = _seen_before if at == history.header.ended else _undisturbed_before
        return cls(changed=before(history, at, SYNC_WITHIN), removed=before(history, at, _ADDED_AGAIN_WITHIN))


def _undisturbed_before(history: History, at: int, period: int) -> int:
    """Return the beginning of the last such period before an instant in which no call of the bridge failed.

    A bridge that looks once a period may look only once in it.
    """
    failures = _failures(history)
    start = _seen_before(history, at, period)
    while (first := bisect_left(failures, start)) < bisect_right(failures, at):
        at = failures[first] - 1
        start = _seen_before(history, at, period)
    return start


@cached_per_history
def _failures(history: History) -> Sequence[int]:
    """Return when a call failed, or its result was hidden from the bridge, in order."""
    return sorted(request.at for request in history.requests if is_result_hidden(request) or may_succeed_later(request))


def _seen_before(history: History, at: int, period: int) -> int:
    """Return the instant that was a period ago for the bridge, without the time that it was down or had no key."""
    visible = bridge_time(history)
    start, down = at + 1, 0
    # An outage in the time that the last step added makes the window longer once more.
    while (earlier := visible.before(at, period + down)) < start:
        start = earlier
        down = sum(min(at, back) - gone for gone, back in standstills(history) if back > start and gone < at)
    return start


def _differences(lists: _TemplateLists, channel: int, service: str, at: int, limits: _Limits) -> Iterator[Finding]:
    """Yield the differences at an instant."""
    titles, names = lists.provider.get(service, {}), lists.channels.get(channel, {})
    settled = frozenset(_settled(lists, service, at, limits.changed))
    renamed = set()
    for key in titles:
        removed_at = lists.removed_at(channel, service, key)
        # The bridge knew a template that it took off the channel, however new it is.
        is_due = key in settled if removed_at is None else _is_removal(lists, service, key, removed_at, limits)
        if is_due and not lists.is_listed(channel, service, key):
            earlier = lists.earlier_titles(service, key)
            stale = (name for id_, name in names.items() if lists.is_stale(service, id_, name))
            name = names.get(key) or next((name for name in stale if _contains(name, earlier)), None)
            renamed.add(name)
            cause = _cause(key, titles, name, earlier, was_removed=removed_at is not None)
            yield _not_listed(channel, key, titles[key], name, cause, at)
    for key, name in names.items():
        if (
            name not in renamed
            and lists.is_stale(service, key, name)
            and _is_long_deleted(key, lists, service, limits.changed)
        ):
            yield _still_listed(channel, key, name, at)


def _is_removal(lists: _TemplateLists, service: str, key: str, removed_at: int, limits: _Limits) -> bool:
    """Return True if the provider had the template when the bridge took it off, and it is not just being replaced."""
    return lists.changed.get((service, key), removed_at) <= removed_at <= limits.removed


def _settled(lists: _TemplateLists, service: str, at: int, latest: int) -> list[str]:
    """Return the provider's templates that have been unchanged for so long that the channel must list them."""
    return [key for key in lists.provider.get(service, ()) if lists.changed.get((service, key), at) <= latest]


def _contains(name: str, titles: Collection[str]) -> bool:
    return any(title and title in name for title in titles)


def _is_long_deleted(key: str, lists: _TemplateLists, service: str, limit: int) -> bool:
    """Return True if the provider deleted it long enough ago; for an own id of the bridge, any change may be it."""
    changed_at = lists.changed.get((service, key))
    latest = max((changed for (owner, _), changed in lists.changed.items() if owner == service), default=0)
    return (latest if changed_at is None else changed_at) <= limit


def _cause(
    key: str, titles: Mapping[str, str], name: str | None, earlier: Collection[str], *, was_removed: bool
) -> str:
    """Return why a template is listed with another name or none; `earlier` are titles that it had before."""
    if name is None:
        return "a template that the provider still has was deleted from the channel" if was_removed else _MISSING
    if any(old in name for old in earlier):
        return "a renamed template has its old name in the channel"
    if _contains(name, [title for other, title in titles.items() if other != key]):
        return "a template has the title of another template in the channel"
    return "a template's name in the channel is not its title at the provider"


_MISSING = "a template of the provider is missing from the channel"


def _not_listed(channel: int, key: str, title: str, name: str | None, cause: str, at: int) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause=cause,
        expected=f"{title!r} in the channel within {span(SYNC_WITHIN)}",
        got="not listed" if name is None else f"listed as {name!r}",
        where=Location(channel=channel, template=key),
        at=at,
    )


def _still_listed(channel: int, key: str, name: str, at: int) -> Finding:
    return Finding(
        check=_ID,
        level="fail",
        blame="bridge",
        cause="a template that the provider deleted is still in the channel",
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
        run=check_templates_synced,
    ),
)
