"""Check that Optimove lists exactly the apps of each channel."""

from collections.abc import Iterator, Mapping

from sendproof_harness.history.records import History
from sendproof_harness.judge.facts.wishes import apps_of_channels
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import APPS_LISTED

_ID = "apps.listed"

_Apps = Mapping[str, str]


def check_apps_listed(history: History) -> CheckResult:
    """Compare the apps of each channel with those that Optimove lists at the end."""
    findings: list[Finding] = []
    own = apps_of_channels(history)
    for channel, apps in own.items():
        findings += _differences(channel, apps, _listed(history, channel))
    return CheckResult(looked_at=sum(map(len, own.values())), unit="apps", findings=tuple(findings))


def _listed(history: History, channel: int) -> _Apps:
    listed: dict[str, str] = {}
    for change in sorted(history.channel_apps, key=lambda change: (change.at, change.n)):
        for app in change.apps if change.channel == channel else ():
            if change.action == "added":
                listed[app["id"]] = app["name"]
            else:
                listed.pop(app["id"], None)
    return listed


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
