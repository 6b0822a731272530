import pytest

from instants import NINE, SIX, TEN
from optimove_alone import Optimove, part, plan, sandbox_context, split, trigger
from sendproof_simulators.core.clock.wall_clock import HOUR
from sendproof_simulators.core.simulator import Channel
from sendproof_simulators.services.optimove.campaigns import report
from sendproof_simulators.services.optimove.customers.attribute_updates import Change, apply_changes

CHANNELS = tuple(Channel(id=id_, provider="textlocal", kind="scheduled") for id_ in (505, 506))
METRIC = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 14, "MetricID": 0, "MetricValue": 5}


def campaign_report(optimove, campaign=7001):
    """Return the current report of a campaign."""
    return report.campaign_report(optimove.context, optimove.state, campaign, optimove.now)


def test_report_has_template_time_and_recipients_of_each_split(optimove):
    """The name is the channel's name of the template, if it still has one."""
    optimove.call("AddChannelTemplates", [{"TemplateID": 1, "TemplateName": "T1 - Spring"}], ChannelID=505)
    optimove.announce(plan(customers=1_000, splits=(split(1, 3.0), split(2, 1.0, TEN))))
    first, second = campaign_report(optimove)["executions"]
    assert (first["name"], first["title"], first["scheduled_time"]) == ("T1 - Spring", "T1", "2026-03-02T09:00:00.000Z")
    assert (second["name"], second["scheduled_time"]) == (None, "2026-03-02T10:00:00.000Z")
    rows = [row["TemplateID"] for row in optimove.rows()]
    assert [first["recipients"], second["recipients"]] == [rows.count(1), rows.count(2)]


def test_report_counts_recipients_on_each_channel():
    optimove = Optimove(sandbox_context(channels=CHANNELS))
    optimove.announce(plan(parts=(part(505, split(1)), part(506, split(2)))))
    executions = campaign_report(optimove)["executions"]
    assert [(execution["channel"], execution["template"], execution["recipients"]) for execution in executions] == [
        (505, 1, 10),
        (506, 2, 10),
    ]


@pytest.mark.parametrize(("option", "total"), [("absolute", 7), ("additive", 12)])
def test_report_has_totals_according_to_dialect(option, total):
    optimove = Optimove(sandbox_context(dialects={"optimove.metric_values": option}))
    optimove.announce(plan())
    for value in (5, 7):
        optimove.call("UpdateCampaignMetrics", [METRIC | {"MetricValue": value}])
    expected = {"channel": 505, "template": 14, "metric": 0, "name": "sent", "value": total}
    assert campaign_report(optimove)["metrics"] == [expected]
    assert [campaign["metrics"] for campaign in report.list_campaigns(optimove.state)] == [{"sent": total}]


def test_report_excludes_results_of_other_campaigns(optimove):
    for id_ in (7001, 7002):
        optimove.announce(plan(id_))
        body = {"CampaignID": id_, "ChannelID": 505, "TemplateID": 14, "EventID": 4, "InteractionDate": "2026-03-02"}
        optimove.call("UpdateCampaignInteractions", body | {"CustomerIDs": ["C0000001"] * (id_ - 7000)})
    optimove.call("UpdateCampaignMetrics", [METRIC])
    assert [interaction["name"] for interaction in campaign_report(optimove, 7001)["interactions"]] == ["unsubscribed"]
    assert (
        campaign_report(optimove, 7001)["interactions"][0]["customers"],
        campaign_report(optimove, 7002)["metrics"],
    ) == (1, [])


def test_report_shows_open_and_closed_clearance(optimove):
    """The target group stays the same, and the recipients are the cleared customers."""
    optimove.schedule(plan(clearance_by=SIX + HOUR, announce_at=SIX))
    optimove.advance(SIX)
    statuses = [{"CustomerID": f"C000000{index}", "Status": index < 3} for index in range(5)]
    body = {"TimeStamp": "2026-03-02 06:30:00", "CampaignID": 7001, "PromosUpdated": statuses}
    optimove.call("UpdateCustomerPromotionStatus", body)
    waiting = {"required_by": "2026-03-02T07:00:00.000Z", "cleared": 3, "closed": False}
    assert (
        campaign_report(optimove)["clearance"],
        campaign_report(optimove)["state"],
        campaign_report(optimove)["recipients"],
    ) == (
        waiting,
        "on_hold",
        10,
    )
    optimove.advance(SIX + HOUR)
    current = campaign_report(optimove)
    assert (current["clearance"], current["state"], current["recipients"]) == (
        waiting | {"closed": True},
        "announced",
        3,
    )
    assert (current["target_group"], current["executions"][0]["recipients"]) == ({"id": 7001, "customers": 10}, 3)


def test_report_counts_preferences_of_the_campaigns_customers_only(optimove):
    """A vendor may report them on another channel."""
    optimove.announce(plan(customers=10))
    preference = {
        "ChannelID": 250,
        "CommunicationMode": 2,
        "CustomerIDs": ["C0000001", "C0000009", "C0000010", "unknown"],
    }
    optimove.call("SetCustomerChannelPreference", preference)
    optimove.call("SetCustomerChannelPreference", preference | {"CommunicationMode": 1, "CustomerIDs": ["C0000009"]})
    assert campaign_report(optimove)["preferences"] == [
        {"channel": 250, "app": None, "mode": 1, "opted_out": False, "customers": 1},
        {"channel": 250, "app": None, "mode": 2, "opted_out": True, "customers": 1},
    ]


def test_report_counts_attribute_changes_since_the_announcement(optimove):
    """Earlier changes were already visible to the campaign."""
    records = optimove.state.records
    apply_changes(records, (Change("C0000001", "SMS_OPT_IN", "0"),), "api", SIX - 1)
    optimove.announce(plan(customers=10))
    apply_changes(records, (Change("C0000002", "SMS_OPT_IN", "0"), Change("C0000010", "SMS_OPT_IN", "0")), "api", NINE)
    assert campaign_report(optimove)["attributes"] == [{"name": "SMS_OPT_IN", "customers": 1}]


def test_report_of_trigger_counts_its_firings(optimove):
    optimove.add_trigger(trigger())
    visit = {"trigger": "Visit", "event": "page_visit", "count": 1, "within_ms": None, "where": {}}
    assert campaign_report(optimove, 8001)["criteria"] == [visit]
    optimove.record_event("C0000001", "page_visit")
    optimove.record_event("C0000002", "page_visit")
    current = campaign_report(optimove, 8001)
    assert (current["kind"], current["state"], current["recipients"], current["target_group"]) == (
        "triggered",
        "running",
        2,
        None,
    )
    (execution,) = current["executions"]
    assert (execution["template"], execution["scheduled_time"], execution["recipients"]) == (21, None, 2)


def test_campaign_list_has_scheduled_campaigns_first(optimove):
    optimove.add_trigger(trigger())
    optimove.schedule(plan(7002, announce_at=NINE))
    optimove.announce(plan(7001))
    fields = ("campaign", "kind", "state")
    assert [tuple(campaign[name] for name in fields) for campaign in report.list_campaigns(optimove.state)] == [
        (7001, "scheduled", "announced"),
        (7002, "scheduled", "planned"),
        (8001, "triggered", "running"),
    ]


def test_report_of_unknown_campaign_raises_key_error_with_known_ids(optimove):
    optimove.announce(plan())
    with pytest.raises(KeyError, match=r"campaign 9 is not known; there are: 7001"):
        campaign_report(optimove, 9)
