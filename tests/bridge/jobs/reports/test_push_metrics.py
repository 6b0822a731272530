"""From messages to reports."""

from sendproof_bridge.clock import DAY, HOUR, MINUTE, iso
from sendproof_bridge.inbound.status import campaign_status
from small_bridge import KEY, NOON, NUMBERS, metric_values, receive_statuses
from stand_in import Reply


def test_totals_are_pushed_soon_then_every_six_hours_for_a_week(sent, services):
    receive_statuses(sent, (NUMBERS[0], "D"), (NUMBERS[1], "U"))
    sent.run(until=NOON + 15 * MINUTE)
    assert [metric_values(call) for call in services.calls("UpdateCampaignMetrics")] == [{0: 5, 1: 1, 5: 1, 9: 1}]

    sent.run(until=NOON + 8 * DAY)
    assert len(services.calls("UpdateCampaignMetrics")) == 29


def test_total_names_campaign_channel_and_template(sent, services):
    sent.run(until=NOON + 15 * MINUTE)

    first = services.calls("UpdateCampaignMetrics")[0].body[0]
    assert first == {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": 0, "MetricValue": 5}


def test_each_customer_event_is_reported_once(sent, services):
    sent.run(until=NOON + 15 * MINUTE)
    receive_statuses(sent, (NUMBERS[0], "D"))
    sent.run(until=NOON + 7 * DAY)

    reports = [
        (call.body["EventID"], call.body["CustomerIDs"]) for call in services.calls("UpdateCampaignInteractions")
    ]
    assert reports == [(0, ["C1", "C2", "C3", "C4", "C5"]), (5, ["C6"]), (1, ["C1"])]


def test_large_campaign_is_reported_in_parts(sent, services):
    """One transaction with all its events would block receipts for seconds."""
    sent.execute(
        "WITH RECURSIVE customer(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM customer WHERE id < 50000)"
        " INSERT INTO message (client, channel, campaign, customer, occasion, template, state, settled_at)"
        " SELECT 'acme', 505, '7001', 'B' || id, '', 11, 'accepted', :now FROM customer",
        now=NOON,
    )
    sent.run(until=NOON + 15 * MINUTE)

    customers = [
        customer
        for call in services.calls("UpdateCampaignInteractions")
        for customer in call.body["CustomerIDs"]
        if call.body["EventID"] == 0
    ]
    assert (len(customers), len(set(customers))) == (50_005, 50_005)
    assert metric_values(services.calls("UpdateCampaignMetrics")[0])[0] == 50_005


def test_report_continues_under_other_names_after_a_kill(sent):
    """Jobs of the parts before the kill have the first names, and would hide those of the next part."""
    sent.execute(
        "UPDATE job SET payload = REPLACE(payload, '{', '{\"part\": 1, ') WHERE id = 'push_metrics:acme:505:7001:0'"
    )
    sent.run(until=NOON + 15 * MINUTE)

    assert sent.query("SELECT id FROM job WHERE kind = 'push_interactions' ORDER BY id") == [
        "push_interactions:push_metrics:acme:505:7001:0.1:11:0:2026-03-02:0",
        "push_interactions:push_metrics:acme:505:7001:0.1:11:5:2026-03-02:0",
    ]


def test_interaction_has_utc_day_and_ids(sent, services):
    sent.run(until=NOON + 15 * MINUTE)

    assert services.calls("UpdateCampaignInteractions")[1].body == {
        "CampaignID": 7001,
        "ChannelID": 505,
        "InteractionDate": "2026-03-02",
        "TemplateID": 11,
        "EventID": 5,
        "CustomerIDs": ["C6"],
    }


def test_retried_interactions_have_the_same_customers(sent, services):
    """Optimove adds up calls that differ."""
    services.respond("UpdateCampaignInteractions", Reply(status=500), Reply())
    sent.run(until=NOON + 15 * MINUTE)
    receive_statuses(sent, (NUMBERS[0], "D"))
    sent.run(until=NOON + HOUR)

    customers = sorted(call.body["CustomerIDs"] for call in services.calls("UpdateCampaignInteractions"))
    assert customers == [["C1", "C2", "C3", "C4", "C5"], ["C1", "C2", "C3", "C4", "C5"], ["C6"]]


def test_campaign_is_finished_after_a_week(sent):
    receive_statuses(sent, (NUMBERS[0], "D"), (NUMBERS[0], "D"))
    sent.run(until=NOON + 15 * MINUTE)
    status = campaign_status(sent.context, KEY)
    assert (status["state"], status["reports"]) == ("reporting", {"done": 1, "next": iso(NOON + 6 * HOUR)})
    assert (status["messages"], status["reasons"]) == ({"accepted": 4, "delivered": 1, "dropped": 1}, {"opted_out": 1})
    assert (status["batches"], status["receipts"]) == ({"settled": 1}, {"applied": 1, "repeated": 1})
    assert status["totals"] == {"11": {"sent": 5, "delivered": 1, "dropped": 1, "bounced": 0}}

    sent.run(until=NOON + 7 * DAY)
    assert campaign_status(sent.context, KEY)["state"] == "finished"
