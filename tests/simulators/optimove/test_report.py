import pytest

from instants import NINE, SIX, TEN
from optimove_alone import Optimove, part, plan, sandbox_context, split, trigger
from sendproof_simulators.core.clock.wall_clock import HOUR
from sendproof_simulators.core.simulator import Channel
from sendproof_simulators.services.optimove.campaigns import report
from sendproof_simulators.services.optimove.customers.attribute_updates import apply_changes
from sendproof_simulators.services.optimove.customers.records import Change

CHANNELS = tuple(Channel(id=id_, provider="textlocal", kind="scheduled") for id_ in (505, 506))
METRIC = {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 14, "MetricID": 0, "MetricValue": 5}


def told(optimove, campaign=7001):
    """What a person is shown of a campaign now."""
    return report.campaign_report(optimove.world, optimove.state, campaign, optimove.now)


def test_a_campaign_says_who_gets_what_when(optimove):
    """Split by split, with the channel's name of the template, if it still has one."""
    optimove.call("AddChannelTemplates", [{"TemplateID": 1, "TemplateName": "T1 - Spring"}], ChannelID=505)
    optimove.announce(plan(customers=1_000, splits=(split(1, 3.0), split(2, 1.0, TEN))))
    first, second = told(optimove)["executions"]
    assert (first["name"], first["title"], first["scheduled_time"]) == ("T1 - Spring", "T1", "2026-03-02T09:00:00.000Z")
    assert (second["name"], second["scheduled_time"]) == (None, "2026-03-02T10:00:00.000Z")
    rows = [row["TemplateID"] for row in optimove.rows()]
    assert [first["recipients"], second["recipients"]] == [rows.count(1), rows.count(2)]


def test_a_campaign_on_two_channels_is_told_channel_by_channel():
    """Each customer is a recipient on both."""
    optimove = Optimove(sandbox_context(channels=CHANNELS))
    optimove.announce(plan(parts=(part(505, split(1)), part(506, split(2)))))
    executions = told(optimove)["executions"]
    assert [(one["channel"], one["template"], one["recipients"]) for one in executions] == [(505, 1, 10), (506, 2, 10)]


@pytest.mark.parametrize(("how", "sent"), [("absolute", 7), ("additive", 12)])
def test_metrics_stand_as_the_sandbox_takes_them(how, sent):
    """The later value replaces the earlier one, or is added to it."""
    optimove = Optimove(sandbox_context(dialects={"optimove.metric_values": how}))
    optimove.announce(plan())
    for value in (5, 7):
        optimove.call("UpdateCampaignMetrics", [METRIC | {"MetricValue": value}])
    expected = {"channel": 505, "template": 14, "metric": 0, "name": "sent", "value": sent}
    assert told(optimove)["metrics"] == [expected]
    assert [one["metrics"] for one in report.list_campaigns(optimove.state)] == [{"sent": sent}]


def test_metrics_and_interactions_of_other_campaigns_are_not_shown(optimove):
    """Each campaign has its own."""
    for id_ in (7001, 7002):
        optimove.announce(plan(id_))
        body = {"CampaignID": id_, "ChannelID": 505, "TemplateID": 14, "EventID": 4, "InteractionDate": "2026-03-02"}
        optimove.call("UpdateCampaignInteractions", body | {"CustomerIDs": ["C0000001"] * (id_ - 7000)})
    optimove.call("UpdateCampaignMetrics", [METRIC])
    assert [one["name"] for one in told(optimove, 7001)["interactions"]] == ["unsubscribed"]
    assert (told(optimove, 7001)["interactions"][0]["customers"], told(optimove, 7002)["metrics"]) == (1, [])


def test_a_clearance_is_shown_while_it_is_open_and_after(optimove):
    """Who is left are the recipients; the target group stays what it was."""
    optimove.schedule(plan(clearance_by=SIX + HOUR, announce_at=SIX))
    optimove.advance(SIX)
    statuses = [{"CustomerID": f"C000000{place}", "Status": place < 3} for place in range(5)]
    body = {"TimeStamp": "2026-03-02 06:30:00", "CampaignID": 7001, "PromosUpdated": statuses}
    optimove.call("UpdateCustomerPromotionStatus", body)
    waiting = {"required_by": "2026-03-02T07:00:00.000Z", "cleared": 3, "closed": False}
    assert (told(optimove)["clearance"], told(optimove)["state"], told(optimove)["recipients"]) == (
        waiting,
        "on_hold",
        10,
    )
    optimove.advance(SIX + HOUR)
    shown = told(optimove)
    assert (shown["clearance"], shown["state"], shown["recipients"]) == (waiting | {"closed": True}, "announced", 3)
    assert (shown["target_group"], shown["executions"][0]["recipients"]) == ({"id": 7001, "customers": 10}, 3)


def test_preferences_count_the_customers_of_the_campaign_only(optimove):
    """On whatever channel they were told; strangers and others' customers do not count."""
    optimove.announce(plan(customers=10))
    preference = {
        "ChannelID": 250,
        "CommunicationMode": 2,
        "CustomerIDs": ["C0000001", "C0000009", "C0000010", "nobody"],
    }
    optimove.call("SetCustomerChannelPreference", preference)
    optimove.call("SetCustomerChannelPreference", preference | {"CommunicationMode": 1, "CustomerIDs": ["C0000009"]})
    assert told(optimove)["preferences"] == [
        {"channel": 250, "app": None, "mode": 1, "opted_out": False, "customers": 1},
        {"channel": 250, "app": None, "mode": 2, "opted_out": True, "customers": 1},
    ]


def test_attributes_count_who_was_changed_since_the_announcement(optimove):
    """What was known before is how the campaign found them."""
    records = optimove.state.records
    apply_changes(records, (Change("C0000001", "SMS_OPT_IN", "0"),), "api", SIX - 1)
    optimove.announce(plan(customers=10))
    apply_changes(records, (Change("C0000002", "SMS_OPT_IN", "0"), Change("C0000010", "SMS_OPT_IN", "0")), "api", NINE)
    assert told(optimove)["attributes"] == [{"name": "SMS_OPT_IN", "customers": 1}]


def test_a_trigger_is_a_campaign_too(optimove):
    """Its recipients are those who met it."""
    optimove.add_trigger(trigger())
    visit = {"trigger": "Visit", "event": "page_visit", "count": 1, "within_ms": None, "where": {}}
    assert told(optimove, 8001)["criteria"] == [visit]
    optimove.record_event("C0000001", "page_visit")
    optimove.record_event("C0000002", "page_visit")
    shown = told(optimove, 8001)
    assert (shown["kind"], shown["state"], shown["recipients"], shown["target_group"]) == (
        "triggered",
        "running",
        2,
        None,
    )
    assert [(one["template"], one["scheduled_time"], one["recipients"]) for one in shown["executions"]] == [
        (21, None, 2)
    ]


def test_all_campaigns_are_listed_the_scheduled_ones_first(optimove):
    """With the state each is in."""
    optimove.add_trigger(trigger())
    optimove.schedule(plan(7002, announce_at=NINE))
    optimove.announce(plan(7001))
    listed = [(one["campaign"], one["kind"], one["state"]) for one in report.list_campaigns(optimove.state)]
    assert listed == [(7001, "scheduled", "announced"), (7002, "scheduled", "planned"), (8001, "triggered", "running")]


def test_an_unknown_campaign_is_said(optimove):
    """With those that there are."""
    optimove.announce(plan())
    with pytest.raises(KeyError, match=r"campaign 9 is not known; there are \[7001\]"):
        told(optimove, 9)
