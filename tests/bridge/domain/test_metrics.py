"""The content of reports."""

from hypothesis import given
from hypothesis import strategies as st

from sendproof_bridge.clock import DAY, HOUR, MINUTE
from sendproof_bridge.domain.metrics import (
    BOUNCED,
    DELIVERED,
    DROPPED,
    SENT,
    STATES_COUNTED,
    metric_items,
    report_times,
    totals,
)
from sendproof_bridge.storage.lifecycle import MESSAGE

COUNTS = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(sorted(MESSAGE.transitions)), st.integers(0, 99)))


def test_report_times_are_soon_then_every_six_hours_for_a_week():
    times = report_times(0, 4)

    assert (times[0], times[1], times[2], times[-1], len(times)) == (15 * MINUTE, 6 * HOUR, 12 * HOUR, 7 * DAY, 29)


def test_client_who_wants_one_report_a_day_gets_seven_and_an_early_one():
    assert report_times(0, 1) == [15 * MINUTE, *(day * DAY for day in range(1, 8))]


def test_totals_count_each_state_in_its_metrics():
    """An invalid number was sent to and bounced; a rejected message was never sent."""
    counts = [(11, "delivered", 5), (11, "accepted", 2), (11, "invalid", 1), (11, "rejected", 3), (11, "dropped", 4)]

    assert totals(counts) == {11: {SENT: 8, DELIVERED: 5, DROPPED: 7, BOUNCED: 1}}


@given(COUNTS)
def test_targeted_is_sent_plus_dropped(counts):
    """Pending, taken and cancelled messages count in neither."""
    values_by_template = totals(counts)

    settled = sum(number for _, state, number in counts if state not in {"pending", "taken", "cancelled"})
    assert settled == sum(values[SENT] + values[DROPPED] for values in values_by_template.values())


@given(COUNTS)
def test_delivered_and_bounced_do_not_exceed_sent(counts):
    assert all(values[DELIVERED] + values[BOUNCED] <= values[SENT] for values in totals(counts).values())


def test_only_a_late_rejection_and_a_withdrawal_decrease_a_total():
    """They correct messages that counted as sent: the webhook was lost in an outage, or the provider had not begun."""
    decreases = [
        (before, after, metric)
        for before, allowed in MESSAGE.transitions.items()
        for after in allowed
        for metric, states in STATES_COUNTED.items()
        if before in states and after not in states
    ]
    assert set(decreases) == {("accepted", "rejected", SENT), ("accepted", "cancelled", SENT)}


def test_metric_items_name_channel_campaign_template_and_metric():
    assert metric_items(505, 7001, {11: {SENT: 8}}) == [
        {"ChannelID": 505, "CampaignID": 7001, "TemplateID": 11, "MetricID": 0, "MetricValue": 8}
    ]
