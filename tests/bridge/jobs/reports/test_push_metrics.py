"""From receipts to what Optimove is told."""

import pytest

from sendproof_bridge.clock import DAY, HOUR, MINUTE, iso
from sendproof_bridge.domain import receipts
from sendproof_bridge.inbound.status import campaign_status
from sendproof_bridge.outbound.providers import Receipt
from small_bridge import KEY, NOON, opened, row, settings
from stand_in import Says

BATCH = "505-7001-0-0"
NUMBERS = [f"44710000000{index}" for index in range(1, 6)]


@pytest.fixture
def sent(small, outside):
    """Five messages that were accepted, and one customer who opted out."""
    rows = [row(f"C{index}", f"+{number}") for index, number in enumerate(NUMBERS, 1)]
    rows.append(row("C6", "+447100000006", consent="0"))
    outside.say("GetCustomerSendDetailsByChannel", Says(rows), Says([]))
    small.announce()
    small.work()
    return small


def receive(small, *receipts, batch=BATCH):
    """Receipts as (number, letter), as the door stores them."""
    rows = [
        ("acme", Receipt(batch=batch, recipient=number, status_code=letter, provider_time="2026-03-02 12:00:07"))
        for number, letter in receipts
    ]
    with small.bridge.store.write() as tx:
        receipts.store_receipts(tx, rows)


def states(small):
    """How each message stands."""
    return dict(small.rows("SELECT number, state FROM message WHERE number IS NOT NULL"))


def totals(call):
    """The values of one push, by metric."""
    return {item["MetricID"]: item["MetricValue"] for item in call.body}


def test_receipts_end_their_messages(sent):
    """Each letter has its meaning."""
    receive(sent, *zip(NUMBERS, "DUIE?", strict=True))
    sent.work()

    assert list(states(sent).values()) == ["delivered", "undelivered", "invalid", "expired", "unknown"]


def test_a_repeated_receipt_changes_nothing(sent):
    """It is counted."""
    receive(sent, (NUMBERS[0], "D"), (NUMBERS[0], "D"))
    sent.work()

    assert sent.rows("SELECT result FROM receipt ORDER BY id") == ["applied", "repeated"]


def test_the_first_last_word_counts(sent):
    """What was delivered does not become undelivered; what was unknown may become known."""
    receive(sent, (NUMBERS[0], "D"), (NUMBERS[0], "U"), (NUMBERS[1], "?"), (NUMBERS[1], "D"))
    sent.work()

    assert sent.rows("SELECT result FROM receipt ORDER BY id") == ["applied", "illegal", "applied", "applied"]
    assert (states(sent)[NUMBERS[0]], states(sent)[NUMBERS[1]]) == ("delivered", "delivered")


def test_a_receipt_of_an_unknown_batch_is_put_aside(sent):
    """So is one of an unknown number."""
    receive(sent, (NUMBERS[0], "D"), batch="505-9-0-0")
    receive(sent, ("447999999999", "D"))
    sent.work()

    assert sent.rows("SELECT result FROM receipt") == ["stray", "stray"]


def test_many_receipts_are_taken_over_in_several_transactions(sent):
    """None is left behind."""
    receive(sent, *[("447999999999", "D")] * 10_001)
    sent.work()

    assert sent.rows("SELECT COUNT(*) FROM receipt WHERE result IS NULL") == [0]


def test_totals_are_pushed_soon_and_then_every_six_hours_for_a_week(sent, outside):
    """Absolute values, by template."""
    receive(sent, (NUMBERS[0], "D"), (NUMBERS[1], "U"))
    sent.work(until=NOON + 15 * MINUTE)
    assert [totals(call) for call in outside.calls("UpdateCampaignMetrics")] == [{0: 5, 1: 1, 5: 1, 9: 1}]

    sent.work(until=NOON + 8 * DAY)
    assert len(outside.calls("UpdateCampaignMetrics")) == 29


def test_a_total_names_campaign_channel_and_template(sent, outside):
    """As Optimove knows them."""
    sent.work(until=NOON + 15 * MINUTE)

    first = outside.calls("UpdateCampaignMetrics")[0].body[0]
    assert first == {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": 0, "MetricValue": 5}


def test_customers_are_reported_once_for_each_event(sent, outside):
    """Later reports hold only those who came since."""
    sent.work(until=NOON + 15 * MINUTE)
    receive(sent, (NUMBERS[0], "D"))
    sent.work(until=NOON + 7 * DAY)

    told = [(call.body["EventID"], call.body["CustomerIDs"]) for call in outside.calls("UpdateCampaignInteractions")]
    assert told == [(0, ["C1", "C2", "C3", "C4", "C5"]), (5, ["C6"]), (1, ["C1"])]


def test_an_interaction_has_its_day_and_all_its_names(sent, outside):
    """The day on which it happened, in UTC."""
    sent.work(until=NOON + 15 * MINUTE)

    assert outside.calls("UpdateCampaignInteractions")[1].body == {
        "CampaignID": 7001,
        "ChannelID": 505,
        "InteractionDate": "2026-03-02",
        "TemplateID": 11,
        "EventID": 5,
        "CustomerIDs": ["C6"],
    }


def test_a_repeated_report_of_interactions_has_the_same_customers(sent, outside):
    """Optimove adds up what differs."""
    outside.say("UpdateCampaignInteractions", Says(status=500), Says())
    sent.work(until=NOON + 15 * MINUTE)
    receive(sent, (NUMBERS[0], "D"))
    sent.work(until=NOON + HOUR)

    told = sorted(call.body["CustomerIDs"] for call in outside.calls("UpdateCampaignInteractions"))
    assert told == [["C1", "C2", "C3", "C4", "C5"], ["C1", "C2", "C3", "C4", "C5"], ["C6"]]


def test_messages_without_a_receipt_are_asked_about(sent, outside):
    """Three days and some hours after sending, and daily as long as they are under way."""
    told = Says({"message": {"recipient": 1, "status": "P", "date": ""}, "status": "success"})
    ended = Says({"message": {"recipient": 1, "status": "E", "date": "2026-03-05 12:00:00"}, "status": "success"})
    receive(sent, *[(number, "D") for number in NUMBERS[1:]])
    outside.say("status_message", told, ended)
    sent.work(until=NOON + 7 * DAY)

    assert len(outside.calls("status_message")) == 2
    assert states(sent)[NUMBERS[0]] == "expired"
    assert totals(outside.calls("UpdateCampaignMetrics")[-1]) == {0: 5, 1: 4, 5: 1, 9: 1}


def test_the_campaign_is_finished_after_a_week(sent):
    """Its status tells what became of everybody."""
    receive(sent, (NUMBERS[0], "D"), (NUMBERS[0], "D"))
    sent.work(until=NOON + 15 * MINUTE)
    told = campaign_status(sent.bridge, KEY)
    assert (told["state"], told["reports"]) == ("reporting", {"done": 1, "next": iso(NOON + 6 * HOUR)})
    assert (told["messages"], told["reasons"]) == ({"accepted": 4, "delivered": 1, "dropped": 1}, {"opted_out": 1})
    assert (told["batches"], told["receipts"]) == ({"settled": 1}, {"applied": 1, "repeated": 1})
    assert told["totals"] == {"11": {"sent": 5, "delivered": 1, "dropped": 1, "bounced": 0}}

    sent.work(until=NOON + 7 * DAY)
    assert campaign_status(sent.bridge, KEY)["state"] == "finished"


@pytest.fixture
def adding(tmp_path, outside):
    """A bridge whose client's Optimove adds up what it is told; one message is sent."""
    outside.say("GetCustomerSendDetailsByChannel", Says([row("C1", f"+{NUMBERS[0]}")]), Says([]))
    with opened(tmp_path, settings(tmp_path, outside.url, metric_values="additive")) as small:
        small.announce()
        small.work()
        yield small


def test_where_values_are_added_up_only_growth_is_told(adding, outside):
    """Also that there was none, as reports are to come several times a day."""
    adding.work(until=NOON + HOUR)
    receive(adding, (NUMBERS[0], "D"))
    adding.work(until=NOON + DAY)

    told = [totals(call) for call in outside.calls("UpdateCampaignMetrics")]
    assert told[:3] == [{0: 1, 1: 0, 5: 0, 9: 0}, {0: 0, 1: 1, 5: 0, 9: 0}, {0: 0, 1: 0, 5: 0, 9: 0}]


def test_growth_whose_reply_was_lost_is_not_told_twice(adding, outside):
    """It may count already, and nobody can be asked; health names it."""
    outside.say("UpdateCampaignMetrics", Says(status=500), Says())
    adding.work(until=NOON + HOUR)

    assert adding.rows("SELECT state FROM job WHERE kind = 'push_metric_deltas'") == ["unknown"]
    assert len(outside.calls("UpdateCampaignMetrics")) == 1
