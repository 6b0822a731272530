"""A campaign waits for clearance: who may be sent to is decided and told in time."""

import pytest

from sendproof_bridge.clock import HOUR, MINUTE
from small_bridge import NOON, opened, settings
from stand_in import Says

HOLD = {
    "EventTypeID": 5,
    "TimeStamp": "2026-03-02 12:00:00",
    "CampaignID": 7001,
    "ClearanceRequiredBy": "2026-03-02 13:00:00",
}
GOOD = {"PHONE": "+447100000001", "CONSENT": "1"}


@pytest.fixture
def clearing(tmp_path, outside):
    """A bridge that clears campaigns."""
    with opened(tmp_path, settings(tmp_path, outside.url, clears_campaigns=True)) as made:
        yield made


def waiting(outside, *people):
    """Let these customers wait, with these attributes, in this order."""
    rows = [{"CustomerID": f"C{number}", "ActionID": 2, "PromoCode": ""} for number in range(1, len(people) + 1)]
    outside.say("GetProcessedCampaignCustomers", Says(rows), Says([]))
    answers = [Says([{"RealFieldName": name, "Value": value} for name, value in one.items()]) for one in people]
    outside.say("Attributes", *answers)


def told(outside):
    """What Optimove was told of each customer."""
    calls = outside.calls("UpdateCustomerPromotionStatus")
    return {one["CustomerID"]: one["Status"] for call in calls for one in call.body["PromosUpdated"]}


def test_event_5_is_asked_for_without_a_channel(clearing, outside):
    """Only by clients for which the bridge clears campaigns."""
    clearing.work()

    assert {"EventTypeID": 5, "ListenerURL": outside.calls("RegisterEventListener")[0].body["ListenerURL"]} in [
        call.body for call in outside.calls("RegisterEventListener")
    ]


def test_consent_and_number_decide(clearing, outside):
    """Everybody is named, so that nobody is a no by silence."""
    waiting(outside, GOOD, {**GOOD, "CONSENT": "0"}, {**GOOD, "PHONE": "12"})
    clearing.tell(**HOLD)
    clearing.work(until=NOON + MINUTE)

    assert told(outside) == {"C1": True, "C2": False, "C3": False}


def test_whoever_opted_out_here_is_not_cleared(clearing, outside):
    """Whatever Optimove knows."""
    outside.say("get_optouts", Says({"optouts": [{"number": 447100000001}], "status": "success"}))
    clearing.work()
    waiting(outside, GOOD)
    clearing.tell(**HOLD)
    clearing.work(until=NOON + MINUTE)

    assert told(outside) == {"C1": False}


def test_many_customers_are_looked_at_within_the_rate_limit(clearing, outside):
    """What is decided is told on the way."""
    waiting(outside, *[GOOD] * 250)
    clearing.tell(**HOLD)
    clearing.work(until=NOON + 5 * MINUTE)

    assert sorted(told(outside)) == sorted(f"C{number}" for number in range(1, 251))
    assert len(outside.calls("UpdateCustomerPromotionStatus")) == 3
    assert len(outside.calls("Attributes")) == 250


def test_when_time_is_over_nothing_is_told_any_more(clearing, outside):
    """Optimove would refuse it."""
    waiting(outside, GOOD)
    clearing.clock.time = NOON + HOUR
    clearing.tell(**HOLD)
    clearing.work(until=NOON + 2 * HOUR)

    assert outside.calls("UpdateCustomerPromotionStatus") == []
