"""The apps of a channel, as Optimove lists them and as reports name them."""

import pytest

from fault_helpers import fault_effect, request_line, with_faults
from history_builder import START, HistoryBuilder, Line
from sendproof_harness.history.timestamps import HOUR, iso
from sendproof_harness.judge.checks import apps, opt_out_sync
from sendproof_harness.judge.checks.reports import totals


def line(kind: str, n: int, **fields: object) -> Line:
    """Return one line of a history."""
    return {"n": n, "at": iso(START + HOUR), "real": 0.0, "kind": kind} | fields


def listed(action: str, n: int = 900, **names: str) -> Line:
    """Return a change of the apps in Optimove."""
    items = [{"id": id_, "name": name} for id_, name in names.items()]
    return line("channel_apps", n, channel=505, action=action, apps=items)


@pytest.fixture
def run_with_apps(correct_run: HistoryBuilder) -> HistoryBuilder:
    """Return a run of a channel with the apps `ios` and `web`; the campaign is of `ios`."""
    scenario = line("scenario", 0, name="Small", file="small", apps={"505": {"ios": "For iOS", "web": "In the web"}})
    return correct_run.change("campaign", lambda campaign: campaign | {"app": "ios"}).plus(scenario)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([listed("added", ios="For iOS", web="In the web")], []),
        ([listed("added", ios="Old", web="In the web"), listed("added", 901, ios="For iOS")], []),
        ([listed("added", ios="For iOS")], ["an app of the channel is missing from Optimove"]),
        ([listed("added", ios="ios", web="In the web")], ["an app is listed under another name"]),
        (
            [listed("added", ios="For iOS", web="In the web", tv="TV")],
            ["an app that the channel does not have is listed"],
        ),
        ([listed("added", ios="For iOS", web="In the web"), listed("deleted", 901, web="In the web")],
         ["an app of the channel is missing from Optimove"]),
    ],
)  # fmt: skip
def test_listed_apps_are_those_of_the_channel(run_with_apps, changes, expected):
    assert [finding.cause for finding in run_with_apps.plus(*changes).findings(apps.CHECKS)] == expected


def refused(hour: int) -> Line:
    """Return a call that a fault made fail."""
    effect = fault_effect("status", "altered", effect=False)
    return request_line(START + hour * HOUR, 5_000 + hour, "optimove", "AddChannelApps", status=503, fault=effect)


def test_apps_that_optimove_refuses_for_the_whole_run_are_unknown(run_with_apps):
    """Like many clients, the bridge doubles its wait, up to a day."""
    run = with_faults(run_with_apps, {"fault": "status", "call": "optimove.AddChannelApps", "status": 503})
    findings = run.plus(*map(refused, (0, 1, 3, 7, 15, 31, 55, 79, 103, 127, 151))).findings(apps.CHECKS)
    assert [(finding.level, finding.blame) for finding in findings] == [("unknown", "network")] * 2


def test_apps_that_were_refused_once_and_never_added_again_fail(run_with_apps):
    run = with_faults(run_with_apps, {"fault": "status", "call": "optimove.AddChannelApps", "status": 503})
    levels = [finding.level for finding in run.plus(refused(1)).findings(apps.CHECKS)]
    assert levels == ["fail", "fail"]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0, []), (2, ["an app was added to Optimove long after a campaign for it was announced"])],
)
def test_app_must_be_listed_within_an_hour_of_the_announcement_of_its_campaign(run_with_apps, hours, expected):
    added = listed("added", ios="For iOS", web="In the web") | {"at": iso(START + (2 + hours) * HOUR)}
    assert [finding.cause for finding in run_with_apps.plus(added).findings(apps.CHECKS)] == expected


def test_check_of_apps_applies_only_to_channels_with_apps(correct_run, run_with_apps):
    def checks(run: HistoryBuilder) -> set[str]:
        return {result.check.id for result in run.verdict().results}

    assert ("apps.listed" in checks(correct_run), "apps.listed" in checks(run_with_apps)) == (False, True)


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        ({"app": "ios"}, set()),
        ({}, {"interactions: no app, although the campaign has one"}),
        ({"app": "web"}, {"interactions: another app than that of the campaign"}),
    ],
)
def test_interactions_name_the_app_of_the_campaign(run_with_apps, app, expected):
    report = line("interactions", 990, campaign=7001, channel=505, template=11, event_id=0, customers=[], **app)
    found = {finding.cause for finding in run_with_apps.plus(report).findings(totals.CHECKS)}
    assert {cause for cause in found if " app" in cause} == expected


@pytest.mark.parametrize(("app", "count"), [("web", 0), ("tv", 1)])
def test_preference_may_name_an_app_of_the_channel(run_with_apps, app, count):
    preference = line("preference", 990, source="api", channel=505, app=app, mode=2, opted_out=True,
                      customers=["C0000004"])  # fmt: skip
    found = [finding.cause for finding in run_with_apps.plus(preference).findings(opt_out_sync.CHECKS)]
    assert found.count("consent was reported to Optimove for an app that the channel does not have") == count
