"""If an account posts no receipts, messages are polled before each report."""

import pytest

from sendproof_bridge.clock import DAY, HOUR, MINUTE, SECOND
from sendproof_bridge.config_fields import Secret
from sendproof_bridge.outbound.providers import providers
from small_bridge import NOON, bridge_config, metric_values, open_small_bridge, recipient_row
from stand_in import Reply

OPTIONS = {name: setting.default for name, setting in providers()["xtremepush"].items()}
CHANNEL = {"provider": "xtremepush", "options": {**OPTIONS, "apptoken": Secret("an-apptoken")}}
CUSTOMERS = ("C1", "C2", "C3")
PERSON = {"PHONE": "+447100000001", "CONSENT": "1", "FIRST_NAME": "Ann"}


def success(**members):
    return Reply({"code": 200, "success": True, **members})


def campaign_reply(request):
    """Return the list of campaigns, one campaign, or its execution."""
    if "condition" in request.body:
        return success(data=[{"id": 12, "title": "Hello"}])
    return success(model={"id": 12, "messages": {"9": {"sms": {"text": "Hello {{FIRST_NAME}}"}}}})


@pytest.fixture
def xtremepush(services):
    """Return a stand-in of Xtremepush that accepts every message."""
    services.respond("campaign", campaign_reply)
    services.respond("profile", lambda request: success(data=[], model={}))
    rows = [recipient_row(customer, f"+44710000000{index}", template=12) for index, customer in enumerate(CUSTOMERS, 1)]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    return services


@pytest.fixture
def sent(tmp_path, database, xtremepush):
    """Send three messages of one campaign."""
    with open_small_bridge(tmp_path, bridge_config(tmp_path, xtremepush.url, channel=CHANNEL)) as bridge:
        bridge.start_campaign()
        bridge.run()
        yield bridge


def set_statuses(services, **statuses):
    """Set the rows of list/message, one per customer."""
    rows = [
        {"id": index, "user_id": customer, "create_time": NOON // SECOND, **statuses.get(customer, {})}
        for index, customer in enumerate(CUSTOMERS, 1)
    ]
    services.respond("message", success(data=rows))


def polled_users(services):
    """Return the users of each call."""
    return [call.body["condition"][1][2] for call in services.calls("message")]


def pushed(services):
    """Return (delivered, bounced) of each push."""
    pushes = [metric_values(call) for call in services.calls("UpdateCampaignMetrics")]
    return [(values[1], values[9]) for values in pushes]


def test_first_report_includes_polled_statuses(sent, xtremepush):
    set_statuses(xtremepush, C1={"delivery": 1}, C2={"error": 1})
    sent.run(until=NOON + 15 * MINUTE)

    assert pushed(xtremepush) == [(1, 1)]


def test_message_with_final_status_is_not_polled_again(sent, xtremepush):
    set_statuses(xtremepush, C1={"delivery": 1})
    sent.run(until=NOON + 15 * MINUTE)
    set_statuses(xtremepush, C2={"delivery": 1}, C3={"error": 1})
    sent.run(until=NOON + DAY)

    assert polled_users(xtremepush) == [["C1", "C2", "C3"], ["C2", "C3"]]
    assert pushed(xtremepush) == [(1, 0), (2, 1), (2, 1), (2, 1), (2, 1)]


def test_open_messages_are_polled_once_per_report(sent, xtremepush):
    """Polling ends with the reports."""
    set_statuses(xtremepush)
    sent.run(until=NOON + 9 * DAY)

    assert len(polled_users(xtremepush)) == len(pushed(xtremepush)) == 29
    assert sent.query("SELECT state FROM job WHERE kind = 'poll_statuses'") == ["done"]


def test_report_does_not_wait_for_a_failing_provider(sent, xtremepush):
    xtremepush.respond("message", Reply(status=500))
    sent.run(until=NOON + 15 * MINUTE)
    set_statuses(xtremepush, C1={"delivery": 1})
    sent.run(until=NOON + 6 * HOUR)

    assert pushed(xtremepush) == [(0, 0), (1, 0)]
    assert len(polled_users(xtremepush)) == 2


def test_two_messages_of_one_customer_are_polled_in_two_calls(tmp_path, database, xtremepush):
    """Each message has its own row and status; different customers share a call."""
    config = bridge_config(tmp_path, xtremepush.url, channel={**CHANNEL, "kind": "triggered"})
    event = {"channelID": 505, "campaignID": "8001", "templateID": 12, "personalization": {"personalInfo": PERSON}}
    with open_small_bridge(tmp_path, config) as bridge:
        for index, customer in enumerate(("C1", "C2", "C1")):
            bridge.receive_event(requestId=f"r{index}", customerID=customer, **event)
            bridge.run(until=bridge.clock.time + MINUTE)
        set_statuses(xtremepush)
        bridge.run(until=NOON + 15 * MINUTE)

    assert polled_users(xtremepush) == [["C1", "C2"], ["C1"]]


def test_row_of_one_message_is_not_taken_for_an_equal_one_of_another_campaign(tmp_path, database, xtremepush):
    """Both were sent at one instant, and the response to a send has no ids."""
    config = bridge_config(tmp_path, xtremepush.url, channel={**CHANNEL, "kind": "triggered"})
    event = {"channelID": 505, "customerID": "C1", "templateID": 12, "personalization": {"personalInfo": PERSON}}
    with open_small_bridge(tmp_path, config) as bridge:
        for campaign in ("8001", "8002"):
            bridge.receive_event(requestId=campaign, campaignID=campaign, **event)
        bridge.run()
        rows = [{"id": id_, "user_id": "C1", "create_time": NOON // SECOND, "delivery": 2 - id_} for id_ in (1, 2)]
        xtremepush.respond("message", success(data=rows))
        bridge.run(until=NOON + 15 * MINUTE)

        assert bridge.query("SELECT provider_id FROM message WHERE state = 'delivered'") == ["1"]
    # The campaigns are polled at once, so either may find the row first.
    assert sorted(pushed(xtremepush)) == [(0, 0), (1, 0)]


def test_status_of_the_second_of_two_equal_messages_does_not_wait_for_that_of_the_first(tmp_path, database, xtremepush):
    config = bridge_config(tmp_path, xtremepush.url, channel={**CHANNEL, "kind": "triggered"})
    event = {"channelID": 505, "customerID": "C1", "templateID": 12, "personalization": {"personalInfo": PERSON}}
    with open_small_bridge(tmp_path, config) as bridge:
        for campaign in ("8001", "8002"):
            bridge.receive_event(requestId=campaign, campaignID=campaign, **event)
        bridge.run()
        rows = [{"id": id_, "user_id": "C1", "create_time": NOON // SECOND, "delivery": id_ - 1} for id_ in (1, 2)]
        xtremepush.respond("message", success(data=rows))
        bridge.run(until=NOON + 15 * MINUTE)

        assert sorted(bridge.query("SELECT provider_id || ' ' || state FROM message")) == ["1 accepted", "2 delivered"]
    assert sorted(pushed(xtremepush)) == [(0, 0), (1, 0)]


def test_triggered_messages_are_polled_before_each_report(tmp_path, database, xtremepush):
    config = bridge_config(tmp_path, xtremepush.url, channel={**CHANNEL, "kind": "triggered"})
    event = {"channelID": 505, "campaignID": "8001", "templateID": 12, "personalization": {"personalInfo": PERSON}}
    with open_small_bridge(tmp_path, config) as bridge:
        bridge.receive_event(requestId="r", customerID="C1", **event)
        bridge.run()
        set_statuses(xtremepush)
        bridge.run(until=NOON + HOUR)
        set_statuses(xtremepush, C1={"delivery": 1})
        bridge.run(until=NOON + 9 * DAY)

        assert pushed(xtremepush)[:2] == [(0, 0), (1, 0)]
        assert bridge.query("SELECT state FROM job WHERE kind IN ('poll_statuses', 'push_metrics')") == ["done", "done"]
    assert len(polled_users(xtremepush)) == 2
