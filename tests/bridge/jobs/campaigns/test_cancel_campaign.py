"""A campaign is cancelled: what was not begun is called off, what was sent is reported as sent."""

import json

import pytest

from sendproof_bridge.clock import DAY, HOUR, MINUTE
from sendproof_bridge.inbound.status import campaign_status
from small_bridge import KEY, NOON, row
from stand_in import Says

CANCELLED = {"EventTypeID": 4, "TimeStamp": "2026-03-02 12:30:00", "CampaignID": 7001}


@pytest.fixture
def planned(small, outside):
    """One message now, one in an hour."""
    rows = [row("C1", "+447100000001"), row("C2", "+447100000002", at="2026-03-02 13:00:00")]
    outside.say("GetCustomerSendDetailsByChannel", Says(rows), Says([]))
    small.announce()
    return small


def sent(outside):
    """The numbers that went out."""
    calls = [json.loads(call.body["data"])["messages"] for call in outside.calls("bulk_json")]
    return [one["number"] for call in calls for one in call]


def test_what_is_not_sent_yet_is_called_off(planned, outside):
    """What was sent stays sent."""
    planned.work(until=NOON + 30 * MINUTE)
    planned.tell(**CANCELLED)
    planned.work(until=NOON + HOUR)

    assert sent(outside) == ["447100000001"]
    assert campaign_status(planned.bridge, KEY)["state"] == "cancelled"
    assert planned.rows("SELECT customer, state FROM message") == [("C1", "accepted"), ("C2", "cancelled")]


def test_what_was_sent_is_reported_and_what_was_called_off_is_not(planned, outside):
    """Neither as sent nor as dropped: nobody was to get it any more."""
    planned.work(until=NOON + 5 * MINUTE)
    planned.tell(**CANCELLED)
    planned.work(until=NOON + DAY)

    told = {item["MetricID"]: item["MetricValue"] for item in outside.calls("UpdateCampaignMetrics")[-1].body}
    assert (told[0], told[5]) == (1, 0)


def test_a_campaign_that_was_cancelled_at_once_sends_nothing(planned, outside):
    """Even its customers are not read."""
    planned.tell(**CANCELLED)
    planned.work(until=NOON + DAY)

    assert (sent(outside), outside.calls("GetCustomerSendDetailsByChannel")) == ([], [])
    assert outside.calls("UpdateCampaignMetrics") == []


def test_an_announcement_that_comes_after_the_cancellation_is_ignored(small, outside):
    """Events can overtake each other."""
    small.tell(**CANCELLED)
    small.announce()
    small.work(until=NOON + DAY)

    assert outside.calls("GetCustomerSendDetailsByChannel") == []


def test_a_batch_whose_reply_was_lost_is_not_repeated_after_the_cancellation(planned, outside):
    """It is looked up, and what is surely absent is called off, too."""
    outside.say("bulk_json", Says(status=500))
    planned.work()
    planned.tell(**CANCELLED)
    planned.work(until=NOON + HOUR)

    assert sent(outside) == ["447100000001"]
    assert planned.rows("SELECT DISTINCT state FROM message") == ["cancelled"]


def test_another_campaign_goes_on(planned, outside):
    """Only the one that was named ends."""
    planned.tell(**{**CANCELLED, "CampaignID": 7002})
    planned.work(until=NOON + HOUR)

    assert sent(outside) == ["447100000001", "447100000002"]
