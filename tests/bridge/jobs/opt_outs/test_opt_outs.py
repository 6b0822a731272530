"""Opt-outs: the customer gets no more messages, and Optimove gets the opt-out."""

import pytest

from sendproof_bridge.clock import HOUR, MINUTE
from sendproof_bridge.storage import opt_outs
from small_bridge import NOON, bridge_config, metric_values, open_small_bridge, recipient_row, sent_messages
from stand_in import Reply

A, B = "447100000001", "447100000002"
LISTS = [A, B], [B]


@pytest.fixture
def planned(bridge, services):
    """Start a campaign with two messages that are due in an hour."""
    start_planned_campaign(bridge, services)
    return bridge


def start_planned_campaign(bridge, services):
    """Start the campaign, and read its page."""
    rows = [
        recipient_row(customer, f"+{number}", at="2026-03-02 13:00:00") for customer, number in (("C1", A), ("C2", B))
    ]
    services.respond("GetCustomerSendDetailsByChannel", Reply(rows), Reply([]))
    bridge.start_campaign()
    bridge.run()


def opt_out(bridge, number=A):
    """Store an opt-out, as after a STOP."""
    with bridge.context.store.write() as tx:
        opt_outs.add(tx, "acme", [number], "reply", bridge.clock.time)


def sent_numbers(services):
    return [message["number"] for call in sent_messages(services) for message in call]


def reports(services, operation="SetCustomerChannelPreference"):
    """Return the bodies of an operation's calls."""
    return [call.body for call in services.calls(operation)]


def test_planned_message_of_opted_out_customer_is_dropped(planned, services):
    opt_out(planned)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [B]
    assert planned.query("SELECT state, reason FROM message WHERE customer = 'C1'") == [("dropped", "opted_out_here")]


def test_providers_list_of_opt_outs_is_applied(bridge, services):
    services.respond("get_optouts", Reply({"optouts": [{"number": int(A)}], "status": "success"}))
    start_planned_campaign(bridge, services)
    bridge.run(until=NOON + HOUR)

    assert sent_numbers(services) == [B]


@pytest.mark.parametrize("spelling", [f"+{A}", f"00{A}", f"0{A[2:]}"])
def test_listed_number_is_matched_in_any_spelling(bridge, services, spelling):
    services.respond("get_optouts", Reply({"optouts": [{"number": spelling}], "status": "success"}))
    start_planned_campaign(bridge, services)
    bridge.run(until=NOON + HOUR)

    assert sent_numbers(services) == [B]


def test_opt_out_is_reported_once_as_preference(planned, services):
    """2 is the mode in Optimove's sample, and a setting."""
    opt_out(planned)
    opt_out(planned)
    planned.run()

    assert reports(services) == [{"ChannelID": 505, "CustomerIDs": ["C1"], "CommunicationMode": 2, "AppID": None}]


def test_preference_channel_and_mode_are_settings(tmp_path, database, services):
    """Xtremepush's preferences belong to channel 444, which sends nothing."""
    config = bridge_config(tmp_path, services.url, channel={"preference_channel": 444}, opt_out_mode=0)
    with open_small_bridge(tmp_path, config) as bridge:
        start_planned_campaign(bridge, services)
        opt_out(bridge)
        bridge.run()

    assert [(call["ChannelID"], call["CommunicationMode"]) for call in reports(services)] == [(444, 0)]


def test_opt_out_can_be_reported_as_attribute(tmp_path, database, services):
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, opt_outs="attribute")) as bridge:
        start_planned_campaign(bridge, services)
        opt_out(bridge)
        bridge.run()

    update = [{"CustomerID": "C1", "Attributes": [{"RealFieldName": "CONSENT", "Value": "0"}]}]
    assert reports(services, "UpdateCustomerAttributes") == [{"CustomerNewAttributesValuesList": update}]
    assert reports(services) == []


def test_opt_out_reports_can_be_switched_off(tmp_path, database, services):
    with open_small_bridge(tmp_path, bridge_config(tmp_path, services.url, opt_outs="none")) as bridge:
        start_planned_campaign(bridge, services)
        opt_out(bridge)
        bridge.run(until=NOON + HOUR)

    assert (reports(services), reports(services, "UpdateCustomerAttributes"), sent_numbers(services)) == ([], [], [B])


def test_message_goes_out_after_opting_in_again(planned, services):
    """Optimove gets the opt-in as it got the opt-out."""
    opt_out(planned)
    planned.run()
    with planned.context.store.write() as tx:
        opt_outs.remove(tx, "acme", [A], planned.clock.time)
    planned.run(until=NOON + HOUR)

    assert sent_numbers(services) == [A, B]
    assert [call["CommunicationMode"] for call in reports(services)] == [2, 1]


def test_number_that_left_the_providers_list_is_opted_in(bridge, services):
    lists = [
        Reply({"optouts": [{"number": int(number)} for number in numbers], "status": "success"}) for numbers in LISTS
    ]
    services.respond("get_optouts", *lists)
    bridge.run(until=NOON + 7 * HOUR)

    assert bridge.query("SELECT number FROM opt_out") == [B]


def test_opt_out_counts_for_the_message_before_it(planned, services):
    planned.run(until=NOON + HOUR)
    opt_out(planned)
    planned.run(until=NOON + HOUR + 15 * MINUTE)

    values = metric_values(services.calls("UpdateCampaignMetrics")[-1])
    events = {call["EventID"]: call["CustomerIDs"] for call in reports(services, "UpdateCampaignInteractions")}
    assert (values[4], events[4]) == (1, ["C1"])


def test_earlier_opt_out_is_reported_when_the_customer_is_known(bridge, services):
    """Until then, the number belongs to no known customer."""
    opt_out(bridge)
    bridge.run()
    start_planned_campaign(bridge, services)
    bridge.run(until=NOON + HOUR)

    assert [call["CustomerIDs"] for call in reports(services)] == [["C1"]]
