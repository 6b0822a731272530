"""Who opted out gets nothing more, and Optimove learns of it."""

import json

import pytest

from sendproof_bridge.clock import HOUR, MINUTE
from sendproof_bridge.storage import opt_outs
from small_bridge import NOON, opened, row, settings
from stand_in import Says

A, B = "447100000001", "447100000002"


@pytest.fixture
def planned(small, outside):
    """Two messages, in an hour."""
    plan(small, outside)
    return small


def plan(small, outside):
    """Announce them, and read them."""
    rows = [row(customer, f"+{number}", at="2026-03-02 13:00:00") for customer, number in (("C1", A), ("C2", B))]
    outside.say("GetCustomerSendDetailsByChannel", Says(rows), Says([]))
    small.announce()
    small.work()


def stop(small, number=A):
    """As the door does when a customer writes STOP."""
    with small.bridge.store.write() as tx:
        opt_outs.add(tx, "acme", [number], "reply", small.clock.time)


def sent(outside):
    """The numbers that went out."""
    calls = [json.loads(call.body["data"])["messages"] for call in outside.calls("bulk_json")]
    return [one["number"] for call in calls for one in call]


def shared(outside, operation="SetCustomerChannelPreference"):
    """What Optimove was told."""
    return [call.body for call in outside.calls(operation)]


def test_a_message_that_was_planned_before_is_not_sent(planned, outside):
    """It is reported as dropped."""
    stop(planned)
    planned.work(until=NOON + HOUR)

    assert sent(outside) == [B]
    assert planned.rows("SELECT state, reason FROM message WHERE customer = 'C1'") == [("dropped", "opted_out_here")]


def test_the_providers_own_list_counts(small, outside):
    """It is asked at each start, every six hours, and when a campaign begins."""
    outside.say("get_optouts", Says({"optouts": [{"number": int(A)}], "status": "success"}))
    plan(small, outside)
    small.work(until=NOON + HOUR)

    assert sent(outside) == [B]


@pytest.mark.parametrize("spelled", [f"+{A}", f"00{A}", f"0{A[2:]}"])
def test_a_number_in_the_providers_list_may_be_spelled_otherwise(small, outside, spelled):
    """Whoever put it there, and however: it is the same telephone."""
    outside.say("get_optouts", Says({"optouts": [{"number": spelled}], "status": "success"}))
    plan(small, outside)
    small.work(until=NOON + HOUR)

    assert sent(outside) == [B]


def test_optimove_learns_of_it_once(planned, outside):
    """As the preference of the channel; 2 is what its sample has, and a setting."""
    stop(planned)
    stop(planned)
    planned.work()

    assert shared(outside) == [{"ChannelID": 505, "CustomerIDs": ["C1"], "CommunicationMode": 2, "AppID": None}]


def test_preferences_may_belong_to_another_channel(tmp_path, outside):
    """Xtremepush's are those of 444, which sends nothing."""
    config = settings(tmp_path, outside.url, channel={"preference_channel": 444}, opt_out_mode=0)
    with opened(tmp_path, config) as small:
        plan(small, outside)
        stop(small)
        small.work()

    assert [(call["ChannelID"], call["CommunicationMode"]) for call in shared(outside)] == [(444, 0)]


def test_it_may_be_shared_as_an_attribute(tmp_path, outside):
    """The one that holds the consent."""
    with opened(tmp_path, settings(tmp_path, outside.url, opt_outs="attribute")) as small:
        plan(small, outside)
        stop(small)
        small.work()

    given = [{"CustomerID": "C1", "Attributes": [{"RealFieldName": "CONSENT", "Value": "0"}]}]
    assert shared(outside, "UpdateCustomerAttributes") == [{"CustomerNewAttributesValuesList": given}]
    assert shared(outside) == []


def test_it_may_be_kept_to_oneself(tmp_path, outside):
    """Nothing is told, and nothing is sent."""
    with opened(tmp_path, settings(tmp_path, outside.url, opt_outs="none")) as small:
        plan(small, outside)
        stop(small)
        small.work(until=NOON + HOUR)

    assert (shared(outside), shared(outside, "UpdateCustomerAttributes"), sent(outside)) == ([], [], [B])


def test_an_opt_out_counts_for_the_message_before_it(planned, outside):
    """As "unsubscribed", in the totals and by customer."""
    planned.work(until=NOON + HOUR)
    stop(planned)
    planned.work(until=NOON + HOUR + 15 * MINUTE)

    totals = {item["MetricID"]: item["MetricValue"] for item in shared(outside, "UpdateCampaignMetrics")[-1]}
    events = {call["EventID"]: call["CustomerIDs"] for call in shared(outside, "UpdateCampaignInteractions")}
    assert (totals[4], events[4]) == (1, ["C1"])


def test_who_opted_out_before_a_campaign_is_shared_when_it_comes(small, outside):
    """Then it is known whose number that is."""
    stop(small)
    small.work()
    plan(small, outside)
    small.work(until=NOON + HOUR)

    assert [call["CustomerIDs"] for call in shared(outside)] == [["C1"]]
