"""Check that Optimove lists exactly the apps of each channel, and has an app before a campaign for it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sendproof_harness.history.records import Campaign, History
from sendproof_harness.history.timestamps import HOUR, spoken
from sendproof_harness.judge.facts.clients.key_outages import standstill_time
from sendproof_harness.judge.facts.fault_effects import is_result_hidden
from sendproof_harness.judge.facts.observation import bridge_time
from sendproof_harness.judge.facts.requests import may_succeed_later
from sendproof_harness.judge.facts.wishes import apps_of_channels
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import APPS_LISTED

_ID = "apps.listed"
_OPERATIONS = frozenset({"AddChannelApps", "DeleteChannelApps"})

# As for templates: a bridge outside virtual time may begin to add apps when the campaign is announced.
_LATE_AFTER = HOUR

_Apps = Mapping[str, str]


def check_apps_listed(history: History) -> CheckResult:
    """Compare the apps of each channel with those that Optimove lists at the end, and soon after an announcement."""
    findings: list[Finding] = []
    own, ended = apps_of_channels(history), history.header.ended
    for channel, apps in own.items():
        of_end = [*_differences(channel, apps, _listed(history, channel, ended))]
        if of_end and _is_still_tried(history, ended):
            of_end = [replace(finding, level="unknown", blame="network") for finding in of_end]
        findings += of_end
    findings += _late_apps(history, own)
    return CheckResult(looked_at=sum(map(len, own.values())), unit="apps", findings=tuple(findings))


def _listed(history: History, channel: int, at: int) -> _Apps:
    """Return the apps that Optimove listed for a channel at an instant."""
    listed: dict[str, str] = {}
    for change in sorted(history.channel_apps, key=lambda change: (change.at, change.n)):
        for app in change.apps if change.channel == channel and change.at <= at else ():
            if change.action == "added":
                listed[app["id"]] = app["name"]
            else:
                listed.pop(app["id"], None)
    return listed


def _is_still_tried(history: History, at: int) -> bool:
    """Return True if calls about apps failed until an instant, as far as a bridge that waits longer each time tries."""
    calls = [request for request in history.requests if request.operation in _OPERATIONS and request.at <= at]
    failed = [call.at for call in calls if may_succeed_later(call) or is_result_hidden(call)]
    return bool(failed) and at - failed[-1] <= failed[-1] - failed[0] + _LATE_AFTER


def _late_apps(history: History, own: Mapping[int, _Apps]) -> Iterator[Finding]:
    """Yield the apps that Optimove only got long after a campaign for them was announced."""
    for campaign in history.campaigns:
        app = campaign.app
        if campaign.announced_at is None or app is None or app not in own.get(campaign.channel, {}):
            continue
        limit = bridge_time(history).after(campaign.announced_at, _LATE_AFTER)
        is_late = app not in _listed(history, campaign.channel, limit)
        is_added = app in _listed(history, campaign.channel, history.header.ended)
        since = campaign.announced_at - _LATE_AFTER
        kept = _is_still_tried(history, limit) or standstill_time(history, since, limit) > 0
        if limit <= history.header.ended and is_late and is_added and not kept:
            yield _late_app(campaign, app, limit)


def _late_app(campaign: Campaign, app: str, at: int) -> Finding:
    cause = "an app was added to Optimove long after a campaign for it was announced"
    finding = _finding(campaign.channel, cause, f"app {app} before the campaign", f"not listed at {spoken(at)}")
    where = Location(campaign=campaign.campaign, channel=campaign.channel)
    return replace(finding, where=where, at=at)


def _differences(channel: int, apps: _Apps, listed: _Apps) -> Iterator[Finding]:
    for id_, name in apps.items():
        if id_ not in listed:
            yield _finding(
                channel, "an app of the channel is missing from Optimove", f"app {id_}, {name!r}", "not listed"
            )
        elif listed[id_] != name:
            yield _finding(channel, "an app is listed under another name", repr(name), repr(listed[id_]))
    for id_ in listed.keys() - apps.keys():
        cause = "an app that the channel does not have is listed"
        yield _finding(channel, cause, f"one of {', '.join(apps)}", f"app {id_}, {listed[id_]!r}")


def _finding(channel: int, cause: str, expected: str, got: str) -> Finding:
    where = Location(channel=channel)
    return Finding(check=_ID, level="fail", blame="bridge", cause=cause, expected=expected, got=got, where=where)


CHECKS = (
    Check(
        id=_ID,
        title="Optimove lists the apps of each channel",
        requirement=APPS_LISTED,
        run=check_apps_listed,
        applies=lambda history: bool(apps_of_channels(history)),
        scope="runs with apps of channels",
    ),
)
